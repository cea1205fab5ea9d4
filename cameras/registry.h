/* The kinds of cameras: one line for each driver in registry.c. */
#ifndef CAMERAS_REGISTRY_H
#define CAMERAS_REGISTRY_H

#include "cameras/driver.h"

/* Up to an entry whose name is NULL. */
extern const struct camera_type camera_types[];

/* NULL: there is none of that name. Static. */
const struct camera_type *camera_type_find(const char *name);
/* Settles what depends on several cameras, once all of their settings are read. */
void camera_types_link(struct camera_settings *cameras, size_t count);

#endif
