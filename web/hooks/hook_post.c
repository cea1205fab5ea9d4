#include "web/hook_post.h"

#include "broker/clock.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_MS 60000

struct hook_poster {
    CURLM *multi;
    struct post *posts;
};

struct post {
    CURL *easy;
    struct curl_slist *headers;
    void *user;
    struct post *next;
};

/* ---- URLs ---- */

enum err hook_url_check(const char *url, char label[HOOK_URL_LABEL_BYTES]) {
    CURLU *parsed = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    bool is_whole = parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                    curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK && host[0] != '\0' &&
                    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    if (is_whole && label != NULL) {
        bool has_port = curl_url_get(parsed, CURLUPART_PORT, &port, 0) == CURLUE_OK;
        snprintf(label, HOOK_URL_LABEL_BYTES, "%s://%s%s%s", scheme, host, has_port ? ":" : "", has_port ? port : "");
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parsed);
    return is_whole ? ERR_OK : ERR_INVALID;
}

/* ---- Posting ---- */

static void init_library(void) {
    /* Never undone: it is for the whole process. */
    CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)result; /* then no handle can be made */
}

enum err hook_poster_create(struct hook_poster **out) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct hook_poster *poster = calloc(1, sizeof *poster);
    if (poster == NULL) {
        return ERR_MEMORY;
    }
    poster->multi = curl_multi_init();
    if (poster->multi == NULL) {
        free(poster);
        return ERR_MEMORY;
    }
    *out = poster;
    return ERR_OK;
}

static void free_post(struct hook_poster *poster, struct post *post) {
    if (post->easy != NULL) {
        curl_multi_remove_handle(poster->multi, post->easy);
        curl_easy_cleanup(post->easy);
    }
    curl_slist_free_all(post->headers);
    free(post);
}

void hook_poster_destroy(struct hook_poster **poster_pointer) {
    struct hook_poster *poster = *poster_pointer;
    *poster_pointer = NULL;
    if (poster == NULL) {
        return;
    }
    while (poster->posts != NULL) {
        struct post *post = poster->posts;
        poster->posts = post->next;
        free_post(poster, post);
    }
    curl_multi_cleanup(poster->multi);
    free(poster);
}

/* The status says all; how long it may take has a limit. */
static size_t discard_answer(char *bytes, size_t size, size_t count, void *user) {
    (void)bytes;
    (void)user;
    return size * count;
}

static bool add_header(struct post *post, const char *line) {
    struct curl_slist *grown = curl_slist_append(post->headers, line);
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
    return add_headers(post, hook) && curl_easy_setopt(easy, CURLOPT_URL, hook->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, json) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "framebroker/" FRAMEBROKER_VERSION) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(hook->timeout_ns / NS_PER_MS)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(hook->timeout_ns / NS_PER_MS)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           /* A resolver that hangs is left behind, not waited for. */
           curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard_answer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, NULL) == CURLE_OK;
}

enum err hook_poster_start(struct hook_poster *poster, const struct hook_settings *hook, const char *json, void *user) {
    struct post *post = calloc(1, sizeof *post);
    if (post == NULL) {
        return ERR_MEMORY;
    }
    post->user = user;
    post->easy = curl_easy_init();
    if (post->easy == NULL || !prepare(post, hook, json) ||
        curl_multi_add_handle(poster->multi, post->easy) != CURLM_OK) {
        free_post(poster, post);
        return ERR_MEMORY;
    }
    post->next = poster->posts;
    poster->posts = post;
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
    curl_multi_poll(poster->multi, waits, waiting,
                    timeout_ms >= 0 && timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS, NULL);
    curl_multi_perform(poster->multi, &running);
}

static enum hook_outcome judge(CURL *easy, CURLcode result, struct reason *reason) {
    if (result != CURLE_OK) {
        reason_set(reason, "%s", curl_easy_strerror(result)); /* without anything of the URL */
        return HOOK_FAILED;
    }
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
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
        message = curl_multi_info_read(poster->multi, &left);
    } while (message != NULL && message->msg != CURLMSG_DONE);
    if (message == NULL) {
        return NULL;
    }
    *outcome = judge(message->easy_handle, message->data.result, reason);
    struct post **link = &poster->posts;
    while ((*link)->easy != message->easy_handle) {
        link = &(*link)->next;
    }
    struct post *post = *link;
    *link = post->next;
    void *user = post->user;
    free_post(poster, post);
    return user;
}
