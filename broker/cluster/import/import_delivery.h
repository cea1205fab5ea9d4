/* The importer's part that takes what other nodes deliver, on the thread of libnats that has it. */
#ifndef BROKER_CLUSTER_IMPORT_IMPORT_DELIVERY_H
#define BROKER_CLUSTER_IMPORT_IMPORT_DELIVERY_H

#include "broker/cluster/import/importer_private.h"

/* Of type link_handler; user is the importer: framebroker.1.frames.SELF.NODE. */
void importer_take_delivery(void *user, struct link_message **message);

#endif
