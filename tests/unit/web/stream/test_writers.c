#define _DEFAULT_SOURCE /* syscall */
#include "web/stream/writers.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "tests/system_clock.h"
#include "tests/unit/support.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The program's clock, which a test can put forward: this definition stands in for that of the C library. */
static _Atomic int64_t jumped_ns;
int clock_gettime(clockid_t id, struct timespec *now) {
    int result = system_clock(id, now);
    now->tv_sec += atomic_load(&jumped_ns) / NS_PER_S;
    return result;
}

/* Numbers from 1 that answers write, one a piece, as far as they have been published. */
struct fixture {
    struct writers *writers;
    struct event news;
    atomic_uint published;
};

struct client {
    struct fixture *fixture;
    int server_fd, fd;
    unsigned written; /* by its producer, in its thread */
    unsigned last;    /* after it the answer is over; 0: never */
    size_t piece_bytes;
    struct event ended;
};

static void clear_news(void *user) {
    struct fixture *fixture = user;
    event_clear(&fixture->news);
}

static void publish_number(struct fixture *fixture) {
    atomic_fetch_add(&fixture->published, 1);
    event_set(&fixture->news);
}

static enum err produce(void *user, char piece[WRITERS_PIECE_MAX_BYTES], size_t *count) {
    struct client *client = user;
    if (client->last != 0 && client->written == client->last) {
        return ERR_CLOSED;
    }
    if (client->written == atomic_load(&client->fixture->published)) {
        return ERR_BUSY;
    }
    memset(piece, (int)++client->written, client->piece_bytes);
    *count = client->piece_bytes;
    return ERR_OK;
}

static void note_end(void *user) {
    struct client *client = user;
    event_set(&client->ended);
}

static int set_up(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.published = 0};
    assert_int_equal(event_init(&fixture.news), ERR_OK);
    const struct writers_source source = {.fd = fixture.news.fd, .clear = clear_news, .user = &fixture};
    assert_int_equal(writers_create(&source, &fixture.writers), ERR_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    writers_destroy(&fixture->writers);
    event_finish(&fixture->news);
    return 0;
}

static void client_start(struct client *client, struct fixture *fixture, unsigned last, size_t piece_bytes) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    *client = (struct client){
        .fixture = fixture, .server_fd = ends[0], .fd = ends[1], .last = last, .piece_bytes = piece_bytes};
    assert_int_equal(event_init(&client->ended), ERR_OK);
    const struct writer_settings settings = {
        .fd = ends[0], .produce = produce, .heartbeat = "beat", .ended = note_end, .user = client};
    assert_int_equal(writers_begin(fixture->writers, &settings), ERR_OK);
}

static void client_end(struct client *client) {
    assert_true(event_wait_until(&client->ended, clock_monotonic_ns() + PATIENCE_NS));
    event_clear(&client->ended); /* reads, which orders this thread after note_end() for ThreadSanitizer, too */
    event_finish(&client->ended);
    close(client->server_fd);
    if (client->fd >= 0) {
        close(client->fd);
    }
}

static void client_leave(struct client *client) {
    close(client->fd);
    client->fd = -1;
    client_end(client);
}

static void assert_next(struct client *client, unsigned number) {
    char *piece = malloc(client->piece_bytes);
    assert_non_null(piece);
    assert_int_equal(recv(client->fd, piece, client->piece_bytes, MSG_WAITALL), client->piece_bytes);
    for (size_t i = 0; i < client->piece_bytes; i++) {
        if (piece[i] != (char)number) {
            fail_msg("%d within number %u", piece[i], number);
        }
    }
    free(piece);
}

static void every_client_gets_every_piece(void **state) {
    struct fixture *fixture = *state;
    enum { CLIENTS = 20, NUMBERS = 10 };
    struct client clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        client_start(&clients[i], fixture, 0, 100);
    }
    for (unsigned number = 1; number <= NUMBERS; number++) {
        publish_number(fixture);
        for (int i = 0; i < CLIENTS; i++) {
            assert_next(&clients[i], number);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        client_leave(&clients[i]);
    }
}

static void an_answer_ends_after_its_last_piece(void **state) {
    struct fixture *fixture = *state;
    struct client client;
    for (int i = 0; i < 3; i++) {
        publish_number(fixture);
    }
    client_start(&client, fixture, 3, 1000);
    client_end(&client); /* all fits into the socket */
}

static void a_client_that_stops_reading_holds_its_producer(void **state) {
    struct fixture *fixture = *state;
    enum { NUMBERS = 100 };
    struct client slow, fast;
    for (int i = 0; i < NUMBERS; i++) {
        publish_number(fixture);
    }
    client_start(&slow, fixture, NUMBERS, WRITERS_PIECE_MAX_BYTES);
    client_start(&fast, fixture, NUMBERS, WRITERS_PIECE_MAX_BYTES);
    for (unsigned number = 1; number <= NUMBERS; number++) {
        assert_next(&fast, number);
    }
    client_end(&fast);
    /* The slow one has what its socket holds, and gets the rest when it reads on. */
    for (unsigned number = 1; number <= NUMBERS; number++) {
        assert_next(&slow, number);
    }
    client_end(&slow);
}

static void a_client_that_takes_nothing_for_ten_seconds_is_dropped(void **state) {
    struct fixture *fixture = *state;
    struct client client;
    for (int i = 0; i < 100; i++) {
        publish_number(fixture);
    }
    client_start(&client, fixture, 0, WRITERS_PIECE_MAX_BYTES);
    struct pollfd poller = {.fd = client.fd, .events = POLLIN};
    assert_int_equal(poll(&poller, 1, (int)(PATIENCE_NS / NS_PER_MS)), 1);
    assert_false(event_wait_until(&client.ended, clock_monotonic_ns() + 50 * NS_PER_MS));
    atomic_fetch_add(&jumped_ns, 11 * NS_PER_S);
    client_end(&client);
}

static void a_silent_answer_has_a_heartbeat(void **state) {
    struct fixture *fixture = *state;
    struct client client;
    client_start(&client, fixture, 0, 100);
    publish_number(fixture);
    assert_next(&client, 1);
    atomic_fetch_add(&jumped_ns, 16 * NS_PER_S);
    char beat[4];
    assert_int_equal(recv(client.fd, beat, sizeof beat, MSG_WAITALL), 4);
    assert_memory_equal(beat, "beat", 4);
    client_leave(&client);
}

static void stopping_ends_all_answers_and_every_later_one(void **state) {
    struct fixture *fixture = *state;
    struct client client;
    client_start(&client, fixture, 0, 100);
    writers_stop(fixture->writers);
    client_end(&client);
    const struct writer_settings settings = {.fd = -1, .produce = produce, .ended = note_end};
    assert_int_equal(writers_begin(fixture->writers, &settings), ERR_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_client_gets_every_piece),
        TEST(an_answer_ends_after_its_last_piece),
        TEST(a_client_that_stops_reading_holds_its_producer),
        TEST(a_client_that_takes_nothing_for_ten_seconds_is_dropped),
        TEST(a_silent_answer_has_a_heartbeat),
        TEST(stopping_ends_all_answers_and_every_later_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
