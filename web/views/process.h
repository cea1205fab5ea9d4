/* What this process uses, as the kernel reports it (proc(5)).
 * Threads: any. */
#ifndef WEB_VIEWS_PROCESS_H
#define WEB_VIEWS_PROCESS_H

#include <stdint.h>

/* 0: not known. */
struct process_usage {
    uint64_t resident_bytes, virtual_bytes;
    int64_t cpu_ns; /* of all threads, in user space and in the kernel */
    uint64_t threads;
    uint64_t open_descriptors, most_descriptors; /* most: the soft limit */
};

/* Cost: a directory entry for each open descriptor. */
struct process_usage process_usage(void);

#endif
