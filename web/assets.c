#include "web/assets.h"

#include <string.h>

/* What the build makes of a file (embed_files() in CMakeLists.txt). */
#define EMBEDDED(symbol) extern const char asset_##symbol##_begin[], asset_##symbol##_end[]
#define ASSET(file, type, symbol)                                                                                      \
    { .name = file, .content_type = type, .bytes = asset_##symbol##_begin, .end = asset_##symbol##_end }

#define CSS "text/css; charset=utf-8"
#define HTML "text/html; charset=utf-8"
#define JAVASCRIPT "text/javascript; charset=utf-8"
#define JSON "application/json"
#define SVG "image/svg+xml"

EMBEDDED(camera_css);
EMBEDDED(camera_html);
EMBEDDED(camera_js);
EMBEDDED(charts_js);
EMBEDDED(controls_js);
EMBEDDED(favicon_svg);
EMBEDDED(feed_js);
EMBEDDED(figures_js);
EMBEDDED(gallery_html);
EMBEDDED(login_css);
EMBEDDED(login_html);
EMBEDDED(multipart_js);
EMBEDDED(openapi_json);
EMBEDDED(page_css);
EMBEDDED(status_css);
EMBEDDED(status_html);
EMBEDDED(status_js);
EMBEDDED(tile_js);
EMBEDDED(view_js);
EMBEDDED(wall_css);
EMBEDDED(wall_js);

const struct asset asset_gallery_page = ASSET("gallery.html", HTML, gallery_html);
const struct asset asset_openapi = ASSET("openapi.json", JSON, openapi_json);
const struct asset asset_camera_page = ASSET("camera.html", HTML, camera_html);
const struct asset asset_login_page = ASSET("login.html", HTML, login_html);
const struct asset asset_status_page = ASSET("status.html", HTML, status_html);

static const struct asset served[] = {
    ASSET("camera.css", CSS, camera_css),
    ASSET("camera.js", JAVASCRIPT, camera_js),
    ASSET("charts.js", JAVASCRIPT, charts_js),
    ASSET("controls.js", JAVASCRIPT, controls_js),
    ASSET("favicon.svg", SVG, favicon_svg),
    ASSET("feed.js", JAVASCRIPT, feed_js),
    ASSET("figures.js", JAVASCRIPT, figures_js),
    ASSET("login.css", CSS, login_css),
    ASSET("multipart.js", JAVASCRIPT, multipart_js),
    ASSET("page.css", CSS, page_css),
    ASSET("status.css", CSS, status_css),
    ASSET("status.js", JAVASCRIPT, status_js),
    ASSET("tile.js", JAVASCRIPT, tile_js),
    ASSET("view.js", JAVASCRIPT, view_js),
    ASSET("wall.css", CSS, wall_css),
    ASSET("wall.js", JAVASCRIPT, wall_js),
};

const struct asset *asset_find(const char *name) {
    for (size_t i = 0; i < sizeof served / sizeof served[0]; i++) {
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
