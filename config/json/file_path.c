#include "config/json/file_path.h"

#include "config/json/section.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* path, taken as relative to the configuration's own directory. */
static const char *resolve(const struct document *document, const char *path) {
    const char *slash = strrchr(document->path, '/');
    if (path[0] == '/' || slash == NULL) {
        return path;
    }
    return arena_format(document->arena, "%.*s/%s", (int)(slash - document->path), document->path, path);
}

/* NULL: it can be read. */
static const char *find_problem(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return strerror(errno);
    }
    struct stat status;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    close(fd);
    return regular ? NULL : "Not a regular file";
}

const char *file_path_read(const struct node *file, const char *kind) {
    const char *text = node_text(file);
    if (text == NULL) {
        return NULL;
    }
    if (text[0] == '\0') {
        node_fault(file, "must be the path of a %s file", kind);
        return NULL;
    }
    const char *path = resolve(file->document, text);
    const char *problem = file->document->opens_files ? find_problem(path) : NULL;
    if (problem != NULL) {
        node_fault(file, "\"%s\" cannot be opened: %s", node_quote(file, json_string_value(file->json)), problem);
    }
    return path;
}

const char *file_path_resolve(const struct node *folder, const char *what) {
    const char *text = node_text(folder);
    if (text != NULL && text[0] == '\0') {
        node_fault(folder, "must be the path of the folder of %s", what);
        return NULL;
    }
    return text != NULL ? resolve(folder->document, text) : NULL;
}
