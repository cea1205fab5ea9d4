#include "web/http/parameters.h"

#include "broker/base/clock.h"
#include "web/http/urlencoded.h"

#include <stdio.h>
#include <string.h>

#define PARAMETER_MAX_BYTES ROUTE_NAME_MAX_BYTES
#define NUMBER_MAX_BYTES 31
/* With one more digit it would still fit into 64 bits. */
#define COUNT_MAX 900000000000000000
/* In no id. */
#define NO_NAME '?'
/* The last camera that an action can name. */
#define ACTION_MAX 999999
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static enum err refuse_parameter(struct route_error *error, const char *message) {
    *error = (struct route_error){.status = 400, .code = "bad_parameter"};
    reason_set(&error->message, "%s", message);
    return ERR_INVALID;
}

/* Digits with at most one point; no sign, no exponent, and the same in every locale. A text of
 * NUMBER_MAX_BYTES cannot overflow. */
static bool parse_number(const char *text, double *number) {
    if (strlen(text) > NUMBER_MAX_BYTES) {
        return false;
    }
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

static bool parse_integer(const char *text, int64_t max, int64_t *integer) {
    int64_t value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        value = value * 10 + (*text - '0');
        if (value > max) {
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
    route->variant_request.width_px = (uint32_t)width_px;
    return true;
}

static bool set_quality(const char *value, struct route *route) {
    int64_t quality;
    if (!parse_integer(value, 100, &quality) || quality < 1) {
        return false;
    }
    route->variant_request.quality = (int)quality;
    return true;
}

static bool set_variant(const char *value, struct route *route) {
    struct string_view name = string_view_of(value);
    if (!string_view_is_id(name, VARIANT_NAME_MAX_BYTES)) {
        return false;
    }
    memcpy(route->variant, name.bytes, name.count + 1);
    return true;
}

static bool set_brief(const char *value, struct route *route) {
    route->is_brief = strcmp(value, "1") == 0;
    return route->is_brief || strcmp(value, "0") == 0;
}

/* A form sends what was left empty, too. */
static bool is_left_empty(const char *value) { return value[0] == '\0'; }

static bool set_at(const char *value, struct route *route) {
    return clock_parse_time(value, &route->period.at_ns) == ERR_OK;
}

static bool set_from(const char *value, struct route *route) {
    return is_left_empty(value) || clock_parse_time(value, &route->period.from_ns) == ERR_OK;
}

static bool set_to(const char *value, struct route *route) {
    return is_left_empty(value) || clock_parse_time(value, &route->period.to_ns) == ERR_OK;
}

static bool set_speed(const char *value, struct route *route) {
    if (strcmp(value, "max") == 0) {
        route->period.speed = 0;
        return true;
    }
    return parse_number(value, &route->period.speed) && route->period.speed >= ROUTE_SPEED_MIN &&
           route->period.speed <=
               ((route->row->parameters & PARAMETER_FORMAT) != 0 ? ROUTE_FILM_SPEED_MAX : ROUTE_SPEED_MAX);
}

static bool set_live(const char *value, struct route *route) {
    route->period.goes_on_live = strcmp(value, "1") == 0;
    return route->period.goes_on_live || strcmp(value, "0") == 0;
}

static bool set_gaps(const char *value, struct route *route) {
    route->period.shows_gaps = strcmp(value, "show") == 0;
    return route->period.shows_gaps || strcmp(value, "skip") == 0;
}

/* Copies a text of these characters. */
static bool copy_word(const char *value, const char *characters, char *word, size_t max_bytes) {
    size_t count = strlen(value);
    bool is_word = count <= max_bytes && strspn(value, characters) == count;
    if (is_word) {
        memcpy(word, value, count + 1);
    }
    return is_word;
}

static bool set_camera(const char *value, struct route *route) {
    return is_left_empty(value) ||
           copy_word(value, "0123456789abcdefghijklmnopqrstuvwxyz_-.", route->camera, ROUTE_NAME_MAX_BYTES);
}

static bool set_node(const char *value, struct route *route) {
    return copy_word(value, ID_CHARACTERS, route->node, ROUTE_NODE_MAX_BYTES);
}

static bool set_format(const char *value, struct route *route) {
    return copy_word(value, "0123456789abcdefghijklmnopqrstuvwxyz", route->format, ROUTE_FORMAT_MAX_BYTES);
}

static bool set_kind(const char *value, struct route *route) {
    return copy_word(value, "abcdefghijklmnopqrstuvwxyz_", route->kind, ROUTE_KIND_MAX_BYTES);
}

static bool set_order(const char *value, struct route *route) {
    route->is_ascending = strcmp(value, "asc") == 0;
    return route->is_ascending || strcmp(value, "desc") == 0 || is_left_empty(value);
}

static bool set_count(const char *value, uint64_t *count) {
    int64_t number = 0;
    bool is_count = is_left_empty(value) || (parse_integer(value, COUNT_MAX, &number) && number > 0);
    *count = (uint64_t)number;
    return is_count;
}

static bool set_limit(const char *value, struct route *route) { return set_count(value, &route->limit); }

static bool set_after(const char *value, struct route *route) { return set_count(value, &route->after); }

#define TIME_EXPECTED " must be a time: 2026-01-31T12:00:00Z, or seconds since 1970"

static const struct parameter {
    const char *name;
    enum route_parameter bit;
    bool (*set)(const char *value, struct route *route);
    const char *expected;
} parameters[] = {
    {"fps", PARAMETER_FPS, set_fps, "fps must be a number above 0 and at most 1000"},
    {"max_age_ms", PARAMETER_MAX_AGE, set_max_age, "max_age_ms must be a whole number from 0 to 3600000"},
    {"width", PARAMETER_WIDTH, set_width, "width must be a whole number from 16 to 3840"},
    {"quality", PARAMETER_QUALITY, set_quality, "quality must be a whole number from 1 to 100"},
    {"brief", PARAMETER_BRIEF, set_brief, "brief must be 0 or 1"},
    {"variant", PARAMETER_VARIANT, set_variant, "variant must be the name of one in the configuration"},
    {"camera", PARAMETER_CAMERA, set_camera, "camera must be a camera's id"},
    {"at", PARAMETER_AT, set_at, "at" TIME_EXPECTED},
    {"from", PARAMETER_FROM, set_from, "from" TIME_EXPECTED},
    {"to", PARAMETER_TO, set_to, "to" TIME_EXPECTED},
    {"speed", PARAMETER_SPEED, set_speed, "speed must be a number from 0.1 to 64, of a clip to 100000, or max"},
    {"live", PARAMETER_LIVE, set_live, "live must be 0 or 1"},
    {"gaps", PARAMETER_GAPS, set_gaps, "gaps must be skip or show"},
    {"format", PARAMETER_FORMAT, set_format, "format must be the name of a format"},
    {"kind", PARAMETER_KIND, set_kind, "kind must be the name of a kind of event"},
    {"order", PARAMETER_ORDER, set_order, "order must be asc or desc"},
    {"limit", PARAMETER_LIMIT, set_limit, "limit must be a whole number above 0"},
    {"after", PARAMETER_AFTER, set_after, "after must be the number of an event"},
    {"node", PARAMETER_NODE, set_node, "node must be the name of a node of the cluster"},
};

const char *parameters_name(enum route_parameter parameter) {
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        if (parameters[i].bit == parameter) {
            return parameters[i].name;
        }
    }
    return parameter == PARAMETER_ACTION ? "action" : "cameras";
}

/* The raw value of a parameter; its bytes are NULL where it is not given. */
static enum err find_parameter(const char *name, struct string_view query, struct string_view *found,
                               struct route_error *error) {
    if (urlencoded_find(query, name, found) > 1) {
        char message[64];
        snprintf(message, sizeof message, "%s is given more than once", name);
        return refuse_parameter(error, message);
    }
    return ERR_OK;
}

/* text: NULL where the parameter is not given. refused: the value cannot be decoded, or is too long. */
struct parameter_value {
    const char *text;
    bool refused;
    char decoded[PARAMETER_MAX_BYTES + 1];
};

static enum err read_parameter(const char *name, struct string_view query, struct parameter_value *value,
                               struct route_error *error) {
    struct string_view raw;
    enum err err = find_parameter(name, query, &raw, error);
    if (err == ERR_OK) {
        value->refused = raw.bytes != NULL && !urlencoded_decode(raw, value->decoded, sizeof value->decoded);
        value->text = raw.bytes != NULL && !value->refused ? value->decoded : NULL;
    }
    return err;
}

/* ---- /?action=stream_N ---- */

/* The row whose action the value begins with, and the camera's place. NULL: none. */
static const struct route_row *find_action(const struct route_table *table, const char *value, size_t *place) {
    for (size_t i = 0; i < table->count; i++) {
        const char *action = table->rows[i]->action;
        size_t count = action != NULL ? strlen(action) : 0;
        if (count == 0 || strncmp(value, action, count) != 0) {
            continue;
        }
        int64_t index = 0;
        if (value[count] != '\0' && (value[count] != '_' || !parse_integer(value + count + 1, ACTION_MAX, &index))) {
            return NULL;
        }
        *place = (size_t)index;
        return table->rows[i];
    }
    return NULL;
}

static enum err parse_action(const struct route_table *table, struct string_view query, struct route *route,
                             struct route_error *error) {
    struct parameter_value value;
    enum err err = read_parameter("action", query, &value, error);
    if (err != ERR_OK || (value.text == NULL && !value.refused)) {
        return err;
    }
    if (value.text != NULL) {
        value.decoded[strcspn(value.decoded, "?")] = '\0'; /* plugins append ?TIME to whatever address they are given */
    }
    const struct route_row *row = value.refused ? NULL : find_action(table, value.text, &route->place);
    if (row == NULL) {
        return refuse_parameter(error, "action must be stream or snapshot, or one of them with _N, where N counts the "
                                       "cameras from 0");
    }
    route->row = row;
    return ERR_OK;
}

/* ---- ?cameras=a,b ---- */

bool parameters_next_camera(struct route_cameras *cameras, char name[ROUTE_NAME_MAX_BYTES + 1]) {
    struct string_view list = {cameras->text, cameras->count};
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

static enum err parse_cameras(struct string_view query, struct route *route, struct route_error *error) {
    struct string_view list;
    if (find_parameter("cameras", query, &list, error) != ERR_OK) {
        return ERR_INVALID;
    }
    if (list.bytes == NULL || string_view_is(list, "all")) {
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

/* ---- All ---- */

enum err parameters_parse(const struct route_table *table, const char *query_text, struct route *route,
                          struct route_error *error) {
    struct string_view query = string_view_of(query_text);
    /* action comes first: it decides which of the others count. */
    if ((route->row->parameters & PARAMETER_ACTION) != 0 && parse_action(table, query, route, error) != ERR_OK) {
        return ERR_INVALID;
    }
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        if ((route->row->parameters & parameters[i].bit) == 0) {
            continue;
        }
        struct parameter_value value;
        if (read_parameter(parameters[i].name, query, &value, error) != ERR_OK) {
            return ERR_INVALID;
        }
        if (value.refused || (value.text != NULL && !parameters[i].set(value.text, route))) {
            return refuse_parameter(error, parameters[i].expected);
        }
    }
    if (route->variant[0] != '\0' && (route->variant_request.width_px != 0 || route->variant_request.quality != 0)) {
        return refuse_parameter(error, "variant goes without width and quality");
    }
    const struct route_period *period = &route->period;
    if (period->to_ns < period->from_ns || period->to_ns < period->at_ns) {
        return refuse_parameter(error, period->at_ns >= 0 ? "to must not be before at" : "to must not be before from");
    }
    return (route->row->parameters & PARAMETER_CAMERAS) != 0 ? parse_cameras(query, route, error) : ERR_OK;
}
