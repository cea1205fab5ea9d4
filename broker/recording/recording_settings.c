#include "broker/recording/recording_settings.h"

#include "broker/base/clock.h"

#include <stddef.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define DAY_S 86400.0
#define YEARS_S (100 * 365 * DAY_S)
#define RECORDING_FIELD(field) .offset = offsetof(struct recording_settings, field)
#define RECORD_FIELD(field) .offset = offsetof(struct record_settings, field)
#define SIZE_MAX_BYTES 1e18

static const struct setting recording_rows[] = {
    {.name = "path",
     .type = SETTING_FOLDER,
     RECORDING_FIELD(path),
     .required = true,
     .change = SETTING_RESTART,
     .what = "recordings",
     .help = "The folder of the recordings, relative to this file. It must have been marked for them by framebroker "
             "--recordings --init, so that nothing is recorded onto another disk while the right one is not mounted."},
    {.name = "max_bytes",
     .type = SETTING_SIZE,
     RECORDING_FIELD(max_bytes),
     .max = SIZE_MAX_BYTES,
     .fallback_text = "0",
     .help = "How much all recordings may take; the oldest are deleted first, but for those that are protected. 0: as "
             "much as the disk has, less min_free."},
    {.name = "max_age",
     .type = SETTING_TIME,
     RECORDING_FIELD(max_age_ns),
     .max = YEARS_S,
     .fallback_text = "0",
     .help = "How long recordings and the history are kept. 0: until there is no room."},
    {.name = "min_free",
     .type = SETTING_SIZE,
     RECORDING_FIELD(min_free),
     .max = SIZE_MAX_BYTES,
     .fallback_text = "1 GB",
     .help = "How much of the disk stays free, whatever else fills it."},
    {.name = "segment_s",
     .type = SETTING_DURATION,
     RECORDING_FIELD(segment_ns),
     .min = 1,
     .max = SEGMENT_MAX_S,
     .unit_ns = NS_PER_S,
     .fallback = 60,
     .help = "Seconds of a camera's recording in each file."},
    {.name = "max_memory",
     .type = SETTING_SIZE,
     RECORDING_FIELD(max_memory),
     .min = 1e6,
     .max = 1e12,
     .fallback_text = "256 MB",
     .change = SETTING_RESTART,
     .help = "Memory for frames of all cameras that wait for the disk or for an event; one camera may use a quarter of "
             "it."},
};

const struct setting_table recording_table = {
    .name = "recording",
    .help = "Where recordings go, and how long they are kept.",
    .rows = recording_rows,
    .count = COUNT_OF(recording_rows),
    .size = sizeof(struct recording_settings),
};

static const char *const record_modes[] = {
    [RECORD_OFF] = "off", [RECORD_EVENTS] = "events", [RECORD_ALWAYS] = "always", [RECORD_SPARSE] = "sparse", NULL,
};

static const struct setting record_rows[] = {
    {.name = "mode",
     .type = SETTING_CHOICE,
     RECORD_FIELD(mode),
     .choices = record_modes,
     .what = "mode",
     .help = "off: nothing. events: every frame around events, such as motion. always: every frame. sparse: fps frames "
             "a second, and every frame around events."},
    {.name = "fps",
     .type = SETTING_NUMBER,
     RECORD_FIELD(fps),
     .min = 0.01,
     .max = 240,
     .fallback = 1,
     .help = "Frames a second of mode sparse between events."},
    {.name = "before_s",
     .type = SETTING_DURATION,
     RECORD_FIELD(before_ns),
     .max = 300,
     .unit_ns = NS_PER_S,
     .fallback = 5,
     .help = "Seconds before an event that are recorded with it, from memory: fewer where max_memory is too small."},
    {.name = "after_s",
     .type = SETTING_DURATION,
     RECORD_FIELD(after_ns),
     .max = 3600,
     .unit_ns = NS_PER_S,
     .fallback = 10,
     .help = "Seconds after an event that are recorded with it."},
    {.name = "max_age",
     .type = SETTING_TIME,
     RECORD_FIELD(max_age_ns),
     .max = YEARS_S,
     .fallback_text = "0",
     .help = "How long this camera's recordings are kept, besides the limit of all. 0: as long as all others."},
    {.name = "max_bytes",
     .type = SETTING_SIZE,
     RECORD_FIELD(max_bytes),
     .max = SIZE_MAX_BYTES,
     .fallback_text = "0",
     .help = "How much this camera's recordings may take, besides the limit of all. 0: no limit of its own."},
};

const struct setting_table record_table = {
    .name = "record",
    .help = "What is recorded of a camera. A camera that is recorded stays open without viewers.",
    .rows = record_rows,
    .count = COUNT_OF(record_rows),
    .size = sizeof(struct record_settings),
};

const char *record_mode_name(enum record_mode mode) { return record_modes[mode]; }

bool record_settings_equal(const struct record_settings *a, const struct record_settings *b) {
    return settings_equal(&record_table, (const void *const[]){a}, (const void *const[]){b});
}
