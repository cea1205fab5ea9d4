#include "web/router.h"

#include "web/parameters.h"
#include "web/piece.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define READ (METHOD_GET | METHOD_HEAD)

const struct route_path route_paths[] = {
    {"/", ROUTE_GALLERY, READ},
    {"/camera/{camera}", ROUTE_CAMERA_PAGE, READ},
    {"/status", ROUTE_STATUS_PAGE, READ},
    {"/camera/{camera}/video_feed", ROUTE_VIDEO_FEED, READ},
    {"/video_feed", ROUTE_VIDEO_FEED, READ},
    {"/stream", ROUTE_VIDEO_FEED, READ},
    {"/camera/{camera}/snapshot", ROUTE_SNAPSHOT, READ},
    {"/snapshot", ROUTE_SNAPSHOT, READ},
    {"/camera/{camera}/frame", ROUTE_PUSH_FRAME, METHOD_POST},
    {"/camera/{camera}/ingest", ROUTE_PUSH_STREAM, METHOD_POST},
    {"/feed", ROUTE_FEED, READ},
    {"/api/status", ROUTE_STATUS, READ},
    {"/api/cameras", ROUTE_CAMERAS, READ},
    {"/api/cameras/{camera}", ROUTE_CAMERA, READ},
    {"/api/events", ROUTE_EVENTS, READ},
    {"/api/cameras/{camera}/controls", ROUTE_CONTROLS, READ | METHOD_PUT},
    {"/api/reload", ROUTE_RELOAD, METHOD_POST},
    {"/api/openapi.json", ROUTE_OPENAPI, READ},
    {"/healthz", ROUTE_HEALTH, READ},
    {"/readyz", ROUTE_READY, READ},
    {"/metrics", ROUTE_METRICS, READ},
    {"/assets/{file}", ROUTE_ASSET, READ},
    {"/login", ROUTE_LOGIN, READ | METHOD_POST},
    {"/logout", ROUTE_LOGOUT, METHOD_POST},
    {"/api/tokens", ROUTE_TOKENS, METHOD_POST},
};
const size_t route_path_count = COUNT_OF(route_paths);

static const struct {
    const char *name;
    enum route_method method;
} methods[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_HEAD}, {"POST", METHOD_POST}, {"PUT", METHOD_PUT}};

static enum err refuse(struct route_error *error, int status, const char *code, const char *message) {
    *error = (struct route_error){.status = status, .code = code};
    reason_set(&error->message, "%s", message);
    return ERR_INVALID;
}

static enum err refuse_path(struct route_error *error) {
    return refuse(error, 404, "not_found", "there is nothing at this address");
}

/* name: what stands in the place of the {part}, but for a slash; empty where the pattern has none. */
static bool match(struct piece path, const char *pattern, struct piece *name) {
    const char *open = strchr(pattern, '{');
    if (open == NULL) {
        *name = (struct piece){"", 0};
        return piece_is(path, pattern);
    }
    const char *suffix = strchr(open, '}') + 1;
    size_t prefix_count = (size_t)(open - pattern), suffix_count = strlen(suffix);
    if (path.count < prefix_count + suffix_count || memcmp(path.bytes, pattern, prefix_count) != 0 ||
        memcmp(path.bytes + path.count - suffix_count, suffix, suffix_count) != 0) {
        return false;
    }
    *name = (struct piece){path.bytes + prefix_count, path.count - prefix_count - suffix_count};
    return memchr(name->bytes, '/', name->count) == NULL;
}

static enum err set_name(struct piece name, struct route *route, struct route_error *error) {
    if (route->target == ROUTE_ASSET && !piece_is_file_name(name, ROUTE_NAME_MAX_BYTES)) {
        return refuse_path(error);
    }
    if (route->target != ROUTE_ASSET && !piece_is_id(name, ROUTE_NAME_MAX_BYTES)) {
        return refuse(error, 404, "no_such_camera", "there is no camera of this name");
    }
    memcpy(route->name, name.bytes, name.count);
    return ERR_OK;
}

static enum err parse_path(struct piece path, struct route *route, unsigned *allowed, struct route_error *error) {
    for (size_t i = 0; i < COUNT_OF(route_paths); i++) {
        struct piece name;
        if (match(path, route_paths[i].pattern, &name)) {
            route->target = route_paths[i].target;
            *allowed = route_paths[i].methods;
            return strchr(route_paths[i].pattern, '{') == NULL ? ERR_OK : set_name(name, route, error);
        }
    }
    return refuse_path(error);
}

/* "GET, HEAD" */
static void write_methods(unsigned set, char *text, size_t room) {
    size_t used = 0;
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if ((set & methods[i].method) != 0) {
            used += (size_t)snprintf(text + used, room - used, "%s%s", used > 0 ? ", " : "", methods[i].name);
        }
    }
}

static enum err parse_method(const char *method, unsigned allowed, struct route *route, struct route_error *error) {
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if ((allowed & methods[i].method) != 0 && strcmp(method, methods[i].name) == 0) {
            route->method = methods[i].method;
            return ERR_OK;
        }
    }
    *error = (struct route_error){.status = 405, .code = "method_not_allowed"};
    write_methods(allowed, error->allow, sizeof error->allow);
    reason_set(&error->message, "the methods that are answered here: %s", error->allow);
    return ERR_INVALID;
}

enum err route_parse(const char *method, const char *path, const char *query, struct route *route,
                     struct route_error *error) {
    if (path == NULL) {
        return refuse_path(error);
    }
    struct piece trimmed = piece_of(path);
    if (trimmed.count > 1 && path[trimmed.count - 1] == '/') {
        trimmed.count--;
    }
    struct route parsed = {.max_age_ms = -1};
    unsigned allowed;
    enum err err = parse_path(trimmed, &parsed, &allowed, error);
    if (err == ERR_OK) {
        err = parse_method(method, allowed, &parsed, error);
    }
    if (err == ERR_OK) {
        err = parameters_parse(query == NULL ? "" : query, &parsed, error);
    }
    if (err == ERR_OK) {
        *route = parsed;
    }
    return err;
}
