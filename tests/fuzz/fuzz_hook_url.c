/* URLs of hooks, as the configuration gives them. */
#include "tests/fuzz/fuzz.h"
#include "web/hooks/hook_post.h"

/* The label is for the log: a scheme, a host and a port, and nothing else of the URL. */
static void check_label(const char *url, const char *label) {
    static const char *const secrets[] = {"secret-user", "secret-word", "secret-path", "secret-query"};
    REQUIRE(strlen(label) < HOOK_URL_LABEL_BYTES);
    REQUIRE(strncmp(label, "http://", 7) == 0 || strncmp(label, "https://", 8) == 0);
    REQUIRE(strchr(label, '@') == NULL && strpbrk(strstr(label, "://") + 3, "/?#") == NULL);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        REQUIRE(strstr(label, secrets[i]) == NULL || strstr(url, secrets[i]) == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *host = take_line(&bytes, &count), *tail = take_line(&bytes, &count);
    char label[HOOK_URL_LABEL_BYTES] = "";
    char url[32768];
    REQUIRE(hook_url_check(host, NULL) == hook_url_check(host, label));
    if (hook_url_check(host, label) == ERR_OK) {
        check_label("", label);
    }
    snprintf(url, sizeof url, "https://secret-user:secret-word@%s/secret-path%s?secret-query", host, tail);
    if (strstr(host, "secret") == NULL && strstr(tail, "secret") == NULL && hook_url_check(url, label) == ERR_OK) {
        check_label(url, label);
    }
    free(host);
    free(tail);
    return 0;
}
