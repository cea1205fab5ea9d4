#include "web/views/process.h"

#include "broker/base/clock.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void read_memory(struct process_usage *usage) {
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) {
        return;
    }
    uint64_t virtual_pages, resident_pages;
    if (fscanf(file, "%" SCNu64 " %" SCNu64, &virtual_pages, &resident_pages) == 2) {
        uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
        usage->virtual_bytes = virtual_pages * page_bytes;
        usage->resident_bytes = resident_pages * page_bytes;
    }
    fclose(file);
}

static uint64_t count_entries(const char *path) {
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return 0;
    }
    uint64_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

struct process_usage process_usage(void) {
    struct process_usage usage = {
        .threads = count_entries("/proc/self/task"),
        .open_descriptors = count_entries("/proc/self/fd"), /* and the one that reads the directory */
    };
    read_memory(&usage);
    struct timespec cpu;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
        usage.cpu_ns = cpu.tv_sec * NS_PER_S + cpu.tv_nsec;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        usage.most_descriptors = limit.rlim_cur;
    }
    return usage;
}
