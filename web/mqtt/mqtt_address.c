#include "web/mqtt/mqtt_address.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PORT 1883
#define TLS_PORT 8883

static int hexadecimal(char c) {
    const char *digits = "0123456789abcdef0123456789ABCDEF", *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* RFC 3986, section 2.1. False: a % without two digits, a NUL, or too long. */
static bool decode(struct string_view raw, char *text, size_t capacity) {
    size_t used = 0;
    for (size_t i = 0; i < raw.count; i++) {
        int value = (unsigned char)raw.bytes[i];
        if (value == '%') {
            int high = i + 2 < raw.count ? hexadecimal(raw.bytes[i + 1]) : -1;
            int low = i + 2 < raw.count ? hexadecimal(raw.bytes[i + 2]) : -1;
            value = high < 0 || low < 0 ? 0 : high * 16 + low;
            i += 2;
        }
        if (value == 0 || used + 1 == capacity) {
            return false;
        }
        text[used++] = (char)value;
    }
    text[used] = '\0';
    return true;
}

static bool parse_login(struct string_view login, struct mqtt_address *address) {
    struct string_view username = string_view_take(&login, ':');
    address->has_username = true;
    address->has_password = login.count > 0;
    return decode(username, address->username, sizeof address->username) &&
           decode(login, address->password, sizeof address->password);
}

enum err mqtt_address_parse(const char *url, struct mqtt_address *address, struct reason *reason) {
    *address = (struct mqtt_address){.has_tls = strncasecmp(url, "mqtts://", 8) == 0};
    if (!address->has_tls && strncasecmp(url, "mqtt://", 7) != 0) {
        reason_set(reason, "must begin with mqtt:// or mqtts://");
        return ERR_INVALID;
    }
    const char *rest = url + (address->has_tls ? 8 : 7), *at = strrchr(rest, '@');
    if (at != NULL && !parse_login((struct string_view){rest, (size_t)(at - rest)}, address)) {
        reason_set(reason, "has a user name or password that is too long or not percent-encoded; \"username\" and "
                           "\"password\" are keys as well");
        return ERR_INVALID;
    }
    struct string_view place = string_view_of(at != NULL ? at + 1 : rest);
    place.count -= place.count > 0 && place.bytes[place.count - 1] == '/';
    struct authority authority;
    if (authority_parse(place, &authority) != ERR_OK) {
        reason_set(reason, "must name a host, with or without a port, and nothing behind it: mqtt://HOST:PORT");
        return ERR_INVALID;
    }
    memcpy(address->host, authority.host, sizeof address->host);
    address->port = authority.port != 0 ? authority.port : address->has_tls ? TLS_PORT : PORT;
    bool is_ipv6 = authority.kind == AUTHORITY_IPV6;
    snprintf(address->label, sizeof address->label, "%s://%s%s%s:%u", address->has_tls ? "mqtts" : "mqtt",
             is_ipv6 ? "[" : "", address->host, is_ipv6 ? "]" : "", address->port);
    return ERR_OK;
}
