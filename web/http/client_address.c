#include "web/http/client_address.h"

#include "web/http/authority.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_PREFIX_BITS 96u
#define NETWORK_BYTES 8

static bool parse_address(const char *text, unsigned char bytes[16], bool *is_ipv4) {
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(bytes, mapped, sizeof mapped);
    *is_ipv4 = inet_pton(AF_INET, text, bytes + sizeof mapped) == 1;
    return *is_ipv4 || inet_pton(AF_INET6, text, bytes) == 1;
}

enum err address_range_parse(const char *text, struct address_range *range) {
    char address[ADDRESS_TEXT_BYTES];
    const char *slash = strchr(text, '/');
    size_t count = slash != NULL ? (size_t)(slash - text) : strlen(text);
    bool is_ipv4;
    if (count >= sizeof address) {
        return ERR_INVALID;
    }
    snprintf(address, sizeof address, "%.*s", (int)count, text);
    if (!parse_address(address, range->bytes, &is_ipv4)) {
        return ERR_INVALID;
    }
    unsigned most = is_ipv4 ? 32 : 128, bits = most;
    if (slash != NULL) {
        size_t digits = strspn(slash + 1, "0123456789");
        bits = (unsigned)strtoul(slash + 1, NULL, 10);
        if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' || bits > most) {
            return ERR_INVALID;
        }
    }
    range->prefix_bits = bits + (is_ipv4 ? IPV4_PREFIX_BITS : 0);
    return ERR_OK;
}

static bool holds(const struct address_range *range, const unsigned char bytes[16]) {
    size_t whole = range->prefix_bits / 8;
    unsigned rest = range->prefix_bits % 8;
    return memcmp(range->bytes, bytes, whole) == 0 &&
           (rest == 0 || (range->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

bool client_address_is_trusted(const struct trusted_proxies *proxies, const char *address) {
    unsigned char bytes[16];
    bool is_ipv4;
    if (!parse_address(address, bytes, &is_ipv4)) {
        return false;
    }
    for (size_t i = 0; i < proxies->count; i++) {
        if (holds(&proxies->ranges[i], bytes)) {
            return true;
        }
    }
    return false;
}

void client_address_owner(const char *address, char owner[ADDRESS_TEXT_BYTES]) {
    struct in6_addr network;
    if (inet_pton(AF_INET6, address, &network) != 1 || IN6_IS_ADDR_V4MAPPED(&network)) {
        snprintf(owner, ADDRESS_TEXT_BYTES, "%s", address);
        return;
    }
    memset(network.s6_addr + NETWORK_BYTES, 0, sizeof network - NETWORK_BYTES);
    inet_ntop(AF_INET6, &network, owner, ADDRESS_TEXT_BYTES);
}

/* "192.0.2.7", "192.0.2.7:5123", "2001:db8::1" or "[2001:db8::1]:5123": all are in use. */
static bool read_hop(struct string_view hop, char address[ADDRESS_TEXT_BYTES]) {
    char text[ADDRESS_TEXT_BYTES];
    unsigned char bytes[16];
    bool is_ipv4;
    if (hop.count < sizeof text) {
        snprintf(text, sizeof text, "%.*s", (int)hop.count, hop.bytes);
        if (parse_address(text, bytes, &is_ipv4)) {
            memcpy(address, text, sizeof text);
            return true;
        }
    }
    struct authority authority;
    if (authority_parse(hop, &authority) != ERR_OK || authority.kind == AUTHORITY_NAME) {
        return false;
    }
    snprintf(address, ADDRESS_TEXT_BYTES, "%.*s", ADDRESS_TEXT_BYTES - 1, authority.host);
    return true;
}

bool client_address_trace(const struct trusted_proxies *proxies, struct string_view forwarded_for,
                          char address[ADDRESS_TEXT_BYTES]) {
    struct string_view rest = forwarded_for;
    while (client_address_is_trusted(proxies, address)) {
        if (rest.count == 0) {
            return true;
        }
        size_t start = rest.count;
        while (start > 0 && rest.bytes[start - 1] != ',') {
            start--;
        }
        struct string_view hop = string_view_trim((struct string_view){rest.bytes + start, rest.count - start});
        if (!read_hop(hop, address)) {
            return false;
        }
        rest.count = start > 0 ? start - 1 : 0;
    }
    return false;
}
