/* The server's own figures, which the broker's snapshot does not have. Plain data. */
#ifndef WEB_VIEWS_SERVER_COUNTS_H
#define WEB_VIEWS_SERVER_COUNTS_H

#include "broker/base/err.h"
#include "broker/cluster/cluster_status.h"
#include "broker/recording/recorder_types.h"
#include "web/access/authentication.h"
#include "web/hooks/hook_counts.h"
#include "web/mqtt/mqtt_health.h"

#include <stdbool.h>
#include <stdint.h>

#define REPLY_CLASSES 5

/* Reloads of the configuration since the start. */
struct reload_counts {
    uint64_t count;           /* those that failed included */
    uint64_t failed;          /* changed nothing */
    int64_t last_ns;          /* when the newest one ended, since the epoch; 0: none yet */
    struct reason last_fault; /* of the newest one; "" if it succeeded */
};

struct server_counts {
    bool is_hidden; /* the principal may not view every camera: neither these figures nor the broker's are shown */
    unsigned streams_active, streams_max;
    uint64_t streams_rejected, streams_rejected_per_address; /* by either limit */
    struct reload_counts reloads;
    const struct recorder_status *recording; /* borrowed; NULL: nothing is recorded, or it is hidden */
    const struct cluster_snapshot *cluster;  /* borrowed; NULL: there is none */
    uint64_t hooks[HOOK_RESULTS];
    struct mqtt_figures mqtt;
    uint64_t login_refusals[REFUSALS]; /* see authenticator_refusal_count() */
    uint64_t replies[REPLY_CLASSES];   /* by the first digit of their status, from 1 */
};

#endif
