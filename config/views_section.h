/* "views", read once the cameras are known.
 * Threads: one at a time. */
#ifndef CONFIG_VIEWS_SECTION_H
#define CONFIG_VIEWS_SECTION_H

#include "config/configuration.h"
#include "config/json/section.h"

void views_section_read(const struct node *list, struct config *config);

#endif
