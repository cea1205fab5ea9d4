/* The floor of playing as fast as possible: a thread that sends one file by sendfile(), to one client after another.
 *     playback_floor FILE
 * Prints "listening on http://127.0.0.1:PORT/", and serves until it is ended. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_BYTES (1 << 20)

static int fail(const char *what) {
    perror(what);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[]) {
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n";
    char request[4096];
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    int file = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) {
        fprintf(stderr, "usage: playback_floor FILE\n");
        return EXIT_FAILURE;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&own, sizeof own) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&own, &size) != 0) {
        return fail("listen");
    }
    printf("listening on http://127.0.0.1:%u/\n", ntohs(own.sin_port));
    fflush(stdout);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0 || recv(client, request, sizeof request, 0) <= 0 ||
            send(client, head, sizeof head - 1, MSG_NOSIGNAL | MSG_MORE) < 0) {
            return fail("accept");
        }
        off_t offset = 0;
        while (sendfile(client, file, &offset, PIECE_BYTES) > 0) {
        }
        close(client);
    }
}
