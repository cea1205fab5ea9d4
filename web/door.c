#include "web/door.h"

#include "broker/clock.h"
#include "broker/sync.h"
#include "web/socket.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#define HEAD_WITHIN_NS (100 * NS_PER_MS)
#define TRANSFER_WITHIN_NS (2 * NS_PER_S)

/* civetweb does not tell whose connection a worker has before the head of its request is there. So a connection of ours
 * that no visit claims is one whose head is waited for, and how long is seen from look to look. */
struct visit {
    struct door *door;
    /* Guarded by the door's lock: */
    uint64_t client;        /* 0: not claimed */
    int64_t waits_since_ns; /* 0: it works */
};

/* A client at one look. */
struct sight {
    uint64_t client;
    int64_t since_ns; /* when it began to keep its worker waiting; 0: it does not */
};

struct sights {
    struct sight *list; /* room for one a worker and as many in civetweb's queue */
    size_t count;
};

struct door {
    unsigned spare;
    struct lock lock;
    struct condition changed;
    struct visit *visits; /* one a worker */
    unsigned worker_count;
    unsigned places_given GUARDED_BY(lock);
    unsigned visitors GUARDED_BY(lock); /* between begin and end */
    uint16_t port GUARDED_BY(lock);
    uint64_t visits_over GUARDED_BY(lock);
    bool stopping GUARDED_BY(lock);
    _Atomic uint64_t ended; /* relaxed: a count */
    pthread_t keeper;

    /* The keeper's own: */
    size_t room; /* in each of these */
    struct sights claimed, silent, silent_before;
};

/* ---- Looking ---- */

static int compare_sights(const void *left, const void *right) {
    uint64_t a = ((const struct sight *)left)->client, b = ((const struct sight *)right)->client;
    return a < b ? -1 : a > b;
}

static const struct sight *find_sight(const struct sights *sights, uint64_t client) {
    struct sight key = {.client = client};
    return bsearch(&key, sights->list, sights->count, sizeof key, compare_sights);
}

static void sort_sights(struct sights *sights) {
    qsort(sights->list, sights->count, sizeof *sights->list, compare_sights);
}

static void list_claimed_locked(struct door *door) REQUIRES(&door->lock) {
    door->claimed.count = 0;
    for (unsigned i = 0; i < door->places_given; i++) {
        const struct visit *visit = &door->visits[i];
        if (visit->client != 0) {
            door->claimed.list[door->claimed.count++] = (struct sight){visit->client, visit->waits_since_ns};
        }
    }
}

/* Whether a connection has to go; remembers those that nobody claims until the next look. */
static bool is_overdue(struct door *door, int fd, uint64_t client, int64_t now_ns) {
    const struct sight *claimed = find_sight(&door->claimed, client);
    if (claimed != NULL) {
        return claimed->since_ns != 0 && claimed->since_ns + TRANSFER_WITHIN_NS <= now_ns;
    }
    if (socket_has_head(fd)) {
        return false; /* it waits for a worker, not a worker for it */
    }
    const struct sight *before = find_sight(&door->silent_before, client);
    int64_t since_ns = before != NULL ? before->since_ns : now_ns;
    if (door->silent.count < door->room) {
        door->silent.list[door->silent.count++] = (struct sight){client, since_ns};
    }
    return since_ns + HEAD_WITHIN_NS <= now_ns;
}

static void look_at(int fd, uint64_t client, void *user) {
    struct door *door = user;
    if (is_overdue(door, fd, client, clock_monotonic_ns())) {
        atomic_fetch_add_explicit(&door->ended, 1, memory_order_relaxed);
        shutdown(fd, SHUT_RDWR);
    }
}

/* Nobody else uses what this one writes; the lock is only for what it is told of. */
static void look(struct door *door, uint16_t port) {
    struct sights before = door->silent_before;
    door->silent_before = door->silent;
    door->silent = before;
    door->silent.count = 0;
    sort_sights(&door->claimed);
    socket_each_connection(port, look_at, door);
    sort_sights(&door->silent);
}

static bool workers_run_short_locked(const struct door *door) REQUIRES(&door->lock) {
    return door->port != 0 && door->visitors + door->spare > door->worker_count;
}

static void *keep_door(void *argument) {
    struct door *door = argument;
    lock_acquire(&door->lock);
    while (!door->stopping) {
        if (!workers_run_short_locked(door)) {
            door->silent.count = 0; /* what was seen long ago says nothing about the next rush */
            condition_wait(&door->changed, &door->lock);
            continue;
        }
        uint16_t port = door->port;
        list_claimed_locked(door);
        lock_release(&door->lock);
        look(door, port);
        lock_acquire(&door->lock);
        int64_t next_ns = clock_monotonic_ns() + HEAD_WITHIN_NS;
        while (!door->stopping && condition_wait_until(&door->changed, &door->lock, next_ns)) {
        }
    }
    lock_release(&door->lock);
    return NULL;
}

/* ---- The door ---- */

static void free_door(struct door *door) {
    free(door->visits);
    free(door->claimed.list);
    free(door->silent.list);
    free(door->silent_before.list);
    condition_finish(&door->changed);
    lock_finish(&door->lock);
    free(door);
}

enum err door_create(unsigned workers, unsigned spare, struct door **out) {
    struct door *door = calloc(1, sizeof *door);
    if (door == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&door->lock);
    condition_init(&door->changed);
    door->spare = spare;
    door->worker_count = workers;
    door->room = 2 * (size_t)workers;
    door->visits = calloc(workers, sizeof *door->visits);
    door->claimed.list = calloc(door->room, sizeof *door->claimed.list);
    door->silent.list = calloc(door->room, sizeof *door->silent.list);
    door->silent_before.list = calloc(door->room, sizeof *door->silent_before.list);
    bool have_all = door->visits != NULL && door->claimed.list != NULL && door->silent.list != NULL &&
                    door->silent_before.list != NULL;
    enum err error = have_all ? thread_start(&door->keeper, "door", 0, keep_door, door) : ERR_MEMORY;
    if (error != ERR_OK) {
        free_door(door);
        return error;
    }
    *out = door;
    return ERR_OK;
}

void door_destroy(struct door **door_pointer) {
    struct door *door = *door_pointer;
    *door_pointer = NULL;
    if (door == NULL) {
        return;
    }
    lock_acquire(&door->lock);
    door->stopping = true;
    condition_signal(&door->changed);
    lock_release(&door->lock);
    pthread_join(door->keeper, NULL);
    free_door(door);
}

void door_set_port(struct door *door, uint16_t port) {
    lock_acquire(&door->lock);
    door->port = port;
    condition_signal(&door->changed);
    lock_release(&door->lock);
}

uint64_t door_ended_count(struct door *door) { return atomic_load_explicit(&door->ended, memory_order_relaxed); }

uint64_t door_visit_count(struct door *door) {
    lock_acquire(&door->lock);
    uint64_t count = door->visits_over;
    lock_release(&door->lock);
    return count;
}

struct visit *door_place(struct door *door) {
    struct visit *visit = NULL;
    lock_acquire(&door->lock);
    if (door->places_given < door->worker_count) {
        visit = &door->visits[door->places_given++];
        visit->door = door;
    }
    lock_release(&door->lock);
    return visit;
}

/* ---- Visits ---- */

void visit_begin(struct visit *visit) {
    if (visit == NULL) {
        return;
    }
    struct door *door = visit->door;
    lock_acquire(&door->lock);
    bool ran_short = workers_run_short_locked(door);
    door->visitors++;
    if (!ran_short && workers_run_short_locked(door)) {
        condition_signal(&door->changed);
    }
    lock_release(&door->lock);
}

static void set_visit(struct visit *visit, uint64_t client, int64_t waits_since_ns) {
    lock_acquire(&visit->door->lock);
    visit->client = client;
    visit->waits_since_ns = waits_since_ns;
    lock_release(&visit->door->lock);
}

void visit_serve(struct visit *visit, uint64_t client) {
    if (visit != NULL) {
        set_visit(visit, client, 0);
    }
}

void visit_wait(struct visit *visit) {
    if (visit != NULL) {
        set_visit(visit, visit->client, clock_monotonic_ns());
    }
}

void visit_work(struct visit *visit) {
    if (visit != NULL) {
        set_visit(visit, visit->client, 0);
    }
}

void visit_end(struct visit *visit) {
    if (visit == NULL) {
        return;
    }
    set_visit(visit, 0, 0);
    lock_acquire(&visit->door->lock);
    visit->door->visitors--;
    visit->door->visits_over++;
    lock_release(&visit->door->lock);
}
