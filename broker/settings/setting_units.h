/* Numbers with units, as settings have them: sizes and times.
 * Threads: any. */
#ifndef BROKER_SETTINGS_SETTING_UNITS_H
#define BROKER_SETTINGS_SETTING_UNITS_H

#include <stdbool.h>

/* "200 GB", "1.5 TB", "4096": bytes. The units are B, KB, MB, GB and TB, powers of 1000, in capitals or not; the blank
 * may be missing. False: it is not such a text. */
bool setting_parse_size(const char *text, double *bytes);
/* "30 d", "90 s", "12": seconds. The units are s, min, h and d. */
bool setting_parse_time(const char *text, double *seconds);

/* For schemas: the texts that the functions above take. */
#define SETTING_SIZE_PATTERN "^([0-9]+([.][0-9]+)? ?([kKmMgGtT]?[bB])?|.*\\\\$\\\\{.*)$"
#define SETTING_TIME_PATTERN "^([0-9]+([.][0-9]+)? ?(s|min|h|d)?|.*\\\\$\\\\{.*)$"

#endif
