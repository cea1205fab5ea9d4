/* What the readers of url cameras share: where the camera is, and the deadline of the call under way. Private to the
 * url driver.
 *
 * Threads: the camera's. */
#ifndef CAMERAS_URL_URL_LINK_H
#define CAMERAS_URL_URL_LINK_H

#include "cameras/driver.h"
#include "cameras/url/address.h"
#include "cameras/url/url_resolve.h"
#include "cameras/url/url_settings.h"

/* Bytes that FFmpeg does not read itself: up to `capacity`, at least one, by deadline_ns. ERR_CLOSED: they have ended;
 * ERR_TIMEOUT, ERR_INTERRUPTED and others. */
typedef enum err url_source(void *user, uint8_t *bytes, size_t capacity, int64_t deadline_ns, size_t *got);

struct url_link {
    const struct driver_context *context;
    const struct url_settings *settings;
    url_source *source; /* NULL: FFmpeg or libcurl opens the location */
    void *source_user;
    char *location;                 /* with the login: never shown; or the source's name, for people */
    struct url_addresses addresses; /* of its host */
    struct secrets *secrets;
    int64_t deadline_ns; /* of the call under way */
    int64_t polled_ns;   /* when the cancel event was last polled */
    bool closing;        /* the cancel event does not count: the connection may still be closed in order */
    struct source_facts *facts, unread_facts; /* the caller's, or those here */
};

static inline const struct url_settings *url_link_settings(const struct url_link *link) { return link->settings; }

/* For the location in the settings of a url camera, whose host is resolved. ERR_MEMORY, and as url_resolve(). After a
 * failure finish it too. */
CHECKED enum err url_link_init(struct url_link *link, const struct driver_context *context, int64_t deadline_ns,
                               struct reason *reason);
/* For bytes from elsewhere. settings: borrowed; their url does not count. name: for people. ERR_MEMORY. */
CHECKED enum err url_link_init_source(struct url_link *link, const struct driver_context *context,
                                      const struct url_settings *settings, const char *name, url_source *source,
                                      void *user);
void url_link_finish(struct url_link *link);

bool url_link_is_file(const struct url_link *link);

/* Whether the deadline has passed or the cancel event is set. */
bool url_link_is_over(struct url_link *link);
bool url_link_is_cancelled(const struct url_link *link);
/* Grants the connection a short time to end in order. */
void url_link_begin_close(struct url_link *link);

/* As address_show(), without any secret: the path may have one, and a redirect's is the camera's choice. */
void url_link_show(const char *location, char shown[ADDRESS_SHOWN_BYTES]);

#endif
