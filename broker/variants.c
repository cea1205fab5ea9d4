#include "broker/variants.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/base/sync.h"
#include "broker/topic_demand.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* When to retry a variant that could not be dropped or woken. */
#define RETRY_NS (200 * NS_PER_MS)

struct variants {
    struct variant_context context;
    pthread_t thread;
    /* Relaxed: the inbox's wake orders them. */
    atomic_bool demand_changed, stop;
    struct lock lock;
    bool closed GUARDED_BY(lock);
    /* Others add in front, the thread alone takes away: it may walk along the list without the lock. */
    LIST_HEAD(, variant) list GUARDED_BY(lock);
    /* The thread's own. */
    int64_t look_at_ns; /* no variant changes by itself before */
};

/* ---- The thread ---- */

static void look_again(struct variants *variants, int64_t at_ns) {
    variants->look_at_ns = min_i64(variants->look_at_ns, at_ns);
}

/* Drops it, unless its topic is in use again. */
static bool drop(struct variants *variants, struct variant *variant) {
    lock_acquire(&variants->lock);
    bool unused = !topic_is_shared(variant->topic);
    if (unused) {
        LIST_REMOVE(variant, in_variants);
    }
    lock_release(&variants->lock);
    if (unused) {
        topic_on_demand(variant->topic, NULL, NULL);
        variant_destroy(&variant);
    }
    return unused;
}

static void look_at(struct variants *variants, struct variant *variant) {
    variant_follow_settings(variant);
    int64_t until_ns;
    lock_acquire(&variants->lock);
    bool has_given_way = variant->has_given_way;
    lock_release(&variants->lock);
    bool wanted = topic_wanted(variant->topic, &until_ns) && !has_given_way;
    bool settled;
    if (until_ns == CLOCK_NEVER && !has_given_way) { /* it has subscribers */
        settled = variant_is_awake(variant) || variant_wake(variant) == ERR_OK;
    } else {
        variant_sleep(variant);
        settled = wanted || drop(variants, variant);
    }
    int64_t again_ns = settled ? CLOCK_NEVER : clock_monotonic_ns() + RETRY_NS;
    look_again(variants, wanted ? min_i64(until_ns, again_ns) : again_ns);
}

static void look_at_all(struct variants *variants) {
    variants->look_at_ns = CLOCK_NEVER;
    lock_acquire(&variants->lock);
    struct variant *variant = LIST_FIRST(&variants->list);
    lock_release(&variants->lock);
    for (struct variant *next; variant != NULL; variant = next) {
        next = LIST_NEXT(variant, in_variants);
        look_at(variants, variant);
    }
}

static void *serve_variants(void *argument) {
    struct variants *variants = argument;
    struct inbox *inbox = variants->context.inbox;
    struct event news = {.fd = inbox_fd(inbox)};
    while (!atomic_load_explicit(&variants->stop, memory_order_relaxed)) {
        bool due = !event_wait_until(&news, variants->look_at_ns);
        inbox_begin(inbox);
        struct subscriber *subscriber;
        while ((subscriber = inbox_next(inbox)) != NULL) {
            variant_on_news(subscriber_user(subscriber));
        }
        bool changed = atomic_exchange_explicit(&variants->demand_changed, false, memory_order_relaxed);
        if (changed || due || clock_monotonic_ns() >= variants->look_at_ns) {
            look_at_all(variants);
        }
    }
    return NULL;
}

/* Runs on the thread that subscribes or leaves. */
static void on_demand(void *user) {
    struct variants *variants = user;
    atomic_store_explicit(&variants->demand_changed, true, memory_order_relaxed);
    inbox_wake(variants->context.inbox);
}

/* ---- Other threads ---- */

enum err variants_create(const struct variant_context *context, struct variants **out) {
    struct variants *variants = calloc(1, sizeof *variants);
    if (variants == NULL) {
        return ERR_MEMORY;
    }
    variants->context = *context;
    variants->look_at_ns = CLOCK_NEVER;
    lock_init(&variants->lock);
    enum err error = inbox_create(&variants->context.inbox);
    if (error == ERR_OK) {
        error = thread_start(&variants->thread, "variants", 0, serve_variants, variants);
    }
    if (error != ERR_OK) {
        inbox_destroy(&variants->context.inbox);
        lock_finish(&variants->lock);
        free(variants);
        return error;
    }
    *out = variants;
    return ERR_OK;
}

void variants_destroy(struct variants **variants_pointer) {
    struct variants *variants = *variants_pointer;
    *variants_pointer = NULL;
    if (variants == NULL) {
        return;
    }
    atomic_store_explicit(&variants->stop, true, memory_order_relaxed);
    inbox_wake(variants->context.inbox);
    pthread_join(variants->thread, NULL);
    while (!LIST_EMPTY(&variants->list)) {
        struct variant *variant = LIST_FIRST(&variants->list);
        LIST_REMOVE(variant, in_variants);
        topic_on_demand(variant->topic, NULL, NULL);
        variant_destroy(&variant);
    }
    inbox_destroy(&variants->context.inbox);
    lock_finish(&variants->lock);
    free(variants);
}

void variants_close(struct variants *variants) {
    lock_acquire(&variants->lock);
    variants->closed = true;
    struct variant *variant;
    LIST_FOREACH (variant, &variants->list, in_variants) {
        topic_close(variant->topic);
    }
    lock_release(&variants->lock);
}

void variants_drop_frames(struct variants *variants, const struct topic *source) {
    lock_acquire(&variants->lock);
    struct variant *variant;
    LIST_FOREACH (variant, &variants->list, in_variants) {
        if (variant->source == source) {
            topic_drop_frames(variant->topic);
        }
    }
    lock_release(&variants->lock);
}

static bool is_same(const struct variants *variants, const struct variant_request *a, const struct variant_request *b,
                    uint32_t source_width_px) {
    struct variant_request first = variants->context.converters->resolve(a, source_width_px);
    struct variant_request second = variants->context.converters->resolve(b, source_width_px);
    return first.width_px == second.width_px && first.quality == second.quality && a->fps == b->fps;
}

/* The name that the camera's settings have for a request; NULL: none. */
static const char *name_of(const struct variants *variants, const struct topic_settings *settings,
                           const struct variant_request *request, uint32_t source_width_px) {
    for (size_t i = 0; i < settings->variant_count; i++) {
        if (is_same(variants, &settings->variants[i].request, request, source_width_px)) {
            return settings->variants[i].name;
        }
    }
    return NULL;
}

/* Who asks for a variant, and of what. */
struct variant_order {
    const char *client; /* "": none */
    struct topic *source;
    const struct variant_request *request;
    uint32_t source_width_px;
};

/* The variants of a camera that have no name: those that count towards its limit, and those that have given way. */
struct nameless {
    unsigned count, giving_way;
    unsigned own; /* of those that count, the client's */
    /* Of those that count; NULL: there is none. */
    struct variant *unused, *own_unused; /* for longest */
    struct variant *excess;              /* the newest of the client that has most */
    unsigned excess_count;               /* how many that client has */
};

static bool counts(const struct variants *variants, const struct variant_order *order,
                   const struct topic_settings *settings, const struct variant *variant) {
    return variant->source == order->source &&
           name_of(variants, settings, &variant->request, order->source_width_px) == NULL;
}

static unsigned count_owned_locked(const struct variants *variants, const struct variant_order *order,
                                   const struct topic_settings *settings, const char *owner) REQUIRES(&variants->lock) {
    unsigned count = 0;
    struct variant *variant;
    LIST_FOREACH (variant, &variants->list, in_variants) {
        count += counts(variants, order, settings, variant) && !variant->has_given_way &&
                 strncmp(variant->owner, owner, sizeof variant->owner - 1) == 0;
    }
    return count;
}

static bool is_unused_for_longer(struct variant *variant, struct variant *than) {
    int64_t until_ns, than_until_ns = CLOCK_NEVER;
    topic_wanted(variant->topic, &until_ns);
    if (than != NULL) {
        topic_wanted(than->topic, &than_until_ns);
    }
    return until_ns < than_until_ns && !topic_is_shared(variant->topic);
}

static struct nameless find_nameless_locked(const struct variants *variants, const struct variant_order *order,
                                            const struct topic_settings *settings) REQUIRES(&variants->lock) {
    struct nameless found = {.own = count_owned_locked(variants, order, settings, order->client)};
    struct variant *variant;
    LIST_FOREACH (variant, &variants->list, in_variants) { /* the newest first */
        if (!counts(variants, order, settings, variant)) {
            continue;
        }
        if (variant->has_given_way) {
            found.giving_way++;
            continue;
        }
        found.count++;
        if (is_unused_for_longer(variant, found.unused)) {
            found.unused = variant;
        }
        if (strncmp(variant->owner, order->client, sizeof variant->owner - 1) == 0 &&
            is_unused_for_longer(variant, found.own_unused)) {
            found.own_unused = variant;
        }
        unsigned owned = variant->owner[0] != '\0' ? count_owned_locked(variants, order, settings, variant->owner) : 0;
        if (owned > found.excess_count) {
            found.excess = variant;
            found.excess_count = owned;
        }
    }
    return found;
}

/* Lets another variant give way, if the camera has as many without a name as it may. ERR_BUSY: none is unused or
 * beyond a client's share, or as many have given way and are still to be dropped. */
static enum err limit_nameless_locked(const struct variants *variants, const struct variant_order *order,
                                      const struct topic_settings *settings) REQUIRES(&variants->lock) {
    unsigned max = settings->max_variants;
    struct nameless nameless = find_nameless_locked(variants, order, settings);
    if (nameless.count < max) {
        return ERR_OK;
    }
    struct variant *variant = nameless.own_unused != NULL ? nameless.own_unused : nameless.unused;
    if (variant == NULL && nameless.excess_count >= nameless.own + 2) {
        variant = nameless.excess;
    }
    if (variant == NULL || nameless.giving_way >= max) {
        return ERR_BUSY;
    }
    variant->has_given_way = true;
    topic_close(variant->topic);
    return ERR_OK;
}

static enum err find_or_make_locked(struct variants *variants, const struct variant_order *order, struct variant **out)
    REQUIRES(&variants->lock) {
    struct variant *variant;
    LIST_FOREACH (variant, &variants->list, in_variants) {
        if (variant->source == order->source && !variant->has_given_way &&
            is_same(variants, &variant->request, order->request, order->source_width_px)) {
            *out = variant;
            return ERR_OK;
        }
    }
    struct topic_settings settings;
    topic_copy_settings(order->source, &settings);
    if (name_of(variants, &settings, order->request, order->source_width_px) == NULL &&
        limit_nameless_locked(variants, order, &settings) != ERR_OK) {
        return ERR_BUSY;
    }
    enum err error = variant_create(&variants->context, order->source, order->request, out);
    if (error == ERR_OK) {
        snprintf((*out)->owner, sizeof(*out)->owner, "%s", order->client);
        topic_on_demand((*out)->topic, on_demand, variants);
        LIST_INSERT_HEAD(&variants->list, *out, in_variants);
    }
    return error;
}

enum err variants_open(struct variants *variants, const char *client, struct topic *source,
                       const struct variant_request *request, struct topic **topic) {
    const struct variant_order order = {client, source, request, topic_width_px(source)};
    struct variant_request resolved = variants->context.converters->resolve(request, order.source_width_px);
    if (resolved.width_px == 0 && resolved.quality == 0 && !(request->fps > 0)) {
        *topic = topic_ref(source);
        return ERR_OK;
    }
    struct variant *variant;
    lock_acquire(&variants->lock);
    enum err error = variants->closed ? ERR_CLOSED : find_or_make_locked(variants, &order, &variant);
    if (error == ERR_OK) {
        *topic = topic_ref(variant->topic);
    }
    lock_release(&variants->lock);
    if (error == ERR_OK) {
        on_demand(variants); /* it has to be dropped even without subscribers */
    }
    return error;
}

/* ---- Snapshots ---- */

static enum err add_subscribers(struct topic_snapshot *snapshot, const struct topic_snapshot *of_variant) {
    size_t count = snapshot->subscriber_count + of_variant->subscriber_count;
    struct subscriber_snapshot *grown = realloc(snapshot->subscribers, (count + 1) * sizeof *grown);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    snapshot->subscribers = grown;
    for (size_t i = 0; i < of_variant->subscriber_count; i++) {
        struct subscriber_snapshot *subscriber = &grown[snapshot->subscriber_count++];
        *subscriber = of_variant->subscribers[i];
        subscriber->variant = snapshot->variant_count + 1;
    }
    return ERR_OK;
}

static enum err add_variant(struct topic_snapshot *snapshot, struct topic *topic, struct variant_snapshot variant) {
    struct variant_snapshot *grown =
        realloc(snapshot->variants, (snapshot->variant_count + 1) * sizeof *snapshot->variants);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    snapshot->variants = grown;
    struct topic_snapshot details;
    enum err error = topic_snapshot(topic, &details);
    if (error != ERR_OK) {
        return error;
    }
    variant.width_px = details.width_px;
    variant.height_px = details.height_px;
    variant.fps = details.captured_fps;
    variant.subscriber_count = details.subscriber_count;
    error = add_subscribers(snapshot, &details);
    topic_snapshot_finish(&details);
    if (error == ERR_OK) {
        snapshot->variants[snapshot->variant_count++] = variant;
    }
    return error;
}

enum err variants_add_to_snapshot(struct variants *variants, struct topic *source, struct topic_snapshot *snapshot) {
    uint32_t source_width_px = topic_width_px(source);
    enum err error = ERR_OK;
    lock_acquire(&variants->lock);
    struct variant *variant;
    LIST_FOREACH (variant, &variants->list, in_variants) {
        if (error == ERR_OK && variant->source == source && !variant->has_given_way) {
            struct variant_request resolved = variants->context.converters->resolve(&variant->request, source_width_px);
            const char *name = name_of(variants, &snapshot->settings, &variant->request, source_width_px);
            struct variant_snapshot shown = {.quality = (uint32_t)resolved.quality};
            snprintf(shown.name, sizeof shown.name, "%s", name != NULL ? name : "");
            error = add_variant(snapshot, variant->topic, shown);
        }
    }
    lock_release(&variants->lock);
    return error;
}
