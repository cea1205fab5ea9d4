#include "web/assets/assets.h"

#include <pthread.h>
#include <served_assets.h> /* of the build: EACH_SERVED_ASSET() */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What the build makes of a file (embed_files() in CMakeLists.txt). */
#define EMBEDDED(symbol) extern const char asset_##symbol##_begin[], asset_##symbol##_end[]
#define TEMPLATE(file, type, symbol)                                                                                   \
    { .name = file, .content_type = type, .bytes = asset_##symbol##_begin, .end = asset_##symbol##_end }

#define CSS "text/css; charset=utf-8"
#define HTML "text/html; charset=utf-8"
#define JS "text/javascript; charset=utf-8"
#define JSON "application/json"
#define SVG "image/svg+xml"

EMBEDDED(camera_html);
EMBEDDED(error_html);
EMBEDDED(gallery_html);
EMBEDDED(history_html);
EMBEDDED(login_html);
EMBEDDED(openapi_json);
EMBEDDED(recordings_html);
EMBEDDED(status_html);

const struct asset asset_gallery_page = TEMPLATE("gallery.html", HTML, gallery_html);
const struct asset asset_openapi = TEMPLATE("openapi.json", JSON, openapi_json);
const struct asset asset_camera_page = TEMPLATE("camera.html", HTML, camera_html);
const struct asset asset_error_page = TEMPLATE("error.html", HTML, error_html);
const struct asset asset_history_page = TEMPLATE("history.html", HTML, history_html);
const struct asset asset_recordings_page = TEMPLATE("recordings.html", HTML, recordings_html);
const struct asset asset_login_page = TEMPLATE("login.html", HTML, login_html);
const struct asset asset_status_page = TEMPLATE("status.html", HTML, status_html);

#define DECLARE(file, type, symbol)                                                                                    \
    EMBEDDED(symbol);                                                                                                  \
    EMBEDDED(symbol##_gz);
#define SERVED(file, type, symbol)                                                                                     \
    {.name = file,                                                                                                     \
     .content_type = type,                                                                                             \
     .bytes = asset_##symbol##_begin,                                                                                  \
     .end = asset_##symbol##_end,                                                                                      \
     .gzip_bytes = asset_##symbol##_gz_begin,                                                                          \
     .gzip_end = asset_##symbol##_gz_end},

EACH_SERVED_ASSET(DECLARE)

static const struct asset served[] = {EACH_SERVED_ASSET(SERVED)};
#define SERVED_COUNT (sizeof served / sizeof served[0])

const struct asset *asset_find(const char *name) {
    for (size_t i = 0; i < SERVED_COUNT; i++) {
        if (strcmp(served[i].name, name) == 0) {
            return &served[i];
        }
    }
    return NULL;
}

bool asset_is_public(const char *name) {
    static const char *const names[] = {"favicon.svg", "login.css", "page.css"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static char version[ASSET_VERSION_DIGITS + 1];

/* FNV-1a. */
static void make_version(void) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < SERVED_COUNT; i++) {
        for (const char *byte = served[i].bytes; byte < served[i].end; byte++) {
            hash = (hash ^ (unsigned char)*byte) * UINT64_C(0x100000001b3);
        }
    }
    snprintf(version, sizeof version, "%016llx", (unsigned long long)hash);
}

const char *asset_version(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_version);
    return version;
}
