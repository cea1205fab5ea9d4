#include "cameras/url_resolve.h"

#include "broker/clock.h"
#include "cameras/address.h"

#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A question that outlives whoever asked it, where the answer takes too long. */
struct question {
    atomic_uint references; /* who asks, and the thread that finds out */
    struct event answered;
    int result; /* of getaddrinfo(); the event orders it */
    char host[ADDRESS_HOST_BYTES];
};

static void question_unref(struct question *question) {
    if (atomic_fetch_sub_explicit(&question->references, 1, memory_order_acq_rel) == 1) {
        event_finish(&question->answered);
        free(question);
    }
}

static void *find_out(void *argument) {
    struct question *question = argument;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    question->result = getaddrinfo(question->host, NULL, &hints, &addresses);
    if (question->result == 0) {
        freeaddrinfo(addresses);
    }
    event_set(&question->answered);
    question_unref(question);
    return NULL;
}

static enum err ask(const char *host, struct question **out) {
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL) {
        return ERR_MEMORY;
    }
    enum err error = event_init(&question->answered);
    if (error != ERR_OK) {
        free(question);
        return error;
    }
    memcpy(question->host, host, strlen(host) + 1);
    atomic_init(&question->references, 2);
    pthread_t thread;
    error = thread_start(&thread, "resolve", 0, find_out, question);
    if (error != ERR_OK) {
        event_finish(&question->answered);
        free(question);
        return error;
    }
    pthread_detach(thread);
    *out = question;
    return ERR_OK;
}

static enum err wait_for_answer(const struct url_link *link, const struct question *question, struct reason *reason) {
    struct pollfd polled[] = {
        {.fd = link->context->cancel->fd, .events = POLLIN},
        {.fd = question->answered.fd, .events = POLLIN},
    };
    while (poll(polled, 2, clock_poll_timeout_ms(link->deadline_ns)) <= 0) {
        if (clock_monotonic_ns() >= link->deadline_ns) {
            reason_set(reason, "the name server does not answer for \"%.80s\"", question->host);
            return ERR_TIMEOUT;
        }
    }
    if (polled[0].revents != 0) {
        return ERR_INTERRUPTED;
    }
    if (question->result != 0) {
        reason_set(reason, "no such host: \"%.80s\" (%s)", question->host, gai_strerror(question->result));
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

/* Numbers need no name server; a bracket begins an IPv6 address. */
static bool is_name(const char *host) { return host[0] != '[' && strspn(host, "0123456789.") != strlen(host); }

enum err url_resolve(const struct url_link *link, struct reason *reason) {
    char host[ADDRESS_HOST_BYTES];
    if (!address_find_host(link->location, host) || !is_name(host)) {
        return ERR_OK;
    }
    struct question *question;
    enum err error = ask(host, &question);
    if (error == ERR_OK) {
        error = wait_for_answer(link, question, reason);
        question_unref(question);
    }
    return error;
}
