/* A server for test_controls.mjs: the pages and the API as they are, with a camera whose controls are made up.
 *
 *     controls_server               prints "listening on http://127.0.0.1:PORT/", until SIGTERM */
#include "tests/unit/web/routes/controls_fixture.h"

#include <signal.h>

int main(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (controls_fixture_start("127.0.0.1") != ERR_OK) {
        return 1;
    }
    printf("listening on http://127.0.0.1:%u/\n", server_port(server));
    fflush(stdout);
    int signal;
    sigwait(&signals, &signal);
    controls_fixture_stop();
    return 0;
}
