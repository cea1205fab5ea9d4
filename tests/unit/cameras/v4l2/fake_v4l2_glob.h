/* Stands in for glob(), with which libv4l2 looks for its plugins: it finds ours, and no other. It is the program's own,
 * so one source file includes it. Threads: any. */
#ifndef TESTS_FAKE_V4L2_GLOB_H
#define TESTS_FAKE_V4L2_GLOB_H

#include <glob.h>
#include <stdlib.h>
#include <string.h>

int glob(const char *pattern, int flags, int (*on_error)(const char *path, int number), glob_t *found) {
    (void)pattern;
    (void)flags;
    (void)on_error;
    *found = (glob_t){.gl_pathc = 1, .gl_pathv = calloc(2, sizeof(char *))};
    found->gl_pathv[0] = strdup(FAKE_V4L2_PLUGIN);
    return 0;
}

void globfree(glob_t *found) {
    free(found->gl_pathv[0]);
    free(found->gl_pathv);
}

#if !defined(_FILE_OFFSET_BITS) || _FILE_OFFSET_BITS != 64
/* Debian 13's libv4l2 calls them by these names; with files of 64 bits the compiler gives them to those above. */
int glob64(const char *pattern, int flags, int (*on_error)(const char *path, int number), glob_t *found);
void globfree64(glob_t *found);

int glob64(const char *pattern, int flags, int (*on_error)(const char *path, int number), glob_t *found) {
    return glob(pattern, flags, on_error, found);
}

void globfree64(glob_t *found) { globfree(found); }
#endif

#endif
