#include "web/http/router.h"

#include "broker/base/string_view.h"
#include "web/http/parameters.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define CAMERA_PART "{camera}"
#define FILE_PART "{file}"
#define PARTS_MAX 2
#define ASSETS_PATH "/assets/"

static const struct {
    const char *name;
    enum route_method method;
} method_names[] = {
    {"GET", METHOD_GET}, {"HEAD", METHOD_HEAD}, {"POST", METHOD_POST}, {"PUT", METHOD_PUT}, {"DELETE", METHOD_DELETE}};

static enum err refuse_route(struct route_error *error, int status, const char *code, const char *message) {
    *error = (struct route_error){.status = status, .code = code};
    reason_set(&error->message, "%s", message);
    return ERR_INVALID;
}

static enum err refuse_path(struct route_error *error) {
    return refuse_route(error, 404, "not_found", "this address does not exist");
}

/* An asset is the same with its version before the name as without: takes that out of the path. shorter: for the path
 * without it. */
static struct string_view take_version(struct string_view path, char version[ROUTE_VERSION_DIGITS + 1],
                                       char shorter[sizeof ASSETS_PATH + ROUTE_NAME_MAX_BYTES]) {
    const size_t prefix_count = strlen(ASSETS_PATH), version_end = prefix_count + ROUTE_VERSION_DIGITS;
    version[0] = '\0';
    if (path.count <= version_end || path.count - version_end - 1 > ROUTE_NAME_MAX_BYTES ||
        memcmp(path.bytes, ASSETS_PATH, prefix_count) != 0 || path.bytes[version_end] != '/' ||
        strspn(path.bytes + prefix_count, "0123456789abcdef") != ROUTE_VERSION_DIGITS) {
        return path;
    }
    memcpy(version, path.bytes + prefix_count, ROUTE_VERSION_DIGITS);
    version[ROUTE_VERSION_DIGITS] = '\0';
    int count = snprintf(shorter, sizeof ASSETS_PATH + ROUTE_NAME_MAX_BYTES, ASSETS_PATH "%.*s",
                         (int)(path.count - version_end - 1), path.bytes + version_end + 1);
    return (struct string_view){shorter, (size_t)count};
}

/* What stands in the places of a pattern's {parts}. */
struct parts {
    struct string_view list[PARTS_MAX];
};

/* A part reaches to the next slash, or to the end, and may be empty. */
static struct string_view take_part(struct string_view path, size_t from) {
    size_t end = from;
    while (end < path.count && path.bytes[end] != '/') {
        end++;
    }
    return (struct string_view){path.bytes + from, end - from};
}

static bool match_pattern(struct string_view path, const char *pattern, struct parts *parts) {
    size_t used = 0, count = 0;
    while (*pattern != '\0') {
        if (*pattern == '{') {
            parts->list[count] = take_part(path, used);
            used += parts->list[count++].count;
            pattern = strchr(pattern, '}');
        } else if (used == path.count || path.bytes[used++] != *pattern) {
            return false;
        }
        pattern++;
    }
    return used == path.count;
}

static enum err set_part(const char *part, struct string_view value, struct route *route, struct route_error *error) {
    const bool is_camera = strncmp(part, CAMERA_PART, strlen(CAMERA_PART)) == 0;
    if (!is_camera && !string_view_is_file_name(value, ROUTE_NAME_MAX_BYTES)) {
        return refuse_path(error);
    }
    if (is_camera && !string_view_is_camera_id(value, ROUTE_NAME_MAX_BYTES)) {
        return refuse_route(error, 404, "no_such_camera", "this is not a camera's id or place");
    }
    memcpy(route->name[0] == '\0' ? route->name : route->file, value.bytes, value.count);
    return ERR_OK;
}

static enum err set_parts(const char *pattern, const struct parts *parts, struct route *route,
                          struct route_error *error) {
    enum err err = ERR_OK;
    size_t count = 0;
    for (const char *part = strchr(pattern, '{'); part != NULL && err == ERR_OK; part = strchr(part + 1, '{')) {
        err = set_part(part, parts->list[count++], route, error);
    }
    return err;
}

void router_write_methods(unsigned methods, char *text, size_t capacity) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(method_names); i++) {
        if ((methods & method_names[i].method) != 0) {
            used += (size_t)snprintf(text + used, capacity - used, "%s%s", used > 0 ? ", " : "", method_names[i].name);
        }
    }
}

static enum err refuse_method(unsigned allowed, struct route_error *error) {
    *error = (struct route_error){.status = 405, .code = "method_not_allowed"};
    router_write_methods(allowed, error->allow, sizeof error->allow);
    reason_set(&error->message, "allowed methods: %s", error->allow);
    return ERR_INVALID;
}

/* 0: a method that no route has. */
static unsigned method_of(const char *name) {
    for (size_t i = 0; i < COUNT_OF(method_names); i++) {
        if (strcmp(name, method_names[i].name) == 0) {
            return method_names[i].method;
        }
    }
    return 0;
}

static enum err find_row(const struct route_table *table, unsigned method, struct string_view path, struct route *route,
                         struct route_error *error) {
    unsigned allowed = 0;
    struct parts parts, matched = {{{NULL, 0}}};
    const char *pattern = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct route_row *row = table->rows[i];
        if (match_pattern(path, row->pattern, &parts)) {
            pattern = row->pattern;
            matched = parts;
            allowed |= row->methods;
            route->row = (row->methods & method) != 0 ? row : route->row;
        }
    }
    if (pattern == NULL) {
        return refuse_path(error);
    }
    enum err err = set_parts(pattern, &matched, route, error);
    if (err == ERR_OK && route->row == NULL) {
        err = refuse_method(allowed, error);
    }
    return err;
}

enum err router_parse(const struct route_table *table, const char *method, const char *path, const char *query,
                      struct route *route, struct route_error *error) {
    if (path == NULL) {
        return refuse_path(error);
    }
    struct string_view trimmed = string_view_of(path);
    if (trimmed.count > 1 && path[trimmed.count - 1] == '/') {
        trimmed.count--;
    }
    struct route parsed = {.method = method_of(method),
                           .max_age_ms = -1,
                           .period = {.at_ns = -1, .from_ns = -1, .to_ns = INT64_MAX, .speed = 1}};
    char shorter[sizeof ASSETS_PATH + ROUTE_NAME_MAX_BYTES];
    trimmed = take_version(trimmed, parsed.version, shorter);
    enum err err = find_row(table, parsed.method, trimmed, &parsed, error);
    if (err == ERR_OK) {
        err = parameters_parse(table, query == NULL ? "" : query, &parsed, error);
    }
    if (err == ERR_OK) {
        *route = parsed;
    }
    return err;
}

/* ---- The table ---- */

/* Of the two kinds of parts each occurs once at most, a camera first. */
static bool is_pattern(const char *pattern) {
    static const char *const kinds[PARTS_MAX] = {CAMERA_PART, FILE_PART};
    size_t next = 0;
    for (const char *part = pattern != NULL ? strchr(pattern, '{') : NULL; part != NULL; part = strchr(part + 1, '{')) {
        while (next < PARTS_MAX && strncmp(part, kinds[next], strlen(kinds[next])) != 0) {
            next++;
        }
        if (next++ == PARTS_MAX) {
            return false;
        }
    }
    return pattern != NULL && pattern[0] == '/';
}

static bool is_complete(const struct route_row *row) {
    return is_pattern(row->pattern) && row->methods != 0 && row->need >= NEED_NOTHING && row->need <= NEED_ADMIN &&
           row->parameters != 0 && (row->listener == LISTENER_MAIN || row->listener == LISTENER_MAIN_AND_MONITOR) &&
           (row->handle == NULL) != (row->handle_camera == NULL);
}

enum err router_check_table(const struct route_table *table, struct reason *reason) {
    for (size_t i = 0; i < table->count; i++) {
        const struct route_row *row = table->rows[i];
        if (!is_complete(row)) {
            reason_set(reason, "route %s is not complete", row->pattern != NULL ? row->pattern : "without a pattern");
            return ERR_INVALID;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(row->pattern, table->rows[j]->pattern) == 0 && (row->methods & table->rows[j]->methods) != 0) {
                reason_set(reason, "route %s has two rows for one method", row->pattern);
                return ERR_INVALID;
            }
        }
    }
    return ERR_OK;
}
