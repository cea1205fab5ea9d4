#include "cameras/exec/exec_log.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/utf8.h"
#include "cameras/secrets.h"
#include "cameras/url/address.h"

#include <string.h>

/* Control characters and what is not UTF-8 become blanks: the line is shown on pages and in JSON too. */
static void make_printable(char *line) {
    for (size_t bytes; *line != '\0'; line += bytes > 0 ? bytes : 1) {
        bytes = utf8_character_bytes(line);
        if (bytes == 0 || (bytes == 1 && ((unsigned char)*line < ' ' || *line == 0x7f))) {
            *line = ' ';
        }
    }
}

static void log_output_line(struct exec_log *log, const char *line, int64_t now_ns) {
    if (log->minute_ns == 0 || now_ns - log->minute_ns >= 60 * NS_PER_S) {
        log->minute_ns = now_ns;
        log->minute_lines = 0;
    }
    if (log->minute_lines >= EXEC_LOG_LINES_PER_MINUTE) {
        log->held_back++;
        return;
    }
    log->minute_lines++;
    if (log->held_back > 0) {
        log_event(LOG_LEVEL_INFO, log->camera_id, "the program: %s (%u lines before it were left out)", line,
                  log->held_back);
    } else {
        log_event(LOG_LEVEL_INFO, log->camera_id, "the program: %s", line);
    }
    log->held_back = 0;
}

static void end_line(struct exec_log *log, int64_t now_ns) {
    char *line = log->line;
    line[log->line_bytes] = '\0';
    if (log->is_cut) { /* a word that is cut may be a part of a secret, which is not recognized then */
        char *space = strrchr(line, ' ');
        *(space != NULL ? space : line) = '\0';
    }
    make_printable(line);
    size_t length = strlen(line);
    while (length > 0 && line[length - 1] == ' ') {
        line[--length] = '\0';
    }
    if (length > 0) {
        secrets_mask(line);
        address_hide_secrets(line);
        memcpy(log->last, line, sizeof log->last);
        log_output_line(log, line, now_ns);
    }
    log->line_bytes = 0;
    log->is_cut = false;
}

/* Progress is written with CR alone. */
void exec_log_take(struct exec_log *log, const char *bytes, size_t count, int64_t now_ns) {
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r') {
            end_line(log, now_ns);
        } else if (log->line_bytes == sizeof log->line - 1) {
            log->is_cut = true;
        } else {
            log->line[log->line_bytes++] = bytes[i] != '\0' ? bytes[i] : ' ';
        }
    }
}

void exec_log_end(struct exec_log *log, int64_t now_ns) { end_line(log, now_ns); }
