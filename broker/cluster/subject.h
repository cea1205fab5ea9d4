/* The subjects of NATS that nodes use: the prefix, a kind, and names of nodes, of which the last is that of the sender.
 * The permissions of a server can so let a node send in its own name alone, and read what is for it alone.
 * Threads: any. */
#ifndef BROKER_CLUSTER_SUBJECT_H
#define BROKER_CLUSTER_SUBJECT_H

#include "broker/cluster/cluster_settings.h"

#define LINK_SUBJECT_PREFIX "framebroker.1."
/* Room for any subject. */
#define LINK_SUBJECT_BYTES 160

/* KIND.NAME: to all nodes, or a pattern; name may have dots. */
void subject_format(char subject[LINK_SUBJECT_BYTES], const char *kind, const char *name);
/* KIND.NODE.SENDER: to one node. */
void subject_format_to(char subject[LINK_SUBJECT_BYTES], const char *kind, const char *node, const char *sender);
/* False: the last part names no node. */
bool subject_read_sender(const char *subject, char sender[NODE_MAX_BYTES + 1]);
/* Whether what is sent there is for that node, which alone may read it: "inbox.NODE." and more. */
bool subject_is_inbox(const char *subject, const char *node);

#endif
