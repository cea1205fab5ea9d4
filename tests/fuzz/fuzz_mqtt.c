/* Topics and payloads that an MQTT broker sends, and its address as the configuration gives it. */
#include "broker/topic_settings.h"
#include "tests/fuzz/fuzz.h"
#include "web/mqtt/mqtt_address.h"
#include "web/mqtt/mqtt_topics.h"

static void check_address(const char *url) {
    struct mqtt_address address;
    struct reason reason = {""};
    char secret[8192];
    snprintf(secret, sizeof secret, "mqtts://secret-user:secret-word@%s", url);
    if (mqtt_address_parse(secret, &address, &reason) == ERR_OK) {
        REQUIRE(strncmp(address.label, "mqtts://", 8) == 0 && strchr(address.label, '@') == NULL);
        REQUIRE(address.port != 0 && address.host[0] != '\0');
    } else {
        REQUIRE(reason.text[0] != '\0');
    }
    REQUIRE(strstr(url, "secret") != NULL || strstr(reason.text, "secret") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    const struct mqtt_settings settings = {.prefix = "p", .discovery_prefix = "d"};
    char *topic = take_line(&bytes, &count);
    for (int is_retained = 0; is_retained < 2; is_retained++) {
        struct mqtt_message message = mqtt_message_parse(&settings, topic, bytes, count, is_retained);
        bool has_camera = message.arrival >= MQTT_STATE_RETAINED;
        struct string_view camera = string_view_of(message.camera);
        REQUIRE(has_camera ? string_view_is_camera_id(camera, TOPIC_ID_MAX_BYTES) : camera.count == 0);
        REQUIRE(message.arrival < MQTT_MOTION_SET || !is_retained);
        REQUIRE(message.arrival == MQTT_NOTHING_KNOWN || topic[0] == 'p' || topic[0] == 'd');
    }
    check_address(topic);
    free(topic);
    return 0;
}
