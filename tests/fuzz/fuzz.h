/* What the fuzz targets share. Each target is one function that is fed with bytes (libFuzzer, of LLVM's compiler-rt)
 * and looks for more than crashes: what must hold whatever comes in is required here. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "tests/asserts.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* Like assert(), in every build. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Takes a line off the front of the input, as a text that ends at the first NUL. The caller frees it. */
static inline char *take_line(const uint8_t **bytes, size_t *count) {
    const uint8_t *end = *count > 0 ? memchr(*bytes, '\n', *count) : NULL;
    size_t length = end != NULL ? (size_t)(end - *bytes) : *count;
    char *text = malloc(length + 1);
    REQUIRE(text != NULL);
    memcpy(text, *bytes, length);
    text[length] = '\0';
    size_t used = length + (end != NULL);
    *bytes += used;
    *count -= used;
    return text;
}

#endif
