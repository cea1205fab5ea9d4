#define _DEFAULT_SOURCE /* strncasecmp */
#include "cameras/url/url_client.h"

#include "broker/base/clock.h"
#include "broker/base/curl_library.h"
#include "cameras/secrets.h"
#include "cameras/url/address.h"
#include "cameras/url/url_challenge.h"
#include "cameras/url/url_client_errors.h"
#include "cameras/url/url_failure.h"
#include "cameras/url/url_redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* libcurl reads so much at once; a larger piece costs fewer calls. */
#define RECEIVE_BYTES (128L << 10)
/* libcurl hands over at most CURL_MAX_WRITE_SIZE at once, all of which has to be taken. */
#define SPARE_BYTES (2 * CURL_MAX_WRITE_SIZE)
#define WAIT_MAX_MS 60000

struct url_client {
    struct url_link *link;
    CURLM *multi;
    CURL *own;       /* for the configured origin: it keeps the login and the cookies */
    CURL *elsewhere; /* where redirects lead; NULL: none did */
    CURL *current;   /* the one whose answer is read; NULL: none */
    char *location;
    CURLU *parsed; /* the location, as libcurl takes it */
    struct curl_slist *pins;
    char complaint[CURL_ERROR_SIZE]; /* libcurl's words about a failure */
    bool is_login_proven;            /* an answer has come with the login of `own` */
    bool ignores_length;
    /* The answer. */
    size_t head_bytes;
    bool has_head;
    bool has_ended;
    CURLcode result; /* once it has ended */
    /* Its body: bytes go where a read waits for them, and what does not fit becomes spare. */
    uint8_t *target;
    size_t target_capacity, target_count;
    uint8_t spare[SPARE_BYTES];
    size_t spare_at, spare_count;
    bool is_paused;   /* libcurl keeps more, until there is room */
    bool is_dropping; /* what is left of the answer */
};

/* ---- Callbacks of libcurl ---- */

static long answer_status(const struct url_client *client) {
    long status = 0;
    curl->easy_getinfo(client->current, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool has_login(const struct url_client *client) {
    return client->current == client->own && strchr(client->location, '@') != NULL;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *user) {
    struct url_client *client = user;
    const size_t length = size * count;
    if (client->has_head) {
        return length; /* a trailer */
    }
    if (length > URL_CLIENT_HEAD_MAX_BYTES - client->head_bytes) {
        return 0;
    }
    client->head_bytes += length;
    char line[512];
    snprintf(line, sizeof line, "%.*s", (int)length, bytes);
    url_challenge_note(line, client->link->facts->login, sizeof client->link->facts->login);
    if (line[0] == '\r' || line[0] == '\n') {
        const long status = answer_status(client);
        /* libcurl may answer a challenge itself: then its body does not come here. */
        client->has_head = status >= 200 && !(status == 401 && has_login(client));
    }
    return length;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user) {
    struct url_client *client = user;
    const size_t length = size * count;
    if (client->is_dropping) {
        return length;
    }
    client->has_head = true;
    const size_t spare_room = SPARE_BYTES - client->spare_at - client->spare_count;
    size_t fit = client->spare_count == 0 ? client->target_capacity - client->target_count : 0;
    fit = fit < length ? fit : length;
    if (length - fit > spare_room) {
        client->is_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (fit > 0) { /* without a read under way there is no target */
        memcpy(client->target + client->target_count, bytes, fit);
        client->target_count += fit;
    }
    memcpy(client->spare + client->spare_at + client->spare_count, bytes + fit, length - fit);
    client->spare_count += length - fit;
    return length;
}

/* ---- Handles ---- */

static char accept_encoding[] = "Accept-Encoding:";
static struct curl_slist removed_headers = {.data = accept_encoding}; /* libcurl only reads it */

static bool set_options(struct url_client *client, CURL *easy) {
    const struct url_settings *settings = url_link_settings(client->link);
    const long verify = settings->insecure ? 0 : 1;
    /* Cameras with certificates of their own are often too old for what OpenSSL asks of a connection by default. */
    return (!settings->insecure ||
            curl->easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, "DEFAULT@SECLEVEL=0") == CURLE_OK) &&
           curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HTTPAUTH, (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST)) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_COOKIEFILE, "") == CURLE_OK &&
           /* Some compress though nothing asks for it, not even the header that goes with this option. */
           curl->easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity") == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HTTPHEADER, &removed_headers) == CURLE_OK &&
           (settings->proxy || curl->easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK) &&
           curl->easy_setopt(easy, CURLOPT_USERAGENT, "framebroker") == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2 * verify) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, client->complaint) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           /* Does not wait for a resolver that hangs: that of a proxy's name. */
           curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HEADERDATA, client) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEDATA, client) == CURLE_OK;
}

static CURL *create_handle(struct url_client *client) {
    CURL *easy = curl->easy_init();
    if (easy != NULL && !set_options(client, easy)) {
        curl->easy_cleanup(easy);
        easy = NULL;
    }
    return easy;
}

enum err url_client_create(struct url_link *link, struct url_client **out, struct reason *reason) {
    enum err error = curl_load(reason);
    if (error != ERR_OK) {
        return error;
    }
    struct url_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return ERR_MEMORY;
    }
    client->link = link;
    client->multi = curl->multi_init();
    client->own = create_handle(client);
    if (client->multi == NULL || client->own == NULL) {
        url_client_destroy(&client);
        return ERR_MEMORY;
    }
    *out = client;
    return ERR_OK;
}

static void end_answer(struct url_client *client) {
    if (client->current != NULL) {
        curl->multi_remove_handle(client->multi, client->current);
        client->current = NULL;
    }
}

void url_client_destroy(struct url_client **client_pointer) {
    struct url_client *client = *client_pointer;
    *client_pointer = NULL;
    if (client == NULL) {
        return;
    }
    end_answer(client);
    curl->easy_cleanup(client->own);
    curl->easy_cleanup(client->elsewhere);
    curl->multi_cleanup(client->multi);
    curl->slist_free_all(client->pins);
    curl->url_cleanup(client->parsed);
    free(client->location);
    free(client);
}

/* ---- Work ---- */

static void work(struct url_client *client) {
    int count;
    curl->multi_perform(client->multi, &count);
    CURLMsg *message = curl->multi_info_read(client->multi, &count);
    if (message != NULL && message->msg == CURLMSG_DONE) {
        client->has_ended = true;
        client->result = message->data.result;
    }
}

/* libcurl wakes this poll at once while it has something to do that needs no wait. */
static enum err work_once_ready(struct url_client *client, struct reason *reason) {
    const int64_t deadline_ns = client->link->deadline_ns;
    struct curl_waitfd cancel = {.fd = client->link->context->cancel->fd, .events = CURL_WAIT_POLLIN};
    const int timeout_ms = clock_poll_timeout_ms(deadline_ns);
    curl->multi_poll(client->multi, &cancel, 1, timeout_ms >= 0 && timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS,
                     NULL);
    if (cancel.revents != 0) {
        return ERR_INTERRUPTED;
    }
    if (clock_monotonic_ns() >= deadline_ns) {
        return url_failure_explain(client->link, URL_FAILURE_TIMEOUT, reason);
    }
    work(client);
    return ERR_OK;
}

/* What is left of an answer keeps its connection busy. It is read if it has come already; otherwise the connection is
 * closed, since it might never end. */
static void drop_answer(struct url_client *client) {
    if (client->current != NULL && !client->has_ended) {
        client->is_dropping = true;
        if (client->is_paused) {
            curl->easy_pause(client->current, CURLPAUSE_CONT);
        }
        work(client);
    }
    end_answer(client);
    client->is_dropping = client->is_paused = client->has_head = client->has_ended = false;
    client->head_bytes = client->spare_at = client->spare_count = client->target_count = client->target_capacity = 0;
    client->result = CURLE_OK;
}

/* ---- Requests ---- */

/* Unescaped spaces are for the camera to judge, and so are the dots in a path. */
static bool parse_location(struct url_client *client) {
    curl->url_cleanup(client->parsed);
    client->parsed = curl->url();
    return client->parsed != NULL && curl->url_set(client->parsed, CURLUPART_URL, client->location,
                                                   CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_PATH_AS_IS |
                                                       CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
}

/* The addresses that the host was found to have: libcurl asks no name server, and no other answer can slip in. */
static bool pin_addresses(struct url_client *client, const struct url_addresses *addresses) {
    curl->slist_free_all(client->pins);
    client->pins = NULL;
    if (addresses->text[0] == '\0') {
        return true;
    }
    char *host = NULL, *port = NULL;
    if (curl->url_get(client->parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl->url_get(client->parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        char pin[ADDRESS_HOST_BYTES + URL_ADDRESSES_BYTES + 16];
        snprintf(pin, sizeof pin, "%s:%s:%s", host, port, addresses->text);
        client->pins = curl->slist_append(NULL, pin);
    }
    curl->free(host);
    curl->free(port);
    return client->pins != NULL;
}

static CURL *choose_handle(struct url_client *client) {
    if (address_same_origin(client->location, client->link->location)) {
        return client->own;
    }
    if (client->elsewhere == NULL) {
        client->elsewhere = create_handle(client);
    }
    return client->elsewhere;
}

static enum err start_request(struct url_client *client, const struct url_addresses *addresses, int64_t offset_bytes,
                              struct reason *reason) {
    drop_answer(client);
    if (!parse_location(client)) {
        reason_set(reason, "the URL, or the one that the camera redirects to, is malformed");
        return ERR_INVALID;
    }
    CURL *easy = choose_handle(client);
    if (easy == NULL || !pin_addresses(client, addresses) ||
        curl->easy_setopt(easy, CURLOPT_CURLU, client->parsed) != CURLE_OK ||
        curl->easy_setopt(easy, CURLOPT_RESOLVE, client->pins) != CURLE_OK ||
        curl->easy_setopt(easy, CURLOPT_IGNORE_CONTENT_LENGTH, client->ignores_length ? 1L : 0L) != CURLE_OK ||
        curl->easy_setopt(easy, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)offset_bytes) != CURLE_OK ||
        curl->multi_add_handle(client->multi, easy) != CURLM_OK) {
        return ERR_MEMORY;
    }
    client->current = easy;
    return ERR_OK;
}

static enum err explain_result(const struct url_client *client, struct reason *reason) {
    long os_error = 0;
    curl->easy_getinfo(client->current, CURLINFO_OS_ERRNO, &os_error);
    const struct url_client_failure failure = {.result = client->result,
                                               .os_error = (int)os_error,
                                               .location = client->location,
                                               .complaint = client->complaint};
    return url_client_explain(client->link, &failure, reason);
}

static enum err await_head(struct url_client *client, struct reason *reason) {
    enum err error = ERR_OK;
    while (error == ERR_OK && !client->has_head && !client->has_ended) {
        error = work_once_ready(client, reason);
    }
    const bool has_failed = client->has_ended && client->result != CURLE_OK && !client->has_head;
    return error == ERR_OK && has_failed ? explain_result(client, reason) : error;
}

/* The login is known to be good: what the camera refuses is an expired nonce that it does not call stale, or an expired
 * session of its cookie. True: log in anew. */
static bool forget_login(struct url_client *client) {
    if (answer_status(client) != 401 || client->current != client->own || !client->is_login_proven) {
        return false;
    }
    client->is_login_proven = false;
    drop_answer(client);
    curl->easy_cleanup(client->own);
    client->own = create_handle(client); /* not curl_easy_reset(), which leaks in libcurl 7.88 */
    return true;
}

/* libcurl refuses a length that is no number. */
static bool forget_length(struct url_client *client) {
    const bool is_refused = client->has_ended && client->result == CURLE_WEIRD_SERVER_REPLY && !client->ignores_length;
    client->ignores_length = client->ignores_length || is_refused;
    return is_refused;
}

static enum err send_request(struct url_client *client, const struct url_addresses *addresses, int64_t offset_bytes,
                             struct reason *reason) {
    enum err error;
    do {
        error = start_request(client, addresses, offset_bytes, reason);
        if (error == ERR_OK) {
            error = await_head(client, reason);
        }
    } while (error == ERR_OK ? forget_login(client) : forget_length(client));
    return error;
}

/* ERR_BUSY: there is a redirect to follow. */
static enum err check_status(struct url_client *client, struct reason *reason) {
    const long status = answer_status(client);
    if (status >= 200 && status < 300) {
        client->is_login_proven = client->is_login_proven || client->current == client->own;
        return ERR_OK;
    }
    if (status >= 300 && status < 400) {
        return ERR_BUSY;
    }
    return url_client_explain_status(client->link, status, reason);
}

static enum err follow_redirect(struct url_client *client, struct url_addresses *addresses, struct reason *reason) {
    char *url = NULL, *location = NULL;
    curl->easy_getinfo(client->current, CURLINFO_REDIRECT_URL, &url);
    if (url == NULL) {
        reason_set(reason, "the camera answers %ld without saying where to go: check the URL", answer_status(client));
        return ERR_IO;
    }
    enum err error = url_redirect_follow(client->link, url, &location, addresses, reason);
    if (error == ERR_OK) {
        free(client->location);
        client->location = location;
    }
    return error;
}

enum err url_client_request(struct url_client *client, int64_t offset_bytes, struct reason *reason) {
    struct url_addresses addresses = client->link->addresses;
    enum err error = ERR_BUSY;
    free(client->location);
    client->location = strdup(client->link->location);
    if (client->location == NULL) {
        return ERR_MEMORY;
    }
    for (unsigned redirects = 0; error == ERR_BUSY; redirects++) {
        error = send_request(client, &addresses, offset_bytes, reason);
        if (error == ERR_OK) {
            error = check_status(client, reason);
        }
        if (error == ERR_BUSY && redirects == URL_REDIRECTS_MAX) {
            reason_set(reason, "the camera redirects more than %d times", URL_REDIRECTS_MAX);
            return ERR_IO;
        }
        if (error == ERR_BUSY) {
            enum err followed = follow_redirect(client, &addresses, reason);
            error = followed == ERR_OK ? ERR_BUSY : followed;
        }
    }
    return error;
}

/* ---- Answers ---- */

const char *url_client_content_type(const struct url_client *client) {
    char *type = NULL;
    curl->easy_getinfo(client->current, CURLINFO_CONTENT_TYPE, &type);
    return type != NULL ? type : "";
}

const char *url_client_location(const struct url_client *client) { return client->location; }

int64_t url_client_length_bytes(const struct url_client *client) {
    curl_off_t length = -1;
    curl->easy_getinfo(client->current, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length;
}

/* Lets libcurl work until it has brought something, or the answer has ended. */
static enum err receive(struct url_client *client, const size_t *count, size_t enough, struct reason *reason) {
    if (client->is_paused) {
        client->is_paused = false;
        curl->easy_pause(client->current, CURLPAUSE_CONT);
    }
    enum err error = ERR_OK;
    while (error == ERR_OK && *count < enough && !client->has_ended) {
        error = work_once_ready(client, reason);
    }
    return error;
}

static size_t take_spare(struct url_client *client, uint8_t *bytes, size_t capacity) {
    const size_t count = client->spare_count < capacity ? client->spare_count : capacity;
    memcpy(bytes, client->spare + client->spare_at, count);
    client->spare_count -= count;
    client->spare_at = client->spare_count > 0 ? client->spare_at + count : 0;
    return count;
}

enum err url_client_read(struct url_client *client, uint8_t *bytes, size_t capacity, size_t *got,
                         struct reason *reason) {
    *got = take_spare(client, bytes, capacity);
    if (*got > 0) {
        return ERR_OK;
    }
    client->target = bytes;
    client->target_capacity = capacity;
    client->target_count = 0;
    enum err error = receive(client, &client->target_count, 1, reason);
    *got = client->target_count;
    client->target_capacity = client->target_count = 0;
    if (*got > 0) {
        return ERR_OK;
    }
    return error == ERR_OK ? explain_result(client, reason) : error;
}

void url_client_ignore_length(struct url_client *client, bool ignore) { client->ignores_length = ignore; }

void url_client_stop_reading(struct url_client *client) {
    struct curl_header *encoding;
    if ((client->ignores_length || url_client_length_bytes(client) < 0) &&
        curl->easy_header(client->current, "Transfer-Encoding", 0, CURLH_HEADER, -1, &encoding) != CURLHE_OK) {
        drop_answer(client);
    }
}

enum err url_client_peek(struct url_client *client, uint8_t *bytes, size_t count, size_t *got, struct reason *reason) {
    enum err error = receive(client, &client->spare_count, count, reason);
    *got = client->spare_count < count ? client->spare_count : count;
    memcpy(bytes, client->spare + client->spare_at, *got);
    return error;
}
