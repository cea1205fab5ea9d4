/* Variants that are asked for, watched and left by many threads, while the cameras publish, change their states and
 * are closed, half-way one of them and at the end all. */
#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "broker/broker.h"
#include "broker/subscriber.h"
#include "tests/stress/stress.h"
#include "tests/topics.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAMERAS 3
#define VIEWERS 6
#define WIDTHS 5
#define MAX_VARIANTS 3

static struct broker *broker;
static struct topic *cameras[CAMERAS];
static atomic_bool closed[CAMERAS]; /* or about to be */
static atomic_llong converters;
static atomic_ullong published, opened, refused, taken, snapshots;

static void count(atomic_ullong *counter) { atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); }

/* ---- A converter that copies, slowly now and then ---- */

struct copier {
    struct frame_pool *pool;
    atomic_bool busy;
};

static struct variant_request resolve(const struct variant_request *request, uint32_t source_width_px) {
    (void)source_width_px;
    return *request;
}

static enum err create(struct frame_pool *pool, const struct variant_request *request, void **converter) {
    (void)request;
    struct copier *copier = calloc(1, sizeof *copier);
    REQUIRE(copier != NULL);
    copier->pool = pool;
    atomic_fetch_add(&converters, 1);
    *converter = copier;
    return ERR_OK;
}

static enum err convert(void *converter, const struct frame *source, const struct work_limit *limit,
                        struct frame **derived) {
    (void)limit;
    struct copier *copier = converter;
    REQUIRE(!atomic_exchange(&copier->busy, true));
    stress_check_frame(source);
    struct span payload = frame_payload(source);
    REQUIRE(frame_create(copier->pool, frame_capacity(source), derived) == ERR_OK);
    memcpy(frame_data(*derived), payload.bytes, payload.count);
    frame_set_size(*derived, payload.count);
    *frame_edit_info(*derived) = *frame_info(source);
    if (frame_info(source)->sequence % 16 == 0) {
        struct pollfd nothing = {.fd = -1};
        poll(&nothing, 1, 1);
    }
    REQUIRE(atomic_exchange(&copier->busy, false));
    return ERR_OK;
}

static void destroy(void *converter) {
    struct copier *copier = converter;
    if (copier != NULL) {
        REQUIRE(!atomic_load(&copier->busy));
        atomic_fetch_sub(&converters, 1);
        free(copier);
    }
}

static const struct converter_ops copying = {
    .resolve = resolve, .create = create, .convert = convert, .destroy = destroy};

/* ---- Threads ---- */

static void *publish(void *argument) {
    struct topic *camera = argument;
    struct dice dice = stress_random();
    for (uint64_t sequence = 1; !stress_over(); sequence++) {
        struct frame *frame = stress_frame(broker_frame_pool(broker), sequence, &dice);
        topic_publish(camera, &frame);
        count(&published);
        if (dice_roll(&dice, 50) == 0) {
            struct frame *placeholder = stress_frame(broker_frame_pool(broker), 0, &dice);
            uint64_t change = topic_set_state(camera, STATE_OFFLINE, "for the test");
            topic_publish_placeholder(camera, &placeholder, change);
        }
        struct pollfd nothing = {.fd = -1};
        poll(&nothing, 1, (int)dice_roll(&dice, 2));
    }
    return NULL;
}

static void watch(struct topic *topic, unsigned camera, struct dice *dice) {
    struct subscriber_settings settings = {.remote = "127.0.0.1:1", .route = "stress"};
    struct subscriber *subscriber;
    enum err error = subscriber_create(topic, NULL, &settings, &subscriber);
    if (error == ERR_CLOSED) {
        REQUIRE(atomic_load(&closed[camera]));
        return;
    }
    REQUIRE(error == ERR_OK);
    uint64_t last_position = 0;
    for (unsigned i = dice_roll(dice, 10); i > 0; i--) {
        struct frame *frame;
        int64_t now_ns = clock_monotonic_ns();
        error = subscriber_wait(subscriber, now_ns - 20 * NS_PER_MS, dice_roll(dice, 2) == 0,
                                now_ns + dice_roll(dice, 30 * NS_PER_MS), &frame);
        if (error == ERR_OK) {
            stress_check_frame(frame);
            REQUIRE(frame_info(frame)->position >= last_position);
            last_position = frame_info(frame)->position;
            frame_unref(&frame);
            count(&taken);
        }
        REQUIRE(error != ERR_CLOSED || atomic_load(&closed[camera]));
    }
    subscriber_destroy(&subscriber);
}

static void *view(void *unused) {
    (void)unused;
    struct dice dice = stress_random();
    while (!stress_over()) {
        unsigned camera = dice_roll(&dice, CAMERAS);
        struct variant_request request = {.width_px = 100 * dice_roll(&dice, WIDTHS),
                                          .fps = dice_roll(&dice, 2) * 100.0};
        struct topic *topic = NULL;
        enum err error = broker_open_variant(broker, cameras[camera], &request, &topic);
        if (error != ERR_OK) {
            REQUIRE(error == ERR_BUSY || (error == ERR_CLOSED && atomic_load(&closed[camera])));
            count(&refused);
            continue;
        }
        count(&opened);
        if (dice_roll(&dice, 8) != 0) {
            watch(topic, camera, &dice);
        }
        topic_unref(&topic);
    }
    return NULL;
}

static void *take_snapshots(void *unused) {
    (void)unused;
    while (!stress_over()) {
        struct broker_snapshot snapshot;
        REQUIRE(broker_snapshot(broker, &snapshot) == ERR_OK);
        for (size_t i = 0; i < snapshot.topic_count; i++) {
            const struct topic_snapshot *topic = &snapshot.topics[i];
            REQUIRE(topic->variant_count <= MAX_VARIANTS);
            for (size_t j = 0; j < topic->subscriber_count; j++) {
                REQUIRE(topic->subscribers[j].variant <= topic->variant_count);
            }
        }
        broker_snapshot_finish(&snapshot);
        count(&snapshots);
    }
    return NULL;
}

static void create_broker(void) {
    REQUIRE(broker_create(&(struct broker_settings){.workers = 2, .converters = &copying}, &broker) == ERR_OK);
    for (int i = 0; i < CAMERAS; i++) {
        struct topic_settings settings = {.source = "stress",
                                          .ring_frames = 4,
                                          .idle_timeout_ns = i * 10 * NS_PER_MS,
                                          .on_demand = true,
                                          .max_variants = MAX_VARIANTS};
        snprintf(settings.id, sizeof settings.id, "camera-%d", i);
        REQUIRE(add_topic(broker, &settings, &cameras[i]) == ERR_OK);
    }
}

static void close_half_way_and_at_the_end(void) {
    stress_wait_for(0.5);
    atomic_store(&closed[0], true);
    topic_close(cameras[0]);
    stress_wait_for(0.95);
    for (int i = 0; i < CAMERAS; i++) {
        atomic_store(&closed[i], true);
    }
    broker_close(broker);
}

int main(int argc, char **argv) {
    stress_begin(argc, argv);
    create_broker();
    pthread_t threads[CAMERAS + VIEWERS + 1];
    int started = 0;
    for (int i = 0; i < CAMERAS; i++) {
        REQUIRE(thread_start(&threads[started++], "publisher", 0, publish, cameras[i]) == ERR_OK);
    }
    for (int i = 0; i < VIEWERS; i++) {
        REQUIRE(thread_start(&threads[started++], "viewer", 0, view, NULL) == ERR_OK);
    }
    REQUIRE(thread_start(&threads[started++], "snapshots", 0, take_snapshots, NULL) == ERR_OK);
    close_half_way_and_at_the_end();
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < CAMERAS; i++) {
        topic_unref(&cameras[i]);
    }
    broker_destroy(&broker);
    REQUIRE(atomic_load(&converters) == 0);
    REQUIRE(published > 0 && opened > 0 && refused > 0 && taken > 0 && snapshots > 0);
    printf("%llu published, %llu variants opened and %llu refused, %llu frames taken, %llu snapshots\n", published,
           opened, refused, taken, snapshots);
    return 0;
}
