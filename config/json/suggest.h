/* The word that was probably meant.
 * Threads: any. */
#ifndef CONFIG_JSON_SUGGEST_H
#define CONFIG_JSON_SUGGEST_H

#include <stddef.h>

/* The nearest of the candidates (borrowed), or NULL if none is near: at most one typing error (a letter too many, too
 * few, wrong, or swapped with its neighbour) for each three letters, or one in a shorter word. Case does not matter. */
const char *suggest(const char *word, const char *const *candidates, size_t count);

#endif
