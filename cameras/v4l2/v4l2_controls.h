/* The controls of a device, such as brightness and exposure, with the names that v4l2-ctl uses.
 *
 * Threads: any. */
#ifndef CAMERAS_V4L2_V4L2_CONTROLS_H
#define CAMERAS_V4L2_V4L2_CONTROLS_H

#include "broker/control.h"

/* Integers, booleans and menus; other types are left out. ERR_MEMORY. */
CHECKED enum err v4l2_controls_list(int fd, struct control_list *list, struct reason *reason);
/* name: as listed, or the name that an older kernel had for it. choice: the entry's label, in any case and with its
 * first words sufficing: "manual" for "Manual Mode". ERR_NOT_FOUND, ERR_INVALID, ERR_BUSY, ERR_DENIED, ERR_IO, with a
 * reason that begins with the name. */
CHECKED enum err v4l2_controls_set(int fd, const struct control_request *request, struct reason *reason);
/* Sets all of them: switches and menus first, since a number cannot be set while an automatic has it. One that fails
 * is logged for the camera, and the others are set. */
void v4l2_controls_apply(int fd, const char *camera_id, const struct control_request *requests, size_t count);

#endif
