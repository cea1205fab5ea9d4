#define _GNU_SOURCE /* gettid, struct tcp_info */
#include "web/http/reaper.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "web/http/connections.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_WITHIN_NS (100 * NS_PER_MS)
#define BODY_WITHIN_NS (2 * NS_PER_S)
/* Beyond its address's share a connection may wait only for so long. */
#define BEYOND_SHARE_NS (10 * NS_PER_MS)
/* How long a head that may have been read is waited for while a worker that may have it has no processor. */
#define STARVED_WITHIN_NS NS_PER_S
/* The pause between two scans: short while a scan ends connections, as those behind them come in then. */
#define PAUSE_NS (10 * NS_PER_MS)
#define BUSY_PAUSE_NS (2 * NS_PER_MS)
#define HEAD_MAX_BYTES 8192 /* civetweb's max_request_size */

/* civetweb does not say whose connection a worker has before the head of its request has arrived. So a connection that
 * no visit claims is one whose head is waited for, and how long is seen from scan to scan. Or its worker has read the
 * head and not got a processor since, which on a busy machine takes longer than a silent client may: so none is ended
 * of which something has been read while there is such a worker. */
struct visit {
    struct reaper *reaper;
    pid_t thread;
    /* Guarded by the reaper's lock: */
    bool has_begun;
    uint64_t client;        /* 0: not claimed */
    int64_t waits_since_ns; /* 0: it works */
};

/* A client at one scan. */
struct sighting {
    uint64_t client;
    int64_t since_ns; /* when it began to keep its worker waiting; 0: it does not */
};

struct sightings {
    struct sighting *list; /* capacity for those of the workers and of the queue */
    size_t count;
};

/* How many connections of one address keep workers waiting. */
struct share {
    uint32_t address;
    unsigned count;
};

struct reaper {
    struct connections *connections;
    unsigned spare;
    unsigned worker_count;
    struct lock lock;
    struct condition changed;
    struct visit *visits; /* one a worker */
    unsigned visits_given GUARDED_BY(lock);
    unsigned busy_workers GUARDED_BY(lock);
    uint64_t visits_over GUARDED_BY(lock);
    bool stopping GUARDED_BY(lock);
    void (*on_silence)(void *user) GUARDED_BY(lock); /* NULL: nobody asks */
    void *user GUARDED_BY(lock);
    _Atomic uint64_t ended; /* relaxed: a count */
    pthread_t thread;

    /* The thread's own: */
    size_t capacity; /* of each of these */
    struct sightings claimed, silent, silent_before;
    struct share *shares;
    size_t share_count;
    bool has_ended_silent; /* the scan */
    pid_t *heads_awaited;  /* threads of the workers that claim nothing */
    size_t heads_awaited_count;
    bool is_starved, knows_starved; /* one of these has no processor; found out when a scan asks */
};

/* ---- Scanning ---- */

static int compare_sightings(const void *left, const void *right) {
    uint64_t a = ((const struct sighting *)left)->client, b = ((const struct sighting *)right)->client;
    return a < b ? -1 : a > b;
}

static const struct sighting *find_sighting(const struct sightings *sightings, uint64_t client) {
    struct sighting key = {.client = client};
    return bsearch(&key, sightings->list, sightings->count, sizeof key, compare_sightings);
}

static void sort_sightings(struct sightings *sightings) {
    qsort(sightings->list, sightings->count, sizeof *sightings->list, compare_sightings);
}

static void list_visits_locked(struct reaper *reaper) REQUIRES(&reaper->lock) {
    reaper->claimed.count = reaper->heads_awaited_count = 0;
    for (unsigned i = 0; i < reaper->visits_given; i++) {
        const struct visit *visit = &reaper->visits[i];
        if (visit->client != 0) {
            reaper->claimed.list[reaper->claimed.count++] = (struct sighting){visit->client, visit->waits_since_ns};
        } else if (visit->has_begun) {
            reaper->heads_awaited[reaper->heads_awaited_count++] = visit->thread;
        }
    }
}

/* Counts a connection that keeps a worker waiting. False: its address has its share already. */
static bool is_within_share(struct reaper *reaper, uint64_t client) {
    uint32_t address = (uint32_t)(client >> 16);
    size_t i = 0;
    while (i < reaper->share_count && reaper->shares[i].address != address) {
        i++;
    }
    if (i == reaper->share_count && i < reaper->capacity) {
        reaper->shares[reaper->share_count++] = (struct share){.address = address};
    }
    return i < reaper->capacity && reaper->shares[i].count++ < reaper->spare;
}

/* What has arrived of a request, and has not been read. */
enum arrival { ARRIVED_NOTHING, ARRIVED_PART_OF_HEAD, ARRIVED_HEAD };

static enum arrival look_at_arrival(int fd) {
    char head[HEAD_MAX_BYTES];
    ssize_t count = recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    for (ssize_t i = 3; i < count; i++) {
        if (memcmp(head + i - 3, "\r\n\r\n", 4) == 0) {
            return ARRIVED_HEAD;
        }
    }
    return count > 0 ? ARRIVED_PART_OF_HEAD : ARRIVED_NOTHING;
}

/* Since when a connection is silent that no visit claims, and whose head has not arrived: remembered until the next
 * scan. */
static int64_t silent_since_ns(struct reaper *reaper, uint64_t client, int64_t now_ns) {
    const struct sighting *before = find_sighting(&reaper->silent_before, client);
    int64_t since_ns = before != NULL ? before->since_ns : now_ns;
    if (reaper->silent.count < reaper->capacity) {
        reaper->silent.list[reaper->silent.count++] = (struct sighting){client, since_ns};
    }
    return since_ns;
}

/* Whether a thread of ours runs or waits for a processor: proc(5), the state in /proc/PID/stat. */
static bool is_runnable(pid_t thread) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", (long)thread);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    text[count > 0 ? count : 0] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && strncmp(name_end, ") R", 3) == 0;
}

static bool a_worker_is_starved(struct reaper *reaper) {
    for (size_t i = 0; i < reaper->heads_awaited_count && !reaper->knows_starved; i++) {
        reaper->is_starved = reaper->is_starved || is_runnable(reaper->heads_awaited[i]);
    }
    reaper->knows_starved = true;
    return reaper->is_starved;
}

static bool has_been_read(int fd) {
    uint64_t count;
    return connections_read_bytes(fd, &count) == ERR_OK && count > 0;
}

static bool has_to_end(struct reaper *reaper, int fd, uint64_t client, int64_t now_ns) {
    const struct sighting *claimed = find_sighting(&reaper->claimed, client);
    if (claimed != NULL && claimed->since_ns == 0) {
        return false; /* its worker works */
    }
    /* What has arrived whole waits for a worker, not a worker for it: also where another connection of the same
     * client's address and port, to another address of ours, is the one that is claimed. */
    enum arrival arrival = look_at_arrival(fd);
    if (arrival == ARRIVED_HEAD) {
        return false;
    }
    int64_t since_ns = claimed != NULL ? claimed->since_ns : silent_since_ns(reaper, client, now_ns);
    const bool is_within = is_within_share(reaper, client);
    if (claimed != NULL) {
        return since_ns + (is_within ? BODY_WITHIN_NS : BEYOND_SHARE_NS) <= now_ns;
    }
    if (arrival == ARRIVED_PART_OF_HEAD && !is_within) {
        return true; /* a head that comes in pieces */
    }
    return since_ns + (is_within ? HEAD_WITHIN_NS : BEYOND_SHARE_NS) <= now_ns &&
           (since_ns + STARVED_WITHIN_NS <= now_ns || arrival == ARRIVED_PART_OF_HEAD || !has_been_read(fd) ||
            !a_worker_is_starved(reaper));
}

/* Ended by an earlier scan; its worker, or the one that takes it from civetweb's queue, has yet to notice. */
static bool is_shut(int fd) {
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state != TCP_ESTABLISHED &&
           info.tcpi_state != TCP_CLOSE_WAIT;
}

static void scan_connection(int fd, uint64_t client, void *user) {
    struct reaper *reaper = user;
    if (!is_shut(fd) && has_to_end(reaper, fd, client, clock_monotonic_ns())) {
        atomic_fetch_add_explicit(&reaper->ended, 1, memory_order_relaxed);
        reaper->has_ended_silent |= find_sighting(&reaper->claimed, client) == NULL;
        shutdown(fd, SHUT_RDWR);
    }
}

/* The thread alone uses what this writes; the lock is for the visits. Returns how many connections were ended. */
static uint64_t scan(struct reaper *reaper) {
    uint64_t ended_before = reaper_ended_count(reaper);
    struct sightings before = reaper->silent_before;
    reaper->silent_before = reaper->silent;
    reaper->silent = before;
    reaper->silent.count = reaper->share_count = 0;
    reaper->has_ended_silent = reaper->is_starved = reaper->knows_starved = false;
    sort_sightings(&reaper->claimed);
    connections_each(reaper->connections, scan_connection, reaper);
    sort_sightings(&reaper->silent);
    return reaper_ended_count(reaper) - ended_before;
}

static bool workers_run_short_locked(const struct reaper *reaper) REQUIRES(&reaper->lock) {
    return reaper->busy_workers + reaper->spare > reaper->worker_count;
}

static void *reap(void *argument) {
    struct reaper *reaper = argument;
    lock_acquire(&reaper->lock);
    while (!reaper->stopping) {
        if (!workers_run_short_locked(reaper)) {
            reaper->silent.count = 0; /* what was seen long ago says nothing about the next rush */
            condition_wait(&reaper->changed, &reaper->lock);
            continue;
        }
        list_visits_locked(reaper);
        void (*on_silence)(void *) = reaper->on_silence;
        void *user = reaper->user;
        lock_release(&reaper->lock);
        int64_t pause_ns = scan(reaper) > 0 ? BUSY_PAUSE_NS : PAUSE_NS;
        if (reaper->has_ended_silent && on_silence != NULL) {
            on_silence(user);
        }
        lock_acquire(&reaper->lock);
        int64_t next_ns = clock_monotonic_ns() + pause_ns;
        while (!reaper->stopping && condition_wait_until(&reaper->changed, &reaper->lock, next_ns)) {
        }
    }
    lock_release(&reaper->lock);
    return NULL;
}

/* ---- Lifecycle ---- */

static void free_reaper(struct reaper *reaper) {
    free(reaper->visits);
    free(reaper->claimed.list);
    free(reaper->silent.list);
    free(reaper->silent_before.list);
    free(reaper->shares);
    free(reaper->heads_awaited);
    condition_finish(&reaper->changed);
    lock_finish(&reaper->lock);
    free(reaper);
}

enum err reaper_create(unsigned workers, unsigned spare, struct connections *connections, struct reaper **out) {
    struct reaper *reaper = calloc(1, sizeof *reaper);
    if (reaper == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&reaper->lock);
    condition_init(&reaper->changed);
    reaper->connections = connections;
    reaper->spare = spare;
    reaper->worker_count = workers;
    reaper->capacity = (size_t)workers + REAPER_QUEUE_MAX + 1; /* the acceptor has one in hand */
    reaper->visits = calloc(workers, sizeof *reaper->visits);
    reaper->claimed.list = calloc(reaper->capacity, sizeof *reaper->claimed.list);
    reaper->silent.list = calloc(reaper->capacity, sizeof *reaper->silent.list);
    reaper->silent_before.list = calloc(reaper->capacity, sizeof *reaper->silent_before.list);
    reaper->shares = calloc(reaper->capacity, sizeof *reaper->shares);
    reaper->heads_awaited = calloc(workers, sizeof *reaper->heads_awaited);
    bool have_all = reaper->visits != NULL && reaper->claimed.list != NULL && reaper->silent.list != NULL &&
                    reaper->silent_before.list != NULL && reaper->shares != NULL && reaper->heads_awaited != NULL;
    enum err error = have_all ? thread_start(&reaper->thread, "reaper", 0, reap, reaper) : ERR_MEMORY;
    if (error != ERR_OK) {
        free_reaper(reaper);
        return error;
    }
    *out = reaper;
    return ERR_OK;
}

void reaper_destroy(struct reaper **reaper_pointer) {
    struct reaper *reaper = *reaper_pointer;
    *reaper_pointer = NULL;
    if (reaper == NULL) {
        return;
    }
    lock_acquire(&reaper->lock);
    reaper->stopping = true;
    condition_signal(&reaper->changed);
    lock_release(&reaper->lock);
    pthread_join(reaper->thread, NULL);
    free_reaper(reaper);
}

void reaper_on_silence(struct reaper *reaper, void (*on_silence)(void *user), void *user) {
    lock_acquire(&reaper->lock);
    reaper->on_silence = on_silence;
    reaper->user = user;
    lock_release(&reaper->lock);
}

uint64_t reaper_ended_count(struct reaper *reaper) {
    return atomic_load_explicit(&reaper->ended, memory_order_relaxed);
}

uint64_t reaper_visit_count(struct reaper *reaper) {
    lock_acquire(&reaper->lock);
    uint64_t count = reaper->visits_over;
    lock_release(&reaper->lock);
    return count;
}

struct visit *reaper_place(struct reaper *reaper) {
    struct visit *visit = NULL;
    lock_acquire(&reaper->lock);
    if (reaper->visits_given < reaper->worker_count) {
        visit = &reaper->visits[reaper->visits_given++];
        visit->reaper = reaper;
        visit->thread = gettid();
    }
    lock_release(&reaper->lock);
    return visit;
}

/* ---- Visits ---- */

void visit_begin(struct visit *visit) {
    if (visit == NULL) {
        return;
    }
    struct reaper *reaper = visit->reaper;
    lock_acquire(&reaper->lock);
    bool ran_short = workers_run_short_locked(reaper);
    visit->has_begun = true;
    reaper->busy_workers++;
    if (!ran_short && workers_run_short_locked(reaper)) {
        condition_signal(&reaper->changed);
    }
    lock_release(&reaper->lock);
}

static void set_visit(struct visit *visit, uint64_t client, int64_t waits_since_ns) {
    lock_acquire(&visit->reaper->lock);
    visit->client = client;
    visit->waits_since_ns = waits_since_ns;
    lock_release(&visit->reaper->lock);
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
    lock_acquire(&visit->reaper->lock);
    visit->has_begun = false;
    visit->reaper->busy_workers--;
    visit->reaper->visits_over++;
    lock_release(&visit->reaper->lock);
}
