/* What can be set about recording: plain data, filled by config/ from the tables below.
 * Ownership: texts are borrowed from the arena of the configuration. */
#ifndef BROKER_RECORDING_RECORDING_SETTINGS_H
#define BROKER_RECORDING_RECORDING_SETTINGS_H

#include "broker/settings/setting.h"

/* No segment is longer. */
#define SEGMENT_MAX_S 3600
#define SEGMENT_MAX_NS (SEGMENT_MAX_S * INT64_C(1000000000))

/* "recording". */
struct recording_settings {
    const char *path;    /* the folder; NULL: nothing is recorded */
    uint64_t max_bytes;  /* of all recordings; 0: no limit */
    int64_t max_age_ns;  /* of all recordings and the history; 0: no limit */
    uint64_t min_free;   /* bytes that stay free on the disk; 0: none */
    int64_t segment_ns;  /* from the first frame of a file to the last */
    uint64_t max_memory; /* bytes of frames that wait for the disk or for an event */
};

enum record_mode {
    RECORD_OFF,
    RECORD_EVENTS, /* in full around events */
    RECORD_ALWAYS, /* in full */
    RECORD_SPARSE, /* at `fps`, and in full around events */
};

/* "cameras[].record". */
struct record_settings {
    enum record_mode mode;
    double fps; /* of RECORD_SPARSE */
    int64_t before_ns, after_ns;
    int64_t max_age_ns; /* 0: no limit of its own */
    uint64_t max_bytes; /* 0: no limit of its own */
    bool has_no_events; /* no key: nothing reports events of the camera, so that no frame waits for one */
};

/* "off", "events", "always", "sparse". Static. */
const char *record_mode_name(enum record_mode mode);

/* Block 0: struct recording_settings. */
extern const struct setting_table recording_table;
/* Block 0: struct record_settings. */
extern const struct setting_table record_table;

bool record_settings_equal(const struct record_settings *a, const struct record_settings *b);

#endif
