/* What is recorded as JSON: in status, and as /api/recordings.
 * Ownership: values are new references, NULL when memory ran out; a text is the caller's to free().
 * Threads: any. */
#ifndef WEB_VIEWS_JSON_RECORDING_JSON_H
#define WEB_VIEWS_JSON_RECORDING_JSON_H

#include "broker/recording/catalogue/recording_listing.h"
#include "broker/recording/recorder_types.h"
#include "web/views/json/json_values.h"

#include <stdbool.h>

/* {"path", "state", "error", "bytes", "free_bytes"}; null for a status of NULL. */
json_t *recording_status_json(const struct recorder_status *status);
/* {"mode", "state", "bytes", "oldest", "newest", "lost_frames"} of a camera, mode "off" where the status
 * does not have it; null for a status of NULL. */
json_t *recording_camera_json(const struct recorder_status *status, const char *camera_id);

/* A camera: {"id", "bytes", "oldest", "newest", "stretches": [{"from", "to", "bytes", "full", "gaps_s"}], "protected":
 * [{"from", "to"}]} All: {"cameras": [each as above], "bytes": of all of them} */
char *recordings_render(const struct recording_listing *listings, size_t count);
/* {"deleted": segments, "bytes"} */
char *recordings_render_deleted(uint64_t segments, uint64_t bytes);
/* {"protected": true or false} */
char *recordings_render_protected(bool is_protected);

#endif
