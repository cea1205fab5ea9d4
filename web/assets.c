#include "web/assets.h"

#include <string.h>

/* What the build makes of a file (embed_files() in CMakeLists.txt). */
#define EMBEDDED(symbol) extern const char asset_##symbol##_begin[], asset_##symbol##_end[]
#define ASSET(file, type, symbol)                                                                                      \
    { .name = file, .content_type = type, .bytes = asset_##symbol##_begin, .end = asset_##symbol##_end }

#define CSS "text/css; charset=utf-8"
#define HTML "text/html; charset=utf-8"
#define JAVASCRIPT "text/javascript; charset=utf-8"
#define SVG "image/svg+xml"

EMBEDDED(camera_html);
EMBEDDED(camera_js);
EMBEDDED(favicon_svg);
EMBEDDED(figures_js);
EMBEDDED(gallery_css);
EMBEDDED(gallery_html);
EMBEDDED(gallery_js);

const struct asset asset_gallery_page = ASSET("gallery.html", HTML, gallery_html);
const struct asset asset_camera_page = ASSET("camera.html", HTML, camera_html);

static const struct asset served[] = {
    ASSET("camera.js", JAVASCRIPT, camera_js),   ASSET("favicon.svg", SVG, favicon_svg),
    ASSET("figures.js", JAVASCRIPT, figures_js), ASSET("gallery.css", CSS, gallery_css),
    ASSET("gallery.js", JAVASCRIPT, gallery_js),
};

const struct asset *asset_find(const char *name) {
    for (size_t i = 0; i < sizeof served / sizeof served[0]; i++) {
        if (strcmp(served[i].name, name) == 0) {
            return &served[i];
        }
    }
    return NULL;
}
