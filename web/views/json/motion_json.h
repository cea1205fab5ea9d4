/* Motion as JSON: its events, what status shows of it, and /api/cameras/N/motion.
 * Ownership: a text returned is the caller's to free(); NULL when memory ran out. Threads: any. */
#ifndef WEB_VIEWS_JSON_MOTION_JSON_H
#define WEB_VIEWS_JSON_MOTION_JSON_H

#include "broker/event_log.h"
#include "broker/motion_port.h"
#include "web/views/json/json_values.h"

/* Enough for the path of an event's picture. */
#define MOTION_PICTURE_PATH_BYTES 160

/* Where the picture of an event is, on this server, behind its base path. */
void motion_picture_path(const char *camera, uint64_t event, char path[MOTION_PICTURE_PATH_BYTES]);

/* {"camera": "a", "action": "began" or "ended", "id": "1795981300123456", "zone": "door", "score": 42,
 *  "boxes": [{"x", "y", "width", "height"}], "path": [{"at": ..., "x", ...}], "began": "2026-...", "ended": null,
 *  "snapshot": "/camera/a/events/1795981300123456.jpg"}
 * zone: null without zones; ended: null while it lasts. */
char *motion_event_render(const struct event_log_entry *entry);

/* What status has of it, and more: {..., "state", "reason", "threshold", "boxes", "cells": {"columns", "rows",
 * "values"}, "masks", "zones": [{"name", "polygon", "sensitivity", "score", "threshold", "moving"}]}. values: a digit a
 * cell, see enum motion_cell.
 */
char *motion_view_render(const struct motion_view *view);

/* {"active": false}. ERR_INVALID with a reason; ERR_MEMORY. */
CHECKED enum err motion_json_parse(const char *text, size_t length, bool *is_active, struct reason *reason);

/* {"active", "moving", "score", "events"}, or null where the camera is not watched. A new reference, NULL when memory
 * ran out. */
json_t *motion_status_json(const struct motion_status *status);

#endif
