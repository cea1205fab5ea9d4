#include "broker/cluster/node_name.h"

#include "broker/base/string_view.h"
#include "broker/topic_settings.h"

#include <string.h>

bool cluster_split_id(const char *id, char node[NODE_MAX_BYTES + 1], const char **camera) {
    struct string_view rest = string_view_of(id);
    const bool has_dot = memchr(rest.bytes, '.', rest.count) != NULL;
    struct string_view name = string_view_take(&rest, '.');
    if (!has_dot || !string_view_is_id(name, NODE_MAX_BYTES) || !string_view_is_id(rest, TOPIC_ID_MAX_BYTES)) {
        return false;
    }
    memcpy(node, name.bytes, name.count);
    node[name.count] = '\0';
    *camera = rest.bytes;
    return true;
}
