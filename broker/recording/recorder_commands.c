#include "broker/recording/recorder_commands.h"

#include "broker/base/clock.h"
#include "broker/recording/recorder_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a request waits. */
#define PATIENCE_NS (10 * NS_PER_S)
#define SLICE 32

/* ---- The recorder's thread ---- */

static struct recorder_command *take_command(struct recorder *recorder) {
    lock_acquire(&recorder->lock);
    struct recorder_command *command = STAILQ_FIRST(&recorder->commands);
    if (command != NULL) {
        STAILQ_REMOVE_HEAD(&recorder->commands, next);
    }
    lock_release(&recorder->lock);
    return command;
}

static void give_back(struct recorder *recorder, struct recorder_command *command) {
    lock_acquire(&recorder->lock);
    const bool is_abandoned = command->is_abandoned;
    command->is_done = true;
    condition_broadcast(&recorder->changed);
    lock_release(&recorder->lock);
    if (is_abandoned) {
        free(command);
    }
}

static enum err delete_between(struct recorder *recorder, struct recorder_command *command, int64_t camera) {
    struct segment_place places[SLICE];
    size_t count = SLICE;
    enum err error = ERR_OK;
    while (count == SLICE && error == ERR_OK) {
        struct recording_disk *disk = &recorder->disk;
        recorder_mark_busy(recorder, true);
        error = recording_disk_error(
            disk,
            catalogue_writer_between(disk->catalogue, camera, command->from_ns, command->to_ns, places, SLICE, &count),
            &command->reason);
        if (error == ERR_OK) {
            error = recording_disk_delete(disk, places, count, &command->reason);
        }
        for (size_t i = 0; i < count && error == ERR_OK; i++) {
            command->deleted++;
            command->bytes += places[i].bytes;
        }
    }
    return error;
}

static enum err obey(struct recorder *recorder, struct recorder_command *command) {
    struct recording_disk *disk = &recorder->disk;
    struct catalogue_writer *catalogue = disk->catalogue;
    int64_t camera = 0;
    enum err error = recording_disk_begin(disk, &command->reason);
    if (error == ERR_OK) {
        error =
            recording_disk_error(disk, catalogue_writer_camera(catalogue, command->camera, &camera), &command->reason);
    }
    if (error != ERR_OK) {
        return error;
    }
    if (command->kind == COMMAND_DELETE) {
        return delete_between(recorder, command, camera);
    }
    error = command->kind == COMMAND_PROTECT
                ? catalogue_writer_protect(catalogue, camera, command->from_ns, command->to_ns)
                : catalogue_writer_release(catalogue, camera, command->from_ns, command->to_ns);
    error = recording_disk_error(disk, error, &command->reason);
    return error == ERR_OK ? recording_disk_commit(disk, &command->reason) : error;
}

enum err recorder_obey(struct recorder *recorder, struct reason *reason) {
    enum err error = ERR_OK;
    for (struct recorder_command *command; error == ERR_OK && (command = take_command(recorder)) != NULL;) {
        error = command->error = obey(recorder, command);
        *reason = error != ERR_OK ? command->reason : *reason;
        command->error = error == ERR_OK ? ERR_OK : ERR_IO;
        give_back(recorder, command);
    }
    return error;
}

void recorder_refuse(struct recorder *recorder) {
    for (struct recorder_command *command; (command = take_command(recorder)) != NULL;) {
        lock_acquire(&recorder->lock);
        command->reason = recorder->status.reason;
        lock_release(&recorder->lock);
        command->error = ERR_IO;
        give_back(recorder, command);
    }
}

/* ---- Other threads ---- */

/* Waits for the command, which the caller frees if it is done (true). */
static bool await(struct recorder *recorder, struct recorder_command *command) {
    const int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    lock_acquire(&recorder->lock);
    STAILQ_INSERT_TAIL(&recorder->commands, command, next);
    condition_signal(&recorder->wake);
    bool in_time = true;
    while (!command->is_done && in_time && !recorder->is_stopping) {
        in_time = condition_wait_until(&recorder->changed, &recorder->lock, deadline_ns);
    }
    const bool is_done = command->is_done;
    bool is_listed = false;
    struct recorder_command *other;
    STAILQ_FOREACH (other, &recorder->commands, next) {
        is_listed = is_listed || other == command;
    }
    if (is_listed) {
        STAILQ_REMOVE(&recorder->commands, command, recorder_command, next);
    }
    command->is_abandoned = !is_done && !is_listed; /* the recorder is at it, and frees it */
    lock_release(&recorder->lock);
    if (is_listed) {
        free(command);
    }
    return is_done;
}

static enum err request(struct recorder *recorder, const struct recorder_command *wanted, const char *camera_id,
                        struct recorder_command *result) {
    struct recorder_command *command = malloc(sizeof *command);
    if (command == NULL) {
        return ERR_MEMORY;
    }
    *command = *wanted;
    snprintf(command->camera, sizeof command->camera, "%s", camera_id);
    if (!await(recorder, command)) {
        reason_set(&result->reason, "the disk is too slow");
        return ERR_TIMEOUT;
    }
    *result = *command;
    free(command);
    return result->error;
}

enum err recorder_delete(struct recorder *recorder, const char *camera_id, int64_t from_ns, int64_t to_ns,
                         uint64_t *deleted, uint64_t *bytes, struct reason *reason) {
    const struct recorder_command command = {.kind = COMMAND_DELETE, .from_ns = from_ns, .to_ns = to_ns};
    struct recorder_command result = {0};
    enum err error = request(recorder, &command, camera_id, &result);
    *deleted = result.deleted;
    *bytes = result.bytes;
    *reason = result.reason;
    return error;
}

enum err recorder_protect(struct recorder *recorder, const char *camera_id, int64_t from_ns, int64_t to_ns,
                          bool is_released, struct reason *reason) {
    const struct recorder_command command = {
        .kind = is_released ? COMMAND_RELEASE : COMMAND_PROTECT, .from_ns = from_ns, .to_ns = to_ns};
    struct recorder_command result = {0};
    enum err error = request(recorder, &command, camera_id, &result);
    *reason = result.reason;
    return error;
}
