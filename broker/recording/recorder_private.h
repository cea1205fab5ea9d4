/* The inside of the recorder, for the files recorder*.c only. */
#ifndef BROKER_RECORDING_RECORDER_PRIVATE_H
#define BROKER_RECORDING_RECORDER_PRIVATE_H

#include "broker/base/sync.h"
#include "broker/broker.h"
#include "broker/recording/camera_recording.h"
#include "broker/recording/recorder_types.h"
#include "broker/recording/recovery.h"
#include "broker/recording/retention.h"

#include <sys/queue.h>

#define HISTORY_PENDING_MAX 1000

enum recorder_command_kind { COMMAND_DELETE, COMMAND_PROTECT, COMMAND_RELEASE };

/* What another thread waits for. It belongs to the waiter while it is listed or done, otherwise to the recorder. */
struct recorder_command {
    enum recorder_command_kind kind;
    char camera[TOPIC_ID_MAX_BYTES + 1];
    int64_t from_ns, to_ns;
    uint64_t deleted, bytes;
    enum err error;
    struct reason reason;
    bool is_done, is_abandoned; /* under the recorder's lock */
    STAILQ_ENTRY(recorder_command) next;
};
STAILQ_HEAD(recorder_commands, recorder_command);

/* A configuration that the thread has yet to take. */
struct recorder_change {
    struct recording_settings settings;
    struct recorder_camera *cameras;
    struct topic **topics; /* references; NULL: there is none */
    size_t count;
};

/* The ids of the cameras that are switched off. */
struct recorder_switches {
    char (*off)[TOPIC_ID_MAX_BYTES + 1];
    size_t count;
};

struct history_item {
    int64_t at_ns;
    char camera[TOPIC_ID_MAX_BYTES + 1];
    char *kind, *details; /* one allocation: kind's */
};

struct recorder {
    struct broker *broker;
    char *path;
    struct frame_budget budget;
    pthread_t thread, guard;
    bool has_thread, has_guard;

    struct lock lock;
    struct condition wake;    /* the recorder's thread */
    struct condition changed; /* a command is done, or everything ends */
    bool is_stopping GUARDED_BY(lock);
    struct recorder_change *change GUARDED_BY(lock); /* NULL: none */
    struct recorder_commands commands GUARDED_BY(lock);
    struct history_item history[HISTORY_PENDING_MAX] GUARDED_BY(lock);
    size_t history_count GUARDED_BY(lock);
    struct recorder_switches switches GUARDED_BY(lock);
    struct recorder_status status GUARDED_BY(lock); /* its cameras are an array of status_capacity */
    size_t status_capacity GUARDED_BY(lock);

    /* Since when the thread has been in one call to the disk (monotonic); 0: it is not. Relaxed: a time by itself. */
    _Atomic int64_t busy_since_ns;

    /* ---- The thread's own ---- */
    struct recording_settings settings;
    struct recording_disk disk;
    struct camera_recording **cameras;
    size_t camera_count;
    struct retention retention;
    struct retention_usage usage;
    uint64_t settled_bytes;    /* of all recordings, as the catalogue has them */
    uint64_t round_bytes;      /* written by the last round */
    struct adoption *adoption; /* NULL: none is under way */
    uint64_t event_position;   /* in the broker's event log */
    int64_t next_open_ns;      /* monotonic, while the disk is not open */
    int64_t next_sync_ns;      /* monotonic */
    bool is_full;              /* no room: nothing is written */
    bool is_broken;            /* the catalogue, so that it has to be made anew */
};

/* ---- recorder_round.c; the recorder's thread ---- */

void recorder_round(struct recorder *recorder, bool is_last);
/* *change may be NULL. */
void recorder_change_destroy(struct recorder_change **change);

/* ---- recorder_commands.c; the recorder's thread ---- */

/* Obeys those that wait. Errors: recording_disk.h. */
CHECKED enum err recorder_obey(struct recorder *recorder, struct reason *reason);
/* Fails those that wait: the disk is not open. */
void recorder_refuse(struct recorder *recorder);

/* ---- recorder_switch.c; any thread ---- */

bool recorder_is_off(struct recorder *recorder, const char *camera_id);

/* ---- recorder_status.c; any thread ---- */

/* Sets the state, and announces a change. reason: "" for none. */
void recorder_set_state(struct recorder *recorder, enum recorder_state state, const char *reason);
/* Publishes what the thread knows. Threads: the recorder's. */
void recorder_publish_status(struct recorder *recorder);
/* A call to the disk begins, or (false) the last has returned. Threads: the recorder's. */
void recorder_mark_busy(struct recorder *recorder, bool is_busy);

#endif
