#include "broker/base/limits.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Room for what the process maps besides, when it starts a thread or fills a piece of memory. */
#define SPARE_BYTES ((unsigned long long)4 << 20)

enum limit_kind { LIMIT_UNKNOWN, LIMIT_ADDRESSES, LIMIT_TASKS, LIMIT_PROCESSES };

/* What comes behind the value. */
static const char *const names[] = {
    [LIMIT_ADDRESSES] = "KB of address space (ulimit -v, LimitAS=)",
    [LIMIT_TASKS] = "tasks of the control group (pids.max, TasksMax=)",
    [LIMIT_PROCESSES] = "processes and threads of this user (ulimit -u, LimitNPROC=)",
};

struct limit {
    enum limit_kind kind;
    unsigned long long value; /* in the unit of its name */
};

/* Two atomics that need not agree: refusals that race meet the same limit, or either will do. */
static _Atomic enum limit_kind noted_kind;
static _Atomic unsigned long long noted_value;

/* ---- Reading ---- */

/* The number at the beginning of a file. False: there is none, as in "max". */
static bool read_number(const char *path, unsigned long long *number) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool is_read = fscanf(file, "%llu", number) == 1;
    fclose(file);
    return is_read;
}

static bool address_space_is_short(unsigned long long more_bytes, struct limit *limit) {
    struct rlimit space;
    unsigned long long pages = 0;
    if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY ||
        !read_number("/proc/self/statm", &pages)) {
        return false;
    }
    const unsigned long long used = pages * (unsigned long long)sysconf(_SC_PAGESIZE);
    *limit = (struct limit){LIMIT_ADDRESSES, (unsigned long long)space.rlim_cur >> 10};
    return used + more_bytes + SPARE_BYTES > (unsigned long long)space.rlim_cur;
}

static bool group_is_full(const char *group, struct limit *limit) {
    char path[PATH_MAX + 16];
    unsigned long long current = 0;
    limit->kind = LIMIT_TASKS;
    snprintf(path, sizeof path, "%s/pids.max", group);
    if (!read_number(path, &limit->value)) {
        return false;
    }
    snprintf(path, sizeof path, "%s/pids.current", group);
    return read_number(path, &current) && current >= limit->value;
}

/* The group and those above it. */
static bool is_full_up_to_the_root(const char *mount, const char *name, struct limit *limit) {
    char group[PATH_MAX];
    int length = snprintf(group, sizeof group, "%s%s", mount, name);
    if (length >= (int)sizeof group) {
        return false;
    }
    while (strlen(group) >= strlen(mount)) {
        if (group_is_full(group, limit)) {
            return true;
        }
        *strrchr(group, '/') = '\0';
    }
    return false;
}

/* line: of /proc/self/cgroup (cgroups(7)), ID:CONTROLLERS:PATH. Version 1 has a hierarchy for the controller, version 2
 * one for all, without a name. */
static bool line_has_full_group(const char *line, struct limit *limit) {
    char name[2048];
    if (sscanf(line, "%*d::%2047s", name) == 1) {
        return is_full_up_to_the_root("/sys/fs/cgroup", name, limit) ||
               is_full_up_to_the_root("/sys/fs/cgroup/unified", name, limit);
    }
    return sscanf(line, "%*d:pids:%2047s", name) == 1 && is_full_up_to_the_root("/sys/fs/cgroup/pids", name, limit);
}

static bool control_group_is_full(struct limit *limit) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file == NULL) {
        return false;
    }
    char line[4096];
    bool is_full = false;
    while (!is_full && fgets(line, sizeof line, file) != NULL) {
        is_full = line_has_full_group(line, limit);
    }
    fclose(file);
    return is_full;
}

static bool user_has_a_limit(struct limit *limit) {
    struct rlimit processes;
    if (getrlimit(RLIMIT_NPROC, &processes) != 0 || processes.rlim_cur == RLIM_INFINITY) {
        return false;
    }
    *limit = (struct limit){LIMIT_PROCESSES, (unsigned long long)processes.rlim_cur};
    return true;
}

/* ---- Telling ---- */

void limits_note_refusal(size_t stack_bytes) {
    struct limit limit = {LIMIT_UNKNOWN, 0};
    if (!address_space_is_short(stack_bytes, &limit) && !control_group_is_full(&limit) && !user_has_a_limit(&limit)) {
        limit = (struct limit){LIMIT_UNKNOWN, 0};
    }
    atomic_store_explicit(&noted_value, limit.value, memory_order_relaxed);
    atomic_store_explicit(&noted_kind, limit.kind, memory_order_relaxed);
}

void limits_explain(enum err error, struct reason *reason) {
    if (error != ERR_BUSY && error != ERR_MEMORY) {
        return;
    }
    struct limit limit = {atomic_load_explicit(&noted_kind, memory_order_relaxed),
                          atomic_load_explicit(&noted_value, memory_order_relaxed)};
    if (limit.kind == LIMIT_UNKNOWN && !address_space_is_short(SPARE_BYTES, &limit)) {
        return;
    }
    const struct reason before = *reason;
    reason_set(reason, "%.90s: the limit of %llu %s is reached", before.text, limit.value, names[limit.kind]);
}
