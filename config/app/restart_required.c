#include "config/app/restart_required.h"

#include "config/tables.h"

#include <stdio.h>

static void compare(const struct setting_table *table, const void *running, const void *wanted,
                    struct restart_required *required) {
    for (size_t i = setting_next(table, 0); i < table->count; i = setting_next(table, i + 1)) {
        if (setting_needs_restart(&table->rows[i], &running, &wanted) && required->count < RESTART_REQUIRED_MAX) {
            snprintf(required->names[required->count++], RESTART_NAME_BYTES, "%s.%s", table->name, table->rows[i].name);
        }
    }
}

struct restart_required restart_required_compare(const struct config *running, const struct config *wanted) {
    struct restart_required required = {.count = 0};
    compare(&server_table, running, wanted, &required);
    compare(&recording_table, &running->recording, &wanted->recording, &required);
    compare(&cluster_table, &running->cluster, &wanted->cluster, &required);
    return required;
}
