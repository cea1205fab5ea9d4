/* "hooks", read once the cameras are known.
 * Threads: one at a time. */
#ifndef CONFIG_HOOKS_SECTION_H
#define CONFIG_HOOKS_SECTION_H

#include "config/configuration.h"
#include "config/json/section.h"

void hooks_section_read(const struct node *node, struct config *config);

#endif
