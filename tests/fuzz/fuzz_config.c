/* Configuration files. The path is that of a file in memory, the same each time. */
#define _GNU_SOURCE
#include "config/config.h"
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

static int open_memory(void) {
    int fd = memfd_create("framebroker.json", 0);
    REQUIRE(fd >= 0);
    return fd;
}

/* Each fault is one line, and holds nothing that could forge another or move a terminal's cursor. */
static void check_faults(const char *faults, size_t count, const char *path) {
    REQUIRE(count > 0 && faults[count - 1] == '\n');
    for (const char *line = faults; line < faults + count; line = strchr(line, '\n') + 1) {
        REQUIRE(strncmp(line, path, strlen(path)) == 0);
    }
    for (size_t i = 0; i < count; i++) {
        REQUIRE(faults[i] == '\n' || ((unsigned char)faults[i] >= ' ' && faults[i] != 0x7f));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static int file = -1;
    if (file < 0) {
        file = open_memory();
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    REQUIRE(ftruncate(file, 0) == 0);
    REQUIRE(pwrite(file, bytes, count, 0) == (ssize_t)count);

    char *text = NULL;
    size_t length = 0;
    FILE *faults = open_memstream(&text, &length);
    REQUIRE(faults != NULL);
    struct config *config = NULL;
    enum err error = config_load(path, faults, &config);
    fclose(faults);
    if (error == ERR_OK) {
        REQUIRE(length == 0 && config != NULL && config->camera_count > 0);
    } else {
        REQUIRE(config == NULL);
        check_faults(text, length, path);
    }
    config_destroy(&config);
    free(text);
    return 0;
}
