#include "broker/cluster/export_peer.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT_MAX_BYTES ((uint64_t)32 << 20)
#define PLAYBACK_IDLE_NS NS_PER_S

struct export_peer *export_peer_create(const struct export_context *context, const char *name) {
    struct export_peer *peer = calloc(1, sizeof *peer);
    if (peer != NULL) {
        peer->context = context;
        snprintf(peer->name, sizeof peer->name, "%s", name);
        peer->since_realtime_ns = clock_realtime_ns();
        flow_window_init(&peer->window, IN_FLIGHT_MAX_BYTES);
        LIST_INIT(&peer->channels);
        LIST_INIT(&peer->playbacks);
        TAILQ_INIT(&peer->ready);
    }
    return peer;
}

/* ---- Channels ---- */

static void take_from_ready(struct export_channel *channel) {
    if (channel->is_ready) {
        TAILQ_REMOVE(&channel->peer->ready, channel, in_ready);
        channel->is_ready = false;
    }
}

static void close_channel(struct export_channel *channel) {
    take_from_ready(channel);
    subscriber_destroy(&channel->subscriber);
    topic_unref(&channel->topic);
}

void export_channel_mark_ready(struct export_channel *channel) {
    if (!channel->is_ready && channel->subscriber != NULL) {
        TAILQ_INSERT_TAIL(&channel->peer->ready, channel, in_ready);
        channel->is_ready = true;
    }
}

static void refuse(struct export_channel *channel, const char *why) {
    struct lock *lock = channel->peer->context->lock;
    lock_acquire(lock);
    reason_set(&channel->refusal, "%s", why);
    lock_release(lock);
}

void export_channel_end(struct export_channel *channel) {
    close_channel(channel);
    channel->has_ended = channel->wanted.playback != 0;
    refuse(channel, channel->has_ended ? "the recording ends here" : "the camera was removed");
}

static void destroy_channel(struct export_channel *channel) {
    close_channel(channel);
    lock_acquire(channel->peer->context->lock);
    LIST_REMOVE(channel, in_peer);
    lock_release(channel->peer->context->lock);
    free(channel);
}

/* The camera of that id, if it may be shown. A new reference; NULL: it may not, or there is none. */
static struct topic *find_camera(const struct export_context *context, const char *id) {
    struct topic *topic = cluster_rules_export(context->rules, id) ? broker_find_topic(context->broker, id) : NULL;
    if (topic != NULL && strcmp(topic_id(topic), id) != 0) {
        topic_unref(&topic); /* found by its place */
    }
    return topic;
}

static enum err subscribe(struct export_channel *channel) {
    const struct subscriber_settings settings = {
        .remote = "", .route = "cluster", .user = channel, .is_internal = true};
    enum err error = subscriber_create(channel->topic, channel->peer->context->inbox, &settings, &channel->subscriber);
    if (error != ERR_OK) {
        topic_unref(&channel->topic);
    } else {
        channel->position = 0;
        export_channel_mark_ready(channel);
    }
    return error;
}

static void open_live(struct export_channel *channel) {
    const struct export_context *context = channel->peer->context;
    struct topic *camera = find_camera(context, channel->wanted.camera);
    if (camera == NULL) {
        refuse(channel, "this node has no such camera for others");
        return;
    }
    const struct variant_request *request = &channel->wanted.request;
    enum err error = ERR_OK;
    if (request->width_px == 0 && request->quality == 0 && !(request->fps > 0)) {
        channel->topic = topic_ref(camera);
    } else {
        error = broker_open_variant(context->broker, camera, request, &channel->topic);
    }
    topic_unref(&camera);
    if (error == ERR_OK) {
        error = subscribe(channel);
    }
    refuse(channel, error == ERR_OK     ? ""
                    : error == ERR_BUSY ? "the camera has too many variants already"
                                        : err_text(error));
}

/* ---- Playbacks ---- */

static struct export_playback *find_playback(struct export_peer *peer, uint32_t number) {
    struct export_playback *playback;
    LIST_FOREACH (playback, &peer->playbacks, in_peer) {
        if (playback->number == number) {
            return playback;
        }
    }
    return NULL;
}

static enum err create_playback_topic(struct export_channel *channel) {
    struct topic *camera = find_camera(channel->peer->context, channel->wanted.camera);
    if (camera == NULL) {
        return ERR_NOT_FOUND;
    }
    struct topic_settings settings;
    topic_copy_settings(camera, &settings);
    topic_unref(&camera);
    settings.ring_frames = 1;
    settings.idle_timeout_ns = PLAYBACK_IDLE_NS;
    settings.on_demand = true;
    settings.has_controls = false;
    return topic_create(&settings, NULL, &channel->topic);
}

static enum err begin_playback(struct export_peer *peer, const struct lease_channel *wanted,
                               struct topic *const *topics, size_t count) {
    struct export_playback *playback = calloc(1, sizeof *playback);
    if (playback == NULL) {
        return ERR_MEMORY;
    }
    const struct playback_settings settings = {.topics = topics,
                                               .topic_count = count,
                                               .at_ns = wanted->at_ns,
                                               .to_ns = wanted->to_ns,
                                               .speed = wanted->speed,
                                               .shows_gaps = wanted->shows_gaps};
    enum err error = playback_begin(peer->context->players, &settings, &playback->playback);
    if (error != ERR_OK) {
        free(playback);
        return error;
    }
    playback->number = wanted->playback;
    LIST_INSERT_HEAD(&peer->playbacks, playback, in_peer);
    return ERR_OK;
}

static const char *playback_refusal(enum err error) {
    switch (error) {
    case ERR_UNSUPPORTED: return "this node does not record";
    case ERR_NOT_FOUND: return "this node has no such camera for others";
    case ERR_BUSY: return "too many recordings are being played";
    default: return err_text(error);
    }
}

/* All channels of one playback that is new: those of the lease. */
static void open_playback(struct export_peer *peer, uint32_t number) {
    struct topic *topics[64];
    const size_t max = sizeof topics / sizeof topics[0];
    const struct lease_channel *wanted = NULL;
    size_t count = 0;
    enum err error = peer->context->players != NULL ? ERR_OK : ERR_UNSUPPORTED;
    struct export_channel *channel;
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        if (channel->wanted.playback == number && error == ERR_OK) {
            error = count < max ? create_playback_topic(channel) : ERR_BUSY;
            if (error == ERR_OK) {
                topics[count++] = channel->topic;
                wanted = &channel->wanted;
            }
        }
    }
    if (error == ERR_OK && wanted != NULL) {
        error = begin_playback(peer, wanted, topics, count);
    }
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        if (channel->wanted.playback != number) {
            continue;
        }
        if (error == ERR_OK) {
            error = subscribe(channel);
        }
        if (error != ERR_OK) {
            close_channel(channel);
            channel->has_ended = true;
            refuse(channel, playback_refusal(error));
        }
    }
}

/* Those without channels. */
static void end_playbacks(struct export_peer *peer) {
    struct export_playback *playback = LIST_FIRST(&peer->playbacks);
    for (struct export_playback *next; playback != NULL; playback = next) {
        next = LIST_NEXT(playback, in_peer);
        bool is_used = false;
        struct export_channel *channel;
        LIST_FOREACH (channel, &peer->channels, in_peer) {
            is_used |= channel->wanted.playback == playback->number;
        }
        if (!is_used) {
            LIST_REMOVE(playback, in_peer);
            playback_end(&playback->playback);
            free(playback);
        }
    }
}

/* ---- Leases ---- */

static bool is_same(const struct lease_channel *a, const struct lease_channel *b) {
    return strcmp(a->camera, b->camera) == 0 && a->request.width_px == b->request.width_px &&
           a->request.quality == b->request.quality && a->request.fps == b->request.fps && a->playback == b->playback;
}

static struct export_channel *find_channel(struct export_peer *peer, const struct lease_channel *wanted) {
    struct export_channel *channel;
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        if (channel->wanted.number == wanted->number && is_same(&channel->wanted, wanted)) {
            return channel;
        }
    }
    return NULL;
}

static void add_channel(struct export_peer *peer, const struct lease_channel *wanted) {
    struct export_channel *channel = calloc(1, sizeof *channel);
    if (channel != NULL) {
        channel->wanted = *wanted;
        channel->peer = peer;
        channel->is_leased = true;
        lock_acquire(peer->context->lock);
        LIST_INSERT_HEAD(&peer->channels, channel, in_peer);
        lock_release(peer->context->lock);
    }
}

static void close_unleased(struct export_peer *peer) {
    struct export_channel *channel = LIST_FIRST(&peer->channels);
    for (struct export_channel *next; channel != NULL; channel = next) {
        next = LIST_NEXT(channel, in_peer);
        if (!channel->is_leased) {
            destroy_channel(channel);
        }
    }
    end_playbacks(peer);
}

/* A camera that was refused may be there by now, and one that is shown may not be shown any longer. */
static void open_channels(struct export_peer *peer) {
    struct export_channel *channel;
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        const uint32_t playback = channel->wanted.playback;
        if (channel->subscriber != NULL && !cluster_rules_export(peer->context->rules, channel->wanted.camera)) {
            export_channel_end(channel);
        } else if (channel->subscriber == NULL && playback == 0) {
            open_live(channel);
        } else if (channel->subscriber == NULL && !channel->has_ended && find_playback(peer, playback) == NULL) {
            open_playback(peer, playback);
        }
    }
}

static bool is_whole(struct wire_reader reader, uint32_t count) {
    struct lease_channel channel;
    for (uint32_t i = 0; i < count; i++) {
        if (!lease_channel_read(&reader, &channel)) {
            return false;
        }
    }
    return true;
}

bool export_peer_take_lease(struct export_peer *peer, const struct lease_message *lease, struct wire_reader reader) {
    if (!is_whole(reader, lease->channel_count)) {
        return false;
    }
    struct export_channel *channel;
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        channel->is_leased = false;
    }
    for (uint32_t i = 0; i < lease->channel_count; i++) {
        struct lease_channel wanted;
        const bool was_read = lease_channel_read(&reader, &wanted);
        channel = was_read ? find_channel(peer, &wanted) : NULL;
        if (channel != NULL) {
            channel->is_leased = true;
        } else if (was_read) {
            add_channel(peer, &wanted);
        }
    }
    close_unleased(peer);
    open_channels(peer);
    lock_acquire(peer->context->lock);
    flow_window_set_max(&peer->window, (size_t)(lease->max_in_flight < IN_FLIGHT_MAX_BYTES ? lease->max_in_flight
                                                                                           : IN_FLIGHT_MAX_BYTES));
    lock_release(peer->context->lock);
    return true;
}

void export_peer_destroy(struct export_peer **peer_pointer) {
    struct export_peer *peer = *peer_pointer;
    *peer_pointer = NULL;
    if (peer == NULL) {
        return;
    }
    struct export_channel *channel = LIST_FIRST(&peer->channels);
    while (channel != NULL) {
        struct export_channel *next = LIST_NEXT(channel, in_peer);
        destroy_channel(channel);
        channel = next;
    }
    LIST_INIT(&peer->channels);
    end_playbacks(peer);
    free(peer);
}

/* ---- Status ---- */

static uint64_t count_of(const _Atomic uint64_t *count) { return atomic_load_explicit(count, memory_order_relaxed); }

enum err export_peer_snapshot(const struct export_peer *peer, struct cluster_gateway_snapshot *snapshot) {
    size_t count = 0;
    const struct export_channel *channel;
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        count++;
    }
    *snapshot = (struct cluster_gateway_snapshot){
        .since_realtime_ns = peer->since_realtime_ns,
        .round_trip_ns = peer->window.round_trip_ns,
        .base_round_trip_ns = peer->window.base_round_trip_ns,
        .window_bytes = peer->window.window_bytes,
        .in_flight_bytes = peer->window.in_flight_bytes,
        .frames = count_of(&peer->counts.frames),
        .bytes = count_of(&peer->counts.bytes),
        .skipped = count_of(&peer->counts.skipped),
        .channels = calloc(count + 1, sizeof *snapshot->channels),
    };
    memcpy(snapshot->name, peer->name, sizeof snapshot->name);
    if (snapshot->channels == NULL) {
        return ERR_MEMORY;
    }
    LIST_FOREACH (channel, &peer->channels, in_peer) {
        struct cluster_channel_snapshot *shown = &snapshot->channels[snapshot->channel_count++];
        *shown = (struct cluster_channel_snapshot){
            .variant = channel->wanted.request,
            .is_playback = channel->wanted.playback != 0,
            .is_refused = channel->refusal.text[0] != '\0',
            .reason = channel->refusal,
            .frames = count_of(&channel->counts.frames),
            .bytes = count_of(&channel->counts.bytes),
            .skipped = count_of(&channel->counts.skipped),
        };
        memcpy(shown->camera, channel->wanted.camera, sizeof shown->camera);
    }
    return ERR_OK;
}
