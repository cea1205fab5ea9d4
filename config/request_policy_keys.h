/* The keys of "server" that say how the network reaches the server.
 * Threads: one at a time. */
#ifndef CONFIG_REQUEST_POLICY_KEYS_H
#define CONFIG_REQUEST_POLICY_KEYS_H

#include "config/json/document.h"
#include "web/access/request_policy.h"

void request_policy_keys_read(const struct node *server, struct request_policy_settings *policy);

#endif
