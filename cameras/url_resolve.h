/* Whether a host's name can be resolved. FFmpeg asks for that in a way that nothing interrupts, for as long as a silent
 * name server makes it wait; so it is asked here first, and FFmpeg's own question is then answered at once.
 *
 * Threads: the camera's. */
#ifndef CAMERAS_URL_RESOLVE_H
#define CAMERAS_URL_RESOLVE_H

#include "cameras/url_link.h"

/* Blocks: until it is known, the deadline has passed (ERR_TIMEOUT) or the cancel event is set (ERR_INTERRUPTED).
 * ERR_NOT_FOUND: there is no such host. ERR_MEMORY, ERR_BUSY. */
CHECKED enum err url_resolve(const struct url_link *link, struct reason *reason);

#endif
