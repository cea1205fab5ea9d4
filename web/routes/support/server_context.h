/* What the handlers of one server share.
 * Threads: any; what changes is atomic, or under the lock. */
#ifndef WEB_ROUTES_SUPPORT_SERVER_CONTEXT_H
#define WEB_ROUTES_SUPPORT_SERVER_CONTEXT_H

#include "broker/base/sync.h"
#include "broker/broker.h"
#include "broker/cluster/cluster.h"
#include "broker/recording/catalogue/catalogue.h"
#include "broker/recording/playback/player.h"
#include "broker/recording/playback/recording_export.h"
#include "broker/recording/recorder.h"
#include "web/access/authorization.h"
#include "web/access/event_id.h"
#include "web/access/request_policy.h"
#include "web/access/slots.h"
#include "web/access/stream_admission.h"
#include "web/http/quota.h"
#include "web/mqtt/mqtt_health.h"
#include "web/routes/support/server_host.h"
#include "web/stream/receivers.h"
#include "web/stream/sender.h"
#include "web/stream/writers.h"
#include "web/views/server_counts.h"
#include "web/views/wall_views.h"

#include <stdatomic.h>

struct request_slots {
    struct slots event_streams;
    struct slots reloads;
    struct slots snapshots; /* that wait for a fresh frame */
    struct slots pushers;   /* requests that send frames; counted by camera */
    struct slots controls;
    struct slots tables;  /* tables of the history */
    struct slots exports; /* of recordings */
};

struct server_context {
    struct broker *broker;
    struct senders *senders;
    struct writers *writers;             /* of event streams */
    struct event_log_reader *event_news; /* what wakes them */
    struct receivers *receivers;         /* of frames that cameras send */
    struct recorder *recorder;           /* NULL: nothing is recorded */
    struct cluster *cluster;             /* NULL: none */
    struct players *players;             /* of what is recorded; NULL likewise */
    struct exports *exports;             /* of what is recorded, here or by other nodes; NULL: nothing is */
    struct catalogue *tables_catalogue;  /* of the tables' thread; NULL: not opened yet */
    struct authorization *authorization;
    struct server_host host;
    unsigned char viewer_key[16]; /* for what stands in place of clients' addresses and numbers */
    unsigned char event_key[EVENT_ID_KEY_BYTES];
    struct stream_admission streams;
    _Atomic int64_t stream_life_ns; /* max; 0: no limit */
    struct request_slots slots;
    struct hook_counts hooks;
    struct mqtt_health mqtt;
    struct lock lock;
    struct writers *tables GUARDED_BY(lock);      /* of the history; NULL before the first */
    struct writers *node_tables GUARDED_BY(lock); /* likewise, of other nodes */
    struct reload_counts reloads GUARDED_BY(lock);
    struct request_policy *policy GUARDED_BY(lock); /* a reference; NULL: without any such settings */
    struct wall_views views GUARDED_BY(lock);       /* with a reference to their arena */
};

#endif
