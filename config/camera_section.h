/* "defaults" and "cameras[]".
 * Threads: one at a time. */
#ifndef CONFIG_CAMERA_SECTION_H
#define CONFIG_CAMERA_SECTION_H

#include "cameras/settings.h"
#include "config/json/section.h"

/* defaults has the built-in ones on entry. */
void defaults_section_read(const struct node *node, struct camera_settings *defaults);
/* settings has the defaults on entry. */
void camera_section_read(const struct node *node, struct camera_settings *settings);

#endif
