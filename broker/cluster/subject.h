/* The subjects of NATS that nodes use: the prefix, a kind, and the name of a node. */
#ifndef BROKER_CLUSTER_SUBJECT_H
#define BROKER_CLUSTER_SUBJECT_H

#define LINK_SUBJECT_PREFIX "framebroker.1."
/* Room for any subject. */
#define LINK_SUBJECT_BYTES 160

/* The subject of a kind of messages to or from a node; name may have dots. */
void subject_format(char subject[LINK_SUBJECT_BYTES], const char *kind, const char *name);

#endif
