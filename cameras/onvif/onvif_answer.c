#define _GNU_SOURCE /* in6_addr */
#include "cameras/onvif/onvif_answer.h"

#include "cameras/onvif/soap_reader.h"
#include "cameras/url/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Devices that one host may be. */
#define HOST_MAX 4
#define SPACE " \t\r\n"

const struct onvif_type onvif_types[ONVIF_TYPES] = {
    {"http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter"},
    {"http://www.onvif.org/ver10/device/wsdl", "Device"},
};

struct answer {
    const struct onvif_probe *probe;
    struct onvif_devices *devices;
    bool is_related;
    bool is_onvif;
    char name[128];
    char services[SOAP_TEXT_MAX_BYTES];
};

static bool parse_host(const char *host, struct in6_addr *address) {
    char text[64];
    if (host[0] == '[') {
        snprintf(text, sizeof text, "%.*s", (int)strcspn(host + 1, "]"), host + 1);
    } else {
        snprintf(text, sizeof text, "::ffff:%.40s", host);
    }
    return inet_pton(AF_INET6, text, address) == 1;
}

/* A link-local sender may name another address of its own: one in the same network. */
static bool belongs_to_sender(const struct answer *answer, const char *host) {
    struct in6_addr named;
    if (!parse_host(host, &named) || IN6_IS_ADDR_LINKLOCAL(&named)) {
        return false; /* URLs of cameras have no interface */
    }
    return IN6_ARE_ADDR_EQUAL(&named, &answer->probe->sender) ||
           (IN6_IS_ADDR_LINKLOCAL(&answer->probe->sender) && answer->probe->is_on_link(&named, answer->probe->user));
}

/* False: it is known already, or there are too many. */
static bool is_wanted(const struct onvif_devices *devices, const char *service, const char *host) {
    unsigned same_host = 0;
    for (size_t i = 0; i < devices->count; i++) {
        if (strcmp(devices->devices[i].service, service) == 0) {
            return false;
        }
        same_host += strcmp(devices->devices[i].host, host) == 0;
    }
    return devices->count < ONVIF_DEVICES_MAX && same_host < HOST_MAX;
}

static void add_device(const struct answer *answer, const char *service, const char *host) {
    struct onvif_devices *devices = answer->devices;
    char number[64];
    snprintf(number, sizeof number, "%.*s", (int)strcspn(host + (host[0] == '['), "]"), host + (host[0] == '['));
    if (is_wanted(devices, service, number)) {
        struct onvif_device *device = &devices->devices[devices->count++];
        *device = (struct onvif_device){.service = ""};
        memcpy(device->service, service, strlen(service) + 1);
        memcpy(device->host, number, sizeof device->host);
        memcpy(device->name, answer->name, sizeof device->name);
    }
}

/* The first of its addresses that is its own. */
static void take_match(struct answer *answer) {
    bool is_own = false;
    char *rest = NULL;
    for (char *each = strtok_r(answer->services, SPACE, &rest); each != NULL && !is_own;
         each = strtok_r(NULL, SPACE, &rest)) {
        char host[ADDRESS_HOST_BYTES];
        if (strlen(each) < ONVIF_SERVICE_MAX_BYTES &&
            (address_has_scheme(each, "http") || address_has_scheme(each, "https")) && !address_has_login(each) &&
            address_find_host(each, host) && belongs_to_sender(answer, host)) {
            add_device(answer, each, host);
            is_own = true;
        }
    }
    /* One that answers over IPv6 with its IPv4 address does so over IPv4 too. */
    if (!is_own && IN6_IS_ADDR_V4MAPPED(&answer->probe->sender)) {
        inet_ntop(AF_INET, &answer->probe->sender.s6_addr[12], answer->devices->ignored,
                  sizeof answer->devices->ignored);
    }
}

/* Takes "%20" off the front; otherwise one character as it is. */
static char take_character(const char **at) {
    static const char digits[] = "0123456789abcdef";
    const char *text = *at;
    const char *high = text[0] == '%' && text[1] != '\0' ? strchr(digits, text[1] | 0x20) : NULL;
    const char *low = high != NULL && text[2] != '\0' ? strchr(digits, text[2] | 0x20) : NULL;
    *at += low != NULL ? 3 : 1;
    return low != NULL ? (char)((high - digits) * 16 + (low - digits)) : text[0];
}

/* The part behind /name/ of "onvif://www.onvif.org/name/Front%20Door" (ONVIF Core Specification, section 7.3.2.2). */
static void take_name(struct answer *answer, const char *scopes) {
    static const char prefix[] = "onvif://www.onvif.org/name/";
    const char *at = strstr(scopes, prefix);
    size_t length = 0;
    at = at != NULL ? at + strlen(prefix) : "";
    while (*at != '\0' && strchr(SPACE, *at) == NULL && length < sizeof answer->name - 1) {
        const char character = take_character(&at);
        answer->name[length++] = character >= ' ' && character <= '~' ? character : '?';
    }
    answer->name[length] = '\0';
}

static void visit_answer(void *user, const struct soap_element *element) {
    struct answer *answer = user;
    if (strcmp(element->name, "RelatesTo") == 0) {
        for (size_t i = 0; i < ONVIF_TYPES; i++) {
            answer->is_related = answer->is_related || strcmp(element->text, answer->probe->ids[i]) == 0;
        }
    } else if (strcmp(element->parent, "ProbeMatch") == 0 && strcmp(element->name, "Types") == 0) {
        answer->is_onvif =
            strstr(element->text, onvif_types[0].name) != NULL || strstr(element->text, onvif_types[1].name) != NULL;
    } else if (strcmp(element->parent, "ProbeMatch") == 0 && strcmp(element->name, "Scopes") == 0) {
        take_name(answer, element->text);
    } else if (strcmp(element->parent, "ProbeMatch") == 0 && strcmp(element->name, "XAddrs") == 0) {
        snprintf(answer->services, sizeof answer->services, "%s", element->text);
    } else if (strcmp(element->name, "ProbeMatch") == 0) {
        if (answer->is_related && answer->is_onvif) {
            take_match(answer);
        }
        answer->is_onvif = false;
        answer->name[0] = answer->services[0] = '\0';
    }
}

void onvif_answer_read(const char *bytes, size_t count, const struct onvif_probe *probe,
                       struct onvif_devices *devices) {
    struct answer answer = {.probe = probe, .devices = devices};
    enum err error = soap_read(bytes, count, visit_answer, &answer, NULL);
    (void)error; /* anything may come here */
}
