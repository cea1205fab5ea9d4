/* Switches the recording of single cameras off and on, until the next start of the program. Threads: any. */
#ifndef BROKER_RECORDING_RECORDER_SWITCH_H
#define BROKER_RECORDING_RECORDER_SWITCH_H

#include "broker/recording/recorder_types.h"

#include <stdbool.h>

/* A camera that is switched off is held open as before, and none of its frames is recorded from the next round on. It
 * need not be one that is recorded. ERR_MEMORY: nothing has changed. Blocks: no. */
CHECKED enum err recorder_switch(struct recorder *recorder, const char *camera_id, bool on);

#endif
