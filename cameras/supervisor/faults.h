/* A driver that plays faults, for demonstrations and tests: it wraps another driver and disturbs it.
 *
 * Lifecycle: create the script with the camera, since it counts frames and time over all openings; put it into each
 * driver_context and open faults_driver in place of the driver; destroy the script after the last close:
 *
 *     driver = settings->type->driver;
 *     if (settings->fault_count > 0) {
 *         error = fault_script_create(driver, settings, &script);
 *         driver = &faults_driver;
 *     }
 *
 * When a fault begins: at_frame counts what was delivered, and begins when that frame would come next; at_ns counts
 * from the creation of the script. Faults of opening begin with the first opening from then on, TRUNCATED with the
 * first frame. A fault whose for_ns is 0 acts once: it spoils one frame, one read or one opening.
 *
 * What it does: FREEZE delivers nothing until it is over. VANISH fails each read and each opening with ERR_GONE.
 * TRUNCATED cuts the payload in half. FAIL_OPEN fails openings with ERR_IO. SLOW_OPEN holds openings up until for_ns
 * after the first of them; a deadline that passes before gives ERR_TIMEOUT.
 *
 * Threads: the camera's; creation and destruction any. */
#ifndef CAMERAS_SUPERVISOR_FAULTS_H
#define CAMERAS_SUPERVISOR_FAULTS_H

#include "cameras/driver.h"

/* Needs a context with a script. Its state is the script's: one opening at a time. */
extern const struct driver_ops faults_driver;

/* driver: the one to decorate, static. settings->faults is borrowed for the script's life. ERR_MEMORY. */
CHECKED enum err fault_script_create(const struct driver_ops *driver, const struct source_settings *settings,
                                     struct fault_script **script);
void fault_script_destroy(struct fault_script **script);

#endif
