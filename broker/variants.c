#include "broker/variants.h"

#include "broker/clock.h"
#include "broker/sync.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How soon to look again after a variant that cannot be dropped, or could not be woken, yet. */
#define RETRY_NS (200 * NS_PER_MS)

struct variants {
    struct variant_means means;
    pthread_t thread;
    /* Relaxed: the inbox's wake orders them. */
    atomic_bool demand_changed, stop;
    struct lock lock;
    bool closed GUARDED_BY(lock);
    /* Others add in front, the thread alone takes away: it may walk along `next` without the lock. */
    struct variant *first GUARDED_BY(lock);
    /* The thread's own. */
    int64_t look_at_ns; /* no variant changes by itself before */
};

/* ---- The thread ---- */

static void look_again(struct variants *variants, int64_t at_ns) {
    if (at_ns < variants->look_at_ns) {
        variants->look_at_ns = at_ns;
    }
}

/* Drops it, unless somebody has got hold of its topic. */
static bool drop(struct variants *variants, struct variant *variant) {
    lock_acquire(&variants->lock);
    bool unused = !topic_is_shared(variant->topic);
    if (unused) {
        struct variant **link = &variants->first;
        while (*link != variant) {
            link = &(*link)->next;
        }
        *link = variant->next;
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
    if (until_ns == CLOCK_NEVER) { /* somebody subscribes */
        settled = variant_is_awake(variant) || variant_wake(variant) == ERR_OK;
    } else {
        variant_sleep(variant);
        settled = wanted || drop(variants, variant);
    }
    int64_t again_ns = settled ? CLOCK_NEVER : clock_monotonic_ns() + RETRY_NS;
    look_again(variants, wanted && until_ns < again_ns ? until_ns : again_ns);
}

static void look_at_all(struct variants *variants) {
    variants->look_at_ns = CLOCK_NEVER;
    lock_acquire(&variants->lock);
    struct variant *variant = variants->first;
    lock_release(&variants->lock);
    for (struct variant *next; variant != NULL; variant = next) {
        next = variant->next;
        look_at(variants, variant);
    }
}

static void *serve(void *argument) {
    struct variants *variants = argument;
    struct inbox *inbox = variants->means.inbox;
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

/* Runs on the thread of whoever subscribes or leaves. */
static void on_demand(void *user) {
    struct variants *variants = user;
    atomic_store_explicit(&variants->demand_changed, true, memory_order_relaxed);
    inbox_wake(variants->means.inbox);
}

/* ---- Everybody else ---- */

enum err variants_create(const struct variant_means *means, struct variants **out) {
    struct variants *variants = calloc(1, sizeof *variants);
    if (variants == NULL) {
        return ERR_MEMORY;
    }
    variants->means = *means;
    variants->look_at_ns = CLOCK_NEVER;
    lock_init(&variants->lock);
    enum err error = inbox_create(&variants->means.inbox);
    if (error == ERR_OK) {
        error = thread_start(&variants->thread, "variants", 0, serve, variants);
    }
    if (error != ERR_OK) {
        inbox_destroy(&variants->means.inbox);
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
    inbox_wake(variants->means.inbox);
    pthread_join(variants->thread, NULL);
    while (variants->first != NULL) {
        struct variant *variant = variants->first;
        variants->first = variant->next;
        topic_on_demand(variant->topic, NULL, NULL);
        variant_destroy(&variant);
    }
    inbox_destroy(&variants->means.inbox);
    lock_finish(&variants->lock);
    free(variants);
}

void variants_close(struct variants *variants) {
    lock_acquire(&variants->lock);
    variants->closed = true;
    for (struct variant *variant = variants->first; variant != NULL; variant = variant->next) {
        topic_close(variant->topic);
    }
    lock_release(&variants->lock);
}

static bool is_same(const struct variants *variants, const struct variant_wish *a, const struct variant_wish *b,
                    uint32_t source_width_px) {
    struct variant_wish first = variants->means.converters->resolve(a, source_width_px);
    struct variant_wish second = variants->means.converters->resolve(b, source_width_px);
    return first.width_px == second.width_px && first.quality == second.quality && a->fps == b->fps;
}

/* The name that the camera's settings have for a wish; NULL: none. */
static const char *name_of(const struct variants *variants, const struct topic_settings *settings,
                           const struct variant_wish *wish, uint32_t source_width_px) {
    for (size_t i = 0; i < settings->variant_count; i++) {
        if (is_same(variants, &settings->variants[i].wish, wish, source_width_px)) {
            return settings->variants[i].name;
        }
    }
    return NULL;
}

/* The variants of a camera that have no name: those that count towards its limit, and those that have given way. */
struct nameless {
    unsigned count, giving_way;
    struct variant *unused; /* of those that count, the one that nobody uses for the longest time; NULL: all are used */
};

static struct nameless find_nameless_locked(const struct variants *variants, struct topic *source,
                                            const struct topic_settings *settings, uint32_t source_width_px)
    REQUIRES(&variants->lock) {
    struct nameless found = {.count = 0};
    int64_t soonest_ns = CLOCK_NEVER;
    for (struct variant *variant = variants->first; variant != NULL; variant = variant->next) {
        if (variant->source != source || name_of(variants, settings, &variant->wish, source_width_px) != NULL) {
            continue;
        }
        if (variant->has_given_way) {
            found.giving_way++;
            continue;
        }
        found.count++;
        int64_t until_ns;
        topic_wanted(variant->topic, &until_ns);
        if (until_ns < soonest_ns && !topic_is_shared(variant->topic)) {
            soonest_ns = until_ns;
            found.unused = variant;
        }
    }
    return found;
}

/* Makes room for one more without a name. ERR_BUSY: the camera has as many as it may, all of them in use; or as many
 * others have given way, and are still to be dropped. */
static enum err make_room_locked(const struct variants *variants, struct topic *source,
                                 const struct topic_settings *settings, uint32_t source_width_px)
    REQUIRES(&variants->lock) {
    unsigned most = settings->max_variants;
    struct nameless nameless = find_nameless_locked(variants, source, settings, source_width_px);
    if (nameless.count < most) {
        return ERR_OK;
    }
    if (nameless.unused == NULL || nameless.giving_way >= most) {
        return ERR_BUSY;
    }
    nameless.unused->has_given_way = true;
    return ERR_OK;
}

static enum err find_or_make_locked(struct variants *variants, struct topic *source, const struct variant_wish *wish,
                                    uint32_t source_width_px, struct variant **out) REQUIRES(&variants->lock) {
    for (struct variant *variant = variants->first; variant != NULL; variant = variant->next) {
        if (variant->source == source && !variant->has_given_way &&
            is_same(variants, &variant->wish, wish, source_width_px)) {
            *out = variant;
            return ERR_OK;
        }
    }
    const struct topic_settings settings = topic_settings(source);
    if (name_of(variants, &settings, wish, source_width_px) == NULL &&
        make_room_locked(variants, source, &settings, source_width_px) != ERR_OK) {
        return ERR_BUSY;
    }
    enum err error = variant_create(&variants->means, source, wish, out);
    if (error == ERR_OK) {
        topic_on_demand((*out)->topic, on_demand, variants);
        (*out)->next = variants->first;
        variants->first = *out;
    }
    return error;
}

enum err variants_open(struct variants *variants, struct topic *source, const struct variant_wish *wish,
                       struct topic **topic) {
    uint32_t source_width_px = topic_width_px(source);
    struct variant_wish resolved = variants->means.converters->resolve(wish, source_width_px);
    if (resolved.width_px == 0 && resolved.quality == 0 && !(wish->fps > 0)) {
        *topic = topic_ref(source);
        return ERR_OK;
    }
    struct variant *variant;
    lock_acquire(&variants->lock);
    enum err error =
        variants->closed ? ERR_CLOSED : find_or_make_locked(variants, source, wish, source_width_px, &variant);
    if (error == ERR_OK) {
        *topic = topic_ref(variant->topic);
    }
    lock_release(&variants->lock);
    if (error == ERR_OK) {
        on_demand(variants); /* even if nobody ever subscribes, it has to be dropped */
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
    for (struct variant *variant = variants->first; variant != NULL && error == ERR_OK; variant = variant->next) {
        if (variant->source == source && !variant->has_given_way) {
            struct variant_wish resolved = variants->means.converters->resolve(&variant->wish, source_width_px);
            const char *name = name_of(variants, &snapshot->settings, &variant->wish, source_width_px);
            struct variant_snapshot shown = {.quality = (uint32_t)resolved.quality};
            snprintf(shown.name, sizeof shown.name, "%s", name != NULL ? name : "");
            error = add_variant(snapshot, variant->topic, shown);
        }
    }
    lock_release(&variants->lock);
    return error;
}
