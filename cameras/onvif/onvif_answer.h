/* Reads the answers to a WS-Discovery probe (ProbeMatches; WS-Discovery, April 2005, section 5.3), which may come from
 * anywhere and be anything.
 *
 * Threads: any; nothing is kept. */
#ifndef CAMERAS_ONVIF_ONVIF_ANSWER_H
#define CAMERAS_ONVIF_ONVIF_ANSWER_H

#include "broker/base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define ONVIF_SERVICE_MAX_BYTES 256
#define ONVIF_DEVICES_MAX 64

struct onvif_device {
    char service[ONVIF_SERVICE_MAX_BYTES]; /* the address of its device service, http or https with a number as host */
    char host[64];                         /* the number, an IPv6 address without brackets */
    char name[128];                        /* as the device has it, printable ASCII; "": none */
};

struct onvif_devices {
    size_t count; /* sorted by service, each once */
    struct onvif_device devices[ONVIF_DEVICES_MAX];
    char ignored[64]; /* the last sender whose answer named another host; "": none */
};

/* A device answers to one of its types; older ones know the first alone. */
struct onvif_type {
    const char *namespace, *name;
};
#define ONVIF_TYPES 2
extern const struct onvif_type onvif_types[ONVIF_TYPES];

#define ONVIF_ID_BYTES 46 /* urn:uuid:... */

struct onvif_probe {
    char ids[ONVIF_TYPES][ONVIF_ID_BYTES]; /* an answer relates to one of these */
    struct in6_addr sender;                /* of the answer; IPv4 as ::ffff:192.0.2.1 */
    /* For a link-local sender: whether an address is in the network on which the answer came. */
    bool (*is_on_link)(const struct in6_addr *address, void *user);
    void *user;
};

/* Adds the devices of an answer that names its own sender, each once. */
void onvif_answer_read(const char *bytes, size_t count, const struct onvif_probe *probe, struct onvif_devices *devices);

#endif
