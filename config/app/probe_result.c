#include "config/app/probe_result.h"

#include "broker/base/clock.h"
#include "config/json/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

/* A camera whose clock differs by more is worth a word. */
#define CLOCK_OFFSET_MAX_NS (2 * NS_PER_S)
/* Of key frames, after which viewers wait noticeably. */
#define KEY_DISTANCE_MAX_NS (4 * NS_PER_S)

/* 0: unknown. */
static double find_rate(const struct probe_result *result) {
    const int64_t period_ns = result->last_ns - result->first_ns;
    const uint64_t pictures = result->pictures + result->lost;
    if (result->facts.single_pictures || pictures < 2 || period_ns <= 0) {
        return 0;
    }
    return round((double)(pictures - 1) / clock_seconds(period_ns) * 10) / 10;
}

/* ---- What is odd ---- */

typedef void say_oddity(void *user, const char *sentence);

PRINTF_LIKE(3, 4)
static void say(say_oddity *oddity, void *user, const char *format, ...) {
    char sentence[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    oddity(user, sentence);
}

static void visit_oddities(const struct probe_result *result, say_oddity *oddity, void *user) {
    const struct source_facts *facts = &result->facts;
    for (size_t i = 0; i < facts->oddity_count; i++) {
        oddity(user, facts->oddities[i]);
    }
    if (result->warning.text[0] != '\0') {
        say(oddity, user, "a picture is flawed, though no pixel is lost: %s", result->warning.text);
    }
    if (result->broken > 0) {
        say(oddity, user, "%" PRIu64 " of %" PRIu64 " pictures are broken: %s", result->broken,
            result->broken + result->pictures, result->fault.text);
    }
    if (result->failed > 0 && result->pictures > 0) {
        say(oddity, user, "it fails before it works (%u times): %s", result->failed, result->failure.text);
    }
    if (result->pictures_at_end > 0) {
        say(oddity, user, "it ends a connection after %" PRIu64 " %s", result->pictures_at_end,
            result->pictures_at_end == 1 ? "picture" : "pictures");
    }
    if (facts->has_clock && llabs(facts->clock_offset_ns) > CLOCK_OFFSET_MAX_NS) {
        say(oddity, user, "its clock is %.0f s %s: set it, or let the camera use NTP",
            clock_seconds(llabs(facts->clock_offset_ns)), facts->clock_offset_ns < 0 ? "behind" : "ahead");
    }
    if (facts->key_distance_ns > KEY_DISTANCE_MAX_NS) {
        say(oddity, user, "its key frames are %.3g s apart: viewers wait as long for the first picture",
            clock_seconds(facts->key_distance_ns));
    }
    if (result->insecure) {
        oddity(user, "its certificate is not checked, since FFmpeg checks none for rtsps");
    }
}

/* ---- The source to configure ---- */

static void write_source(const struct probe_result *result, struct json_writer *json, const char *key) {
    json_open(json, key, '{');
    json_write_text(json, "type", "url");
    json_write_text(json, "url", result->address);
    if (result->has_login || result->facts.login[0] != '\0') {
        json_write_text(json, "username", "${CAM_USER}");
        json_write_text(json, "password", "${CAM_PASSWORD}");
    }
    if (result->insecure) {
        json_write_boolean(json, "insecure", true);
    }
    if (result->facts.single_pictures) {
        json_write_integer(json, "fps", 1);
    }
    json_close(json, '}');
}

/* ---- For people ---- */

/* What a camera says may hold what moves a terminal's cursor. */
static void write_labelled(FILE *out, const char *label, const char *text) {
    fprintf(out, "  %-11s ", label);
    for (; *text != '\0'; text++) {
        putc(*text >= ' ' && *text <= '~' ? *text : '?', out);
    }
    putc('\n', out);
}

static void write_oddity(void *user, const char *sentence) { write_labelled(user, "odd", sentence); }

static void write_pictures(const struct probe_result *result, FILE *out) {
    const struct driver_description *description = &result->description;
    const double rate = find_rate(result);
    char text[160];
    int length = snprintf(text, sizeof text, "%s, %" PRIu32 "x%" PRIu32,
                          description->format != NULL ? description->format : "unknown", description->width_px,
                          description->height_px);
    if (result->facts.single_pictures) {
        snprintf(text + length, sizeof text - (size_t)length, ", one a request");
    } else if (rate > 0) {
        snprintf(text + length, sizeof text - (size_t)length, ", %.3g fps", rate);
    }
    write_labelled(out, "pictures", text);
    if (result->facts.key_distance_ns > 0) {
        snprintf(text, sizeof text, "every %.3g s", clock_seconds(result->facts.key_distance_ns));
        write_labelled(out, "key frames", text);
    }
}

static void write_text(const struct probe_result *result, FILE *out) {
    fprintf(out, "%s\n", result->address);
    if (result->facts.answer[0] != '\0') {
        write_labelled(out, "answer", result->facts.answer);
    }
    if (result->facts.login[0] != '\0') {
        write_labelled(out, "login", result->facts.login);
    }
    if (result->pictures > 0) {
        write_pictures(result, out);
    }
    visit_oddities(result, write_oddity, out);
    if (result->pictures == 0) {
        return;
    }
    fputs("\nThe source to configure:\n", out);
    struct json_writer json;
    json_writer_init(&json, out, 2);
    write_source(result, &json, NULL);
    putc('\n', out);
    if (result->hidden != NULL) {
        fprintf(out, "\n%s stands for the rest of the address, which may hold a login.\n", result->hidden);
    }
}

/* ---- For machines ---- */

static void write_oddity_as_json(void *user, const char *sentence) { json_write_text(user, NULL, sentence); }

static void write_json(const struct probe_result *result, FILE *out) {
    struct json_writer json;
    json_writer_init(&json, out, 2);
    json_open(&json, NULL, '{');
    json_write_text(&json, "url", result->address);
    if (result->facts.answer[0] != '\0') {
        json_write_text(&json, "answer", result->facts.answer);
    }
    if (result->facts.login[0] != '\0') {
        json_write_text(&json, "login", result->facts.login);
    }
    json_write_integer(&json, "pictures", (int64_t)result->pictures);
    json_write_integer(&json, "broken", (int64_t)result->broken);
    if (result->pictures > 0) {
        json_write_text(&json, "codec", result->description.format != NULL ? result->description.format : "");
        json_write_integer(&json, "width", result->description.width_px);
        json_write_integer(&json, "height", result->description.height_px);
        json_write_boolean(&json, "single_pictures", result->facts.single_pictures);
    }
    if (find_rate(result) > 0) {
        json_write_number(&json, "fps", find_rate(result));
    }
    if (result->facts.key_distance_ns > 0) {
        json_write_number(&json, "key_frame_distance_s",
                          round(clock_seconds(result->facts.key_distance_ns) * 100) / 100);
    }
    json_open(&json, "odd", '[');
    visit_oddities(result, write_oddity_as_json, &json);
    json_close(&json, ']');
    if (result->pictures > 0) {
        write_source(result, &json, "source");
    } else {
        json_write_text(&json, "error", result->failure.text);
    }
    json_close(&json, '}');
    putc('\n', out);
}

void probe_result_write(const struct probe_result *result, bool as_json, FILE *out) {
    if (as_json) {
        write_json(result, out);
    } else {
        write_text(result, out);
    }
}
