/* A server on loopback that gives one answer to a well-formed request for /healthz. */
#ifndef TESTS_ANSWERING_MACHINE_H
#define TESTS_ANSWERING_MACHINE_H

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWER_WELL "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define ANSWER_SICK "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

struct answering_machine {
    uint16_t port;
    _Atomic(const char *) answer; /* NULL: keeps silent until the caller hangs up */
    int listener;
    pthread_t thread;
};

static inline void answer_one(struct answering_machine *machine, int caller) {
    char wanted[100];
    char request[200] = "";
    snprintf(wanted, sizeof wanted, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", machine->port);
    ssize_t received = recv(caller, request, sizeof request - 1, 0);
    const char *answer = atomic_load(&machine->answer);
    if (answer == NULL) {
        received = recv(caller, request, 1, 0);
    } else if (strncmp(request, wanted, strlen(wanted)) == 0) {
        received = send(caller, answer, strlen(answer), MSG_NOSIGNAL);
    }
    (void)received; /* a caller who has hung up is no concern of ours */
    close(caller);
}

static inline void *run_answering_machine(void *argument) {
    struct answering_machine *machine = argument;
    int caller;
    while ((caller = accept(machine->listener, NULL, NULL)) >= 0) {
        answer_one(machine, caller);
    }
    return NULL;
}

static inline void start_answering_machine(struct answering_machine *machine) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    machine->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(machine->listener, (struct sockaddr *)&own, length), 0);
    assert_int_equal(listen(machine->listener, 16), 0);
    assert_int_equal(getsockname(machine->listener, (struct sockaddr *)&own, &length), 0);
    machine->port = ntohs(own.sin_port);
    atomic_store(&machine->answer, ANSWER_WELL);
    assert_int_equal(pthread_create(&machine->thread, NULL, run_answering_machine, machine), 0);
}

/* Afterwards nobody listens on the port. */
static inline void stop_answering_machine(struct answering_machine *machine) {
    shutdown(machine->listener, SHUT_RDWR);
    pthread_join(machine->thread, NULL);
    close(machine->listener);
}

#endif
