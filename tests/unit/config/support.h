/* What the tests of config/ share: configurations from texts, in a directory of their own. */
#ifndef TESTS_UNIT_CONFIG_SUPPORT_H
#define TESTS_UNIT_CONFIG_SUPPORT_H

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_NAME "c.json"

static inline int enter_directory(void **state) {
    static char directory[] = "/tmp/framebroker-config-XXXXXX";
    *state = directory;
    return mkdtemp(directory) != NULL ? chdir(directory) : -1;
}

static inline int leave_directory(void **state) {
    unlink(FILE_NAME);
    return chdir("/") == 0 ? rmdir(*state) : -1;
}

static inline void write_file(const void *bytes, size_t count) {
    FILE *file = fopen(FILE_NAME, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

typedef enum err config_loader(const char *path, FILE *faults, struct config **config);

/* What the loader says of a file; the caller's to free(). */
static inline char *load_file_with(config_loader *loader, const char *path, struct config **config, enum err *error) {
    char *text = NULL;
    size_t length = 0;
    FILE *faults = open_memstream(&text, &length);
    assert_non_null(faults);
    *error = loader(path, faults, config);
    assert_int_equal(fclose(faults), 0);
    assert_true((*config != NULL) == (*error == ERR_OK));
    return text;
}

static inline char *load_file(const char *path, struct config **config, enum err *error) {
    return load_file_with(config_load, path, config, error);
}

static inline char *load_text(const char *text, struct config **config, enum err *error) {
    write_file(text, strlen(text));
    return load_file(FILE_NAME, config, error);
}

static inline struct config *load_valid(const char *text) {
    struct config *config = NULL;
    enum err error = ERR_OK;
    char *faults = load_text(text, &config, &error);
    assert_string_equal(faults, "");
    assert_int_equal(error, ERR_OK);
    free(faults);
    return config;
}

/* The faults of a text that is refused. */
static inline char *load_invalid(const char *text) {
    struct config *config = NULL;
    enum err error = ERR_OK;
    char *faults = load_text(text, &config, &error);
    assert_int_equal(error, ERR_INVALID);
    return faults;
}

static inline void assert_faults(const char *text, const char *expected) {
    char *faults = load_invalid(text);
    assert_string_equal(faults, expected);
    free(faults);
}

#endif
