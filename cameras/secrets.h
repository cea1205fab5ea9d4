/* The secrets of the cameras that are open, and how to mask them in text from outside: what a library or a program says
 * may repeat the password that it was given, anywhere and in parts of an address that no rule recognizes.
 *
 * A secret is masked as it is, percent-encoded in whole or in part (RFC 3986), and with "+" for a space. One of less
 * than SECRET_SHORT_BYTES is masked only as a word of its own, or it would be found all over the text.
 *
 * Lifecycle: create, add any number, destroy: from then on they are no longer masked.
 * Threads: any. */
#ifndef CAMERAS_SECRETS_H
#define CAMERAS_SECRETS_H

#include "broker/base/err.h"

#include <stddef.h>

#define SECRET_SHORT_BYTES 6

/* The secrets of one source. */
struct secrets;

CHECKED enum err secrets_create(struct secrets **secrets);
/* Masked from now on, whichever thread or camera the text comes from; an empty one never. text is copied. ERR_MEMORY.
 */
CHECKED enum err secrets_add(struct secrets *secrets, const char *text, size_t count);
void secrets_destroy(struct secrets **secrets);

/* Replaces each secret within the text by "***", in place. */
void secrets_mask(char *text);

#endif
