#include "web/routes/support/server_figures.h"

struct server_counts server_figures(struct server_context *context, const struct principal *principal) {
    const struct stream_admission *streams = &context->streams;
    struct server_counts counts = {
        .is_hidden = !access_may_view_all(principal),
        .streams_active = atomic_load_explicit(&streams->active, memory_order_relaxed),
        .streams_max = atomic_load_explicit(&streams->max, memory_order_relaxed),
        .streams_rejected = atomic_load_explicit(&streams->rejected, memory_order_relaxed),
        .streams_rejected_per_address = atomic_load_explicit(&streams->rejected_per_address, memory_order_relaxed),
    };
    lock_acquire(&context->lock);
    counts.reloads = context->reloads;
    lock_release(&context->lock);
    counts.mqtt = mqtt_health_read(&context->mqtt);
    for (int i = 0; i < HOOK_RESULTS; i++) {
        counts.hooks[i] = atomic_load_explicit(&context->hooks.results[i], memory_order_relaxed);
    }
    struct authenticator *authenticator = authorization_authenticator(context->authorization);
    for (int i = 0; i < REFUSALS; i++) {
        counts.login_refusals[i] = authenticator_refusal_count(authenticator, (enum refusal)i);
    }
    for (int i = 0; i < REPLY_CLASSES; i++) {
        counts.replies[i] = http_reply_count(i + 1);
    }
    return counts;
}

const struct recorder_status *server_recording(struct server_context *context, const struct principal *principal,
                                               struct recorder_status *status) {
    *status = (struct recorder_status){0};
    const bool is_shown = context->recorder != NULL && access_may_view_recordings(principal) &&
                          recorder_status(context->recorder, status) == ERR_OK;
    return is_shown ? status : NULL;
}

const struct cluster_snapshot *server_cluster(struct server_context *context, struct cluster_snapshot *snapshot) {
    *snapshot = (struct cluster_snapshot){.node = ""};
    return context->cluster != NULL && cluster_take_snapshot(context->cluster, snapshot) == ERR_OK ? snapshot : NULL;
}
