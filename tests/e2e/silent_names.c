/* Put before the C library (LD_PRELOAD), stands for a name server that is silent: looking up a name that ends in
 * ".silent" never returns. One that begins with "once" is found the first time, to be this machine. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool is_silent(const char *name) {
    size_t count = name != NULL ? strlen(name) : 0;
    return count >= 7 && strcmp(name + count - 7, ".silent") == 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    static _Atomic bool was_found;
    int (*look_up)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&look_up = dlsym(RTLD_NEXT, "getaddrinfo");
    if (!is_silent(name) || (hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0)) {
        return look_up(name, service, hints, found);
    }
    if (strncmp(name, "once", 4) == 0 && !atomic_exchange(&was_found, true)) {
        return look_up("127.0.0.1", service, hints, found);
    }
    for (;;) {
        pause();
    }
}
