#include "broker/cluster/cluster_rules.h"

void cluster_rules_init(struct cluster_rules *rules, const struct cluster_settings *settings) {
    lock_init(&rules->lock);
    rules->settings = *settings;
    arena_ref(settings->arena);
}

void cluster_rules_finish(struct cluster_rules *rules) {
    arena_unref(&rules->settings.arena);
    lock_finish(&rules->lock);
}

void cluster_rules_set(struct cluster_rules *rules, const struct cluster_settings *settings) {
    arena_ref(settings->arena);
    lock_acquire(&rules->lock);
    struct arena *before = rules->settings.arena;
    rules->settings = *settings;
    lock_release(&rules->lock);
    arena_unref(&before);
}

bool cluster_rules_export(struct cluster_rules *rules, const char *camera) {
    lock_acquire(&rules->lock);
    const bool allowed = cluster_settings_export(&rules->settings, camera);
    lock_release(&rules->lock);
    return allowed;
}

bool cluster_rules_import(struct cluster_rules *rules, const char *node, const char *camera) {
    lock_acquire(&rules->lock);
    const bool allowed = cluster_settings_import(&rules->settings, node, camera);
    lock_release(&rules->lock);
    return allowed;
}

bool cluster_rules_import_node(struct cluster_rules *rules, const char *node) {
    lock_acquire(&rules->lock);
    const bool allowed = cluster_settings_import_node(&rules->settings, node);
    lock_release(&rules->lock);
    return allowed;
}
