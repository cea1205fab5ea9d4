#include "config/json/json_writer.h"

#include "broker/base/utf8.h"

#include <inttypes.h>
#include <string.h>

void json_writer_init(struct json_writer *writer, FILE *out, unsigned indent) {
    *writer = (struct json_writer){.out = out, .indent = indent, .empty = true};
}

static void write_line_break(const struct json_writer *writer) {
    if (writer->indent > 0) {
        fprintf(writer->out, "\n%*s", (int)(writer->depth * writer->indent), "");
    }
}

static void write_string(FILE *out, const char *text) {
    putc('"', out);
    while (*text != '\0') {
        const unsigned char first = (unsigned char)*text;
        const size_t length = utf8_character_bytes(text);
        if (first == '"' || first == '\\') {
            fprintf(out, "\\%c", first);
        } else if (first < 0x20) {
            fprintf(out, "\\u%04x", first);
        } else if (length == 0) {
            putc('?', out);
        } else {
            fwrite(text, 1, length, out);
        }
        text += length > 0 ? length : 1;
    }
    putc('"', out);
}

/* What stands before any value: the comma behind the one before it, and the key. */
static void begin_value(struct json_writer *writer, const char *key) {
    if (!writer->empty) {
        putc(',', writer->out);
    }
    if (writer->depth > 0) {
        write_line_break(writer);
    }
    if (key != NULL) {
        write_string(writer->out, key);
        fputs(writer->indent > 0 ? ": " : ":", writer->out);
    }
    writer->empty = false;
}

void json_open(struct json_writer *writer, const char *key, char bracket) {
    begin_value(writer, key);
    putc(bracket, writer->out);
    writer->depth++;
    writer->empty = true;
}

void json_close(struct json_writer *writer, char bracket) {
    writer->depth--;
    if (!writer->empty) {
        write_line_break(writer);
    }
    putc(bracket, writer->out);
    writer->empty = false;
}

void json_write_text(struct json_writer *writer, const char *key, const char *text) {
    begin_value(writer, key);
    write_string(writer->out, text);
}

void json_write_integer(struct json_writer *writer, const char *key, int64_t number) {
    begin_value(writer, key);
    fprintf(writer->out, "%" PRId64, number);
}

void json_write_number(struct json_writer *writer, const char *key, double number) {
    char text[40];
    snprintf(text, sizeof text, "%.10g", number);
    begin_value(writer, key);
    fprintf(writer->out, "%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "");
}

void json_write_boolean(struct json_writer *writer, const char *key, bool value) {
    begin_value(writer, key);
    fputs(value ? "true" : "false", writer->out);
}
