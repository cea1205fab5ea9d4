#include "config/sections.h"

#define LIST_MAX 64

/* Reads a list of texts; take adds each to the edge, and wanted says what it takes. */
static void read_list(struct section *section, const char *key, struct edge_settings *edge,
                      enum err (*take)(struct edge_settings *edge, const char *text), const char *wanted) {
    struct node list, entry = {0};
    if (!section_find(section, key, &list) || !node_is_list(&list, 0, LIST_MAX)) {
        return;
    }
    while (node_next(&list, &entry)) {
        const char *text = node_text(&entry);
        enum err error = text != NULL ? take(edge, text) : ERR_OK;
        if (error != ERR_OK) {
            node_fault(&entry, "%s", error == ERR_BUSY ? "there are too many of these" : wanted);
        }
    }
}

static enum err take_host(struct edge_settings *edge, const char *text) { return origin_add_host(&edge->origin, text); }

static enum err take_origin(struct edge_settings *edge, const char *text) { return origin_add(&edge->origin, text); }

void edge_keys_read(struct section *section, struct edge_settings *edge) {
    read_list(section, "hosts", edge, take_host,
              "must be a name that the server is reached by, with or without a port, as in \"cams.example.org\"");
    read_list(section, "cors_origins", edge, take_origin,
              "must be an origin, as in \"https://dashboard.example.org\", or \"*\" alone");
    read_list(section, "trusted_proxies", edge, edge_add_trusted_proxy,
              "must be an address or a range of them, as in \"127.0.0.1\", \"10.0.0.0/8\" or \"fd00::/8\"");
    struct node path;
    const char *text = section_find(section, "base_path", &path) ? node_text(&path) : NULL;
    if (text != NULL && edge_set_base_path(edge, text) != ERR_OK) {
        node_fault(&path,
                   "must be a path as in \"/cams\", of at most 64 of a-z, A-Z, 0-9, - . _ ~ and /, that does not "
                   "begin as an address of the server's own does");
    }
}
