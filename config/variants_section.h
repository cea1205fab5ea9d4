/* "variants" of a camera or of the defaults.
 * Threads: one at a time. */
#ifndef CONFIG_VARIANTS_SECTION_H
#define CONFIG_VARIANTS_SECTION_H

#include "broker/topic.h"
#include "config/json/section.h"

/* Added to those that settings has; the same name replaces. */
void variants_section_read(const struct node *node, struct topic_settings *settings);

#endif
