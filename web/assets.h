/* The files of web/assets/, as they were when the program was built.
 * Threads: any. Everything is static. */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct asset {
    const char *name; /* "page.css" */
    const char *content_type;
    const char *bytes, *end; /* not a string: nothing ends it */
};

static inline size_t asset_size(const struct asset *asset) { return (size_t)(asset->end - asset->bytes); }

/* Those that clients may fetch at /assets/NAME; NULL if there is none of that name. */
const struct asset *asset_find(const char *name);
/* Whether the login page needs it, so that everybody may have it. */
bool asset_is_public(const char *name);
/* Templates of pages, which are not served as they are. */
extern const struct asset asset_gallery_page, asset_camera_page, asset_login_page, asset_status_page, asset_openapi;

#endif
