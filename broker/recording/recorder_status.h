/* The state of the recorder, for status and metrics. Threads: any. */
#ifndef BROKER_RECORDING_RECORDER_STATUS_H
#define BROKER_RECORDING_RECORDER_STATUS_H

#include "broker/recording/recorder_types.h"

/* "recording", "full", "failed". Static. */
const char *recorder_state_name(enum recorder_state state);

/* Finish it to free it. ERR_MEMORY: there is nothing to finish. Blocks: no. */
CHECKED enum err recorder_status(struct recorder *recorder, struct recorder_status *status);
void recorder_status_finish(struct recorder_status *status);

#endif
