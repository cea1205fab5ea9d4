/* The cameras of one broker, and the watchdog that they share.
 *
 * Lifecycle: create; prepare and make a change, to a list of settings, and again whenever there is another one; destroy
 * before the broker.
 * Threads: any, one at a time. */
#ifndef CAMERAS_SUPERVISOR_CAMERA_MANAGER_H
#define CAMERAS_SUPERVISOR_CAMERA_MANAGER_H

#include "broker/broker.h"
#include "cameras/settings.h"

struct camera_manager;

/* broker is borrowed. ERR_MEMORY; ERR_BUSY: no thread could be started. */
CHECKED enum err camera_manager_create(struct broker *broker, struct camera_manager **manager);

enum camera_manager_fate {
    CAMERA_MANAGER_ADDED,
    CAMERA_MANAGER_CHANGED,
    CAMERA_MANAGER_REMOVED,
    CAMERA_MANAGER_UNCHANGED
};

/* The result for each camera: those of the new list in their order, then the removed ones. */
struct camera_manager_report {
    struct camera_manager_entry {
        char id[TOPIC_ID_MAX_BYTES + 1];
        enum camera_manager_fate fate;
    } * entries; /* owned by the report */
    size_t count;
};
void camera_manager_report_finish(struct camera_manager_report *report);

/* A prepared change: everything that can fail has been done, and the running cameras are untouched. */
struct camera_manager_change;

/* To the cameras of these settings, in their order; ids are distinct. settings are copied with references to their
 * arenas. It is made before another one is prepared. ERR_MEMORY; ERR_BUSY: the limit of threads or descriptors is
 * reached; with a reason. */
CHECKED enum err camera_manager_prepare(struct camera_manager *manager, const struct camera_settings *settings,
                                        size_t count, struct camera_manager_change **change, struct reason *reason);
/* Makes the change, which is taken. The broker's list of topics is the new one at once.
 * - A camera whose settings are the same continues.
 * - One that differs only in what can change while it is open follows the new settings.
 * - One whose other settings have changed is stopped and started with the new ones. Its topic stays, and with it its
 * viewers and its sequence.
 * - A removed one is stopped and its topic is closed, which ends its viewers' streams.
 * Finish *report (may be NULL) to free it. Blocks: until the drivers of the last two kinds have returned,
 * usually some ms, 0.5 s at most: cameras that take longer end by themselves, and one that is started again waits for
 * the end of the old one. */
void camera_manager_commit(struct camera_manager *manager, struct camera_manager_change **change,
                           struct camera_manager_report *report);

/* Interrupts every camera, then joins and frees them all. Blocks: until the drivers return, usually some ms. */
void camera_manager_destroy(struct camera_manager **manager);

#endif
