/* What a request says about its sender and where it comes from: Authorization, Cookie, Host, Origin, X-Forwarded-For
 * and a signed text, a line each. */
#include "tests/fuzz/fuzz.h"
#include "web/access/credentials.h"
#include "web/access/session.h"
#include "web/access/signed_link.h"
#include "web/http/authority.h"
#include "web/http/client_address.h"
#include "web/http/origin.h"
#include "web/http/urlencoded.h"

static void check_authorization(const char *header) {
    struct credentials credentials;
    credentials_parse(header, &credentials);
    REQUIRE(strlen(credentials.name) <= CREDENTIALS_NAME_MAX_BYTES);
    REQUIRE(strlen(credentials.secret) <= PASSWORD_MAX_BYTES);
    if (credentials.kind == CREDENTIALS_BEARER) {
        REQUIRE(credentials.secret[strspn(credentials.secret, CREDENTIALS_TOKEN_CHARACTERS)] == '\0');
    }
}

static void check_cookie(const char *header) {
    size_t count = 0;
    const char *value = credentials_find_cookie(header, "session", &count);
    REQUIRE(value == NULL || (value >= header && value + count <= header + strlen(header)));
}

static void check_addresses(const char *host, const char *origin, const char *forwarded_for) {
    static const struct address_range proxies[] = {{.bytes = {0}, .prefix_bits = 1}};
    const struct trusted_proxies trusted = {proxies, 1};
    struct authority authority;
    if (authority_parse(string_view_of(host), &authority) == ERR_OK) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789._:-";
        REQUIRE(authority.host[0] != '\0' && authority.host[strspn(authority.host, plain)] == '\0');
        struct origin_settings settings = {.host_count = 0};
        bool own = origin_is_own_host(&settings, &authority);
        REQUIRE(!origin_may_change(&settings, "http://other.example", &authority) || own ||
                strcmp(authority.host, "other.example") == 0);
        char headers[ORIGIN_HEADERS_MAX_BYTES];
        origin_write_headers(&settings, origin, headers);
        REQUIRE(strlen(headers) < sizeof headers);
    }
    char address[ADDRESS_TEXT_BYTES] = "127.0.0.1";
    bool goes_on = client_address_trace(&trusted, string_view_of(forwarded_for), address);
    REQUIRE(!goes_on || client_address_is_trusted(&trusted, address));
    REQUIRE(strlen(address) < sizeof address);
}

/* Nothing that we have not signed is taken. */
static void check_signed(const char *text) {
    struct signing_key key = {{7}};
    struct session session;
    struct signed_link link;
    REQUIRE(!session_read(text, strlen(text), &key, &session));
    REQUIRE(signed_link_read(text, &key, 0, &link) == LINK_IS_FORGED);
}

/* What we have signed and can read is written so that it reads as the same. */
static void check_payload(const char *payload) {
    if (strlen(payload) > SIGNED_PAYLOAD_MAX_BYTES) {
        return;
    }
    struct signing_key key = {{7}};
    char text[SIGNED_TEXT_ROOM_BYTES], again[SIGNED_TEXT_ROOM_BYTES];
    signed_text_make(&key, payload, text);
    struct session session, session_again;
    if (session_read(text, strlen(text), &key, &session)) {
        session_write(&session, &key, again);
        REQUIRE(session_read(again, strlen(again), &key, &session_again));
        REQUIRE(memcmp(&session, &session_again, sizeof session) == 0);
    }
    struct signed_link link, link_again;
    if (signed_link_read(text, &key, INT64_MIN, &link) == LINK_IS_GOOD) {
        REQUIRE(strlen(link.camera) <= TOPIC_ID_MAX_BYTES);
        signed_link_write(&link, &key, again);
        REQUIRE(signed_link_read(again, &key, INT64_MIN, &link_again) == LINK_IS_GOOD);
        REQUIRE(strcmp(link.camera, link_again.camera) == 0 && link.expires_s == link_again.expires_s);
    }
}

static void check_form(const char *text) {
    struct string_view value;
    char decoded[64];
    if (urlencoded_find(string_view_of(text), "password", &value) > 0 &&
        urlencoded_decode(value, decoded, sizeof decoded)) {
        REQUIRE(strlen(decoded) < sizeof decoded && strlen(decoded) <= value.count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *lines[7];
    for (size_t i = 0; i < 7; i++) {
        lines[i] = take_line(&bytes, &count);
    }
    check_authorization(lines[0]);
    check_cookie(lines[1]);
    check_addresses(lines[2], lines[3], lines[4]);
    check_signed(lines[5]);
    check_payload(lines[5]);
    check_form(lines[6]);
    for (size_t i = 0; i < 7; i++) {
        free(lines[i]);
    }
    return 0;
}
