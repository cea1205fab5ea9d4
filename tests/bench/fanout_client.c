/* The load of the fan-out benchmarks: many clients of one stream, at little cost to the machine.
 *
 * One thread connects and reads all clients. They connect as fast as they can, all at once but for a bound on those
 * that wait for their answer, as after a restart of the server; the arrival lasts until each has its first frame.
 * Pictures are counted and thrown away in the kernel (MSG_TRUNC, tcp(7)); only what stands before them is looked at. A
 * frame's latency is the time from its X-Timestamp, which the same machine's clock wrote, to the reading of its last
 * byte; a frame is missed where X-Sequence skips a number.
 *
 *     fanout_client -p PORT -u PATH... -c CLIENTS [-s SLOW] [-r BYTES_PER_S] [-w WARMUP_S] [-t SECONDS] [-P PID]
 *
 * Clients take the paths in turns, where -u stands there several times. SLOW of the clients read at BYTES_PER_S and are
 * told apart from the others. PID is the server's: its CPU time and memory are taken at both ends of the measured
 * window. The figures come as one JSON object on stdout. */
#include "broker/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX_BYTES 1024
/* Connections without an answer yet: below the server's backlog, so that the kernel drops none. */
#define UNANSWERED_MAX 512
#define ARRIVAL_MAX_NS (120 * NS_PER_S)
#define SLOW_TICK_MS 10
#define PATHS_MAX 256
#define LATENCY_STEP_US 10
#define LATENCY_STEPS 300000 /* 3 s; what takes longer counts as that, but for the maximum */

struct options {
    uint16_t port;
    const char *paths[PATHS_MAX];
    size_t path_count, clients, slow;
    double slow_bytes_per_s, warmup_s, seconds;
    pid_t server;
};

/* What the fast or the slow clients saw within the window. */
struct tally {
    uint64_t bytes, frames;
    uint64_t latency_max_us;
    uint32_t latencies[LATENCY_STEPS];
};

struct client {
    int socket; /* -1: not connected yet, or the server has ended it */
    bool is_answered, is_refused, has_frame;
    bool slow;
    double allowance_bytes; /* of a slow client */
    char head[HEAD_MAX_BYTES + 1];
    size_t head_bytes;    /* in head, which is not yet complete */
    size_t skip_bytes;    /* left of the picture */
    int64_t timestamp_us; /* of the newest frame */
    bool repeated;        /* it came before */
    uint64_t sequence;    /* likewise; 0: the server gives none */
    uint64_t frames;      /* within the window */
    uint64_t missed;      /* likewise */
};

/* From the first connect() on. */
struct arrival {
    size_t connected, answered, refused;
    size_t with_frame; /* of those that are not slow */
    int64_t ns;
};

struct usage {
    double server_cpu_s, own_cpu_s;
    long server_resident_bytes;
};

static struct tally fast_tally, slow_tally;
static struct arrival arrival;
static int64_t begin_ns, end_ns;

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(1);
}

static bool in_window(int64_t now_ns) { return now_ns >= begin_ns && now_ns < end_ns; }

/* Connects without waiting and sends the request at once, which the kernel holds until the connection stands. */
static void connect_client(struct client *client, const struct options *options, int epoll) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(options->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[256];
    const char *path = options->paths[arrival.connected % options->path_count];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
    client->socket = socket(AF_INET, SOCK_STREAM, 0);
    /* On loopback connect() returns at once: the handshake takes place within the call. */
    if (client->socket < 0 || connect(client->socket, (struct sockaddr *)&address, sizeof address) < 0) {
        fail("connect");
    }
    if (send(client->socket, request, (size_t)length, MSG_NOSIGNAL) != length) {
        fail("request");
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (!client->slow && epoll_ctl(epoll, EPOLL_CTL_ADD, client->socket, &event) < 0) {
        fail("epoll_ctl");
    }
    arrival.connected++;
}

static void frame_done(struct client *client) {
    arrival.with_frame += !client->has_frame && !client->slow;
    client->has_frame = true;
    if (client->repeated || !in_window(clock_monotonic_ns())) {
        return;
    }
    struct tally *tally = client->slow ? &slow_tally : &fast_tally;
    int64_t age_us = clock_realtime_ns() / NS_PER_US - client->timestamp_us;
    uint64_t latency_us = age_us > 0 ? (uint64_t)age_us : 0;
    uint64_t step = latency_us / LATENCY_STEP_US;
    tally->latencies[step < LATENCY_STEPS ? step : LATENCY_STEPS - 1]++;
    if (latency_us > tally->latency_max_us) {
        tally->latency_max_us = latency_us;
    }
    tally->frames++;
    client->frames++;
}

/* The value of a header line; NULL: the head has no such line. */
static const char *find_header(const char *head, const char *name) {
    const char *line = strstr(head, name);
    return line != NULL ? line + strlen(name) : NULL;
}

static const char *header_value(const char *head, const char *name) {
    const char *value = find_header(head, name);
    if (value == NULL) {
        fprintf(stderr, "no %s in: %s\n", name, head);
        exit(1);
    }
    return value;
}

static void take_response(struct client *client) {
    client->is_answered = true;
    arrival.answered++;
    if (strstr(client->head, " 200 ") == NULL) {
        client->is_refused = true;
        arrival.refused++;
    }
}

static void take_part(struct client *client) {
    const char *head = client->head;
    client->skip_bytes = strtoul(header_value(head, "\r\nContent-Length: "), NULL, 10);
    int64_t timestamp_us = (int64_t)(strtold(header_value(head, "\r\nX-Timestamp: "), NULL) * 1e6L + 0.5L);
    client->repeated = timestamp_us <= client->timestamp_us;
    client->timestamp_us = timestamp_us;
    const char *sequence_text = find_header(head, "\r\nX-Sequence: ");
    uint64_t sequence = sequence_text != NULL ? strtoull(sequence_text, NULL, 10) : 0;
    if (client->sequence != 0 && sequence > client->sequence + 1 && in_window(clock_monotonic_ns())) {
        client->missed += sequence - client->sequence - 1;
    }
    client->sequence = sequence;
}

/* Takes what stands before a picture: a part's head, or the response's. Everything behind it stays in head. */
static void take_head(struct client *client, size_t count) {
    char *head = client->head;
    head[count - 1] = '\0';
    if (client->is_answered) {
        take_part(client);
    } else {
        take_response(client);
    }
    client->head_bytes -= count;
    memmove(head, head + count, client->head_bytes + 1);
}

/* Works off what is in head: complete heads, and the beginning of the picture behind each. */
static void parse(struct client *client) {
    const char *blank_line;
    while (!client->is_refused && client->skip_bytes == 0 && (blank_line = strstr(client->head, "\r\n\r\n")) != NULL) {
        take_head(client, (size_t)(blank_line + 4 - client->head));
        if (client->skip_bytes == 0) {
            continue;
        }
        size_t of_picture = client->head_bytes < client->skip_bytes ? client->head_bytes : client->skip_bytes;
        client->head_bytes -= of_picture;
        memmove(client->head, client->head + of_picture, client->head_bytes + 1);
        client->skip_bytes -= of_picture;
        if (client->skip_bytes == 0) {
            frame_done(client);
        }
    }
}

/* Reads once, at most so many bytes. Returns how many came; 0 when there is nothing now or ever. */
static size_t read_some(struct client *client, size_t most) {
    bool skip = client->skip_bytes > 0;
    size_t room = skip ? client->skip_bytes : HEAD_MAX_BYTES - client->head_bytes;
    ssize_t got = recv(client->socket, skip ? NULL : client->head + client->head_bytes, room < most ? room : most,
                       MSG_DONTWAIT | (skip ? MSG_TRUNC : 0));
    if (got == 0 || (got < 0 && errno != EAGAIN) || client->is_refused) {
        close(client->socket);
        client->socket = -1;
    }
    if (got <= 0) {
        return 0;
    }
    size_t count = (size_t)got;
    if (in_window(clock_monotonic_ns())) {
        (client->slow ? &slow_tally : &fast_tally)->bytes += count;
    }
    if (skip) {
        client->skip_bytes -= count;
        if (client->skip_bytes == 0) {
            frame_done(client);
        }
    } else {
        client->head_bytes += count;
        client->head[client->head_bytes] = '\0';
        parse(client);
    }
    return count;
}

static void read_fast(struct client *client) {
    size_t room;
    do {
        room = client->skip_bytes > 0 ? client->skip_bytes : HEAD_MAX_BYTES - client->head_bytes;
    } while (read_some(client, SIZE_MAX) == room && client->socket >= 0);
}

/* What a slow client's link brought since the last tick. */
static void read_slow(struct client *client, double link_bytes) {
    client->allowance_bytes += link_bytes;
    while (client->socket >= 0 && client->allowance_bytes >= 1) {
        size_t count = read_some(client, (size_t)client->allowance_bytes);
        if (count == 0) {
            client->allowance_bytes = 0; /* a link does not save up what it did not carry */
            return;
        }
        client->allowance_bytes -= (double)count;
    }
}

static struct usage usage_now(pid_t server) {
    struct usage usage = {0};
    struct timespec cpu;
    clockid_t clock;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    usage.own_cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
    if (server == 0) {
        return usage;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)server);
    FILE *statm = fopen(path, "r");
    long pages;
    if (clock_getcpuclockid(server, &clock) != 0 || clock_gettime(clock, &cpu) < 0 || statm == NULL ||
        fscanf(statm, "%*s %ld", &pages) != 1) {
        fail(path);
    }
    fclose(statm);
    usage.server_cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
    usage.server_resident_bytes = pages * sysconf(_SC_PAGESIZE);
    return usage;
}

/* Reads all clients until a time. */
static void read_until(int64_t until_ns, int epoll, struct client *clients, const struct options *options) {
    struct epoll_event events[256];
    int64_t ticked_ns = clock_monotonic_ns();
    for (int64_t now_ns = ticked_ns; now_ns < until_ns; now_ns = clock_monotonic_ns()) {
        int64_t wake_ns = ticked_ns + SLOW_TICK_MS * NS_PER_MS;
        int count = epoll_wait(epoll, events, 256, clock_poll_timeout_ms(wake_ns < until_ns ? wake_ns : until_ns));
        for (int i = 0; i < count; i++) {
            read_fast(events[i].data.ptr);
        }
        now_ns = clock_monotonic_ns();
        if (now_ns < wake_ns) {
            continue;
        }
        for (size_t i = 0; i < options->slow; i++) {
            read_slow(&clients[i], options->slow_bytes_per_s * (double)(now_ns - ticked_ns) / NS_PER_S);
        }
        ticked_ns = now_ns;
    }
}

/* Until every client has its first frame, or is refused. */
static void arrive(int epoll, struct client *clients, const struct options *options) {
    struct epoll_event events[256];
    int64_t begun_ns = clock_monotonic_ns();
    size_t fast = options->clients - options->slow;
    while (arrival.with_frame + arrival.refused < fast || arrival.connected < options->clients) {
        while (arrival.connected < options->clients && arrival.connected - arrival.answered < UNANSWERED_MAX) {
            connect_client(&clients[arrival.connected], options, epoll);
        }
        int count = epoll_wait(epoll, events, 256, 1000);
        for (int i = 0; i < count; i++) {
            read_fast(events[i].data.ptr);
        }
        if (clock_monotonic_ns() - begun_ns > ARRIVAL_MAX_NS) {
            break;
        }
    }
    arrival.ns = clock_monotonic_ns() - begun_ns;
}

static double percentile_ms(const struct tally *tally, double share) {
    uint64_t below = 0;
    uint64_t wanted = (uint64_t)((double)tally->frames * share);
    size_t step = 0;
    while (step < LATENCY_STEPS - 1 && (below += tally->latencies[step]) <= wanted) {
        step++;
    }
    return tally->frames == 0 ? 0 : (double)((step + 1) * LATENCY_STEP_US) / 1e3;
}

static void print_tally(const char *name, const struct tally *tally, const struct client *clients, size_t count,
                        double seconds) {
    uint64_t fewest = UINT64_MAX, missed = 0;
    size_t ended = 0;
    for (size_t i = 0; i < count; i++) {
        missed += clients[i].missed;
        fewest = clients[i].frames < fewest ? clients[i].frames : fewest;
        ended += clients[i].socket < 0;
    }
    printf("\"%s\": {\"clients\": %zu, \"ended\": %zu, \"bytes\": %llu, \"frames\": %llu, \"missed\": %llu, "
           "\"worst_fps\": "
           "%.2f, "
           "\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f}, ",
           name, count, ended, (unsigned long long)tally->bytes, (unsigned long long)tally->frames,
           (unsigned long long)missed, count == 0 ? 0 : (double)fewest / seconds, percentile_ms(tally, 0.5),
           percentile_ms(tally, 0.99), (double)tally->latency_max_us / 1e3);
}

static struct options options_parse(int argc, char **argv) {
    struct options options = {.slow_bytes_per_s = 100e3, .warmup_s = 2, .seconds = 10};
    int option;
    while ((option = getopt(argc, argv, "p:u:c:s:r:w:t:P:")) != -1) {
        switch (option) {
        case 'p': options.port = (uint16_t)atoi(optarg); break;
        case 'u':
            if (options.path_count < PATHS_MAX) {
                options.paths[options.path_count++] = optarg;
            }
            break;
        case 'c': options.clients = strtoul(optarg, NULL, 10); break;
        case 's': options.slow = strtoul(optarg, NULL, 10); break;
        case 'r': options.slow_bytes_per_s = atof(optarg); break;
        case 'w': options.warmup_s = atof(optarg); break;
        case 't': options.seconds = atof(optarg); break;
        case 'P': options.server = (pid_t)atoi(optarg); break;
        default: exit(2);
        }
    }
    if (options.port == 0 || options.path_count == 0 || options.clients == 0 || options.slow > options.clients) {
        fputs("fanout_client: -p PORT -u PATH -c CLIENTS are needed, and SLOW is one part of CLIENTS\n", stderr);
        exit(2);
    }
    return options;
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    struct client *clients = calloc(options.clients, sizeof *clients);
    int epoll = epoll_create1(0);
    if (clients == NULL || epoll < 0) {
        fail("start");
    }
    for (size_t i = 0; i < options.clients; i++) {
        clients[i] = (struct client){.socket = -1, .slow = i < options.slow};
    }
    begin_ns = end_ns = INT64_MAX;
    struct usage before = usage_now(options.server);
    arrive(epoll, clients, &options);
    struct usage arrived = usage_now(options.server);
    begin_ns = clock_monotonic_ns() + (int64_t)(options.warmup_s * NS_PER_S);
    end_ns = begin_ns + (int64_t)(options.seconds * NS_PER_S);
    read_until(begin_ns, epoll, clients, &options);
    struct usage begin = usage_now(options.server);
    read_until(end_ns, epoll, clients, &options);
    struct usage end = usage_now(options.server);

    printf("{");
    printf("\"arrival\": {\"seconds\": %.3f, \"refused\": %zu, \"without_frame\": %zu, \"server_cpu_s\": %.6f, "
           "\"client_cpu_s\": %.6f}, ",
           (double)arrival.ns / NS_PER_S, arrival.refused,
           options.clients - options.slow - arrival.refused - arrival.with_frame,
           arrived.server_cpu_s - before.server_cpu_s, arrived.own_cpu_s - before.own_cpu_s);
    print_tally("fast", &fast_tally, clients + options.slow, options.clients - options.slow, options.seconds);
    print_tally("slow", &slow_tally, clients, options.slow, options.seconds);
    printf("\"server_cpu_s\": %.6f, \"client_cpu_s\": %.6f, \"server_resident_begin_bytes\": %ld, "
           "\"server_resident_end_bytes\": %ld}\n",
           end.server_cpu_s - begin.server_cpu_s, end.own_cpu_s - begin.own_cpu_s, begin.server_resident_bytes,
           end.server_resident_bytes);
    return 0;
}
