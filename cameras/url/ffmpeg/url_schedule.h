/* When the frames of a recording are due, so that it plays at its own rate.
 * Threads: one at a time. */
#ifndef CAMERAS_URL_FFMPEG_URL_SCHEDULE_H
#define CAMERAS_URL_FFMPEG_URL_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct url_schedule {
    int64_t zero_ns; /* monotonic; when a frame of time 0 is due */
};

/* Sets the schedule so that a frame of time_ns is due at due_ns (monotonic). */
void url_schedule_start(struct url_schedule *schedule, int64_t time_ns, int64_t due_ns);

/* False: a frame of time_ns is far off the schedule: the recording stood still, or its clock jumped. */
bool url_schedule_find(const struct url_schedule *schedule, int64_t time_ns, int64_t now_ns, int64_t *due_ns);

#endif
