#include "config/app/probe.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "cameras/driver.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/jpeg_decode.h"
#include "cameras/registry.h"
#include "cameras/url/address.h"
#include "config/app/probe_result.h"
#include "config/json/json_writer.h"
#include "config/source_section.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_MAX_NS (10 * NS_PER_S)
/* Enough to measure a rate, in either respect. */
#define WATCH_MIN_NS (2 * NS_PER_S)
#define PICTURES_MIN 3
#define DECODE_MAX_NS (3 * NS_PER_S / 2)
/* Connections that fail in a way that may pass at once. */
#define FAILED_MAX 3
#define RETRY_NS (NS_PER_S / 2)

/* ---- Settings ---- */

/* The source as the configuration would have it. *text is the caller's to free(). */
static enum err write_source(const char *address, bool insecure, char **text, size_t *length) {
    FILE *out = open_memstream(text, length);
    if (out == NULL) {
        return ERR_MEMORY;
    }
    struct json_writer json;
    json_writer_init(&json, out, 0);
    json_open(&json, NULL, '{');
    json_write_text(&json, "type", "url");
    json_write_text(&json, "url", address);
    if (insecure) {
        json_write_boolean(&json, "insecure", true);
    }
    json_close(&json, '}');
    return fclose(out) == 0 ? ERR_OK : ERR_MEMORY;
}

/* Reads it as the configuration is read; what is wrong with it goes to errors. */
static enum err read_source(const char *address, bool insecure, struct arena *arena, struct source_settings *settings,
                            FILE *errors) {
    char *text = NULL, *faults = NULL;
    size_t length = 0, faults_length = 0;
    struct document document = {.path = NULL};
    FILE *fault_file = open_memstream(&faults, &faults_length);
    enum err error = fault_file == NULL ? ERR_MEMORY : write_source(address, insecure, &text, &length);
    if (error == ERR_OK) {
        error = document_parse(&document, "--probe", text, length, arena, fault_file);
    }
    if (error == ERR_OK) {
        const struct node root = document_root(&document);
        source_section_read(&root, settings);
        document_write_faults(&document, fault_file);
        error = document.fault_count > 0 ? ERR_INVALID : arena_exhausted(arena) ? ERR_MEMORY : ERR_OK;
        document_finish(&document);
    }
    if (fault_file != NULL && fclose(fault_file) == 0 && error == ERR_INVALID) {
        const char *sentence = strstr(faults, "url: ");
        fprintf(errors, "framebroker: --probe: %s", sentence != NULL ? sentence + strlen("url: ") : faults);
    }
    free(faults);
    free(text);
    return error;
}

/* ---- Watching ---- */

struct prober {
    struct probe_result *result;
    struct driver_context context;
    int64_t deadline_ns;
};

static bool has_seen_enough(const struct probe_result *result) {
    const bool knows_keys = result->facts.key_frames == 0 || result->facts.key_distance_ns > 0;
    return result->pictures >= PICTURES_MIN && knows_keys && result->last_ns - result->first_ns >= WATCH_MIN_NS;
}

static bool is_over(const struct prober *prober) {
    return has_seen_enough(prober->result) || clock_monotonic_ns() >= prober->deadline_ns;
}

/* As ingest does, but every picture is decoded, and what a viewer never sees is noted. */
static bool check_jpeg(struct probe_result *result, struct frame *frame) {
    const struct work_limit limit = {.cpu_deadline_ns = clock_thread_cpu_ns() + DECODE_MAX_NS};
    const struct span received = frame_payload(frame);
    struct jpeg_layout layout;
    struct reason reason = {""};
    const enum err inspected = jpeg_inspect(received.bytes, received.count, &layout, NULL);
    if (jpeg_admit(frame, false, &limit, &result->fault) != ERR_OK) {
        return false;
    }
    if (inspected != ERR_OK) {
        source_facts_note(&result->facts, "its JPEGs lack their end (EOI), which is added");
    } else if (!layout.has_huffman_tables) {
        source_facts_note(&result->facts, "its JPEGs lack their Huffman tables, which are added");
    }
    if (layout.progressive) {
        source_facts_note(&result->facts, "its JPEGs are progressive, which takes viewers longer to decode");
    }
    const struct span whole = frame_payload(frame);
    if (jpeg_check_decoding(whole.bytes, whole.count, &limit, &reason) != ERR_OK) {
        result->fault = reason;
        return false;
    }
    if (reason.text[0] != '\0') {
        result->warning = reason;
    }
    return true;
}

static void take_frame(struct probe_result *result, struct frame *frame) {
    const struct frame_info *info = frame_info(frame);
    if (info->format == FRAME_JPEG && !check_jpeg(result, frame)) {
        result->broken++;
        return;
    }
    result->description.width_px = info->width_px;
    result->description.height_px = info->height_px;
    result->last_ns = clock_monotonic_ns();
    if (result->pictures == 0) {
        result->first_ns = result->last_ns;
    }
    result->pictures++;
}

static enum err read_frames(struct prober *prober, void *state) {
    struct probe_result *result = prober->result;
    enum err error = ERR_OK;
    while (error == ERR_OK && !is_over(prober)) {
        struct frame *frame = NULL;
        uint64_t lost = 0;
        error = prober->context.settings->type->driver->read(
            state, prober->deadline_ns, result->pictures + result->broken + 1, &frame, &lost, &result->failure);
        result->lost += result->pictures > 0 ? lost : 0;
        if (error == ERR_OK) {
            take_frame(result, frame);
        } else if (error == ERR_INVALID) {
            result->broken++;
            result->fault = result->failure;
        }
        frame_unref(&frame);
        error = error == ERR_INVALID || error == ERR_BUSY ? ERR_OK : error;
    }
    return error;
}

/* One connection. */
static enum err try_camera(struct prober *prober) {
    struct probe_result *result = prober->result;
    const struct driver_ops *driver = prober->context.settings->type->driver;
    const uint64_t before = result->pictures;
    void *state;
    enum err error = driver->open(&prober->context, prober->deadline_ns, &state, &result->failure);
    if (error != ERR_OK) {
        return error;
    }
    error = read_frames(prober, state);
    struct driver_description description = {.format = NULL};
    driver->describe(state, &description);
    result->description.format = description.format;
    driver->close(state);
    if (error == ERR_CLOSED && result->pictures > before) {
        result->pictures_at_end = result->pictures - before;
    }
    return error;
}

/* As the supervisor does: a lost connection is replaced. */
static void watch_camera(struct prober *prober) {
    struct probe_result *result = prober->result;
    enum err error = ERR_CLOSED;
    while (error == ERR_CLOSED && !is_over(prober) && result->failed < FAILED_MAX) {
        const uint64_t before = result->pictures;
        error = try_camera(prober);
        if (error == ERR_CLOSED && result->pictures == before) {
            result->failed++;
            error = driver_sleep_until(&prober->context, min_i64(clock_monotonic_ns() + RETRY_NS, prober->deadline_ns));
            error = error == ERR_OK ? ERR_CLOSED : error;
        }
    }
    if (result->pictures == 0 && result->broken > 0) {
        reason_set(&result->failure, "every picture is broken: %s", result->fault.text);
    } else if (result->pictures == 0 && result->failure.text[0] == '\0') {
        reason_set(&result->failure, "the camera sends data, but no picture in %d s", (int)(PROBE_MAX_NS / NS_PER_S));
    }
}

static enum err run(struct probe_result *result, const struct source_settings *settings) {
    struct frame_pool *pool = NULL;
    struct event cancel;
    enum err error = event_init(&cancel);
    if (error != ERR_OK) {
        return error;
    }
    error = frame_pool_create(&pool);
    if (error == ERR_OK) {
        struct prober prober = {.result = result,
                                .context = {.id = "probe",
                                            .name = "probe",
                                            .settings = settings,
                                            .pool = pool,
                                            .cancel = &cancel,
                                            .facts = &result->facts},
                                .deadline_ns = clock_monotonic_ns() + PROBE_MAX_NS};
        watch_camera(&prober);
    }
    frame_pool_destroy(&pool);
    event_finish(&cancel);
    return error;
}

enum err probe(const char *address, bool as_json, FILE *out, FILE *errors) {
    struct source_settings settings = {.fps = 0};
    struct probe_result result = {.insecure = address_has_scheme(address, "rtsps")};
    struct arena *arena = NULL;
    char *shared = NULL;
    enum err error = arena_create(&arena);
    if (error == ERR_OK) {
        error = read_source(address, result.insecure, arena, &settings, errors);
    }
    if (error == ERR_OK) {
        error = address_share(address, &shared, &result.hidden);
    }
    if (error != ERR_OK) {
        goto out;
    }
    result.address = shared;
    result.has_login = address_has_login(address);
    error = run(&result, &settings);
    if (error != ERR_OK) {
        fprintf(errors, "framebroker: %s\n", err_text(error));
        goto out;
    }
    probe_result_write(&result, as_json, out);
    if (result.pictures == 0) {
        fprintf(errors, "framebroker: %s\n", result.failure.text);
        error = ERR_IO;
    }
    if (fflush(out) != 0 || ferror(out) != 0) {
        error = ERR_IO;
    }
out:
    free(shared);
    arena_unref(&arena);
    return error;
}
