/* The delimiter of a multipart stream, found line by line: what the stream declares is a hint. The first line that is
 * the declared text, with or without two dashes more, or another line of dashes that headers follow, is the delimiter
 * and stays it. Pure. Threads: one at a time. */
#ifndef BROKER_MULTIPART_MULTIPART_DELIMITER_H
#define BROKER_MULTIPART_MULTIPART_DELIMITER_H

#include "broker/base/err.h"

#include <stdbool.h>

#define DELIMITER_MAX_BYTES 200

enum multipart_line { LINE_OTHER, LINE_DELIMITER, LINE_END, LINE_HEADER };

/* Zeroed: nothing is declared or known. */
struct multipart_delimiter {
    char declared[DELIMITER_MAX_BYTES + 1];  /* "": nothing */
    char text[DELIMITER_MAX_BYTES + 1];      /* with its dashes; "": unknown */
    bool is_learnt;                          /* it has been seen; before, it is what the declaration suggests */
    char candidate[DELIMITER_MAX_BYTES + 1]; /* the line before, which is the delimiter if headers follow; "": none */
    unsigned oddities;                       /* enum multipart_oddity */
};

/* content_type: the stream's; NULL, or one without a boundary, declares nothing. ERR_INVALID: the boundary is too long.
 */
CHECKED enum err multipart_delimiter_declare(struct multipart_delimiter *delimiter, const char *content_type);
/* What a line between two parts is, or before the first. LINE_HEADER: a part has begun, and the line is of its headers.
 */
enum multipart_line multipart_delimiter_judge(struct multipart_delimiter *delimiter, const char *line);

#endif
