#include "web/hooks/history_writer.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/sync.h"
#include "web/views/json/event_json.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

struct history_writer {
    struct recorder *recorder;
    struct event_log_reader *reader;
    struct event stop;
    pthread_t thread;
    bool has_thread;
};

static bool is_kept(enum event_log_kind kind) { return kind != EVENT_LOG_VIEWER_CAME && kind != EVENT_LOG_VIEWER_LEFT; }

static void write_event(struct history_writer *writer, const struct event_log_entry *entry) {
    char *json = is_kept(entry->kind) ? event_render(entry) : NULL;
    if (json != NULL) {
        recorder_add_history(writer->recorder, &(struct history_row){.at_ns = entry->at_realtime_ns,
                                                                     .camera = entry->camera,
                                                                     .kind = event_name(entry->kind),
                                                                     .details = json});
        free(json);
    }
}

/* False: the event log is closed. */
static bool write_events(struct history_writer *writer) {
    struct event_log_entry entry;
    uint64_t missed;
    enum err error;
    while ((error = event_log_read(writer->reader, &entry, &missed)) == ERR_OK) {
        if (missed > 0) {
            log_rate_limited(LOG_LEVEL_WARNING, NULL, "history", "%llu events came too fast for the history",
                             (unsigned long long)missed);
        }
        write_event(writer, &entry);
    }
    return error != ERR_CLOSED;
}

static void *run(void *argument) {
    struct history_writer *writer = argument;
    struct pollfd pollers[] = {{.fd = writer->stop.fd, .events = POLLIN},
                               {.fd = event_log_reader_fd(writer->reader), .events = POLLIN}};
    while (write_events(writer) && pollers[0].revents == 0) {
        int ready = poll(pollers, 2, -1);
        if (ready < 0) {
            pollers[0].revents = 0;
        }
    }
    return NULL;
}

enum err history_writer_start(struct broker *broker, struct recorder *recorder, struct history_writer **out) {
    struct history_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return ERR_MEMORY;
    }
    writer->recorder = recorder;
    writer->stop.fd = -1;
    /* From the first on: cameras run before the server does. */
    enum err error = event_log_reader_create(broker_event_log(broker), 0, &writer->reader);
    if (error == ERR_OK) {
        error = event_init(&writer->stop);
    }
    if (error == ERR_OK) {
        error = thread_start(&writer->thread, "history", 0, run, writer);
        writer->has_thread = error == ERR_OK;
    }
    if (error != ERR_OK) {
        history_writer_stop(&writer);
        return error;
    }
    *out = writer;
    return ERR_OK;
}

void history_writer_stop(struct history_writer **writer_pointer) {
    struct history_writer *writer = *writer_pointer;
    *writer_pointer = NULL;
    if (writer == NULL) {
        return;
    }
    if (writer->has_thread) {
        event_set(&writer->stop);
        pthread_join(writer->thread, NULL);
        bool is_open = write_events(writer); /* what came last */
        (void)is_open;
    }
    if (writer->stop.fd >= 0) {
        event_finish(&writer->stop);
    }
    event_log_reader_destroy(&writer->reader);
    free(writer);
}
