/* A subscriber: one client's view of one topic. It takes the newest frame that it has not had; frames that it is
 * too slow for are skipped and counted.
 *
 * A subscriber belongs to an inbox (inbox.h), which wakes its thread when there is a frame to take. A thread that
 * wants a single frame needs no inbox and uses subscriber_wait().
 *
 * Ownership: a subscriber holds references to its topic and its inbox.
 * Threads: the inbox's own thread (or the dispatch lock), unless said otherwise. */
#ifndef BROKER_SUBSCRIBER_H
#define BROKER_SUBSCRIBER_H

#include "broker/frame/frame.h"
#include "broker/inbox.h"

struct subscriber_settings {
    const char *remote; /* "127.0.0.1:52034"; copied, cut at 63 bytes */
    const char *route;  /* "video_feed"; static */
    void *user;         /* for subscriber_user() */
    bool is_internal;   /* no client: it counts as demand, but status does not list it */
};

/* The first subscriber_take() gives the newest frame that there is. inbox may be NULL for one that only uses
 * subscriber_wait(). ERR_MEMORY; ERR_CLOSED; ERR_BUSY: 130 inboxes are on the topic already. */
CHECKED enum err subscriber_create(struct topic *topic, struct inbox *inbox, const struct subscriber_settings *settings,
                                   struct subscriber **subscriber);
void subscriber_destroy(struct subscriber **subscriber);
void *subscriber_user(const struct subscriber *subscriber);
struct topic *subscriber_topic(const struct subscriber *subscriber); /* borrowed */
uint64_t subscriber_id(const struct subscriber *subscriber);         /* unique in the process, from 1 */

/* The newest frame that this subscriber has not had, as a new reference; older ones that it has not had either are
 * counted as skipped. ERR_BUSY: there is none yet. ERR_CLOSED. Never blocks. */
CHECKED enum err subscriber_take(struct subscriber *subscriber, struct frame **frame);
/* Blocks: waits until the newest frame is live and captured at or after captured_from_ns (monotonic), whether this
 * subscriber had it or not; or_failure: a placeholder that stands for stale or offline ends the wait too. ERR_TIMEOUT
 * at deadline_ns; ERR_CLOSED. Threads: the subscriber's creator. */
CHECKED enum err subscriber_wait(struct subscriber *subscriber, int64_t captured_from_ns, bool or_failure,
                                 int64_t deadline_ns, struct frame **frame);
/* Counts a frame as delivered (frames is 1; 0 for a repetition) and its bytes. */
void subscriber_count_sent(struct subscriber *subscriber, unsigned frames, size_t bytes);
/* Corrects the count of skips: down for frames passed over as the client asked (a capped rate), up for a frame that was
 * taken and then not sent. */
void subscriber_adjust_skipped(struct subscriber *subscriber, int64_t frames);

#endif
