/* Finds ONVIF devices on the networks of this machine: a WS-Discovery probe (April 2005; ONVIF Core Specification,
 * section 7) by multicast on each interface, over IPv4 and IPv6, and the answers to it.
 *
 * An answer counts if it relates to the probe and its sender is the host that it names: nothing leads elsewhere.
 *
 * Threads: any; nothing is kept. */
#ifndef CAMERAS_ONVIF_ONVIF_DISCOVERY_H
#define CAMERAS_ONVIF_ONVIF_DISCOVERY_H

#include "cameras/onvif/onvif_answer.h"

#include <stdint.h>

/* Blocks: for wait_ns after the probes are sent. ERR_NOT_FOUND: there is no network to probe; ERR_IO; ERR_MEMORY. */
CHECKED enum err onvif_discover(int64_t wait_ns, struct onvif_devices *devices);

#endif
