/* Cameras that are programs: the first bytes of their standard output show what it is. */
#ifndef CAMERAS_EXEC_EXEC_DRIVER_H
#define CAMERAS_EXEC_EXEC_DRIVER_H

#include "cameras/driver.h"

/* Takes struct exec_settings. */
extern const struct driver_ops exec_driver;

#endif
