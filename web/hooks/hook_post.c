#include "web/hooks/hook_post.h"

#include "broker/base/clock.h"
#include "broker/base/curl_library.h"
#include "broker/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define WAIT_MAX_MS 60000

struct hook_poster {
    CURLM *multi;
    LIST_HEAD(, post) posts;
};

struct post {
    CURL *easy;
    struct curl_slist *headers;
    void *user;
    LIST_ENTRY(post) in_poster;
};

/* ---- URLs ---- */

enum err hook_url_check(const char *url, char label[HOOK_URL_LABEL_BYTES]) {
    struct reason unused;
    enum err error = curl_load(&unused);
    if (error != ERR_OK) {
        return error;
    }
    CURLU *parsed = curl->url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    bool is_whole = parsed != NULL && curl->url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                    curl->url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                    curl->url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK && host[0] != '\0' &&
                    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    if (is_whole && label != NULL) {
        bool has_port = curl->url_get(parsed, CURLUPART_PORT, &port, 0) == CURLUE_OK;
        snprintf(label, HOOK_URL_LABEL_BYTES, "%s://%s%s%s", scheme, host, has_port ? ":" : "", has_port ? port : "");
    }
    curl->free(scheme);
    curl->free(host);
    curl->free(port);
    curl->url_cleanup(parsed);
    return is_whole ? ERR_OK : ERR_INVALID;
}

/* ---- Posting ---- */

enum err hook_poster_create(struct hook_poster **out) {
    struct reason reason;
    enum err error = curl_load(&reason);
    if (error != ERR_OK) {
        log_event(LOG_LEVEL_ERROR, NULL, "hooks: %s", reason.text);
        return error;
    }
    struct hook_poster *poster = calloc(1, sizeof *poster);
    if (poster == NULL) {
        return ERR_MEMORY;
    }
    poster->multi = curl->multi_init();
    if (poster->multi == NULL) {
        free(poster);
        return ERR_MEMORY;
    }
    *out = poster;
    return ERR_OK;
}

static void free_post(struct hook_poster *poster, struct post *post) {
    if (post->easy != NULL) {
        curl->multi_remove_handle(poster->multi, post->easy);
        curl->easy_cleanup(post->easy);
    }
    curl->slist_free_all(post->headers);
    free(post);
}

void hook_poster_destroy(struct hook_poster **poster_pointer) {
    struct hook_poster *poster = *poster_pointer;
    *poster_pointer = NULL;
    if (poster == NULL) {
        return;
    }
    while (!LIST_EMPTY(&poster->posts)) {
        struct post *post = LIST_FIRST(&poster->posts);
        LIST_REMOVE(post, in_poster);
        free_post(poster, post);
    }
    curl->multi_cleanup(poster->multi);
    free(poster);
}

/* The body is read and discarded: only the status matters. */
static size_t discard_answer(char *bytes, size_t size, size_t count, void *user) {
    (void)bytes;
    (void)user;
    return size * count;
}

static bool add_header(struct post *post, const char *line) {
    struct curl_slist *grown = curl->slist_append(post->headers, line);
    if (grown != NULL) {
        post->headers = grown;
    }
    return grown != NULL;
}

static bool add_headers(struct post *post, const struct hook_settings *hook) {
    bool added = add_header(post, "Content-Type: application/json") && add_header(post, "Expect:");
    for (size_t i = 0; i < hook->header_count && added; i++) {
        added = add_header(post, hook->headers[i]);
    }
    return added;
}

static bool prepare(struct post *post, const struct hook_settings *hook, const char *json) {
    CURL *easy = post->easy;
    return add_headers(post, hook) && curl->easy_setopt(easy, CURLOPT_URL, hook->url) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, json) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_USERAGENT, "framebroker/" FRAMEBROKER_VERSION) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(hook->timeout_ns / NS_PER_MS)) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(hook->timeout_ns / NS_PER_MS)) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           /* Does not wait for a resolver that hangs. */
           curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard_answer) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEDATA, NULL) == CURLE_OK;
}

enum err hook_poster_start(struct hook_poster *poster, const struct hook_settings *hook, const char *json, void *user) {
    struct post *post = calloc(1, sizeof *post);
    if (post == NULL) {
        return ERR_MEMORY;
    }
    post->user = user;
    post->easy = curl->easy_init();
    if (post->easy == NULL || !prepare(post, hook, json) ||
        curl->multi_add_handle(poster->multi, post->easy) != CURLM_OK) {
        free_post(poster, post);
        return ERR_MEMORY;
    }
    LIST_INSERT_HEAD(&poster->posts, post, in_poster);
    return ERR_OK;
}

void hook_poster_wait(struct hook_poster *poster, const struct pollfd *pollers, size_t count, int64_t deadline_ns) {
    struct curl_waitfd waits[HOOK_POLLERS_MAX];
    unsigned waiting = 0;
    for (size_t i = 0; i < count && waiting < HOOK_POLLERS_MAX; i++) {
        if (pollers[i].fd >= 0) {
            waits[waiting++] = (struct curl_waitfd){.fd = pollers[i].fd, .events = CURL_WAIT_POLLIN};
        }
    }
    int timeout_ms = clock_poll_timeout_ms(deadline_ns);
    int running;
    curl->multi_poll(poster->multi, waits, waiting,
                     timeout_ms >= 0 && timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS, NULL);
    curl->multi_perform(poster->multi, &running);
}

static enum hook_outcome judge(CURL *easy, CURLcode result, struct reason *reason) {
    if (result != CURLE_OK) {
        reason_set(reason, "%s", curl->easy_strerror(result)); /* without anything of the URL */
        return HOOK_FAILED;
    }
    long status = 0;
    curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) {
        return HOOK_DELIVERED;
    }
    reason_set(reason, "answers with status %ld", status);
    return status >= 500 || status == 408 || status == 429 ? HOOK_FAILED : HOOK_REFUSED;
}

void *hook_poster_next(struct hook_poster *poster, enum hook_outcome *outcome, struct reason *reason) {
    CURLMsg *message;
    int left;
    do {
        message = curl->multi_info_read(poster->multi, &left);
    } while (message != NULL && message->msg != CURLMSG_DONE);
    if (message == NULL) {
        return NULL;
    }
    *outcome = judge(message->easy_handle, message->data.result, reason);
    struct post *post = LIST_FIRST(&poster->posts);
    while (post->easy != message->easy_handle) {
        post = LIST_NEXT(post, in_poster);
    }
    LIST_REMOVE(post, in_poster);
    void *user = post->user;
    free_post(poster, post);
    return user;
}
