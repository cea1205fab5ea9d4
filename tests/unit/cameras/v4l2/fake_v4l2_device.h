/* A V4L2 device without hardware: a file in memory, which a plugin of libv4l2 (fake_v4l2_plugin.c) makes a device of.
 * The test writes here what it shall do, and reads what was done to it; both see the same memory. */
#ifndef TESTS_FAKE_V4L2_DEVICE_H
#define TESTS_FAKE_V4L2_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_MAGIC "a fake V4L2 device"
#define FAKE_BUFFERS 4
#define FAKE_BUFFER_BYTES (2U << 20)
#define FAKE_PAYLOAD_BYTES (2U << 20)
#define FAKE_PAYLOADS 4
/* The file: this structure, the buffers, the payloads. */
#define FAKE_BUFFERS_AT (1U << 20)
#define FAKE_PAYLOADS_AT (FAKE_BUFFERS_AT + FAKE_BUFFERS * FAKE_BUFFER_BYTES)
#define FAKE_FILE_BYTES (FAKE_PAYLOADS_AT + FAKE_PAYLOADS * FAKE_PAYLOAD_BYTES)

#define FAKE_NOW (-1)

/* What a VIDIOC_DQBUF gives. */
struct fake_step {
    int error;            /* an errno instead of a frame */
    unsigned payload;     /* which */
    uint32_t bytes;       /* 0: as many as the payload has */
    uint32_t lost_before; /* a gap in the sequence */
    uint32_t flags;       /* beside the clock's */
    int64_t timestamp_ns; /* FAKE_NOW, or a value */
    bool is_empty;
};

struct fake_format {
    uint32_t fourcc;
    uint32_t width, height; /* the only size */
    uint32_t fps;           /* the only rate, if not 0 */
};

struct fake_control {
    uint32_t id, type;
    char name[32];
    int32_t min, max, fallback, value;
    uint32_t flags;
    uint32_t freed_by; /* the control that must be 0 for this one to be settable; 0: none */
    const char *choices[4];
};

struct fake_v4l2 {
    char magic[32];
    /* What it shall do. */
    bool gone;
    uint32_t device_caps; /* 0: captures */
    struct fake_format formats[4];
    uint32_t given_width, given_height, given_stride; /* by S_FMT, if not 0 */
    uint32_t given_fps;                               /* by S_PARM, if not 0 */
    uint32_t quantization;
    uint64_t bandwidth; /* pixels a second; 0: enough */
    int start_error;    /* of STREAMON */
    int signal_error;   /* of QUERY_DV_TIMINGS; 0 with signal_width 0: no such input */
    uint32_t signal_width, signal_height;
    const struct fake_step *steps;
    unsigned step_count;
    bool repeats_last; /* else nothing comes after the last step */
    bool clock_is_unknown;
    int64_t period_ns; /* of the repeated one; 0: as fast as it is read */
    uint32_t first_sequence;
    uint32_t payload_bytes[FAKE_PAYLOADS];
    struct fake_control controls[6];
    /* What was done to it. */
    unsigned opened, closed, started, stopped;
    unsigned queued; /* now */
    bool is_queued[FAKE_BUFFERS];
    unsigned next_step;
    uint32_t sequence;
    int64_t last_ns;
    uint32_t width, height, fourcc, fps;
    uint32_t timings_width;
    uint32_t set_order[8];
    unsigned set_count;
};

#endif
