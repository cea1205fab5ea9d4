#include "web/http/authority.h"

#include <arpa/inet.h>
#include <string.h>

#define PORT_MAX 65535

static char lower(char character) { return character >= 'A' && character <= 'Z' ? (char)(character + 32) : character; }

static bool parse_port(struct string_view text, uint16_t *port) {
    unsigned number = 0;
    for (size_t i = 0; i < text.count; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(text.bytes[i] - '0');
        if (number > PORT_MAX) {
            return false;
        }
    }
    *port = (uint16_t)number;
    return number > 0;
}

static bool is_name(const char *host) {
    return host[0] != '\0' && host[0] != '.' && strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(host);
}

static bool parse_host(struct string_view text, bool in_brackets, struct authority *authority) {
    if (text.count > 1 && text.bytes[text.count - 1] == '.') {
        text.count--; /* the root of all names */
    }
    if (text.count > AUTHORITY_HOST_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < text.count; i++) {
        authority->host[i] = lower(text.bytes[i]);
    }
    struct in6_addr address;
    if (in_brackets) {
        authority->kind = AUTHORITY_IPV6;
        return inet_pton(AF_INET6, authority->host, &address) == 1;
    }
    authority->kind = inet_pton(AF_INET, authority->host, &address) == 1 ? AUTHORITY_IPV4 : AUTHORITY_NAME;
    return authority->kind == AUTHORITY_IPV4 || is_name(authority->host);
}

enum err authority_parse(struct string_view text, struct authority *authority) {
    *authority = (struct authority){.port = 0};
    bool in_brackets = text.count > 0 && text.bytes[0] == '[';
    struct string_view host;
    if (in_brackets) {
        text = (struct string_view){text.bytes + 1, text.count - 1};
        size_t count = text.count;
        host = string_view_take(&text, ']');
        bool is_closed = host.count < count;
        struct string_view between = string_view_take(&text, ':');
        if (!is_closed || between.count > 0) {
            return ERR_INVALID;
        }
    } else {
        host = string_view_take(&text, ':');
    }
    bool port_is_good = text.count == 0 || parse_port(text, &authority->port);
    return port_is_good && parse_host(host, in_brackets, authority) ? ERR_OK : ERR_INVALID;
}

enum err authority_parse_origin(struct string_view text, struct authority *authority) {
    static const struct {
        const char *start;
        uint16_t port;
    } schemes[] = {{"http://", 80}, {"https://", 443}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t count = strlen(schemes[i].start);
        if (text.count <= count || memcmp(text.bytes, schemes[i].start, count) != 0) {
            continue;
        }
        struct string_view rest = {text.bytes + count, text.count - count};
        enum err error = authority_parse(string_view_take(&rest, '/'), authority);
        if (error == ERR_OK && authority->port == 0) {
            authority->port = schemes[i].port;
        }
        return error;
    }
    return ERR_INVALID;
}
