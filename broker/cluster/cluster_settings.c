#include "broker/cluster/cluster_settings.h"

#include "broker/base/string_view.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX_BYTES 1000
#define PORT_MAX 65535
#define FIELD(field) .offset = offsetof(struct cluster_settings, field)
#define LIST(field, counter) FIELD(field), .count_offset = offsetof(struct cluster_settings, counter)

static const char *const schemes[] = {"nats://", "tls://"};

/* The scheme's place, and the rest of the address. False: it has none of them. */
static bool split_scheme(struct string_view server, size_t *scheme, struct string_view *rest) {
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t count = strlen(schemes[i]);
        if (server.count > count && strncmp(server.bytes, schemes[i], count) == 0) {
            *scheme = i;
            *rest = (struct string_view){server.bytes + count, server.count - count};
            return true;
        }
    }
    return false;
}

static bool is_port(struct string_view text) {
    unsigned long port = 0;
    for (size_t i = 0; i < text.count; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9' || port > PORT_MAX) {
            return false;
        }
        port = port * 10 + (unsigned long)(text.bytes[i] - '0');
    }
    return port >= 1 && port <= PORT_MAX;
}

/* [LOGIN@]HOST[:PORT]; the host may be an IPv6 address in brackets. */
static bool is_server(struct string_view text) {
    for (size_t i = 0; i < text.count; i++) {
        if (text.bytes[i] <= 0x20 || text.bytes[i] >= 0x7F) {
            return false;
        }
    }
    for (size_t i = text.count; i > 0; i--) {
        if (text.bytes[i - 1] == '@') {
            text = (struct string_view){text.bytes + i, text.count - i};
            break;
        }
    }
    struct string_view host = text;
    if (text.count > 0 && text.bytes[0] == '[') {
        const char *end = memchr(text.bytes, ']', text.count);
        host.count = end != NULL ? (size_t)(end + 1 - text.bytes) : 0;
    } else {
        const char *colon = memchr(text.bytes, ':', text.count);
        host.count = colon != NULL ? (size_t)(colon - text.bytes) : text.count;
    }
    struct string_view port = {text.bytes + host.count, text.count - host.count};
    if (host.count == 0 || memchr(host.bytes, '/', host.count) != NULL) {
        return false;
    }
    return port.count == 0 || (port.bytes[0] == ':' && is_port((struct string_view){port.bytes + 1, port.count - 1}));
}

static enum err check_url(const char *text, struct reason *reason) {
    struct string_view list = string_view_of(text);
    size_t first_scheme = 0;
    bool is_first = true;
    if (list.count > URL_MAX_BYTES) {
        reason_set(reason, "must have at most %d bytes (got %zu)", URL_MAX_BYTES, list.count);
        return ERR_INVALID;
    }
    do {
        struct string_view server = string_view_trim(string_view_take(&list, ',')), rest;
        size_t scheme;
        if (!split_scheme(server, &scheme, &rest) || !is_server(rest)) {
            reason_set(reason, "must be the address of a NATS server, such as \"nats://nats.example.org:4222\" or "
                               "\"tls://nats.example.org\", or several, separated by commas");
            return ERR_INVALID;
        }
        if (!is_first && scheme != first_scheme) {
            reason_set(reason, "must have nats:// in front of all servers, or tls://");
            return ERR_INVALID;
        }
        first_scheme = scheme;
        is_first = false;
    } while (list.count > 0);
    return ERR_OK;
}

bool cluster_url_has_tls(const char *url) { return strncmp(url, "tls://", 6) == 0; }

static enum err check_node(const char *text, struct reason *reason) {
    if (!string_view_is_id(string_view_of(text), NODE_MAX_BYTES)) {
        reason_set(reason, "must be a name of up to %d characters from " ID_WORDS, NODE_MAX_BYTES);
        return ERR_INVALID;
    }
    return ERR_OK;
}

static bool is_file(const char *text) {
    (void)text;
    return true;
}

#define FILE_ROW(key, kind, words)                                                                                     \
    {                                                                                                                  \
        .name = #key, .type = SETTING_TEXT, FIELD(key), .min = 1, .is_path = is_file, .what = kind,                    \
        .change = SETTING_RESTART, .help = words                                                                       \
    }
#define TEXT_ROW(key, words)                                                                                           \
    { .name = #key, .type = SETTING_TEXT, FIELD(key), .min = 1, .change = SETTING_RESTART, .help = words }

static const struct setting rows[] = {
    {.name = "url",
     .type = SETTING_TEXT,
     FIELD(url),
     .required = true,
     .min = 1,
     .max = URL_MAX_BYTES,
     .check = check_url,
     .change = SETTING_RESTART,
     .help = "The NATS servers, separated by commas: nats://HOST:PORT, or tls://HOST:PORT for TLS with a verified "
             "certificate. Default port: 4222. An address may contain the login, which is never shown."},
    {.name = "node",
     .type = SETTING_TEXT,
     FIELD(node),
     .required = true,
     .min = 1,
     .max = NODE_MAX_BYTES,
     .check = check_node,
     .change = SETTING_RESTART,
     .help = "The name of this server in the cluster, where no other has it."},
    {.name = "export",
     .type = SETTING_TEXTS,
     LIST(exports, export_count),
     .max = CLUSTER_PATTERNS_MAX,
     .help = "The cameras that other nodes may see, by their ids, in which * stands for any characters and ? for one. "
             "Default: none."},
    {.name = "import",
     .type = SETTING_TEXTS,
     LIST(imports, import_count),
     .max = CLUSTER_PATTERNS_MAX,
     .help = "The cameras of other nodes that appear here, as NODE/CAMERA, in which * stands for any characters and ? "
             "for one: \"*/*\" is all of them. Such a camera has the id NODE.CAMERA. Default: none."},
    TEXT_ROW(username, "Replaces the user name in the URL."),
    TEXT_ROW(password, "Replaces the password in the URL."),
    TEXT_ROW(token, "The token that the NATS servers ask for, instead of a user name and password."),
    FILE_ROW(credentials, "credentials", "A file with the credentials of a user, as nsc writes it: JWT and seed."),
    TEXT_ROW(nkey, "The public key of an NKey, which the NATS servers know."),
    FILE_ROW(nkey_seed, "seed", "The file with the seed of that NKey."),
    FILE_ROW(ca_file, "certificate",
             "A file with the certificates of the authorities that may sign those of the NATS servers, in PEM. "
             "Default: those of the system."),
    FILE_ROW(certificate, "certificate",
             "A file with the client's own certificate, in PEM, for NATS servers that ask for one."),
    FILE_ROW(private_key, "key", "The file with the key of that certificate, in PEM, without a pass phrase."),
};

/* ---- Patterns ---- */

static bool is_pattern(struct string_view text) {
    for (size_t i = 0; i < text.count; i++) {
        const char c = text.bytes[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*' || c == '?')) {
            return false;
        }
    }
    return text.count > 0 && text.count <= CLUSTER_PATTERN_MAX_BYTES;
}

/* The index of the first that is none; count: all are. */
static size_t find_bad_pattern(const char *const *patterns, size_t count, bool has_node) {
    for (size_t i = 0; i < count; i++) {
        struct string_view camera = string_view_of(patterns[i] != NULL ? patterns[i] : "");
        if (patterns[i] != NULL && ((has_node && (memchr(camera.bytes, '/', camera.count) == NULL ||
                                                  !is_pattern(string_view_take(&camera, '/')))) ||
                                    !is_pattern(camera))) {
            return i;
        }
    }
    return count;
}

static const char *check_security(const struct cluster_settings *cluster, struct reason *reason) {
    const bool has_password = cluster->username != NULL || cluster->password != NULL;
    const int ways = has_password + (cluster->token != NULL) + (cluster->credentials != NULL) +
                     (cluster->nkey != NULL || cluster->nkey_seed != NULL);
    if (ways > 1) {
        reason_set(reason, "needs one of \"username\" with \"password\", \"token\", \"credentials\", and \"nkey\" "
                           "with \"nkey_seed\", not several");
        return "";
    }
    if ((cluster->username == NULL) != (cluster->password == NULL)) {
        reason_set(reason, "needs \"username\" and \"password\" together");
        return cluster->username != NULL ? "username" : "password";
    }
    if ((cluster->nkey == NULL) != (cluster->nkey_seed == NULL)) {
        reason_set(reason, "needs \"nkey\" and \"nkey_seed\" together");
        return cluster->nkey != NULL ? "nkey" : "nkey_seed";
    }
    if ((cluster->certificate == NULL) != (cluster->private_key == NULL)) {
        reason_set(reason, "needs \"certificate\" and \"private_key\" together");
        return cluster->certificate != NULL ? "certificate" : "private_key";
    }
    if ((cluster->ca_file != NULL || cluster->certificate != NULL) && cluster->url != NULL &&
        !cluster_url_has_tls(cluster->url)) {
        reason_set(reason, "needs a \"url\" that begins with tls://");
        return cluster->ca_file != NULL ? "ca_file" : "certificate";
    }
    return NULL;
}

static const char *check_cluster(void *const blocks[], struct reason *reason) {
    const struct cluster_settings *cluster = blocks[0];
    const size_t bad_export = find_bad_pattern(cluster->exports, cluster->export_count, false);
    const size_t bad_import = find_bad_pattern(cluster->imports, cluster->import_count, true);
    if (bad_export < cluster->export_count) {
        reason_set(reason, "must have ids of cameras, in which * stands for any characters and ? for one");
        return "export";
    }
    if (bad_import < cluster->import_count) {
        reason_set(reason, "must have entries such as \"site-a/front\", \"site-a/*\" or \"*/*\": a node, a slash, a "
                           "camera");
        return "import";
    }
    return check_security(cluster, reason);
}

const struct setting_table cluster_table = {
    .name = "cluster",
    .help = "Other servers whose cameras appear here, and those of here that appear there, by way of NATS.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct cluster_settings),
    .finish = check_cluster,
};

bool cluster_settings_export(const struct cluster_settings *settings, const char *camera) {
    for (size_t i = 0; i < settings->export_count; i++) {
        if (fnmatch(settings->exports[i], camera, 0) == 0) {
            return true;
        }
    }
    return false;
}

static bool import_matches(const char *pattern, const char *node, const char *camera) {
    const char *slash = strchr(pattern, '/');
    char node_pattern[CLUSTER_PATTERN_MAX_BYTES + 1] = "";
    if (slash == NULL || (size_t)(slash - pattern) >= sizeof node_pattern) {
        return false;
    }
    memcpy(node_pattern, pattern, (size_t)(slash - pattern));
    return fnmatch(node_pattern, node, 0) == 0 && (camera == NULL || fnmatch(slash + 1, camera, 0) == 0);
}

bool cluster_settings_import(const struct cluster_settings *settings, const char *node, const char *camera) {
    for (size_t i = 0; i < settings->import_count; i++) {
        if (import_matches(settings->imports[i], node, camera)) {
            return true;
        }
    }
    return false;
}

bool cluster_settings_import_node(const struct cluster_settings *settings, const char *node) {
    return cluster_settings_import(settings, node, NULL);
}
