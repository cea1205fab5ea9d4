/* What is made from the tables of settings: the schema for editors and the lists of keys in the manual page. Both are
 * committed, since editors read the schema from a checkout or a package, and a cross-build cannot run this program. */
#ifndef TESTS_GENERATE_GENERATE_H
#define TESTS_GENERATE_GENERATE_H

#include "broker/settings/setting.h"

#include <stdbool.h>
#include <stdio.h>

/* Those that are not of one driver, but for the root; NULL at the end. */
extern const struct setting_table *const setting_tables[];
/* NULL: there is none. */
const struct setting_table *find_table(const char *name);
/* A key that has a default of its own. */
bool has_default(const struct setting_table *table, const struct setting *row);

/* The whole schema. */
void write_schema(FILE *out);
/* The list of keys of some tables, as mdoc; with_help: with what each key means. A key that several have stands once.
 */
void write_keys(FILE *out, const struct setting_table *const *tables, size_t count, bool with_help);

#endif
