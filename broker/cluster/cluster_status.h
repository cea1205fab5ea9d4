/* What status shows of the cluster: plain data of one moment, without secrets.
 * Threads: any. */
#ifndef BROKER_CLUSTER_CLUSTER_STATUS_H
#define BROKER_CLUSTER_CLUSTER_STATUS_H

#include "broker/cluster/cluster_settings.h"
#include "broker/topic_settings.h"

enum cluster_state {
    CLUSTER_CONNECTING,  /* no server answers yet, or any longer; error says why */
    CLUSTER_CONNECTED,   /* error: "", or what the server does not permit */
    CLUSTER_REFUSED,     /* the server does not let this node in; it is asked again */
    CLUSTER_NAME_IN_USE, /* another node has the same name and has been there longer; nothing is exported or imported */
};

/* "connecting", "connected", "refused", "name_in_use". Static. */
const char *cluster_state_name(enum cluster_state state);

enum cluster_node_state {
    CLUSTER_NODE_ONLINE,
    CLUSTER_NODE_AWAY,    /* it has not answered for a while */
    CLUSTER_NODE_STOPPED, /* it has said that it stops */
};

/* "online", "away", "stopped". Static. */
const char *cluster_node_state_name(enum cluster_node_state state);

/* Frames of one channel: of one camera in one form, between this node and another. */
struct cluster_channel_snapshot {
    char camera[TOPIC_ID_MAX_BYTES + 1]; /* its id at the node that has it */
    struct variant_request variant;      /* zeroed: as the camera has it */
    bool is_playback;
    bool is_refused;
    struct reason reason; /* why; "" */
    uint64_t frames, bytes;
    uint64_t skipped; /* frames that were passed over since the way was full; outgoing channels */
    uint64_t lost;    /* frames that were sent and did not arrive whole; incoming channels */
};

/* Another node whose cameras are imported, or might be. */
struct cluster_node_snapshot {
    char name[NODE_MAX_BYTES + 1];
    enum cluster_node_state state;
    int64_t since_realtime_ns;
    int64_t started_realtime_ns; /* 0: not known */
    int64_t round_trip_ns;       /* of the last lease; 0: nothing of it is watched */
    int64_t clock_ahead_ns;      /* how far its clock seems to be ahead of this one's */
    size_t camera_count;         /* that are imported */
    size_t left_out;             /* that match "import", and have too long an id or exceed the limit */
    uint64_t frames, bytes, lost;
    size_t channel_count;
    struct cluster_channel_snapshot *channels; /* from it; owned by the snapshot */
};

/* Another node that watches cameras of this one. */
struct cluster_gateway_snapshot {
    char name[NODE_MAX_BYTES + 1];
    int64_t since_realtime_ns;
    int64_t round_trip_ns, base_round_trip_ns; /* the newest, and the shortest of the last minutes; 0: none yet */
    uint64_t window_bytes, in_flight_bytes;
    uint64_t frames, bytes, skipped;
    size_t channel_count;
    struct cluster_channel_snapshot *channels; /* to it; owned by the snapshot */
};

struct cluster_snapshot {
    char node[NODE_MAX_BYTES + 1]; /* this one */
    enum cluster_state state;
    int64_t since_realtime_ns;
    struct reason error; /* "": none */
    char server[256];    /* that it is connected to, without a login; "": none */
    size_t exported;     /* cameras of here */
    uint64_t reconnects;
    uint64_t malformed; /* messages that could not be read */
    size_t node_count;
    struct cluster_node_snapshot *nodes; /* by name; owned by the snapshot */
    size_t gateway_count;
    struct cluster_gateway_snapshot *gateways; /* likewise */
};

/* Frees what the snapshot holds. */
void cluster_snapshot_finish(struct cluster_snapshot *snapshot);

#endif
