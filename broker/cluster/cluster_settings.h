/* What can be set about a cluster: plain data, filled by config/ from the table below.
 *
 * Ownership: texts are borrowed from the arena of the configuration. */
#ifndef BROKER_CLUSTER_CLUSTER_SETTINGS_H
#define BROKER_CLUSTER_CLUSTER_SETTINGS_H

#include "broker/base/arena.h"
#include "broker/settings/setting.h"

#define NODE_MAX_BYTES 32
#define CLUSTER_PATTERNS_MAX 256
#define CLUSTER_PATTERN_MAX_BYTES 128

/* "cluster". */
struct cluster_settings {
    const char *url;            /* of the NATS servers, separated by commas; NULL: there is no cluster */
    const char *node;           /* this server's name: string_view_is_id(), up to NODE_MAX_BYTES */
    const char *const *exports; /* ids of cameras; * matches any characters, ? one */
    size_t export_count;
    const char *const *imports; /* NODE/CAMERA, likewise */
    size_t import_count;
    const char *username, *password, *token; /* NULL: those of the URL, if it has any */
    const char *credentials;                 /* a file with a user's JWT and seed; NULL: none */
    const char *nkey, *nkey_seed;            /* its public key, and a file with its seed; NULL: none */
    const char *ca_file;                     /* NULL: the system's authorities */
    const char *certificate, *private_key;
    struct arena *arena; /* borrowed */
};

/* Block 0: struct cluster_settings. */
extern const struct setting_table cluster_table;

/* Whether all servers of the URL are reached by TLS. */
bool cluster_url_has_tls(const char *url);
/* Whether a camera of this server may leave it. */
bool cluster_settings_export(const struct cluster_settings *settings, const char *camera);
/* Whether a camera of another node appears here. */
bool cluster_settings_import(const struct cluster_settings *settings, const char *node, const char *camera);
/* Whether any camera of that node might. */
bool cluster_settings_import_node(const struct cluster_settings *settings, const char *node);

#endif
