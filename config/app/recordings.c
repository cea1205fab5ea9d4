#include "config/app/recordings.h"

#include "broker/base/clock.h"
#include "broker/recording/catalogue/catalogue.h"
#include "broker/recording/recording_disk.h"
#include "broker/recording/recovery.h"
#include "broker/recording/verification.h"
#include "config/json/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SLICE 64

static enum err fail(FILE *faults, enum err error, const struct reason *reason) {
    fprintf(faults, "framebroker: %s\n", reason->text[0] != '\0' ? reason->text : err_text(error));
    return error;
}

/* "1.2 GB". */
#define SIZE_TEXT_BYTES 32
static void format_size(uint64_t bytes, char text[SIZE_TEXT_BYTES]) {
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    double number = (double)bytes;
    size_t unit = 0;
    while (number >= 999.95 && unit + 1 < sizeof units / sizeof units[0]) {
        number /= 1000;
        unit++;
    }
    snprintf(text, SIZE_TEXT_BYTES, unit == 0 ? "%.0f %s" : "%.1f %s", number, units[unit]);
}

/* ---- --recordings ---- */

struct listing {
    FILE *out;
    struct json_writer json;
    bool as_json;
    uint64_t bytes;
};

static void write_camera(struct listing *listing, const struct catalogue_camera *camera) {
    char oldest[CLOCK_TEXT_BYTES], newest[CLOCK_TEXT_BYTES], size[SIZE_TEXT_BYTES];
    clock_format_utc(camera->oldest_ns, 0, oldest);
    clock_format_utc(camera->newest_ns, 0, newest);
    listing->bytes += camera->bytes;
    if (listing->as_json) {
        json_open(&listing->json, NULL, '{');
        json_write_text(&listing->json, "id", camera->id);
        json_write_integer(&listing->json, "segments", (int64_t)camera->segments);
        json_write_integer(&listing->json, "frames", (int64_t)camera->frames);
        json_write_integer(&listing->json, "bytes", (int64_t)camera->bytes);
        json_write_text(&listing->json, "oldest", oldest);
        json_write_text(&listing->json, "newest", newest);
        json_close(&listing->json, '}');
    } else {
        format_size(camera->bytes, size);
        fprintf(listing->out, "%-24s %10s  %8" PRIu64 " segments  %s  %s\n", camera->id, size, camera->segments, oldest,
                newest);
    }
}

static enum err write_cameras(struct listing *listing, struct catalogue *catalogue) {
    struct catalogue_camera cameras[SLICE];
    char after[TOPIC_ID_MAX_BYTES + 1] = "";
    size_t count = SLICE;
    enum err error = ERR_OK;
    while (count == SLICE && error == ERR_OK) {
        error = catalogue_read_cameras(catalogue, after, cameras, SLICE, &count);
        for (size_t i = 0; i < count && error == ERR_OK; i++) {
            if (cameras[i].segments > 0) {
                write_camera(listing, &cameras[i]);
            }
            memcpy(after, cameras[i].id, sizeof after);
        }
    }
    return error;
}

static enum err list(const char *path, bool as_json, FILE *out, struct reason *reason) {
    struct listing listing = {.out = out, .as_json = as_json};
    struct catalogue *catalogue = NULL;
    char size[SIZE_TEXT_BYTES];
    enum err error = catalogue_open(path, &catalogue, reason);
    if (error != ERR_OK) {
        return error;
    }
    json_writer_init(&listing.json, out, 2);
    if (as_json) {
        json_open(&listing.json, NULL, '{');
        json_write_text(&listing.json, "path", path);
        json_open(&listing.json, "cameras", '[');
    }
    error = write_cameras(&listing, catalogue);
    if (error != ERR_OK) {
        reason_set(reason, "the catalogue cannot be read: %s", catalogue_error(catalogue));
    }
    if (as_json) {
        json_close(&listing.json, ']');
        json_write_integer(&listing.json, "bytes", (int64_t)listing.bytes);
        json_close(&listing.json, '}');
        fputc('\n', out);
    } else {
        format_size(listing.bytes, size);
        fprintf(out, "%s: %s\n", path, size);
    }
    catalogue_close(&catalogue);
    return error;
}

/* ---- --init ---- */

static enum err init(const char *path, FILE *out, struct reason *reason) {
    bool was_marked = false;
    enum err error = recording_folder_init(path, &was_marked, reason);
    if (error == ERR_OK) {
        fprintf(out, was_marked ? "%s was marked for recordings before\n" : "%s is marked for recordings\n", path);
    }
    return error;
}

/* ---- --verify ---- */

struct problems {
    FILE *out;
    struct json_writer json;
    bool as_json;
};

static void write_problem(void *user, const char *camera, const char *name, const char *what) {
    struct problems *problems = user;
    if (problems->as_json) {
        json_open(&problems->json, NULL, '{');
        json_write_text(&problems->json, "camera", camera);
        json_write_text(&problems->json, "file", name);
        json_write_text(&problems->json, "problem", what);
        json_close(&problems->json, '}');
    } else {
        fprintf(problems->out, "%s/%s: %s\n", camera, name, what);
    }
}

static enum err verify(const char *path, bool as_json, FILE *out, struct reason *reason) {
    struct problems problems = {.out = out, .as_json = as_json};
    struct verification result;
    json_writer_init(&problems.json, out, 2);
    if (as_json) {
        json_open(&problems.json, NULL, '{');
        json_open(&problems.json, "problems", '[');
    }
    enum err error = verification_run(path, write_problem, &problems, &result, reason);
    if (as_json) {
        json_close(&problems.json, ']');
        json_write_integer(&problems.json, "segments", (int64_t)result.segments);
        json_write_integer(&problems.json, "frames", (int64_t)result.frames);
        json_write_integer(&problems.json, "bytes", (int64_t)result.bytes);
        json_close(&problems.json, '}');
        fputc('\n', out);
    } else if (error == ERR_OK) {
        fprintf(out, "%s: %" PRIu64 " segments with %" PRIu64 " frames are in order\n", path, result.segments,
                result.frames);
    }
    if (error == ERR_OK && result.problems > 0) {
        reason_set(reason, "%" PRIu64 " problems; --recordings --rebuild makes the catalogue anew from the files",
                   result.problems);
        error = ERR_INVALID;
    }
    return error;
}

/* ---- --rebuild ---- */

static enum err adopt_all(const char *path, struct recording_disk *disk, uint64_t *count, struct reason *reason) {
    struct adoption *adoption = NULL;
    bool is_done = false;
    enum err error = adoption_create(path, &adoption, reason);
    while (error == ERR_OK && !is_done) { /* a transaction for each second of it */
        error = adoption_step(adoption, disk, clock_monotonic_ns() + NS_PER_S, &is_done, reason);
        if (error == ERR_OK) {
            error = recording_disk_commit(disk, reason);
        }
    }
    if (error == ERR_OK) {
        *count = adoption_count(adoption);
    }
    adoption_destroy(&adoption);
    return error;
}

static enum err rebuild(const char *path, FILE *out, struct reason *reason) {
    struct recording_disk disk = {0};
    uint64_t count = 0;
    enum err error = recording_disk_open_new(path, &disk, reason);
    if (error == ERR_OK) {
        error = adopt_all(path, &disk, &count, reason);
    }
    recording_disk_close(&disk);
    if (error == ERR_OK) {
        fprintf(out, "%s: the catalogue has been made anew from %" PRIu64 " segments\n", path, count);
    }
    return error;
}

enum err recordings_run(const struct config *config, enum recordings_task task, bool as_json, FILE *out, FILE *faults) {
    const char *path = config->recording.path;
    struct reason reason = {""};
    enum err error = ERR_INVALID;
    if (path == NULL) {
        reason_set(&reason, "the configuration has no \"recording\", which says where recordings are");
        return fail(faults, error, &reason);
    }
    switch (task) {
    case RECORDINGS_LIST: error = list(path, as_json, out, &reason); break;
    case RECORDINGS_INIT: error = init(path, out, &reason); break;
    case RECORDINGS_VERIFY: error = verify(path, as_json, out, &reason); break;
    case RECORDINGS_REBUILD: error = rebuild(path, out, &reason); break;
    }
    if (error == ERR_OK && (fflush(out) != 0 || ferror(out) != 0)) {
        return ERR_IO;
    }
    return error == ERR_OK ? ERR_OK : fail(faults, error, &reason);
}
