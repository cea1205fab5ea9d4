/* Every allocation, thread, descriptor and transfer fails once, in turn: while the program starts, publishes, serves
 * and reads its configuration again. Whatever fails, nothing crashes or leaks, a start that fails says why, a reload
 * that fails changes nothing, and what runs goes on once the fault is over.
 *
 * How often a scenario can fail is found out by doing: until a run has fewer such calls than it was to fail at. */
#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "config/app/program.h"
#include "tests/stress/injection.h"
#include "tests/stress/stress.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define FAULTS_MOST 5000

static const char configuration[] = STRESS_DIR "/stress_faults.json";

/* ---- The program under test ---- */

static enum err start(struct program *program, const char *path, FILE *faults, struct reason *reason) {
    *program = (struct program){0};
    struct config *config = NULL;
    enum err error = config_load(path, faults, &config);
    return error == ERR_OK ? program_start(program, &config, path, NULL, reason) : error;
}

/* ---- Its clients ---- */

static int connect_to(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); /* past the wrapper */
    REQUIRE(fd >= 0);
    REQUIRE(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* Reads what the server sends until it ends, or `enough` bytes of it. Uses recv(), in which nothing fails. */
static size_t receive(int fd, char *reply, size_t room, size_t enough) {
    size_t count = 0;
    while (count < enough) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        REQUIRE(poll(&readable, 1, PATIENCE_MS) == 1); /* else the server has forgotten the client */
        ssize_t got = recv(fd, reply + count, room - 1 - count, 0);
        if (got <= 0 || count + (size_t)got == room - 1) {
            break;
        }
        count += (size_t)got;
    }
    reply[count] = '\0';
    return count;
}

/* The status of the reply, 0 where the connection ended without one. */
static int ask(uint16_t port, const char *path, size_t enough) {
    static char reply[1 << 17];
    char request[256];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    int fd = connect_to(port);
    struct iovec text = {.iov_base = request, .iov_len = (size_t)length};
    REQUIRE(writev(fd, &text, 1) == length);
    size_t count = receive(fd, reply, sizeof reply, enough);
    close(fd);
    int status = 0;
    REQUIRE(count == 0 || sscanf(reply, "HTTP/1.1 %d ", &status) == 1);
    return status;
}

/* ---- What must not grow ---- */

static size_t entries_of(const char *path) {
    DIR *folder = opendir(path);
    REQUIRE(folder != NULL);
    size_t count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/* ---- Scenarios: each runs once with the nth call failing, and reports whether there was an nth ---- */

static bool start_with_fault(enum injection kind, unsigned nth) {
    size_t descriptors = entries_of("/proc/self/fd");
    char *text = NULL;
    size_t count = 0;
    FILE *faults = open_memstream(&text, &count);
    REQUIRE(faults != NULL);
    struct program program;
    struct reason reason = {""};

    injection_arm(kind, nth);
    enum err error = start(&program, configuration, faults, &reason);
    bool failed = injection_disarm();

    fflush(faults);
    if (error == ERR_OK) {
        REQUIRE(ask(server_port(program.server), "/camera/a/snapshot", SIZE_MAX) == 200);
    } else {
        REQUIRE(failed && (reason.text[0] != '\0' || count > 0));
    }
    program_stop(&program);
    fclose(faults);
    free(text);
    REQUIRE(entries_of("/proc/self/fd") == descriptors);
    return failed;
}

static struct program serving;

/* With the request, with what the camera does meanwhile, and with what the sender does. */
static bool serve_with_fault(enum injection kind, unsigned nth) {
    static const struct {
        const char *path;
        size_t enough;
    } requests[] = {
        {"/camera/a/snapshot?max_age_ms=0", SIZE_MAX},
        {"/camera/a/snapshot?width=64", SIZE_MAX},
        {"/camera/a/video_feed", 20000},
        {"/feed?width=64", 20000},
        {"/api/status", SIZE_MAX},
        {"/", SIZE_MAX},
    };
    uint16_t port = server_port(serving.server);
    injection_arm(kind, nth);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int status = ask(port, requests[i].path, requests[i].enough);
        REQUIRE(status == 0 || status == 200 || status == 500 || status == 503);
    }
    bool failed = injection_disarm();
    for (size_t i = 0; failed && i < sizeof requests / sizeof requests[0]; i++) {
        REQUIRE(ask(port, requests[i].path, requests[i].enough) == 200);
    }
    return failed;
}

/* ---- Reloads ---- */

static char changing[] = "/tmp/framebroker-faults-XXXXXX";
static unsigned version;

/* One camera stays, one changes, one goes and one comes. */
static void write_next_version(void) {
    version++;
    FILE *file = fopen(changing, "w");
    REQUIRE(file != NULL);
    fprintf(file,
            "{\"server\": {\"listen\": \"127.0.0.1:0\", \"max_streams\": 4, \"senders\": 1},"
            " \"defaults\": {\"idle_timeout_s\": 0.1}, \"cameras\": ["
            "{\"id\": \"a\", \"source\": {\"type\": \"pattern\", \"width\": 160, \"height\": 120, \"fps\": 50}},"
            "{\"id\": \"b\", \"ring_frames\": %u, \"source\": {\"type\": \"emulated\", \"files\": [\"1.jpg\"]}},"
            "{\"id\": \"c-%u\", \"source\": {\"type\": \"pattern\", \"width\": 160, \"height\": 120, \"fps\": 50,"
            " \"faults\": [{\"kind\": \"freeze\", \"at_s\": 1000}]}}]}",
            1 + version % 8, version);
    REQUIRE(fclose(file) == 0);
}

static int reload(void) {
    struct reload_answer answer = {0};
    reloader_perform(serving.reloader, NULL, &answer);
    int status = answer.json != NULL ? answer.status : 0;
    free(answer.json);
    return status;
}

static bool reload_with_fault(enum injection kind, unsigned nth) {
    uint16_t port = server_port(serving.server);
    char before[64], after[64];
    snprintf(before, sizeof before, "/camera/c-%u/snapshot", version);
    write_next_version();
    snprintf(after, sizeof after, "/camera/c-%u/snapshot", version);

    injection_arm(kind, nth);
    int status = reload();
    bool failed = injection_disarm();

    REQUIRE(status == 200 || (failed && (status == 0 || status == 422 || status == 503)));
    if (status == 422 || status == 503) {
        REQUIRE(ask(port, before, SIZE_MAX) == 200);
        REQUIRE(ask(port, after, SIZE_MAX) == 404);
        REQUIRE(reload() == 200);
    }
    REQUIRE(ask(port, before, SIZE_MAX) == 404);
    REQUIRE(ask(port, after, SIZE_MAX) == 200);
    REQUIRE(ask(port, "/camera/a/snapshot", SIZE_MAX) == 200);
    return failed;
}

static void fail_in_turn(const char *name, enum injection kind, bool (*scenario)(enum injection, unsigned)) {
    unsigned nth = 1;
    while (scenario(kind, nth)) {
        nth++;
        REQUIRE(nth < FAULTS_MOST);
    }
    printf("%s: %u faults\n", name, nth - 1);
    fflush(stdout);
    REQUIRE(nth > 1); /* else the wrappers are not in place */
}

int main(int argc, char **argv) {
    stress_begin(argc, argv);
    log_set_level(LOG_LEVEL_ERROR);
    fail_in_turn("start, allocation", INJECT_ALLOCATION, start_with_fault);
    fail_in_turn("start, thread", INJECT_THREAD, start_with_fault);
    fail_in_turn("start, descriptor", INJECT_DESCRIPTOR, start_with_fault);
    fail_in_turn("start, transfer", INJECT_TRANSFER, start_with_fault);

    struct reason reason = {""};
    REQUIRE(start(&serving, configuration, stderr, &reason) == ERR_OK);
    fail_in_turn("serve, allocation", INJECT_ALLOCATION, serve_with_fault);
    fail_in_turn("serve, descriptor", INJECT_DESCRIPTOR, serve_with_fault);
    fail_in_turn("serve, transfer", INJECT_TRANSFER, serve_with_fault);
    program_stop(&serving);

    int fd = mkstemp(changing);
    REQUIRE(fd >= 0 && close(fd) == 0);
    write_next_version();
    REQUIRE(start(&serving, changing, stderr, &reason) == ERR_OK);
    size_t descriptors = entries_of("/proc/self/fd");
    fail_in_turn("reload, allocation", INJECT_ALLOCATION, reload_with_fault);
    fail_in_turn("reload, thread", INJECT_THREAD, reload_with_fault);
    fail_in_turn("reload, descriptor", INJECT_DESCRIPTOR, reload_with_fault);
    fail_in_turn("reload, transfer", INJECT_TRANSFER, reload_with_fault);
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_MS * NS_PER_MS; /* connections may still be closing */
    while (entries_of("/proc/self/fd") > descriptors) {
        REQUIRE(clock_monotonic_ns() < deadline_ns);
        stress_wait_for(0.01);
    }
    program_stop(&serving);
    unlink(changing);
    return 0;
}
