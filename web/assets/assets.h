/* The files of web/assets/, embedded at build time.
 * Threads: any. Everything is static. */
#ifndef WEB_ASSETS_ASSETS_H
#define WEB_ASSETS_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct asset {
    const char *name; /* "page.css" */
    const char *content_type;
    const char *bytes, *end;           /* not terminated */
    const char *gzip_bytes, *gzip_end; /* the same compressed (RFC 1952), of those that asset_find() finds */
};

static inline size_t asset_size(const struct asset *asset) { return (size_t)(asset->end - asset->bytes); }

/* A file that clients may fetch at /assets/NAME; NULL if there is none of that name. */
const struct asset *asset_find(const char *name);
/* Changes with the contents of these files: ASSET_VERSION_DIGITS hexadecimal digits. A file is served at
 * /assets/VERSION/NAME too, where clients may keep it for good. */
#define ASSET_VERSION_DIGITS 16
const char *asset_version(void);
/* Whether the login page needs the file, which is then served without a login. */
bool asset_is_public(const char *name);
/* Templates of pages, which are not served as they are. */
extern const struct asset asset_gallery_page, asset_camera_page, asset_history_page, asset_recordings_page,
    asset_error_page, asset_login_page, asset_status_page, asset_openapi;

#endif
