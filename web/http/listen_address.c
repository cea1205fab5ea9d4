#include "web/http/listen_address.h"

#include "web/http/socket.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_port(const char *text, uint16_t *port) {
    char *end;
    const long number = strtol(text, &end, 10);
    *port = (uint16_t)number;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= UINT16_MAX;
}

/* Separates "127.0.0.1:8080", "[::1]:8080" or "8080". False: the address is too long, or a bracket lacks its other. */
static bool split_address(const char *text, char address[LISTEN_ADDRESS_BYTES], const char **port) {
    const bool has_brackets = text[0] == '[';
    const char *end = has_brackets ? strstr(text, "]:") : strrchr(text, ':');
    const size_t length = end != NULL ? (size_t)(end - text) - has_brackets : 0;
    if ((has_brackets && end == NULL) || length >= LISTEN_ADDRESS_BYTES) {
        return false;
    }
    *port = end != NULL ? end + 1 + has_brackets : text;
    snprintf(address, LISTEN_ADDRESS_BYTES, "%.*s", (int)length, text + has_brackets);
    /* Brackets are for IPv6, and IPv6 has to have them. */
    return end == NULL || has_brackets == (strchr(address, ':') != NULL);
}

enum err listen_address_parse(const char *text, struct listen_address *listen, struct reason *reason) {
    struct listen_address parsed = {.port = 0};
    const char *port;
    if (!split_address(text, parsed.address, &port) || !parse_port(port, &parsed.port)) {
        reason_set(reason,
                   "must be ADDRESS:PORT with a port from 0 to 65535, e.g. \"127.0.0.1:8080\" or \"[::]:8080\"");
        return ERR_INVALID;
    }
    if (port == text) {
        snprintf(parsed.address, sizeof parsed.address, "127.0.0.1");
    }
    if (!socket_normalize(parsed.address, sizeof parsed.address)) {
        reason_set(reason,
                   "must be ADDRESS:PORT with a numeric address, e.g. \"127.0.0.1:8080\", \"0.0.0.0:8080\" or, for "
                   "IPv6 too, \"[::]:8080\"");
        return ERR_INVALID;
    }
    *listen = parsed;
    return ERR_OK;
}
