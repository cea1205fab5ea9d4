/* Addresses of cameras: address, another one, username and password, a line each; then a message of a library that
 * may hold addresses. */
#include "cameras/url/address.h"
#include "tests/fuzz/fuzz.h"

static void check_shown(const char *address) {
    char shown[ADDRESS_SHOWN_BYTES];
    address_show(address, shown);
    REQUIRE(strlen(shown) < sizeof shown);
    struct reason reason = {""};
    char host[ADDRESS_HOST_BYTES];
    if (address_check(address, &reason) == ERR_OK) {
        REQUIRE(strchr(shown, '@') == NULL && strchr(shown, '?') == NULL);
        REQUIRE(!address_find_host(address, host) || (host[0] != '\0' && strstr(address, host) != NULL));
    }
}

/* A login changes nothing but the user part: the origin stays, and it is hidden like any other. */
static void check_login(const char *address, const char *username, const char *password) {
    struct reason reason = {""};
    char *with_login = NULL;
    if (address_is_path(address) || address_check(address, &reason) != ERR_OK || username[0] == '\0') {
        return;
    }
    REQUIRE(address_with_login(address, username, password, &with_login) == ERR_OK);
    REQUIRE(address_check(with_login, &reason) == ERR_OK);
    REQUIRE(address_same_origin(address, address) == address_same_origin(address, with_login));
    char before[ADDRESS_SHOWN_BYTES], after[ADDRESS_SHOWN_BYTES];
    address_show(address, before);
    address_show(with_login, after);
    REQUIRE(strcmp(before, after) == 0);
    free(with_login);
}

static void check_moved_login(const char *from, const char *address) {
    char *moved = NULL;
    if (address_is_path(from) || address_is_path(address)) {
        return;
    }
    REQUIRE(address_move_login(from, address, &moved) == ERR_OK);
    REQUIRE(address_same_origin(address, moved) == address_same_origin(address, address));
    free(moved);
}

/* Hiding is final: a text that was cleaned has nothing more to hide. */
static void check_hidden(const uint8_t *bytes, size_t count) {
    char *text = take_line(&bytes, &count);
    address_hide_secrets(text);
    char *again = strdup(text);
    REQUIRE(again != NULL);
    address_hide_secrets(again);
    REQUIRE(strcmp(text, again) == 0);
    free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *lines[4];
    for (size_t i = 0; i < 4; i++) {
        lines[i] = take_line(&bytes, &count);
    }
    check_shown(lines[0]);
    check_login(lines[0], lines[2], lines[3]);
    check_moved_login(lines[1], lines[0]);
    REQUIRE(address_same_origin(lines[0], lines[1]) == address_same_origin(lines[1], lines[0]));
    check_hidden(bytes, count);
    for (size_t i = 0; i < 4; i++) {
        free(lines[i]);
    }
    return 0;
}
