/* Writes JSON (RFC 8259) piece by piece, as it is printed: nothing is built up in memory.
 *
 * Lifecycle: json_writer_init(); then values, each with its key inside of an object and with NULL elsewhere; every
 * object and list that is opened is closed. Errors stay in the stream's ferror().
 * Threads: one at a time. */
#ifndef CONFIG_JSON_JSON_WRITER_H
#define CONFIG_JSON_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_writer {
    FILE *out;
    unsigned indent; /* spaces a level; 0: all on one line, without spaces */
    unsigned depth;
    bool empty; /* nothing stands yet in the object or list that was opened last */
};

/* out is borrowed. */
void json_writer_init(struct json_writer *writer, FILE *out, unsigned indent);
void json_open(struct json_writer *writer, const char *key, char bracket);
void json_close(struct json_writer *writer, char bracket);
/* What is not UTF-8 becomes question marks. */
void json_write_text(struct json_writer *writer, const char *key, const char *text);
void json_write_integer(struct json_writer *writer, const char *key, int64_t number);
/* With ten digits, and a decimal point. */
void json_write_number(struct json_writer *writer, const char *key, double number);
void json_write_boolean(struct json_writer *writer, const char *key, bool value);

#endif
