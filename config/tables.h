/* The tables of settings that config/ owns: one for each kind of object in the file that is neither a camera's nor a
 * source's.
 * Threads: any. */
#ifndef CONFIG_TABLES_H
#define CONFIG_TABLES_H

#include "broker/settings/setting.h"

/* The file itself. No block: each key has a section of its own. */
extern const struct setting_table root_table;
/* Block 0: struct config. */
extern const struct setting_table server_table;
/* Block 0: struct account_settings. */
extern const struct setting_table user_table, token_table;
/* One of "views". No block. */
extern const struct setting_table view_table;
/* "hooks". No block. */
extern const struct setting_table hooks_table;
/* Block 0: struct hook_settings. */
extern const struct setting_table hook_table;

#endif
