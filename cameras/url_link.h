/* What the readers of url cameras share: a connection that FFmpeg makes and that ends at a deadline, its options, and
 * its errors in words. Private to the url driver.
 *
 * Threads: the camera's. */
#ifndef CAMERAS_URL_LINK_H
#define CAMERAS_URL_LINK_H

#include "cameras/driver.h"

struct AVDictionary;

struct url_link {
    const struct driver_context *context;
    char *location;      /* with the login: never shown */
    int64_t deadline_ns; /* of the call under way */
    int64_t looked_ns;   /* when the cancel event was last looked at */
    bool closing;        /* the cancel event is over: a farewell may still be sent */
};

/* Sends what FFmpeg says to the log, at its lowest level and without secrets, and limits its appetite. Once. */
void url_link_setup(void);

/* ERR_MEMORY. */
CHECKED enum err url_link_init(struct url_link *link, const struct driver_context *context);
void url_link_finish(struct url_link *link);

/* An AVIOInterruptCB: whether to give up, because the deadline has passed or the cancel event is set. */
int url_link_is_over(void *link);
/* A connection may say goodbye, but not for long. */
void url_link_begin_close(struct url_link *link);

/* The options of every connection; the caller frees them with av_dict_free(). */
void url_link_options(const struct url_link *link, struct AVDictionary **options);

/* Translates a failure of FFmpeg, and says what to do about it. */
enum err url_link_explain(const struct url_link *link, int averror, struct reason *reason);

#endif
