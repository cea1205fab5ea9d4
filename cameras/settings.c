#include "cameras/settings.h"

#include "broker/base/clock.h"

#include <string.h>

#define DAY_S 86400.0
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- "faults[]" ---- */

#define FAULT_TIME_MAX_S 1e6
#define FAULT_FIELD(field) .offset = offsetof(struct fault_settings, field)

static const char *const fault_kinds[] = {
    [FAULT_FREEZE] = "freeze",       [FAULT_VANISH] = "vanish",       [FAULT_TRUNCATED] = "truncated",
    [FAULT_FAIL_OPEN] = "fail_open", [FAULT_SLOW_OPEN] = "slow_open", NULL,
};

static const struct setting fault_rows[] = {
    {.name = "kind",
     .type = SETTING_CHOICE,
     FAULT_FIELD(kind),
     .required = true,
     .choices = fault_kinds,
     .what = "kind of fault",
     .help = "freeze: no frames arrive. vanish: the device disappears. truncated: frames end in the middle. fail_open: "
             "opening fails. slow_open: opening takes for_s."},
    {.name = "at_frame",
     .type = SETTING_INTEGER,
     FAULT_FIELD(at_frame),
     .min = 1,
     .max = 1e9,
     .optional = true,
     .help = "The frame with which the fault begins, counted from 1 over all openings. Required unless at_s is given."},
    {.name = "at_s",
     .type = SETTING_DURATION,
     FAULT_FIELD(at_ns),
     .max = FAULT_TIME_MAX_S,
     .unit_ns = NS_PER_S,
     .fallback = -1,
     .optional = true,
     .help = "When the fault begins, in seconds after the start."},
    {.name = "for_s",
     .type = SETTING_DURATION,
     FAULT_FIELD(for_ns),
     .min = 0.001,
     .max = FAULT_TIME_MAX_S,
     .unit_ns = NS_PER_S,
     .fallback = -1,
     .optional = true,
     .help = "How long the fault lasts, in seconds. Without it, truncated spoils one frame, and the others never end; "
             "slow_open requires it."},
};

static const char *finish_fault(void *const blocks[], struct reason *reason) {
    struct fault_settings *fault = blocks[0];
    if ((fault->at_frame != 0) == (fault->at_ns >= 0)) {
        reason_set(reason, "must have one of \"at_frame\" and \"at_s\"");
        return "";
    }
    if (fault->at_ns < 0) {
        fault->at_ns = 0;
    }
    if (fault->for_ns < 0 && fault->kind == FAULT_SLOW_OPEN) {
        reason_set(reason, "\"for_s\" is missing, which says how long opening takes");
        return "";
    }
    if (fault->for_ns < 0) {
        fault->for_ns = fault->kind == FAULT_TRUNCATED ? 0 : INT64_MAX; /* cables spoil single frames */
    }
    return NULL;
}

const struct setting_table fault_settings_table = {
    .name = "fault",
    .help = "One fault to play.",
    .rows = fault_rows,
    .count = COUNT_OF(fault_rows),
    .size = sizeof(struct fault_settings),
    .schema = "\"oneOf\": [{ \"required\": [\"at_frame\"] }, { \"required\": [\"at_s\"] }], "
              "\"if\": { \"required\": [\"kind\"], \"properties\": { \"kind\": { \"const\": \"slow_open\" } } }, "
              "\"then\": { \"required\": [\"for_s\"] }",
    .finish = finish_fault,
};

/* ---- "cameras[].source" ---- */

static bool equal_sources(const void *first, const void *second) {
    const struct source_settings *a = first, *b = second;
    return a->type == b->type && (a->type == NULL || settings_equal(a->type->settings, (const void *const[]){a, a->own},
                                                                    (const void *const[]){b, b->own}));
}

/* ---- "cameras[]" and "defaults" ---- */

static bool has_variant(const struct topic_settings *topic, const struct variant_settings *wanted) {
    for (size_t i = 0; i < topic->variant_count; i++) {
        const struct variant_settings *variant = &topic->variants[i];
        if (strcmp(variant->name, wanted->name) == 0) {
            return settings_equal(&variant_settings_table, (const void *const[]){&variant->request},
                                  (const void *const[]){&wanted->request});
        }
    }
    return false;
}

/* In any order: each name occurs once. */
static bool equal_variants(const void *first, const void *second) {
    const struct topic_settings *a = first, *b = second;
    for (size_t i = 0; i < a->variant_count; i++) {
        if (!has_variant(b, &a->variants[i])) {
            return false;
        }
    }
    return a->variant_count == b->variant_count;
}

static bool equal_captions(const void *a, const void *b) { return caption_settings_equal(a, b); }
static bool equal_records(const void *a, const void *b) { return record_settings_equal(a, b); }

#define IN_CAMERA 1u
#define IN_DEFAULTS 2u
#define CAMERA_FIELD(field) .offset = offsetof(struct camera_settings, field)

static const struct setting camera_rows[] = {
    {.name = "id",
     .type = SETTING_CUSTOM,
     CAMERA_FIELD(topic.id),
     .scope = IN_CAMERA,
     .equal = setting_equal_chars,
     .schema = "\"type\": \"string\", \"pattern\": \"^(" TOPIC_ID_PATTERN "|.*\\\\$\\\\{.*)$\", "
               "\"not\": { \"const\": \"all\" }",
     .shape = "text",
     .help = "The camera's name in addresses, unique: 1 to " SETTING_TEXT_OF(
         TOPIC_ID_MAX_BYTES) " of " ID_WORDS "; not "
                             "\"all\", which stands for every camera in feeds. Default: the camera's place in the "
                             "list, from 1."},
    {.name = "name",
     .type = SETTING_CUSTOM,
     CAMERA_FIELD(topic.name),
     .scope = IN_CAMERA,
     .equal = setting_equal_chars,
     .schema = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 128",
     .shape = "text",
     .help = "The camera's name for people: at most 128 bytes of UTF-8 without control characters. Default: the id."},
    {.name = "source",
     .type = SETTING_CUSTOM,
     CAMERA_FIELD(source),
     .scope = IN_CAMERA,
     .required = true,
     .equal = equal_sources,
     .shape = "object",
     .help = "Where the pictures come from: one of the kinds of source."},
    {.name = "idle_timeout_s",
     .type = SETTING_DURATION,
     CAMERA_FIELD(topic.idle_timeout_ns),
     .max = DAY_S,
     .unit_ns = NS_PER_S,
     .fallback = 10,
     .help = "Seconds after the last viewer has left until the camera is closed."},
    {.name = "probe_s",
     .type = SETTING_DURATION,
     CAMERA_FIELD(probe_ns),
     .max = DAY_S,
     .unit_ns = NS_PER_S,
     .fallback = 60,
     .help =
         "Seconds between two probes of a camera that is closed because it has no viewer: it is opened for one frame, "
         "so that a broken camera is noticed before it is needed. 0: never."},
    {.name = "stale_after_ms",
     .type = SETTING_DURATION,
     CAMERA_FIELD(topic.stale_after_ns),
     .min = 100,
     .max = DAY_S * 1000,
     .unit_ns = NS_PER_MS,
     .fallback = 3000,
     .help = "Milliseconds without a frame after which a camera counts as stale. A camera without a value of its own "
             "is given at least two frame periods."},
    {.name = "ring_frames",
     .type = SETTING_INTEGER,
     CAMERA_FIELD(topic.ring_frames),
     .min = 1,
     .max = 64,
     .fallback = 8,
     .help = "Frames kept for each camera."},
    {.name = "on_demand",
     .type = SETTING_BOOLEAN,
     CAMERA_FIELD(topic.on_demand),
     .fallback = true,
     .help = "Whether the camera is closed while it has no viewer."},
    {.name = "max_variants",
     .type = SETTING_INTEGER,
     CAMERA_FIELD(topic.max_variants),
     .max = 64,
     .fallback = 8,
     .help = "Variants of a camera that are made at the same time for requests by width and quality. One without "
             "viewers gives way to a new one; if all have viewers, a further request is answered with status 503, "
             "unless another account or address has at least two more: then its newest one ends. Variants with a name "
             "do not count."},
    {.name = "variants",
     .type = SETTING_CUSTOM,
     CAMERA_FIELD(topic),
     .equal = equal_variants,
     .schema = "\"type\": \"object\", \"maxProperties\": 16, "
               "\"propertyNames\": { \"pattern\": \"^" VARIANT_NAME_PATTERN "$\" }, "
               "\"additionalProperties\": { \"$ref\": \"#/$defs/variant\" }",
     .shape = "object",
     .help = "Smaller, coarser or slower versions of the pictures, by name, requested as ?variant=NAME. A camera has "
             "those of the defaults too, unless it has one of the same name."},
    {.name = "record",
     .type = SETTING_CUSTOM,
     CAMERA_FIELD(record),
     .equal = equal_records,
     .schema = "\"$ref\": \"#/$defs/record\"",
     .shape = "object",
     .help = "What is recorded. Keys that a camera lacks are those of the defaults."},
    {.name = "rotate",
     .type = SETTING_INTEGER,
     CAMERA_FIELD(filter.turn_degrees),
     .scope = IN_CAMERA,
     CAMERA_ROTATE_RANGE,
     .help = "Degrees clockwise by which the picture is rotated, whatever the source. What Exif says about the "
             "orientation of a JPEG picture is applied first."},
    {.name = "flip",
     .type = SETTING_CHOICE,
     CAMERA_FIELD(filter.flip),
     .scope = IN_CAMERA,
     CAMERA_FLIP_CHOICES,
     .help = "Mirrors the picture, after rotation."},
    {.name = "rotate_mode",
     .type = SETTING_CHOICE,
     CAMERA_FIELD(filter.rotate_mode),
     .scope = IN_CAMERA,
     .choices = camera_rotate_modes,
     .what = "way to rotate",
     .help = "How JPEG pictures are rotated and mirrored. lossless: block by block, without decoding, which loses no "
             "quality and takes about half of the time that fast takes; up to 15 rows or columns of an incomplete "
             "block are cut off an edge that comes to the top or to the left, such as 8 of the 1080 rows of Full HD. "
             "fast: the picture is decoded, and encoded again with the source's quality, which keeps every pixel, and "
             "makes a large picture smaller."},
    {.name = "privacy_masks",
     .type = SETTING_POLYGONS,
     CAMERA_FIELD(filter.masks),
     .count_offset = offsetof(struct camera_settings, filter.mask_count),
     .scope = IN_CAMERA,
     .max = PRIVACY_MASKS_MAX,
     .help =
         "Areas of the picture that nobody sees: they are black before the picture leaves the camera's thread, in "
         "streams, snapshots, variants, recordings and for the motion detector. Each mask is a list of points in "
         "fractions of the picture as shown, after rotation, and grows to whole blocks of 8 or 16 pixels. A "
         "picture that cannot be masked is not shown. Of a JPEG picture, all other blocks stay exactly as they "
         "are; its metadata, which may have a thumbnail, is removed. A reload that changes the masks also drops the "
         "pictures that the camera has shown so far; recordings made before stay as they are."},
    {.name = "timestamp",
     .type = SETTING_CUSTOM,
     CAMERA_FIELD(filter.caption),
     .scope = IN_CAMERA,
     .equal = equal_captions,
     .schema = "\"type\": [\"boolean\", \"string\"], \"minLength\": 1, "
               "\"maxLength\": " SETTING_TEXT_OF(CAPTION_FORMAT_MAX_BYTES),
     .shape = "boolean or text",
     .help =
         "Writes text into the top left corner of the picture. true: the camera's name and the capture time in UTC. "
         "A text: this, with the conversions of strftime(3) for the capture time in local time and {name} for the "
         "camera's name, such as \"{name} %d.%m.%Y %H:%M:%S\". In a JPEG picture only the blocks below the text "
         "are replaced; nothing is decoded."},
    {.name = "motion",
     .type = SETTING_OBJECT,
     CAMERA_FIELD(motion),
     .scope = IN_CAMERA,
     .change = SETTING_LIVE,
     .members = &motion_settings_table,
     .help = "Watches the camera for motion, all the time: it is open without viewers too. {} is enough. What moves "
             "makes events, for /api/events, hooks, status and metrics."},
    {.name = "quality",
     .type = SETTING_INTEGER,
     CAMERA_FIELD(source.quality),
     .scope = IN_DEFAULTS,
     CAMERA_QUALITY_RANGE,
     .fallback = 80,
     .help = CAMERA_QUALITY_HELP},
};

const struct setting_table camera_settings_table = {
    .name = "camera",
    .help = "One camera.",
    .rows = camera_rows,
    .count = COUNT_OF(camera_rows),
    .scope = IN_CAMERA,
    .size = sizeof(struct camera_settings),
};

const struct setting_table camera_defaults_table = {
    .name = "defaults",
    .help = "Settings of every camera that has no value of its own.",
    .rows = camera_rows,
    .count = COUNT_OF(camera_rows),
    .scope = IN_DEFAULTS,
    .size = sizeof(struct camera_settings),
};

bool camera_settings_equal(const struct camera_settings *a, const struct camera_settings *b) {
    return settings_equal(&camera_settings_table, (const void *const[]){a}, (const void *const[]){b});
}

bool camera_settings_equal_but_live(const struct camera_settings *a, const struct camera_settings *b) {
    return settings_equal_but_live(&camera_settings_table, (const void *const[]){a}, (const void *const[]){b});
}

/* ---- "variants" ---- */

#define VARIANT_FIELD(field) .offset = offsetof(struct variant_request, field)

static const struct setting variant_rows[] = {
    {.name = "width",
     .type = SETTING_INTEGER,
     VARIANT_FIELD(width_px),
     .min = VARIANT_WIDTH_MIN_PX,
     .max = VARIANT_WIDTH_MAX_PX,
     .optional = true,
     .help = "Width in pixels, rounded up to the next eighth of the camera's width. Default: the camera's width."},
    {.name = "quality",
     .type = SETTING_INTEGER,
     VARIANT_FIELD(quality),
     CAMERA_QUALITY_RANGE,
     .optional = true,
     .help = "JPEG quality, in steps of ten. Default: 80 for smaller pictures, or else the camera's own quality."},
    {.name = "fps",
     .type = SETTING_NUMBER,
     VARIANT_FIELD(fps),
     .min = CAMERA_RATE_MIN,
     .max = CAMERA_RATE_MAX,
     .optional = true,
     .help = "Maximum frames per second. Default: the camera's rate."},
};

const struct setting_table variant_settings_table = {
    .name = "variant",
    .help = "A version of a camera's pictures.",
    .rows = variant_rows,
    .count = COUNT_OF(variant_rows),
    .size = sizeof(struct variant_request),
    .schema = "\"minProperties\": 1",
};
