/* Requests as civetweb hands them over, its own refusals too, to the whole server. civetweb is replaced: its functions
 * are here, and one request after another is made of the input.
 *
 * Input: a line of flags ("-": none; see enum), then method, path and query, a line each, then the headers up to an
 * empty line, then the body. */
#define _GNU_SOURCE /* memmem */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/web/routes/controls_fixture.h"

#include "broker/base/log.h"

#include <civetweb.h>
#include <ctype.h>
#include <pthread.h>
#include <strings.h>
#include <time.h>

#define ADMIN_TOKEN "admin-0123456789abcdefghijKLMN"
#define LIMITED_TOKEN "limited-0123456789abcdefghijKLMN"
#define PASSWORD_HASH "$5$rounds=1000$0123456789abcdef$4JjhsHbB6nweC8hx6N/av7ksX2uixj0DvbEmzO3bCj6"
#define HIDDEN_NAME "Where nobody looks"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define REPLY_MAX_BYTES ((size_t)4 << 20)

/* What civetweb leaves unset where it refuses a request, and what it has read of one. */
enum flag { FLAG_REFUSED = 'r', FLAG_NO_METHOD = 'm', FLAG_NO_PATH = 'p', FLAG_NO_HEADERS = 'h', FLAG_CHUNKED = 'c' };

struct mg_context {
    struct mg_callbacks callbacks;
    void *user;
    void *worker;
};

struct mg_connection {
    struct mg_request_info info;
    const uint8_t *body;
    size_t body_bytes;
    char *reply;
    size_t reply_bytes;
};

static struct mg_context civetweb;

/* ---- In place of civetweb ---- */

unsigned mg_init_library(unsigned features) { return features; }
unsigned mg_exit_library(void) { return 1; }
void mg_stop(struct mg_context *context) { (void)context; }
void *mg_get_user_data(const struct mg_context *context) { return context->user; }
void *mg_get_thread_pointer(const struct mg_connection *connection) {
    (void)connection;
    return civetweb.worker;
}
void mg_disable_connection_keep_alive(struct mg_connection *connection) { (void)connection; }
const struct mg_request_info *mg_get_request_info(const struct mg_connection *connection) { return &connection->info; }
const char *mg_get_response_code_text(const struct mg_connection *connection, int code) {
    (void)connection;
    (void)code;
    return "Words";
}

struct mg_context *mg_start(const struct mg_callbacks *callbacks, void *user, const char **options) {
    civetweb.callbacks = *callbacks;
    civetweb.user = user;
    unsigned workers = 0;
    for (; options[0] != NULL; options += 2) {
        workers = strcmp(options[0], "num_threads") == 0 ? (unsigned)atoi(options[1]) : workers;
    }
    for (unsigned i = 0; i < workers; i++) {
        civetweb.worker = callbacks->init_thread(&civetweb, 1);
    }
    return &civetweb;
}

int mg_get_server_ports(const struct mg_context *context, int count, struct mg_server_port *ports) {
    (void)context;
    (void)count;
    ports[0] = (struct mg_server_port){.port = 1};
    return 1;
}

int mg_write(struct mg_connection *connection, const void *bytes, size_t count) {
    size_t room = REPLY_MAX_BYTES - connection->reply_bytes;
    REQUIRE(count <= room);
    memcpy(connection->reply + connection->reply_bytes, bytes, count);
    connection->reply_bytes += count;
    return (int)count;
}

int mg_read(struct mg_connection *connection, void *bytes, size_t count) {
    size_t taken = count < connection->body_bytes ? count : connection->body_bytes;
    memcpy(bytes, connection->body, taken);
    connection->body += taken;
    connection->body_bytes -= taken;
    return (int)taken;
}

/* ---- The server ---- */

/* Snapshots that ask for a fresh frame need not wait. */
static void *publish_frames(void *unused) {
    (void)unused;
    for (uint64_t sequence = 1;; sequence++) {
        for (size_t i = 0; i < 2; i++) {
            struct topic *topic = broker_topic_at(broker, i);
            struct frame *frame;
            REQUIRE(frame_create(broker_frame_pool(broker), 4, &frame) == ERR_OK);
            memcpy(frame_data(frame), "\xff\xd8\xff\xd9", 4);
            frame_set_size(frame, 4);
            *frame_edit_info(frame) = (struct frame_info){.sequence = sequence,
                                                          .captured_monotonic_ns = clock_monotonic_ns(),
                                                          .captured_realtime_ns = clock_realtime_ns()};
            topic_publish(topic, &frame);
            topic_unref(&topic);
        }
        nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
    }
    return NULL;
}

static void add_hidden_camera(void) {
    struct topic_settings settings = {.id = "hidden", .name = HIDDEN_NAME, .source = "push", .ring_frames = 2};
    struct topic *topic;
    REQUIRE(add_topic(broker, &settings, &topic) == ERR_OK);
    topic_unref(&topic);
}

static void start_server(void) {
    static const struct control_ops ops = {.list = fake_list, .set = fake_set};
    static const char *const limited_cameras[] = {"a"};
    struct account_settings accounts[] = {
        {.kind = ACCOUNT_TOKEN, .name = "admin", .rights = RIGHTS_ADMIN},
        {.kind = ACCOUNT_TOKEN,
         .name = "limited",
         .rights = RIGHTS_VIEW,
         .cameras = limited_cameras,
         .camera_count = 1},
        {.kind = ACCOUNT_USER,
         .name = "u",
         .password_hash = PASSWORD_HASH,
         .rights = RIGHTS_VIEW,
         .cameras = limited_cameras,
         .camera_count = 1},
    };
    access_digest_token(ADMIN_TOKEN, accounts[0].token_digest);
    access_digest_token(LIMITED_TOKEN, accounts[1].token_digest);
    struct server_settings settings = {.max_streams = 2,
                                       .max_event_streams = 4,
                                       .request_threads = 32,
                                       .senders = 1,
                                       .listen = {.address = "127.0.0.1"}};
    log_set_level(LOG_LEVEL_ERROR);
    REQUIRE(access_create(&(struct access_settings){.accounts = accounts, .account_count = 3}, &settings.access) ==
            ERR_OK);
    REQUIRE(request_policy_create(&settings.policy) == ERR_OK);
    struct request_policy_settings *policy = request_policy_edit(settings.policy);
    REQUIRE(request_policy_add_trusted_proxy(policy, "10.0.0.0/8") == ERR_OK);
    REQUIRE(origin_add(&policy->origin, "https://wall.example") == ERR_OK);
    REQUIRE(broker_create(&(struct broker_settings){.workers = 1, .envelope = server_frame_envelope()}, &broker) ==
            ERR_OK);
    REQUIRE(add_camera("a", true, &camera) == ERR_OK);
    add_hidden_camera();
    control_port_open(topic_controls(camera), &ops, NULL);
    struct reason reason = {""};
    REQUIRE(server_start(&settings, broker, &server, &reason) == ERR_OK);
    pthread_t publisher;
    REQUIRE(pthread_create(&publisher, NULL, publish_frames, NULL) == 0);
}

/* ---- What must hold ---- */

/* Each line of the head is a header that nothing of the request has forged. */
static void check_head(const char *head, const char *end) {
    for (const char *line = strchr(head, '\n') + 1; line < end; line = strchr(line, '\n') + 1) {
        const char *name_end = line;
        while (isalnum((unsigned char)*name_end) || *name_end == '-') {
            name_end++;
        }
        REQUIRE(name_end > line && name_end[0] == ':' && name_end[1] == ' ');
        const char *line_end = strstr(line, "\r\n");
        for (const char *c = line; c < line_end; c++) {
            REQUIRE(*c >= ' ' && *c <= '~');
        }
    }
}

static bool contains(const uint8_t *bytes, size_t count, const char *text) {
    return memmem(bytes, count, text, strlen(text)) != NULL;
}

static void check_reply(const struct mg_connection *connection, bool is_admin) {
    const char *reply = connection->reply;
    if (connection->reply_bytes == 0) {
        return; /* a push whose socket is not found */
    }
    if (strncmp(reply, CONTINUE, strlen(CONTINUE)) == 0) {
        reply += strlen(CONTINUE);
    }
    REQUIRE(strncmp(reply, "HTTP/1.1 ", 9) == 0 && reply[12] == ' ');
    int status = atoi(reply + 9);
    REQUIRE(status >= 100 && status < 600 && status != 500);
    const char *end = strstr(reply, "\r\n\r\n");
    REQUIRE(end != NULL);
    check_head(reply, end);
    REQUIRE(is_admin || !contains((const uint8_t *)reply, connection->reply_bytes, HIDDEN_NAME));
}

/* ---- A request ---- */

static bool has_flag(const char *flags, enum flag flag) { return strchr(flags, (int)flag) != NULL; }

/* As civetweb does: what has no colon ends the headers with a refusal. */
static void take_headers(struct mg_request_info *info, const uint8_t **bytes, size_t *count, char **lines) {
    while (*count > 0 && info->num_headers < MG_MAX_HEADERS) {
        char *line = take_line(bytes, count);
        char *colon = strchr(line, ':');
        if (colon == NULL) {
            free(line);
            return;
        }
        *colon = '\0';
        lines[info->num_headers] = line;
        info->http_headers[info->num_headers++] =
            (struct mg_header){.name = line, .value = colon + 1 + strspn(colon + 1, " ")};
    }
}

static long long content_length_of(const struct mg_request_info *info) {
    for (int i = 0; i < info->num_headers; i++) {
        if (strcasecmp(info->http_headers[i].name, "Content-Length") == 0) {
            return atoll(info->http_headers[i].value) < 0 ? -1 : atoll(info->http_headers[i].value);
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static uint32_t number; /* each request comes from another address, so that none has to wait after failures */
    static char reply[REPLY_MAX_BYTES];
    if (server == NULL) {
        start_server();
    }
    bool is_admin = contains(bytes, count, ADMIN_TOKEN) || contains(bytes, count, HIDDEN_NAME);
    char *flags = take_line(&bytes, &count), *method = take_line(&bytes, &count), *path = take_line(&bytes, &count),
         *query = take_line(&bytes, &count), *lines[MG_MAX_HEADERS];
    struct mg_connection connection = {.reply = reply};
    struct mg_request_info *info = &connection.info;
    take_headers(info, &bytes, &count, lines);
    const int header_count = info->num_headers;
    number++;
    snprintf(info->remote_addr, sizeof info->remote_addr, "%u.%u.%u.1", number & 1 ? 10 : 11, number >> 8 & 255,
             number >> 1 & 127);
    info->remote_port = 40000;
    info->user_data = civetweb.user;
    info->http_version = "1.1";
    info->request_method = has_flag(flags, FLAG_NO_METHOD) ? NULL : method;
    info->request_uri = info->local_uri_raw = info->local_uri = has_flag(flags, FLAG_NO_PATH) ? NULL : path;
    info->query_string = query[0] != '\0' ? query : NULL;
    info->content_length = has_flag(flags, FLAG_CHUNKED) ? -1 : content_length_of(info);
    info->num_headers = has_flag(flags, FLAG_NO_HEADERS) ? -1 : header_count;
    connection.body = bytes;
    connection.body_bytes = count;

    void *unused;
    civetweb.callbacks.init_connection(&connection, &unused);
    if (has_flag(flags, FLAG_REFUSED)) {
        civetweb.callbacks.http_error(&connection, 400, "");
    } else {
        REQUIRE(civetweb.callbacks.begin_request(&connection) != 0);
    }
    civetweb.callbacks.connection_close(&connection);
    reply[connection.reply_bytes < REPLY_MAX_BYTES ? connection.reply_bytes : REPLY_MAX_BYTES - 1] = '\0';
    check_reply(&connection, is_admin);
    for (int i = 0; i < header_count; i++) {
        free(lines[i]);
    }
    free(flags);
    free(method);
    free(path);
    free(query);
    return 0;
}
