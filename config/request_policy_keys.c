#include "config/request_policy_keys.h"

#include "config/json/section.h"
#include "web/routes/route_table.h"

#define LIST_MAX 64

/* Reads a list of texts; take adds each to the policy, and wanted says what it takes. */
static void read_texts(const struct node *server, const char *key, struct request_policy_settings *policy,
                       enum err (*take)(struct request_policy_settings *policy, const char *text), const char *wanted) {
    struct node list, entry = {0};
    if (!node_find(server, key, &list) || !node_is_list(&list, 0, LIST_MAX)) {
        return;
    }
    while (node_next(&list, &entry)) {
        const char *text = node_text(&entry);
        enum err error = text != NULL ? take(policy, text) : ERR_OK;
        if (error != ERR_OK) {
            node_fault(&entry, "%s", error == ERR_BUSY ? "there are too many of these" : wanted);
        }
    }
}

static enum err take_host(struct request_policy_settings *policy, const char *text) {
    return origin_add_host(&policy->origin, text);
}

static enum err take_origin(struct request_policy_settings *policy, const char *text) {
    return origin_add(&policy->origin, text);
}

void request_policy_keys_read(const struct node *server, struct request_policy_settings *policy) {
    read_texts(server, "hosts", policy, take_host,
               "must be a name that the server is reached by, with or without a port, as in \"cams.example.org\"");
    read_texts(server, "cors_origins", policy, take_origin,
               "must be an origin, as in \"https://dashboard.example.org\", or \"*\" alone");
    read_texts(server, "trusted_proxies", policy, request_policy_add_trusted_proxy,
               "must be an address or a range of them, as in \"127.0.0.1\", \"10.0.0.0/8\" or \"fd00::/8\"");
    struct node path;
    const char *text = node_find(server, "base_path", &path) ? node_text(&path) : NULL;
    if (text != NULL && request_policy_set_base_path(policy, text, &route_table) != ERR_OK) {
        node_fault(&path,
                   "must be a path as in \"/cams\", of at most 64 of a-z, A-Z, 0-9, - . _ ~ and /, that does not "
                   "begin as an address of the server's own does");
    }
}
