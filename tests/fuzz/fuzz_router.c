/* Requests as clients write them: METHOD, path and query, a line each. */
#include "tests/fuzz/fuzz.h"
#include "web/http/parameters.h"
#include "web/http/router.h"
#include "web/routes/route_table.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static void require_plain(const char *name) {
    REQUIRE(strlen(name) <= ROUTE_NAME_MAX_BYTES);
    REQUIRE(name[strspn(name, NAME_CHARACTERS)] == '\0');
}

static void require_printable(const char *text) {
    for (; *text != '\0'; text++) {
        REQUIRE(*text >= ' ' && *text <= '~');
    }
}

static void check_route(const struct route *route) {
    REQUIRE(route->row != NULL && (route->row->methods & route->method) != 0);
    require_plain(route->name);
    require_plain(route->variant);
    REQUIRE(route->fps == 0 || (route->fps >= ROUTE_FPS_MIN && route->fps <= ROUTE_FPS_MAX));
    REQUIRE(route->max_age_ms >= -1 && route->max_age_ms <= ROUTE_MAX_AGE_MAX_MS);
    REQUIRE(route->variant_request.width_px <= VARIANT_WIDTH_MAX_PX);
    REQUIRE(route->variant_request.quality >= 0 && route->variant_request.quality <= 100);
    struct route_cameras cameras = route->cameras;
    char name[ROUTE_NAME_MAX_BYTES + 1];
    size_t count = 0;
    while (parameters_next_camera(&cameras, name)) {
        require_printable(name);
        count++;
    }
    REQUIRE(count <= ROUTE_CAMERAS_MAX);
    REQUIRE(route->cameras.text == NULL || count > 0);
}

static void check_error(const struct route_error *error) {
    REQUIRE(error->status == 400 || error->status == 404 || error->status == 405);
    REQUIRE(error->code != NULL && error->message.text[0] != '\0');
    REQUIRE((error->status == 405) == (error->allow[0] != '\0'));
    require_printable(error->message.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *method = take_line(&bytes, &count);
    char *path = take_line(&bytes, &count);
    char *query = take_line(&bytes, &count);
    struct route route;
    struct route_error error = {0};
    if (router_parse(&route_table, method, path, query[0] != '\0' ? query : NULL, &route, &error) == ERR_OK) {
        check_route(&route);
    } else {
        check_error(&error);
    }
    free(method);
    free(path);
    free(query);
    return 0;
}
