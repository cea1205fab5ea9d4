/* The cameras of one broker, and the watchdog that they share.
 *
 * Lifecycle: create; prepare and make a change, to a list of settings, and again whenever there is another one; destroy
 * before the broker.
 * Threads: any, one at a time. */
#ifndef CAMERAS_FLEET_H
#define CAMERAS_FLEET_H

#include "broker/broker.h"
#include "cameras/settings.h"

struct fleet;

/* broker is borrowed. ERR_MEMORY; ERR_BUSY: no thread could be started. */
CHECKED enum err fleet_create(struct broker *broker, struct fleet **fleet);

enum fleet_fate { FLEET_ADDED, FLEET_CHANGED, FLEET_REMOVED, FLEET_UNCHANGED };

/* What became of each camera: those of the new list in their order, then those that are gone. */
struct fleet_report {
    struct fleet_entry {
        char id[TOPIC_ID_MAX_BYTES + 1];
        enum fleet_fate fate;
    } * entries; /* owned by the report */
    size_t count;
};
void fleet_report_finish(struct fleet_report *report);

/* A change to other cameras, ready to be made: all that can fail is done, and nothing that runs has been touched. */
struct fleet_change;

/* To the cameras of these settings, in their order; ids are distinct. settings are copied with references to their
 * storages. It is made before another one is prepared. ERR_MEMORY; ERR_BUSY: no thread or descriptor
 * is left; reason says so. */
CHECKED enum err fleet_prepare(struct fleet *fleet, const struct camera_settings *settings, size_t count,
                               struct fleet_change **change, struct reason *reason);
/* Makes the change, which is taken. The broker's list of topics is the new one at once.
 * - A camera whose settings are the same goes on undisturbed.
 * - One whose settings have changed is stopped and started with the new ones. Its topic stays, and with it its viewers
 *   and its sequence.
 * - One that is gone is stopped and its topic is closed, which ends its viewers' streams.
 * Finish *report (may be NULL) to free it. Blocks: until the drivers of the second and third kind have returned,
 * usually some ms, 0.5 s at most: cameras that take longer end by themselves, and where one is to be started again,
 * that waits for it. */
void fleet_commit(struct fleet *fleet, struct fleet_change **change, struct fleet_report *report);

/* Interrupts every camera, then joins and frees them all. Blocks: until the drivers return, usually some ms. */
void fleet_destroy(struct fleet **fleet);

#endif
