/* What requests say of hosts, origins and clients, and what configurations do: host, origin, X-Forwarded-For, a range
 * of addresses and a base path, a line each. */
#include "tests/fuzz/fuzz.h"
#include "web/access/request_policy.h"
#include "web/routes/route_table.h"

#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789._-:"

static void check_authority(const struct authority *authority) {
    size_t count = strlen(authority->host);
    REQUIRE(count > 0 && count <= AUTHORITY_HOST_MAX_BYTES);
    REQUIRE(strspn(authority->host, HOST_CHARACTERS) == count);
}

/* Each line of a head is one of ours. */
static void check_headers(const char *headers) {
    size_t count = strlen(headers);
    REQUIRE(count < ORIGIN_HEADERS_MAX_BYTES && count > 2 && strcmp(headers + count - 2, "\r\n") == 0);
    for (const char *line = headers; *line != '\0'; line = strstr(line, "\r\n") + 2) {
        REQUIRE(strncmp(line, "Cross-Origin-", 13) == 0 || strncmp(line, "Vary: ", 6) == 0 ||
                strncmp(line, "Access-Control-", 15) == 0);
    }
}

static void check_host(const char *text) {
    struct authority host;
    struct origin_settings settings = {.host_count = 0};
    if (authority_parse(string_view_of(text), &host) != ERR_OK) {
        REQUIRE(origin_add_host(&settings, text) == ERR_INVALID);
        return;
    }
    check_authority(&host);
    bool is_added = origin_add_host(&settings, text) == ERR_OK;
    REQUIRE(is_added == (host.kind == AUTHORITY_NAME));
    REQUIRE(origin_is_own_host(&settings, &host));
}

static void check_origin(const char *text) {
    struct authority page;
    struct origin_settings settings = {.origin_count = 0};
    char headers[ORIGIN_HEADERS_MAX_BYTES];
    if (origin_add(&settings, text) == ERR_OK && !settings.any_origin) {
        const char *kept = settings.origins[0];
        REQUIRE(authority_parse_origin(string_view_of(kept), &page) == ERR_OK);
        check_authority(&page);
        REQUIRE(origin_is_listed(&settings, kept) && origin_may_change(&settings, kept, &page));
        origin_write_headers(&settings, kept, headers);
        check_headers(headers);
    }
    origin_write_headers(&settings, text, headers);
    check_headers(headers);
}

static void check_client(const char *forwarded_for, const char *range) {
    struct address_range ranges[2];
    bool has_range = address_range_parse(range, &ranges[1]) == ERR_OK;
    REQUIRE(address_range_parse("127.0.0.1", &ranges[0]) == ERR_OK);
    const struct trusted_proxies proxies = {ranges, has_range ? 2 : 1};
    char address[ADDRESS_TEXT_BYTES] = "127.0.0.1";
    bool goes_on = client_address_trace(&proxies, string_view_of(forwarded_for), address);
    struct address_range client;
    REQUIRE(address_range_parse(address, &client) == ERR_OK && strchr(address, '/') == NULL);
    REQUIRE(!goes_on || client_address_is_trusted(&proxies, address));
}

static void check_base_path(const char *path) {
    struct request_policy_settings policy = {.base_path = ""};
    if (request_policy_set_base_path(&policy, path, &route_table) == ERR_OK && policy.base_path[0] != '\0') {
        size_t count = strlen(policy.base_path);
        REQUIRE(policy.base_path[0] == '/' && policy.base_path[count - 1] != '/' && count <= BASE_PATH_MAX_BYTES);
        REQUIRE(strpbrk(policy.base_path, "\"<>&?#% \r\n") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *lines[5];
    for (size_t i = 0; i < 5; i++) {
        lines[i] = take_line(&bytes, &count);
    }
    check_host(lines[0]);
    check_origin(lines[1]);
    check_client(lines[2], lines[3]);
    check_base_path(lines[4]);
    for (size_t i = 0; i < 5; i++) {
        free(lines[i]);
    }
    return 0;
}
