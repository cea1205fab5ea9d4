#include "web/router.h"

#include <stdio.h>
#include <string.h>

#define ROUTE_PARAMETER_MAX_BYTES VARIANT_NAME_MAX_BYTES

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* A piece of the request, which need not end in a NUL. */
struct piece {
    const char *bytes;
    size_t count;
};

static const struct {
    const char *path;
    enum route_target target;
} fixed_paths[] = {
    {"/", ROUTE_GALLERY},           {"/video_feed", ROUTE_VIDEO_FEED}, {"/stream", ROUTE_VIDEO_FEED},
    {"/snapshot", ROUTE_SNAPSHOT},  {"/api/status", ROUTE_STATUS},     {"/api/cameras", ROUTE_CAMERAS},
    {"/healthz", ROUTE_HEALTH},     {"/readyz", ROUTE_READY},          {"/feed", ROUTE_FEED},
    {"/status", ROUTE_STATUS_PAGE},
};

/* PREFIX NAME SUFFIX */
static const struct {
    const char *prefix, *suffix;
    enum route_target target;
} named_paths[] = {
    {"/camera/", "", ROUTE_CAMERA_PAGE},
    {"/camera/", "/video_feed", ROUTE_VIDEO_FEED},
    {"/camera/", "/snapshot", ROUTE_SNAPSHOT},
    {"/api/cameras/", "", ROUTE_CAMERA},
    {"/api/cameras/", "/controls", ROUTE_CONTROLS},
    {"/assets/", "", ROUTE_ASSET},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static enum err refuse(struct route_error *error, int status, const char *code, const char *message) {
    *error = (struct route_error){.status = status, .code = code};
    reason_set(&error->message, "%s", message);
    return ERR_INVALID;
}

static enum err refuse_path(struct route_error *error) {
    return refuse(error, 404, "not_found", "there is nothing at this address");
}

static enum err refuse_parameter(struct route_error *error, const char *message) {
    return refuse(error, 400, "bad_parameter", message);
}

static bool piece_is(struct piece piece, const char *text) {
    return piece.count == strlen(text) && memcmp(piece.bytes, text, piece.count) == 0;
}

static bool consists_of(struct piece piece, const char *characters) {
    for (size_t i = 0; i < piece.count; i++) {
        if (memchr(characters, piece.bytes[i], strlen(characters)) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_camera_name(struct piece name) {
    return name.count > 0 && name.count <= ROUTE_NAME_MAX_BYTES && name.bytes[0] != '_' && name.bytes[0] != '-' &&
           consists_of(name, LOWER DIGITS "_-");
}

static bool is_asset_name(struct piece name) {
    return name.count > 0 && name.count <= ROUTE_NAME_MAX_BYTES && consists_of(name, LOWER UPPER DIGITS "._-");
}

/* The name between prefix and suffix: whatever stands there, but for a slash. */
static bool match_named(struct piece path, const char *prefix, const char *suffix, struct piece *name) {
    size_t prefix_count = strlen(prefix), suffix_count = strlen(suffix);
    if (path.count < prefix_count + suffix_count || memcmp(path.bytes, prefix, prefix_count) != 0 ||
        memcmp(path.bytes + path.count - suffix_count, suffix, suffix_count) != 0) {
        return false;
    }
    *name = (struct piece){path.bytes + prefix_count, path.count - prefix_count - suffix_count};
    return memchr(name->bytes, '/', name->count) == NULL;
}

static enum err parse_path(struct piece path, struct route *route, struct route_error *error) {
    for (size_t i = 0; i < COUNT_OF(fixed_paths); i++) {
        if (piece_is(path, fixed_paths[i].path)) {
            route->target = fixed_paths[i].target;
            return ERR_OK;
        }
    }
    for (size_t i = 0; i < COUNT_OF(named_paths); i++) {
        struct piece name;
        if (!match_named(path, named_paths[i].prefix, named_paths[i].suffix, &name)) {
            continue;
        }
        route->target = named_paths[i].target;
        if (route->target == ROUTE_ASSET && !is_asset_name(name)) {
            return refuse_path(error);
        }
        if (route->target != ROUTE_ASSET && !is_camera_name(name)) {
            return refuse(error, 404, "no_such_camera", "there is no camera of this name");
        }
        memcpy(route->name, name.bytes, name.count);
        return ERR_OK;
    }
    return refuse_path(error);
}

static int hex_digit(char character) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = memchr(digits, character, sizeof digits - 1);
    return at == NULL ? -1 : (int)(at - digits) % 16;
}

/* Takes one character of application/x-www-form-urlencoded text (WHATWG URL, section 5.1) off the front. NUL where it
 * is malformed. */
static char decode_next(struct piece *raw) {
    size_t used = 1;
    int character = raw->bytes[0] == '+' ? ' ' : raw->bytes[0];
    if (character == '%') {
        int high = raw->count > 2 ? hex_digit(raw->bytes[1]) : -1;
        int low = high >= 0 ? hex_digit(raw->bytes[2]) : -1;
        character = low < 0 ? '\0' : high * 16 + low;
        used = raw->count > 2 ? 3 : raw->count;
    }
    *raw = (struct piece){raw->bytes + used, raw->count - used};
    return (char)character;
}

/* False where the text is malformed, holds a NUL or does not fit. */
static bool decode(struct piece raw, char text[ROUTE_PARAMETER_MAX_BYTES + 1]) {
    size_t used = 0;
    while (raw.count > 0) {
        char character = decode_next(&raw);
        if (character == '\0' || used == ROUTE_PARAMETER_MAX_BYTES) {
            return false;
        }
        text[used++] = character;
    }
    text[used] = '\0';
    return true;
}

/* Digits with at most one point; no sign, no exponent, and the same in every locale. A text of
 * ROUTE_PARAMETER_MAX_BYTES cannot overflow. */
static bool parse_number(const char *text, double *number) {
    double mantissa = 0, divisor = 1;
    bool any_digit = false, after_point = false;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !after_point) {
            after_point = true;
            continue;
        }
        if (*text < '0' || *text > '9') {
            return false;
        }
        any_digit = true;
        mantissa = mantissa * 10 + (*text - '0');
        divisor *= after_point ? 10 : 1;
    }
    *number = mantissa / divisor;
    return any_digit;
}

static bool parse_integer(const char *text, int64_t most, int64_t *integer) {
    int64_t value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        value = value * 10 + (*text - '0');
        if (value > most) {
            return false;
        }
    }
    *integer = value;
    return true;
}

static bool set_fps(const char *value, struct route *route) {
    double fps;
    if (!parse_number(value, &fps) || fps <= 0 || fps > ROUTE_FPS_MAX) {
        return false;
    }
    route->fps = fps < ROUTE_FPS_MIN ? ROUTE_FPS_MIN : fps;
    return true;
}

static bool set_max_age(const char *value, struct route *route) {
    return parse_integer(value, ROUTE_MAX_AGE_MAX_MS, &route->max_age_ms);
}

static bool set_width(const char *value, struct route *route) {
    int64_t width_px;
    if (!parse_integer(value, VARIANT_WIDTH_MAX_PX, &width_px) || width_px < VARIANT_WIDTH_MIN_PX) {
        return false;
    }
    route->wish.width_px = (uint32_t)width_px;
    return true;
}

static bool set_quality(const char *value, struct route *route) {
    int64_t quality;
    if (!parse_integer(value, 100, &quality) || quality < 1) {
        return false;
    }
    route->wish.quality = (int)quality;
    return true;
}

static bool set_variant(const char *value, struct route *route) {
    struct piece name = {value, strlen(value)};
    if (!is_camera_name(name) || name.count > VARIANT_NAME_MAX_BYTES) {
        return false;
    }
    memcpy(route->variant, name.bytes, name.count + 1);
    return true;
}

static bool set_action(const char *value, struct route *route) {
    static const struct {
        const char *word;
        enum route_target target;
    } actions[] = {{"stream", ROUTE_VIDEO_FEED}, {"snapshot", ROUTE_SNAPSHOT}};
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        size_t count = strlen(actions[i].word);
        if (strncmp(value, actions[i].word, count) != 0) {
            continue;
        }
        route->target = actions[i].target;
        int64_t index;
        if (value[count] == '_' && parse_integer(value + count + 1, 999999, &index)) {
            snprintf(route->name, sizeof route->name, "%d", (int)index + 1);
            return true;
        }
        return value[count] == '\0';
    }
    return false;
}

#define TO(target) (1u << (target))
#define TO_STREAMS (TO(ROUTE_VIDEO_FEED) | TO(ROUTE_FEED))
#define TO_PICTURES (TO_STREAMS | TO(ROUTE_SNAPSHOT))

static const struct parameter {
    const char *name;
    unsigned targets;
    bool (*set)(const char *value, struct route *route);
    const char *wrong, *repeated;
} parameters[] = {
    /* action comes first: it decides which of the others count. */
    {"action", TO(ROUTE_GALLERY), set_action,
     "action must be stream or snapshot, or one of them with _N, where N counts the cameras from 0",
     "action is given more than once"},
    {"fps", TO_STREAMS, set_fps, "fps must be a number above 0 and at most 1000", "fps is given more than once"},
    {"max_age_ms", TO(ROUTE_SNAPSHOT), set_max_age, "max_age_ms must be a whole number from 0 to 3600000",
     "max_age_ms is given more than once"},
    {"width", TO_PICTURES, set_width, "width must be a whole number from 16 to 3840", "width is given more than once"},
    {"quality", TO_PICTURES, set_quality, "quality must be a whole number from 1 to 100",
     "quality is given more than once"},
    {"variant", TO_PICTURES, set_variant, "variant must be the name of one in the configuration",
     "variant is given more than once"},
};

/* Takes text up to the separator off the front of rest. */
static struct piece take(struct piece *rest, char separator) {
    const char *at = memchr(rest->bytes, separator, rest->count);
    struct piece taken = {rest->bytes, at == NULL ? rest->count : (size_t)(at - rest->bytes)};
    size_t used = at == NULL ? rest->count : taken.count + 1;
    *rest = (struct piece){rest->bytes + used, rest->count - used};
    return taken;
}

/* The raw value of a parameter; its bytes are NULL where it is not given. */
static enum err find_parameter(const char *name, const char *repeated, struct piece query, struct piece *found,
                               struct route_error *error) {
    *found = (struct piece){NULL, 0};
    while (query.count > 0) {
        struct piece value = take(&query, '&');
        struct piece raw_name = take(&value, '=');
        char text[ROUTE_PARAMETER_MAX_BYTES + 1];
        if (!decode(raw_name, text) || strcmp(text, name) != 0) {
            continue;
        }
        if (found->bytes != NULL) {
            return refuse_parameter(error, repeated);
        }
        *found = value;
    }
    return ERR_OK;
}

static enum err parse_parameters(struct piece query, struct route *route, struct route_error *error) {
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        const struct parameter *parameter = &parameters[i];
        if ((parameter->targets & TO(route->target)) == 0) {
            continue;
        }
        struct piece value;
        char text[ROUTE_PARAMETER_MAX_BYTES + 1];
        if (find_parameter(parameter->name, parameter->repeated, query, &value, error) != ERR_OK) {
            return ERR_INVALID;
        }
        if (value.bytes != NULL && (!decode(value, text) || !parameter->set(text, route))) {
            return refuse_parameter(error, parameter->wrong);
        }
    }
    if (route->variant[0] != '\0' && (route->wish.width_px != 0 || route->wish.quality != 0)) {
        return refuse_parameter(error, "variant goes without width and quality");
    }
    return ERR_OK;
}

/* Takes the next name off the front. False if no camera can have it. */
static bool take_camera(struct piece *list, char text[ROUTE_NAME_MAX_BYTES + 1]) {
    struct piece name = {text, 0};
    while (list->count > 0) {
        char character = decode_next(list);
        if (character == ',') {
            break;
        }
        if (name.count == ROUTE_NAME_MAX_BYTES) {
            return false;
        }
        text[name.count++] = character;
    }
    text[name.count] = '\0';
    return is_camera_name(name);
}

bool route_next_camera(struct route_cameras *cameras, char name[ROUTE_NAME_MAX_BYTES + 1]) {
    struct piece list = {cameras->text, cameras->count};
    bool found = list.count > 0 && take_camera(&list, name);
    *cameras = (struct route_cameras){list.bytes, list.count};
    return found;
}

static enum err parse_cameras(struct piece query, struct route *route, struct route_error *error) {
    struct piece list;
    if (find_parameter("cameras", "cameras is given more than once", query, &list, error) != ERR_OK) {
        return ERR_INVALID;
    }
    if (list.bytes == NULL || piece_is(list, "all")) {
        return ERR_OK;
    }
    route->cameras = (struct route_cameras){list.bytes, list.count};
    size_t count = 0;
    while (list.count > 0) {
        char name[ROUTE_NAME_MAX_BYTES + 1];
        if (!take_camera(&list, name)) {
            return refuse(error, 404, "no_such_camera", "no camera can have one of these names");
        }
        count++;
    }
    if (count == 0 || count > ROUTE_CAMERAS_MAX) {
        return refuse_parameter(error, "cameras must be all, or 1 to 1000 ids or places with commas between them");
    }
    return ERR_OK;
}

static enum err check_method(const char *method, struct route *route, struct route_error *error) {
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        return ERR_OK;
    }
    if (route->target != ROUTE_CONTROLS) {
        enum err err = refuse(error, 405, "method_not_allowed", "only GET and HEAD are answered here");
        error->allow = "GET, HEAD";
        return err;
    }
    route->is_put = strcmp(method, "PUT") == 0;
    if (!route->is_put) {
        enum err err = refuse(error, 405, "method_not_allowed", "only GET, HEAD and PUT are answered here");
        error->allow = "GET, HEAD, PUT";
        return err;
    }
    return ERR_OK;
}

enum err route_parse(const char *method, const char *path, const char *query, struct route *route,
                     struct route_error *error) {
    if (path == NULL) {
        return refuse_path(error);
    }
    struct piece trimmed = {path, strlen(path)};
    if (trimmed.count > 1 && path[trimmed.count - 1] == '/') {
        trimmed.count--;
    }
    struct route parsed = {.max_age_ms = -1};
    enum err err = parse_path(trimmed, &parsed, error);
    if (err != ERR_OK) {
        return err;
    }
    err = check_method(method, &parsed, error);
    if (err != ERR_OK) {
        return err;
    }
    struct piece parameter_text = {query == NULL ? "" : query, query == NULL ? 0 : strlen(query)};
    err = parse_parameters(parameter_text, &parsed, error);
    if (err == ERR_OK && parsed.target == ROUTE_FEED) {
        err = parse_cameras(parameter_text, &parsed, error);
    }
    if (err != ERR_OK) {
        return err;
    }
    *route = parsed;
    return ERR_OK;
}
