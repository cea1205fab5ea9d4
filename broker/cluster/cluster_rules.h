/* What may be exported and imported now: the part of the settings that a reload changes.
 *
 * Threads: any. */
#ifndef BROKER_CLUSTER_CLUSTER_RULES_H
#define BROKER_CLUSTER_CLUSTER_RULES_H

#include "broker/base/sync.h"
#include "broker/cluster/cluster_settings.h"

/* The fields are private. */
struct cluster_rules {
    struct lock lock;
    struct cluster_settings settings GUARDED_BY(lock); /* with a reference to their arena */
};

void cluster_rules_init(struct cluster_rules *rules, const struct cluster_settings *settings);
void cluster_rules_finish(struct cluster_rules *rules);
void cluster_rules_set(struct cluster_rules *rules, const struct cluster_settings *settings);

/* Whether a camera of this server may leave it. */
bool cluster_rules_export(struct cluster_rules *rules, const char *camera);
/* Whether a camera of another node appears here. */
bool cluster_rules_import(struct cluster_rules *rules, const char *node, const char *camera);
/* Whether any camera of that node might. */
bool cluster_rules_import_node(struct cluster_rules *rules, const char *node);

#endif
