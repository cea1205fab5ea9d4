#include "web/parameters.h"

#include "web/urlencoded.h"

#include <string.h>

#define PARAMETER_MAX_BYTES VARIANT_NAME_MAX_BYTES
/* In no id. */
#define NO_NAME '?'
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static enum err refuse_parameter(struct route_error *error, const char *message) {
    *error = (struct route_error){.status = 400, .code = "bad_parameter"};
    reason_set(&error->message, "%s", message);
    return ERR_INVALID;
}

/* Digits with at most one point; no sign, no exponent, and the same in every locale. A text of
 * PARAMETER_MAX_BYTES cannot overflow. */
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
    struct piece name = piece_of(value);
    if (!piece_is_id(name, VARIANT_NAME_MAX_BYTES)) {
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
            route->place = (size_t)index;
            return true;
        }
        return value[count] == '\0';
    }
    return false;
}

static bool set_brief(const char *value, struct route *route) {
    route->is_brief = strcmp(value, "1") == 0;
    return route->is_brief || strcmp(value, "0") == 0;
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
    {"brief", TO(ROUTE_CAMERAS), set_brief, "brief must be 0 or 1", "brief is given more than once"},
    {"variant", TO_PICTURES, set_variant, "variant must be the name of one in the configuration",
     "variant is given more than once"},
};

/* The raw value of a parameter; its bytes are NULL where it is not given. */
static enum err find_parameter(const char *name, const char *repeated, struct piece query, struct piece *found,
                               struct route_error *error) {
    return urlencoded_find(query, name, found) > 1 ? refuse_parameter(error, repeated) : ERR_OK;
}

bool parameters_next_camera(struct route_cameras *cameras, char name[ROUTE_NAME_MAX_BYTES + 1]) {
    struct piece list = {cameras->text, cameras->count};
    if (list.count == 0) {
        return false;
    }
    size_t used = 0;
    char character;
    while (list.count > 0 && (character = urlencoded_next(&list)) != ',') {
        if (used < ROUTE_NAME_MAX_BYTES) {
            name[used++] = character >= ' ' && character <= '~' ? character : NO_NAME;
        } else {
            name[ROUTE_NAME_MAX_BYTES - 1] = NO_NAME;
        }
    }
    name[used] = '\0';
    *cameras = (struct route_cameras){list.bytes, list.count};
    return true;
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
    struct route_cameras rest = route->cameras;
    char name[ROUTE_NAME_MAX_BYTES + 1];
    size_t count = 0;
    while (parameters_next_camera(&rest, name)) {
        count++;
    }
    if (count == 0 || count > ROUTE_CAMERAS_MAX) {
        return refuse_parameter(error, "cameras must be all, or 1 to 1000 ids or places with commas between them");
    }
    return ERR_OK;
}

enum err parameters_parse(const char *query_text, struct route *route, struct route_error *error) {
    struct piece query = piece_of(query_text);
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        const struct parameter *parameter = &parameters[i];
        if ((parameter->targets & TO(route->target)) == 0) {
            continue;
        }
        struct piece value;
        char text[PARAMETER_MAX_BYTES + 1];
        if (find_parameter(parameter->name, parameter->repeated, query, &value, error) != ERR_OK) {
            return ERR_INVALID;
        }
        if (value.bytes != NULL && (!urlencoded_decode(value, text, sizeof text) || !parameter->set(text, route))) {
            return refuse_parameter(error, parameter->wrong);
        }
    }
    if (route->variant[0] != '\0' && (route->wish.width_px != 0 || route->wish.quality != 0)) {
        return refuse_parameter(error, "variant goes without width and quality");
    }
    bool has_cameras = route->target == ROUTE_FEED || route->target == ROUTE_EVENTS;
    return has_cameras ? parse_cameras(query, route, error) : ERR_OK;
}
