/* Bodies of JSON as requests bring them, parsed on a stack of the size that civetweb's threads have. */
#include "tests/fuzz/fuzz.h"
#include "web/views/json/control_json.h"
#include "web/views/json/link_json.h"

#include <pthread.h>

#define STACK_BYTES (100 << 10)

struct input {
    const char *text;
    size_t count;
};

static void check_reason(enum err error, const struct reason *reason) {
    REQUIRE(error == ERR_OK || error == ERR_INVALID);
    REQUIRE((error == ERR_OK) == (reason->text[0] == '\0'));
}

static void *parse_bodies(void *user) {
    const struct input *input = user;
    struct control_requests requests = {0};
    struct reason reason = {""};
    enum err error = control_json_parse(input->text, input->count, &requests, &reason);
    check_reason(error, &reason);
    for (size_t i = 0; i < requests.count; i++) {
        REQUIRE(requests.requests[i].name != NULL);
    }
    control_requests_finish(&requests);

    struct link_request link;
    struct reason link_reason = {""};
    error = link_json_parse(input->text, input->count, &link, &link_reason);
    check_reason(error, &link_reason);
    REQUIRE(error != ERR_OK || (strlen(link.camera) <= TOPIC_ID_MAX_BYTES && link.lasts_s > 0));
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct input input = {(const char *)bytes, count};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    REQUIRE(pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0);
    REQUIRE(pthread_create(&thread, &attributes, parse_bodies, &input) == 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    return 0;
}
