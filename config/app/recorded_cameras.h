/* What a configuration says of recording, for the recorder.
 * Threads: any, one at a time. */
#ifndef CONFIG_APP_RECORDED_CAMERAS_H
#define CONFIG_APP_RECORDED_CAMERAS_H

#include "broker/recording/recorder.h"
#include "config/configuration.h"

/* Makes the cameras of the configuration those that are recorded. recorder: NULL: nothing is recorded. ERR_MEMORY. */
CHECKED enum err recorded_cameras_apply(struct recorder *recorder, const struct config *config);

#endif
