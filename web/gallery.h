/* The HTML pages, filled in from templates in web/assets/. All text is escaped.
 * Ownership: the page is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_GALLERY_H
#define WEB_GALLERY_H

#include "broker/broker.h"
#include "web/status.h"
#include "web/visitor.h"

/* What pages have to know beside what they show. */
struct page_settings {
    const char *base_path;         /* what links begin with, e.g. "/cams"; "" at the root */
    int64_t stream_life_ns;        /* after which a stream has to be begun anew; 0: never */
    const struct visitor *visitor; /* for whom the page is; NULL: nobody in particular */
};

/* /: a tile for each camera. */
char *gallery_render(const struct broker_snapshot *snapshot, const struct page_settings *page_settings);
/* /camera/N: one camera's page. */
char *gallery_render_camera(const struct topic_snapshot *topic, const struct page_settings *page_settings);
/* /status: the figures of /api/status for people. */
char *gallery_render_status(const struct broker_snapshot *snapshot, const struct server_counts *counts,
                            const struct page_settings *page_settings);
/* /login: message tells what was wrong the last time ("": nothing); next is the address that it leads to. */
char *gallery_render_login(const char *message, const char *name, const char *next, const char *base_path);

#endif
