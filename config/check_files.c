#include "config/config.h"
#include "config/document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

enum err config_check_files(const struct config *config, FILE *faults) {
    enum err error = ERR_OK;
    for (const struct file_mention *file = config->files; file != NULL; file = file->next) {
        const char *problem = find_problem(file->path);
        if (problem != NULL) {
            fprintf(faults, "%s cannot be opened: %s\n", file->label, problem);
            error = ERR_INVALID;
        }
    }
    return error;
}
