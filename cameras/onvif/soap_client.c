#include "cameras/onvif/soap_client.h"

#include "broker/base/clock.h"
#include "broker/base/curl_library.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX_BYTES ((size_t)512 << 10)
#define CONNECT_MAX_MS 2000L
#define CALL_MAX_MS 4000L

struct soap_client {
    CURL *easy;
    struct curl_slist *headers;
    int64_t offset_ns;
    char *answer; /* ANSWER_MAX_BYTES */
    size_t answer_bytes;
    bool is_too_large;
};

/* The visitor's, with an eye on what SOAP says of itself (SOAP 1.2 Part 1, section 5.4). */
struct answer_watch {
    const struct soap_request *request;
    bool is_envelope, is_fault, is_denied;
    char fault[100];
};

static size_t take_answer(char *bytes, size_t size, size_t count, void *user) {
    struct soap_client *client = user;
    const size_t length = size * count;
    if (length > ANSWER_MAX_BYTES - client->answer_bytes) {
        client->is_too_large = true;
        return 0;
    }
    memcpy(client->answer + client->answer_bytes, bytes, length);
    client->answer_bytes += length;
    return length;
}

static bool set_options(struct soap_client *client) {
    CURL *easy = client->easy;
    return curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MAX_MS) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, CALL_MAX_MS) == CURLE_OK &&
           /* Cameras have certificates of their own; the login is not sent in the clear with either. */
           curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_USERAGENT, "framebroker") == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEDATA, client) == CURLE_OK;
}

enum err soap_client_create(struct soap_client **out, struct reason *reason) {
    enum err error = curl_load(reason);
    if (error != ERR_OK) {
        return error;
    }
    struct soap_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return ERR_MEMORY;
    }
    client->answer = malloc(ANSWER_MAX_BYTES);
    client->easy = curl->easy_init();
    client->headers = curl->slist_append(NULL, "Content-Type: application/soap+xml; charset=utf-8");
    if (client->answer == NULL || client->easy == NULL || client->headers == NULL || !set_options(client)) {
        soap_client_destroy(&client);
        return ERR_MEMORY;
    }
    *out = client;
    return ERR_OK;
}

void soap_client_destroy(struct soap_client **client_pointer) {
    struct soap_client *client = *client_pointer;
    *client_pointer = NULL;
    if (client == NULL) {
        return;
    }
    curl->easy_cleanup(client->easy);
    curl->slist_free_all(client->headers);
    free(client->answer);
    free(client);
}

void soap_client_set_offset(struct soap_client *client, int64_t offset_ns) { client->offset_ns = offset_ns; }

static bool has_login(const struct soap_request *request) {
    return request->login != NULL && request->login->username != NULL;
}

/* *text is the caller's to free(). */
static enum err write_envelope(const struct soap_client *client, const struct soap_request *request, char **text) {
    size_t length = 0;
    FILE *out = open_memstream(text, &length);
    if (out == NULL) {
        return ERR_MEMORY;
    }
    enum err error = ERR_OK;
    fputs("<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">",
          out);
    if (has_login(request)) {
        fputs("<s:Header>", out);
        error = soap_write_security(out, request->login, clock_realtime_ns() + client->offset_ns);
        fputs("</s:Header>", out);
    }
    fprintf(out, "<s:Body>%s</s:Body></s:Envelope>", request->body);
    return fclose(out) == 0 ? error : ERR_MEMORY;
}

/* "ter:NotAuthorized", whatever the prefix is. */
static bool names_code(const char *text, const char *code) {
    const char *colon = strrchr(text, ':');
    return strcmp(colon != NULL ? colon + 1 : text, code) == 0;
}

static void watch_answer(void *user, const struct soap_element *element) {
    struct answer_watch *watch = user;
    watch->is_envelope = watch->is_envelope || strcmp(element->name, "Envelope") == 0;
    watch->is_fault = watch->is_fault || strcmp(element->name, "Fault") == 0;
    if (strcmp(element->name, "Value") == 0 &&
        (names_code(element->text, "NotAuthorized") || names_code(element->text, "FailedAuthentication"))) {
        watch->is_denied = true;
    }
    if (strcmp(element->name, "Text") == 0 && strcmp(element->parent, "Reason") == 0) {
        snprintf(watch->fault, sizeof watch->fault, "%s", element->text);
    }
    watch->request->visit(watch->request->user, element);
}

static enum err post(struct soap_client *client, const struct soap_request *request, const char *envelope,
                     unsigned long scheme, long *status, struct reason *reason) {
    const struct onvif_login *login = scheme != CURLAUTH_NONE ? request->login : NULL;
    client->answer_bytes = 0;
    client->is_too_large = false;
    if (curl->easy_setopt(client->easy, CURLOPT_URL, request->url) != CURLE_OK ||
        curl->easy_setopt(client->easy, CURLOPT_POSTFIELDS, envelope) != CURLE_OK ||
        curl->easy_setopt(client->easy, CURLOPT_HTTPAUTH, (long)scheme) != CURLE_OK ||
        curl->easy_setopt(client->easy, CURLOPT_USERNAME, login != NULL ? login->username : NULL) != CURLE_OK ||
        curl->easy_setopt(client->easy, CURLOPT_PASSWORD, login != NULL ? login->password : NULL) != CURLE_OK) {
        return ERR_MEMORY;
    }
    const CURLcode result = curl->easy_perform(client->easy);
    curl->easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, status);
    if (result == CURLE_OK) {
        return ERR_OK;
    }
    if (result == CURLE_OUT_OF_MEMORY) {
        return ERR_MEMORY;
    }
    reason_set(reason, "%s", client->is_too_large ? "the answer is too large" : curl->easy_strerror(result));
    return client->is_too_large ? ERR_INVALID : result == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_CLOSED;
}

static enum err perform(struct soap_client *client, const struct soap_request *request, const char *envelope,
                        long *status, struct reason *reason) {
    enum err error = post(client, request, envelope, CURLAUTH_NONE, status, reason);
    /* Newer devices want HTTP Digest instead of the envelope's login (ONVIF Core Specification, section 5.9.1). Offered
     * at first, libcurl would send no body until it is asked for a login, which the others never do. */
    if (error == ERR_OK && *status == 401 && has_login(request)) {
        error = post(client, request, envelope, CURLAUTH_DIGEST, status, reason);
    }
    return error;
}

/* The words of a device may hold anything. */
static void replace_unprintable(char *text) {
    for (; *text != '\0'; text++) {
        *text = *text >= ' ' && *text <= '~' ? *text : '?';
    }
}

static enum err judge(struct answer_watch *watch, long status, enum err error, struct reason *reason) {
    replace_unprintable(watch->fault);
    if (status == 401 || watch->is_denied) {
        reason_set(reason, "the login is missing or wrong");
        return ERR_DENIED;
    }
    if (status >= 300 && status < 400) {
        reason_set(reason, "the answer is a redirect, which is not followed");
        return ERR_INVALID;
    }
    if (error == ERR_OK && watch->is_fault) {
        reason_set(reason, "the device refuses: %s", watch->fault[0] != '\0' ? watch->fault : "no reason given");
        return ERR_INVALID;
    }
    if (error == ERR_OK && (!watch->is_envelope || status < 200 || status > 299)) {
        reason_set(reason, "the answer is not SOAP (HTTP status %ld)", status);
        return ERR_INVALID;
    }
    return error;
}

enum err soap_call(struct soap_client *client, const struct soap_request *request, struct reason *reason) {
    char *envelope = NULL;
    long status = 0;
    struct answer_watch watch = {.request = request};
    enum err error = write_envelope(client, request, &envelope);
    if (error == ERR_OK) {
        error = perform(client, request, envelope, &status, reason);
    }
    free(envelope);
    if (error != ERR_OK) {
        return error;
    }
    error = soap_read(client->answer, client->answer_bytes, watch_answer, &watch, reason);
    return error == ERR_MEMORY ? error : judge(&watch, status, error, reason);
}
