/* Lines of the log: shape and level, a byte each, then the camera's id, a line, and the message. */
#include "broker/base/log_line.h"
#include "broker/topic_settings.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

/* One line, whose text moves no cursor; within JSON, no text leaves its string. */
static void check_line(const struct log_line *line, enum log_shape shape) {
    bool is_json = shape == LOG_SHAPE_JSON || shape == LOG_SHAPE_JOURNAL_JSON;
    size_t most = is_json ? LOG_LINE_MAX_BYTES : LOG_TEXT_LINE_MAX_BYTES;
    REQUIRE(line->count > 0 && line->count <= most && line->text[line->count - 1] == '\n');
    size_t quotes = 0;
    for (size_t i = 0; i < line->count - 1; i++) {
        unsigned char byte = (unsigned char)line->text[i];
        REQUIRE(byte >= ' ' && byte != 0x7f);
        REQUIRE(byte != 0xc2 || (unsigned char)line->text[i + 1] >= 0xa0); /* U+0080 to U+009F control terminals */
        bool is_escape = is_json && byte == '\\';
        quotes += byte == '"';
        i += is_escape;
    }
    REQUIRE(!is_json || (quotes % 2 == 0 && line->text[line->count - 2] == '}'));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct log_line line;
    if (count < 2) {
        return 0;
    }
    enum log_shape shape = bytes[0] % 4;
    enum log_level level = bytes[1] % (LOG_LEVEL_DEBUG + 1);
    bytes += 2;
    count -= 2;
    char *camera = take_line(&bytes, &count);
    camera[strnlen(camera, TOPIC_ID_MAX_BYTES)] = '\0';
    char *message = calloc(1, count + 1);
    REQUIRE(message != NULL);
    memcpy(message, bytes, count);
    log_line_format(&line, shape, level, camera[0] != '\0' ? camera : NULL, message);
    check_line(&line, shape);
    free(message);
    free(camera);
    return 0;
}
