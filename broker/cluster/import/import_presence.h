/* The importer's part that knows which nodes and cameras there are: by beacons, directories and events.
 *
 * Threads: the importer's, but for the handler. */
#ifndef BROKER_CLUSTER_IMPORT_IMPORT_PRESENCE_H
#define BROKER_CLUSTER_IMPORT_IMPORT_PRESENCE_H

#include "broker/cluster/import/importer_private.h"

/* Of type link_handler; user is the importer: beacons, events, and answers to requests for directories. */
void importer_take_message(void *user, struct link_message **message);

void importer_take_messages(struct importer *importer);
/* Asks for the directory, if it is due. Returns when it may be. */
int64_t importer_look_at_directory(struct importer *importer, struct import_node *node, int64_t now_ns);
/* All cameras are offline. */
void importer_set_away(struct importer *importer, struct import_node *node, enum cluster_node_state state,
                       const char *why);
/* The topic is offline, with a picture that says why. */
void importer_show_away(struct importer *importer, struct topic *topic, const char *why);
/* The node is there, if it was not. */
void importer_set_online(struct importer *importer, struct import_node *node);
/* Cameras that are not imported any longer go. */
void importer_drop_cameras(struct importer *importer, struct import_node *node, struct import_cameras *remaining);

#endif
