/* Topics with publishers at full speed, subscribers that come and go, waits, snapshots, changes of state, one topic
 * that is closed half-way and all of them at the end, while everything runs. */
#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "broker/broker.h"
#include "broker/inbox.h"
#include "broker/subscriber.h"
#include "broker/topic.h"
#include "broker/topic_demand.h"
#include "broker/topic_snapshot.h"
#include "tests/stress/stress.h"
#include "tests/topics.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>

#define TOPICS 4
#define READERS 3
#define VIEWERS_A_READER 16
#define WAITERS 2

/* One subscriber of a reader, and what it saw. */
struct viewer {
    struct subscriber *subscriber; /* NULL: this place is free */
    uint64_t first_position, last_position;
    uint64_t taken;
    uint64_t skipped_before_first;
};

static struct broker *broker;
static struct topic *topics[TOPICS];
static atomic_bool closed[TOPICS]; /* or about to be */
static atomic_ullong published, taken, joined, waited, snapshots, placeholders, demands;

static void count(atomic_ullong *counter) { atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); }

static unsigned topic_index(const struct topic *topic) {
    unsigned index = 0;
    while (topics[index] != topic) {
        index++;
    }
    return index;
}

static void on_demand(void *user) {
    topic_wanted(user, NULL);
    count(&demands);
}

static void *publish(void *argument) {
    struct topic *topic = argument;
    struct dice dice = stress_random();
    for (uint64_t sequence = 1; !stress_over(); sequence++) {
        struct frame *frame = stress_frame(broker_frame_pool(broker), sequence, &dice);
        topic_publish(topic, &frame);
        REQUIRE(frame == NULL);
        count(&published);
    }
    return NULL;
}

/* Publishes states and their placeholders, in competition with the publishers. */
static void *change_states(void *unused) {
    (void)unused;
    static const enum camera_state states[] = {STATE_IDLE, STATE_STARTING, STATE_STALE, STATE_OFFLINE};
    struct dice dice = stress_random();
    while (!stress_over()) {
        struct topic *topic = topics[dice_roll(&dice, TOPICS)];
        struct frame *placeholder = stress_frame(broker_frame_pool(broker), 0, &dice);
        uint64_t change = topic_set_state(topic, states[dice_roll(&dice, 4)], "for the test");
        topic_publish_placeholder(topic, &placeholder, change);
        REQUIRE(placeholder == NULL);
        count(&placeholders);
        struct pollfd nothing = {.fd = -1};
        poll(&nothing, 1, 1);
    }
    return NULL;
}

/* What the broker itself counts for a subscriber. */
static struct subscriber_snapshot counts_of(struct subscriber *subscriber) {
    struct topic_snapshot snapshot;
    struct subscriber_snapshot counts = {0};
    REQUIRE(topic_snapshot(subscriber_topic(subscriber), &snapshot) == ERR_OK);
    for (size_t i = 0; i < snapshot.subscriber_count; i++) {
        if (snapshot.subscribers[i].id == subscriber_id(subscriber)) {
            counts = snapshot.subscribers[i];
        }
    }
    topic_snapshot_finish(&snapshot);
    REQUIRE(counts.id != 0);
    return counts;
}

static void viewer_join(struct viewer *viewer, struct inbox *inbox, unsigned index) {
    struct subscriber_settings settings = {.remote = "127.0.0.1:1", .route = "stress", .user = viewer};
    *viewer = (struct viewer){0};
    enum err error = subscriber_create(topics[index], inbox, &settings, &viewer->subscriber);
    REQUIRE(error == ERR_OK || (error == ERR_CLOSED && atomic_load(&closed[index])));
    if (error == ERR_OK) {
        count(&joined);
    }
}

static void viewer_leave(struct viewer *viewer) {
    if (viewer->taken > 0) {
        struct subscriber_snapshot counts = counts_of(viewer->subscriber);
        REQUIRE(counts.sent == viewer->taken);
        REQUIRE(counts.sent + counts.skipped - viewer->skipped_before_first ==
                viewer->last_position - viewer->first_position + 1);
    }
    subscriber_destroy(&viewer->subscriber);
}

static void viewer_take(struct viewer *viewer) {
    struct frame *frame;
    enum err error = subscriber_take(viewer->subscriber, &frame);
    if (error == ERR_CLOSED) {
        REQUIRE(atomic_load(&closed[topic_index(subscriber_topic(viewer->subscriber))]));
        viewer_leave(viewer);
        return;
    }
    if (error == ERR_BUSY) {
        return; /* the ring was emptied after the wake */
    }
    REQUIRE(error == ERR_OK);
    stress_check_frame(frame);
    uint64_t position = frame_info(frame)->position;
    REQUIRE(position > viewer->last_position);
    viewer->last_position = position;
    subscriber_count_sent(viewer->subscriber, 1, frame_part(frame).count);
    frame_unref(&frame);
    if (viewer->taken++ == 0) {
        viewer->first_position = position;
        viewer->skipped_before_first = counts_of(viewer->subscriber).skipped;
    }
    count(&taken);
}

static void *read_inbox(void *unused) {
    (void)unused;
    struct dice dice = stress_random();
    struct viewer viewers[VIEWERS_A_READER] = {0};
    struct inbox *inbox;
    REQUIRE(inbox_create(&inbox) == ERR_OK);
    while (!stress_over()) {
        struct viewer *viewer = &viewers[dice_roll(&dice, VIEWERS_A_READER)];
        if (viewer->subscriber == NULL) {
            viewer_join(viewer, inbox, dice_roll(&dice, TOPICS));
        } else if (dice_roll(&dice, 20) == 0) {
            viewer_leave(viewer);
        }
        struct pollfd news = {.fd = inbox_fd(inbox), .events = POLLIN};
        poll(&news, 1, 5);
        inbox_begin(inbox);
        struct subscriber *subscriber;
        while ((subscriber = inbox_next(inbox)) != NULL) {
            viewer = subscriber_user(subscriber);
            REQUIRE(viewer->subscriber == subscriber);
            viewer_take(viewer);
            if (viewer->subscriber != NULL && dice_roll(&dice, 50) == 0) {
                viewer_leave(viewer);
            }
        }
    }
    for (int i = 0; i < VIEWERS_A_READER; i++) {
        if (viewers[i].subscriber != NULL) {
            viewer_leave(&viewers[i]);
        }
    }
    inbox_destroy(&inbox);
    return NULL;
}

static void *wait_for_fresh(void *unused) {
    (void)unused;
    struct subscriber_settings settings = {.remote = "127.0.0.1:2", .route = "stress"};
    struct dice dice = stress_random();
    while (!stress_over()) {
        unsigned index = dice_roll(&dice, TOPICS);
        struct subscriber *subscriber;
        enum err error = subscriber_create(topics[index], NULL, &settings, &subscriber);
        if (error == ERR_CLOSED) {
            REQUIRE(atomic_load(&closed[index]));
            continue;
        }
        REQUIRE(error == ERR_OK);
        int64_t now_ns = clock_monotonic_ns();
        int64_t from_ns = now_ns - dice_roll(&dice, 2 * NS_PER_MS);
        int64_t deadline_ns = now_ns + dice_roll(&dice, 5 * NS_PER_MS);
        struct frame *frame;
        bool or_failure = dice_roll(&dice, 2) == 0;
        error = subscriber_wait(subscriber, from_ns, or_failure, deadline_ns, &frame);
        REQUIRE(error == ERR_OK || error == ERR_TIMEOUT || error == ERR_CLOSED);
        if (error == ERR_OK) {
            stress_check_frame(frame);
            const struct frame_info *info = frame_info(frame);
            bool fresh = info->state == STATE_LIVE && info->captured_monotonic_ns >= from_ns;
            bool failure = info->state == STATE_STALE || info->state == STATE_OFFLINE;
            REQUIRE(fresh || (or_failure && failure));
            frame_unref(&frame);
            count(&waited);
        } else {
            REQUIRE(error == ERR_TIMEOUT ? clock_monotonic_ns() >= deadline_ns : atomic_load(&closed[index]));
        }
        subscriber_destroy(&subscriber);
    }
    return NULL;
}

static void *take_snapshots(void *unused) {
    (void)unused;
    uint64_t published_before[TOPICS] = {0};
    while (!stress_over()) {
        struct broker_snapshot snapshot;
        REQUIRE(broker_snapshot(broker, &snapshot) == ERR_OK);
        REQUIRE(snapshot.topic_count == TOPICS);
        for (int i = 0; i < TOPICS; i++) {
            const struct topic_snapshot *topic = &snapshot.topics[i];
            REQUIRE(topic->published >= published_before[i]);
            REQUIRE(topic->published == topic->last_sequence);
            published_before[i] = topic->published;
        }
        broker_snapshot_finish(&snapshot);
        count(&snapshots);
    }
    return NULL;
}

static void close_half_way_and_at_the_end(void) {
    stress_wait_for(0.5);
    atomic_store(&closed[0], true);
    topic_close(topics[0]);
    stress_wait_for(0.95);
    for (int i = 0; i < TOPICS; i++) {
        atomic_store(&closed[i], true);
    }
    broker_close(broker);
}

static void create_broker(void) {
    REQUIRE(broker_create(&(struct broker_settings){.workers = 1}, &broker) == ERR_OK);
    for (int i = 0; i < TOPICS; i++) {
        struct topic_settings settings = {
            .source = "stress", .ring_frames = 1u << i, .idle_timeout_ns = NS_PER_MS, .on_demand = true};
        snprintf(settings.id, sizeof settings.id, "topic-%d", i);
        REQUIRE(add_topic(broker, &settings, &topics[i]) == ERR_OK);
        topic_on_demand(topics[i], on_demand, topics[i]);
    }
}

/* A frame of each topic that still has one outlives the broker; nothing else does. */
static void destroy_broker(void) {
    struct frame *held[TOPICS];
    size_t held_count = 0;
    for (int i = 0; i < TOPICS; i++) {
        held[i] = topic_newest(topics[i]);
        held_count += held[i] != NULL;
        topic_set_state(topics[i], STATE_IDLE, NULL);
        REQUIRE(topic_newest(topics[i]) == NULL);
        topic_on_demand(topics[i], NULL, NULL);
        topic_unref(&topics[i]);
    }
    REQUIRE(stress_frames_in_use(broker_frame_pool(broker)) == held_count);
    broker_destroy(&broker);
    for (int i = 0; i < TOPICS; i++) {
        if (held[i] != NULL) {
            stress_check_frame(held[i]);
            frame_unref(&held[i]);
        }
    }
}

int main(int argc, char **argv) {
    stress_begin(argc, argv);
    create_broker();
    pthread_t threads[TOPICS + READERS + WAITERS + 2];
    int started = 0;
    for (int i = 0; i < TOPICS; i++) {
        REQUIRE(thread_start(&threads[started++], "publisher", 0, publish, topics[i]) == ERR_OK);
    }
    for (int i = 0; i < READERS; i++) {
        REQUIRE(thread_start(&threads[started++], "reader", 0, read_inbox, NULL) == ERR_OK);
    }
    for (int i = 0; i < WAITERS; i++) {
        REQUIRE(thread_start(&threads[started++], "waiter", 0, wait_for_fresh, NULL) == ERR_OK);
    }
    REQUIRE(thread_start(&threads[started++], "states", 0, change_states, NULL) == ERR_OK);
    REQUIRE(thread_start(&threads[started++], "snapshots", 0, take_snapshots, NULL) == ERR_OK);
    close_half_way_and_at_the_end();
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    destroy_broker();
    REQUIRE(taken > 0 && joined > 0 && waited > 0 && snapshots > 0 && placeholders > 0 && demands > 0);
    printf("%llu published, %llu taken by %llu viewers, %llu waited for, %llu placeholders, %llu snapshots\n",
           published, taken, joined, waited, placeholders, snapshots);
    return 0;
}
