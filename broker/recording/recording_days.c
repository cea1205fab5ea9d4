#include "broker/recording/recording_days.h"

#include "broker/base/string_view.h"
#include "broker/recording/recording_folder.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void recorded_files_finish(struct recorded_files *files) {
    free(files->files);
    *files = (struct recorded_files){0};
}

static int compare(const void *first, const void *second) {
    const struct recorded_file *a = first, *b = second;
    int order = strcmp(b->name, a->name);
    return order != 0 ? order : strcmp(a->camera, b->camera);
}

void recorded_files_sort(struct recorded_files *files) {
    if (files->count > 1) {
        qsort(files->files, files->count, sizeof files->files[0], compare);
    }
}

/* What a listing keeps of an entry. False: not this one. */
typedef bool choose_entry(const char *name, const char *camera, const char *prefix, struct recorded_file *file);

static enum err add(struct recorded_files *files, const struct recorded_file *file) {
    if (files->count == files->capacity) {
        const size_t capacity = files->capacity != 0 ? files->capacity * 2 : 64;
        struct recorded_file *grown = realloc(files->files, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        files->files = grown;
        files->capacity = capacity;
    }
    files->files[files->count++] = *file;
    return ERR_OK;
}

/* The entries of PATH/camera/prefix. One that is not there is empty. */
static enum err list(const char *path, const char *camera, const char *prefix, choose_entry *choose,
                     struct recorded_files *files) {
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s/%s/%s", path, camera, prefix) >= (int)sizeof folder) {
        return ERR_INVALID;
    }
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        return errno == ENOENT || errno == ENOTDIR ? ERR_OK : err_from_errno(errno);
    }
    enum err error = ERR_OK;
    errno = 0;
    for (struct dirent *entry; error == ERR_OK && (entry = readdir(directory)) != NULL;) {
        struct recorded_file file = {.is_full = true};
        snprintf(file.camera, sizeof file.camera, "%s", camera);
        if (choose(entry->d_name, camera, prefix, &file)) {
            error = add(files, &file);
        }
        errno = 0;
    }
    if (error == ERR_OK && errno != 0) {
        error = err_from_errno(errno);
    }
    closedir(directory);
    return error;
}

static bool choose_camera(const char *name, const char *camera, const char *prefix, struct recorded_file *file) {
    (void)camera, (void)prefix;
    if (!string_view_is_id(string_view_of(name), TOPIC_ID_MAX_BYTES)) {
        return false;
    }
    snprintf(file->camera, sizeof file->camera, "%s", name);
    return true;
}

enum err recording_list_cameras(const char *path, struct recorded_files *cameras) {
    return list(path, ".", ".", choose_camera, cameras);
}

static bool is_number(const char *name, size_t digits) {
    return strlen(name) == digits && strspn(name, "0123456789") == digits;
}

/* A year, or a month or a day below what is there already. */
static bool choose_number(const char *name, const char *camera, const char *prefix, struct recorded_file *file) {
    (void)camera;
    if (!is_number(name, prefix[0] == '\0' ? 4 : 2)) {
        return false;
    }
    return snprintf(file->name, sizeof file->name, "%s%s%s", prefix, prefix[0] == '\0' ? "" : "/", name) <
           (int)sizeof file->name;
}

enum err recording_list_days(const char *path, const char *camera, struct recorded_files *days) {
    struct recorded_files years = {0}, months = {0};
    enum err error = list(path, camera, "", choose_number, &years);
    for (size_t i = 0; i < years.count && error == ERR_OK; i++) {
        error = list(path, camera, years.files[i].name, choose_number, &months);
    }
    for (size_t i = 0; i < months.count && error == ERR_OK; i++) {
        error = list(path, camera, months.files[i].name, choose_number, days);
    }
    recorded_files_finish(&years);
    recorded_files_finish(&months);
    return error;
}

static bool choose_segment(const char *name, const char *camera, const char *prefix, struct recorded_file *file) {
    (void)camera;
    return snprintf(file->name, sizeof file->name, "%s/%s", prefix, name) < (int)sizeof file->name &&
           recording_folder_is_name(file->name, &file->is_full);
}

enum err recording_list_day(const char *path, const char *camera, const char *day, struct recorded_files *files) {
    return list(path, camera, day, choose_segment, files);
}
