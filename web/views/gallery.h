/* The HTML pages, filled in from templates in web/assets/. All text is escaped.
 * Ownership: the page is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_VIEWS_GALLERY_H
#define WEB_VIEWS_GALLERY_H

#include "broker/broker.h"
#include "web/access/principal.h"
#include "web/views/server_counts.h"
#include "web/views/wall_views.h"

/* What pages need besides the snapshot. */
struct page_settings {
    const char *base_path;             /* what links begin with, e.g. "/cams"; "" at the root */
    int64_t stream_life_ns;            /* after which a stream must be reopened; 0: never */
    const struct principal *principal; /* that the page is for; NULL: none */
    bool has_recordings;               /* there are pages of what was */
};

/* /: a tile for each camera, a tab for each view. */
char *gallery_render(const struct broker_snapshot *snapshot, const struct wall_views *views,
                     const struct page_settings *page_settings);
/* /camera/N: one camera's page. */
char *gallery_render_camera(const struct topic_snapshot *topic, const struct page_settings *page_settings);
/* /status: the figures of /api/status for people. */
char *gallery_render_status(const struct broker_snapshot *snapshot, const struct server_counts *counts,
                            const struct page_settings *page_settings);
/* /recordings: the page, which its script fills. */
char *gallery_render_recordings(const struct page_settings *page_settings);
/* /login: message says what was wrong the last time ("": nothing); next is the address after the login. */
char *gallery_render_login(const char *message, const char *name, const char *next, const char *base_path);

#endif
