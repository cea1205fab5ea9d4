#include "config/app/init_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_BY_SIGNAL 128

static void reap_all(pid_t server) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == server) {
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_BY_SIGNAL + WTERMSIG(status));
        }
    }
}

/* Does not return. */
static void serve_as_init(pid_t server, const sigset_t *all) {
    for (;;) {
        int number;
        if (sigwait(all, &number) != 0) {
            continue;
        }
        if (number == SIGCHLD) {
            reap_all(server);
        } else {
            kill(server, number);
        }
    }
}

void init_process_begin(void) {
    sigset_t all, before;
    if (getpid() != 1) {
        return;
    }
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t server = fork();
    if (server > 0) {
        serve_as_init(server, &all);
    }
    sigprocmask(SIG_SETMASK, &before, NULL); /* without memory for a child this process is the server */
}
