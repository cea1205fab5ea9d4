/* The one parser of JSON that comes in a request's body.
 *
 * jansson recurses once a level of nesting, and the threads that serve requests have stacks of 100 KB: deeper text is
 * refused before it is parsed.
 * Ownership: a document is the caller's to json_decref().
 * Threads: any. */
#ifndef WEB_VIEWS_JSON_JSON_BODY_H
#define WEB_VIEWS_JSON_JSON_BODY_H

#include "broker/base/err.h"

#include <jansson.h>
#include <stddef.h>

#define JSON_BODY_MAX_BYTES 4096
#define JSON_BODY_MAX_LEVELS 16

/* Parses an object (RFC 8259), whose members' names must differ. expected: the sentence for anything else. ERR_INVALID
 * with a reason; *document is then NULL. */
CHECKED enum err json_body_parse(const char *text, size_t length, const char *expected, json_t **document,
                                 struct reason *reason);

#endif
