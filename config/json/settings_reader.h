/* Reads an object of the configuration by its table of settings.
 * Threads: one at a time. */
#ifndef CONFIG_JSON_SETTINGS_READER_H
#define CONFIG_JSON_SETTINGS_READER_H

#include "broker/settings/setting.h"
#include "config/json/section.h"

/* Reads every key of the table into its field; one that is missing leaves the field as it is, and one that has a fault
 * leaves something valid. Keys of SETTING_CUSTOM become known, and the caller reads them by node_find(). Call
 * settings_finish() once those are read too. */
void settings_read(struct section *section, const struct setting_table *table, void *const blocks[]);
/* Checks what concerns several keys, then every key that is not known. */
void settings_finish(struct section *section, const struct setting_table *table, void *const blocks[]);

#endif
