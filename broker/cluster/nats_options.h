/* What a connection to NATS is made with: servers, login, TLS, and how libnats behaves, but for its callbacks.
 *
 * Threads: any.
 * Ownership: settings are borrowed. */
#ifndef BROKER_CLUSTER_NATS_OPTIONS_H
#define BROKER_CLUSTER_NATS_OPTIONS_H

#include "broker/base/string_view.h"
#include "broker/cluster/cluster_settings.h"
#include "broker/cluster/nats/nats_functions.h"

/* Room for the URL of a server. */
#define NATS_SERVER_BYTES 512
/* Of a connection, and of each subscription. */
#define PENDING_MAX_MESSAGES 65536

/* *options is the caller's to destroy on failure too; *key is then the setting that cannot be used. */
natsStatus nats_options_create(const struct cluster_settings *settings, natsOptions **options, const char **key);

/* Takes the next server off a list; drops_login: without its login. False: there is none left. */
bool nats_options_take_server(struct string_view *list, bool drops_login, char text[NATS_SERVER_BYTES]);

#endif
