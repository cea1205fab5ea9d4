#include "cameras/motion/motion_settings.h"

#include "broker/base/clock.h"

#include <string.h>

#define DAY_S 86400.0
#define FIELD(field) .offset = offsetof(struct motion_settings, field)

/* ---- "motion.zones[]" ---- */

#define ZONE_FIELD(field) .offset = offsetof(struct motion_zone, field)

static enum err check_name(const char *text, struct reason *reason) {
    const size_t bytes = strlen(text);
    bool is_name = bytes > 0 && bytes <= MOTION_ZONE_NAME_MAX_BYTES;
    for (const char *c = text; *c != '\0' && is_name; c++) {
        is_name = (unsigned char)*c >= ' ' && *c != 0x7f;
    }
    if (!is_name) {
        reason_set(reason, "must be 1 to %d bytes without control characters", MOTION_ZONE_NAME_MAX_BYTES);
    }
    return is_name ? ERR_OK : ERR_INVALID;
}

static const struct setting zone_rows[] = {
    {.name = "name",
     .type = SETTING_TEXT,
     ZONE_FIELD(name),
     .required = true,
     .min = 1,
     .max = MOTION_ZONE_NAME_MAX_BYTES,
     .check = check_name,
     .help = "The zone's name in events."},
    {.name = "polygon",
     .type = SETTING_POLYGON,
     ZONE_FIELD(polygon),
     .required = true,
     .help = "Its outline, in fractions of the picture as shown. The camera's page draws one."},
    {.name = "sensitivity",
     .type = SETTING_INTEGER,
     ZONE_FIELD(sensitivity),
     .min = 1,
     .max = 100,
     .optional = true,
     .help = "The zone's own. Default: that of the camera."},
};

const struct setting_table motion_zone_table = {
    .name = "zone",
    .help = "A part of the picture that is watched, and has events of its own.",
    .rows = zone_rows,
    .count = sizeof zone_rows / sizeof zone_rows[0],
    .size = sizeof(struct motion_zone),
};

static enum err check_zone(const void *zones, size_t index, struct reason *reason) {
    const struct motion_zone *list = zones;
    for (size_t i = 0; i < index && list[index].name != NULL; i++) {
        if (list[i].name != NULL && strcmp(list[i].name, list[index].name) == 0) {
            reason_set(reason, "has the name of zones[%zu]", i);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}

/* ---- "motion.active[]" ---- */

#define WINDOW_FIELD(field) .offset = offsetof(struct motion_window, field)

static const struct setting window_rows[] = {
    {.name = "days",
     .type = SETTING_PARSED,
     WINDOW_FIELD(days),
     .required = true,
     .parse = motion_days_parse,
     .schema = "\"examples\": [\"mon-fri\", \"sat,sun\"]",
     .help = "The days of the week on which the hours begin: sun, mon, tue, wed, thu, fri, sat, ranges and lists of "
             "them, such as \"mon-fri\" or \"sat,sun\"."},
    {.name = "from",
     .type = SETTING_PARSED,
     WINDOW_FIELD(from_minute),
     .required = true,
     .parse = motion_from_parse,
     .schema = "\"pattern\": \"^(([01][0-9]|2[0-3]):[0-5][0-9]|sunrise|sunset)$\"",
     .help = "When they begin, in local time: \"22:00\"; or \"sunrise\" or \"sunset\", which need latitude and "
             "longitude."},
    {.name = "to",
     .type = SETTING_PARSED,
     WINDOW_FIELD(to_minute),
     .required = true,
     .parse = motion_to_parse,
     .schema = "\"pattern\": \"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00|sunrise|sunset)$\"",
     .help = "When they end: on the next day, if that is not later than from. From sunset to 20:00 there are no hours "
             "where "
             "the sun sets later, and so on."},
};

const struct setting_table motion_window_table = {
    .name = "window",
    .help = "Hours in which motion makes events.",
    .rows = window_rows,
    .count = sizeof window_rows / sizeof window_rows[0],
    .size = sizeof(struct motion_window),
};

/* ---- "motion" ---- */

static const struct setting rows[] = {
    {.name = "sensitivity",
     .type = SETTING_INTEGER,
     FIELD(sensitivity),
     .min = 1,
     .max = 100,
     .fallback = 50,
     .help = "How little counts as motion: 1 reports only what is large and near, 100 anything that changes."},
    {.name = "fps",
     .type = SETTING_NUMBER,
     FIELD(fps),
     .min = MOTION_FPS_MIN,
     .max = MOTION_FPS_MAX,
     .fallback = 5,
     .help = "Frames a second that are analysed, evenly thinned from what the camera sends."},
    {.name = "masks",
     .type = SETTING_POLYGONS,
     FIELD(masks),
     .count_offset = offsetof(struct motion_settings, mask_count),
     .max = MOTION_MASKS_MAX,
     .help = "Parts of the picture that are never looked at, such as trees or a clock: lists of points in fractions of "
             "the picture as shown. The camera's page draws them."},
    {.name = "zones",
     .type = SETTING_OBJECTS,
     FIELD(zones),
     .count_offset = offsetof(struct motion_settings, zone_count),
     .max = MOTION_ZONES_MAX,
     .members = &motion_zone_table,
     .check_entry = check_zone,
     .help =
         "If there are any, nothing else is looked at, and each has events of its own. Default: the whole picture."},
    {.name = "active",
     .type = SETTING_OBJECTS,
     FIELD(active),
     .count_offset = offsetof(struct motion_settings, active_count),
     .min = 1,
     .max = MOTION_WINDOWS_MAX,
     .members = &motion_window_table,
     .check_entry = motion_window_check,
     .help =
         "The hours in which motion makes events. They may not overlap, unless only one of them depends on the sun. "
         "Default: always."},
    {.name = "latitude",
     .type = SETTING_NUMBER,
     FIELD(latitude),
     .min = -90,
     .max = 90,
     .fallback = MOTION_NO_PLACE,
     .optional = true,
     .help = "Where the camera is, for sunrise and sunset: degrees north of the equator, negative to the south."},
    {.name = "longitude",
     .type = SETTING_NUMBER,
     FIELD(longitude),
     .min = -180,
     .max = 180,
     .fallback = MOTION_NO_PLACE,
     .optional = true,
     .help = "The same: degrees east of Greenwich, negative to the west."},
    {.name = "min_duration_ms",
     .type = SETTING_DURATION,
     FIELD(min_duration_ns),
     .max = 60e3,
     .unit_ns = NS_PER_MS,
     .fallback = 350,
     .help = "Shorter movements are not events."},
    {.name = "cooldown_s",
     .type = SETTING_DURATION,
     FIELD(cooldown_ns),
     .max = 3600,
     .unit_ns = NS_PER_S,
     .fallback = 5,
     .help = "An event ends when nothing has moved for this long."},
    {.name = "max_duration_s",
     .type = SETTING_DURATION,
     FIELD(max_duration_ns),
     .min = 1,
     .max = DAY_S,
     .unit_ns = NS_PER_S,
     .fallback = 300,
     .help = "A longer event ends, and a new one begins."},
    {.name = "confirm_frames",
     .type = SETTING_INTEGER,
     FIELD(confirm_frames),
     .min = 1,
     .max = MOTION_CONFIRM_MAX,
     .fallback = 3,
     .help = "How many of the last confirm_window analysed frames must show movement; all of them, if it is more."},
    {.name = "confirm_window",
     .type = SETTING_INTEGER,
     FIELD(confirm_window),
     .min = 1,
     .max = MOTION_CONFIRM_MAX,
     .fallback = 4,
     .help = "See confirm_frames."},
    {.name = "contrast_levels",
     .type = SETTING_INTEGER,
     FIELD(contrast_levels),
     .min = 1,
     .max = 128,
     .fallback = 8,
     .help =
         "A part of the picture that differs from the background by less, of 255 levels of brightness, stays still. "
         "Noise that is learnt for each part raises it."},
    {.name = "light_change_percent",
     .type = SETTING_INTEGER,
     FIELD(light_change_percent),
     .min = 5,
     .max = 100,
     .fallback = 40,
     .help = "When more of the picture changes at once, it is the light or the camera: no event, and the picture is "
             "learnt anew, until light_steady_percent. 100: never."},
    {.name = "light_steady_percent",
     .type = SETTING_INTEGER,
     FIELD(light_steady_percent),
     .min = 1,
     .max = 100,
     .fallback = 4,
     .help =
         "After such a change, the light is steady again, and motion is looked for, when less of the picture changes "
         "from one analysed frame to the next; after 10 s at the latest."},
    {.name = "absorb_s",
     .type = SETTING_DURATION,
     FIELD(absorb_ns),
     .min = 1,
     .max = 3600,
     .unit_ns = NS_PER_S,
     .fallback = 10,
     .help = "Something new that stays still for this long becomes background."},
};

static const char *finish(void *const blocks[], struct reason *reason) {
    const struct motion_settings *settings = blocks[0];
    if (settings->min_duration_ns > settings->max_duration_ns) {
        reason_set(reason, "must not be longer than max_duration_s (%g)", clock_seconds(settings->max_duration_ns));
        return "min_duration_ms";
    }
    const bool has_place = settings->latitude != MOTION_NO_PLACE && settings->longitude != MOTION_NO_PLACE;
    for (size_t i = 0; i < settings->active_count && !has_place; i++) {
        if (motion_window_needs_sun(&settings->active[i])) {
            reason_set(reason, "needs \"latitude\" and \"longitude\" beside it: active[%zu] depends on the sun", i);
            return "active";
        }
    }
    return NULL;
}

const struct setting_table motion_settings_table = {
    .name = "motion",
    .help = "Motion detection. A camera that has it is open without viewers too.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct motion_settings),
    .finish = finish,
};

void motion_settings_init(struct motion_settings *settings) {
    *settings = (struct motion_settings){0};
    settings_set_defaults(&motion_settings_table, (void *const[]){settings});
}
