/* What a stream shows, to whom and for how long. Plain data; all pointers are borrowed for the stream's life. */
#ifndef WEB_STREAM_STREAM_SETTINGS_H
#define WEB_STREAM_STREAM_SETTINGS_H

#include "broker/topic.h"

/* What it points to is borrowed, as is fd, until `ended` is called. */
struct stream_settings {
    struct topic *const *topics;
    size_t topic_count; /* at least 1 */
    /* A topic that is closed is continued by the one in its place here, from the frame on that was captured after the
     * last that was sent; NULL: it is not, and nor is any where the whole list is NULL. */
    struct topic *const *next_topics;
    int fd;             /* connected, the response's head already sent */
    const char *remote; /* "127.0.0.1:52034" */
    const char *route;  /* for status; static */
    double fps;         /* at most so many frames a second of each topic; 0: all */
    int64_t until_ns;   /* when it ends (monotonic), up to 10 s later within a part; 0: with the client */
    /* Chromium shows a part when the headers of the next one have come (crbug 527446). With this set, a frame that no
     * newer one follows within 100 ms is sent once more, so that it shows. */
    bool repeat_for_display;
    /* Called once, when the stream is over: on a thread of the senders, which must not wait there. result: ERR_OK, or
     * why it could not even begin (ERR_MEMORY, ERR_CLOSED, ERR_BUSY). */
    void (*ended)(void *user, enum err result);
    void *user;
};

#endif
