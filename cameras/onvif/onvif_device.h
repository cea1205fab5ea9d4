/* Asks an ONVIF device for the addresses of its streams: by the Media service (ONVIF Media Specification 1), or by
 * Media2 (version 2) where it has that alone.
 *
 * What a device says names no other host: the host of each address is replaced by the device's own, which is right for
 * one behind address translation and keeps logins from going elsewhere.
 *
 * Threads: any; nothing is kept. */
#ifndef CAMERAS_ONVIF_ONVIF_DEVICE_H
#define CAMERAS_ONVIF_ONVIF_DEVICE_H

#include "cameras/onvif/soap_security.h"

#define ONVIF_URL_MAX_BYTES 512
#define ONVIF_STREAMS_MAX 64

/* One for each of the device's video sources: that of its first profile, by convention the main one. */
struct onvif_streams {
    size_t count;
    char urls[ONVIF_STREAMS_MAX][ONVIF_URL_MAX_BYTES]; /* without a login; no "$" or space is in them */
};

/* service: the address of the device service. login: its username NULL: none. Blocks: 4 s a request, (count + 4) of
 * them at most. ERR_DENIED: a login is needed, or wrong; ERR_NOT_FOUND: it has no streams; otherwise as soap_call(),
 * all with a reason but ERR_MEMORY and ERR_IO. */
CHECKED enum err onvif_find_streams(const char *service, const struct onvif_login *login, struct onvif_streams *streams,
                                    struct reason *reason);

#endif
