/* "users", "tokens" and "secret", and lists of camera ids. All of it is read once the cameras are known.
 * Threads: one at a time. */
#ifndef CONFIG_ACCESS_SECTION_H
#define CONFIG_ACCESS_SECTION_H

#include "config/configuration.h"
#include "config/json/section.h"

void access_section_read(struct section *root, struct config *config);

/* A list of camera ids in which * and ? may stand for other characters. NULL after a fault. */
const char *const *camera_patterns_read(const struct node *list, const struct config *config, size_t *count);

#endif
