/* Which segments the folder of the recordings holds: by day, of all cameras, newest first.
 * Threads: one at a time. Ownership: a list owns its texts. Blocks: as the disk does. */
#ifndef BROKER_RECORDING_RECORDING_DAYS_H
#define BROKER_RECORDING_RECORDING_DAYS_H

#include "broker/recording/catalogue/catalogue.h"

struct recorded_file {
    char camera[TOPIC_ID_MAX_BYTES + 1];
    char name[SEGMENT_NAME_BYTES]; /* "2026/11/29/193807.mjpeg" */
    bool is_full;
};

/* Zeroed: empty. */
struct recorded_files {
    struct recorded_file *files;
    size_t count, capacity;
};

/* The cameras that have a folder, as files without a name. ERR_MEMORY; ERR_IO. */
CHECKED enum err recording_list_cameras(const char *path, struct recorded_files *cameras);
/* Adds the days of a camera as files whose name is "2026/11/29". */
CHECKED enum err recording_list_days(const char *path, const char *camera, struct recorded_files *days);
/* Adds the segments of a camera's day. */
CHECKED enum err recording_list_day(const char *path, const char *camera, const char *day,
                                    struct recorded_files *files);
/* By name, the greatest first, then by camera. */
void recorded_files_sort(struct recorded_files *files);
void recorded_files_finish(struct recorded_files *files);

#endif
