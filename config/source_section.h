/* "cameras[].source", whose keys are those of the driver that "type" names.
 * Threads: one at a time. */
#ifndef CONFIG_SOURCE_SECTION_H
#define CONFIG_SOURCE_SECTION_H

#include "cameras/settings.h"
#include "config/json/section.h"

/* settings has the defaults on entry. Leaves settings->type NULL after a fault. */
void source_section_read(const struct node *node, struct source_settings *settings);

#endif
