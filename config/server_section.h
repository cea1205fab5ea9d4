/* "server".
 * Threads: one at a time. */
#ifndef CONFIG_SERVER_SECTION_H
#define CONFIG_SERVER_SECTION_H

#include "config/configuration.h"
#include "config/json/section.h"

void server_section_set_defaults(struct config *config);
/* config has the defaults on entry. */
void server_section_read(const struct node *node, struct config *config);
/* Once all is read: whether the server may listen where the file says. */
void server_section_check_exposure(const struct node *root, const struct config *config);

#endif
