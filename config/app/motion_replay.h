/* The command --motion: the events that a camera's motion settings would have made of a recorded video.
 * Threads: one at a time; it uses its caller's alone. */
#ifndef CONFIG_APP_MOTION_REPLAY_H
#define CONFIG_APP_MOTION_REPLAY_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stdio.h>

/* settings_path: a file with the object that stands under "motion" in a configuration; its hours do not count. video:
 * a file, in any format that cameras of type url play. as_json: an object for each event, one a line. every_frame: the
 * score of each analysed frame, too. Blocks: until the video ends, as fast as it decodes.
 * ERR_INVALID: the settings have faults, which were written to errors; all else is written there as well. */
CHECKED enum err motion_replay(const char *settings_path, const char *video, bool as_json, bool every_frame, FILE *out,
                               FILE *errors);

#endif
