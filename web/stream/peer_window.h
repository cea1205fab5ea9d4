/* How much more a client's kernel takes: what the client has room for that it has not read yet.
 *
 * A client that reads slowly has up to a whole receive window of old frames queued on its side, which the
 * writability of our socket does not show. The window that it advertises does.
 * Threads: any. */
#ifndef WEB_STREAM_PEER_WINDOW_H
#define WEB_STREAM_PEER_WINDOW_H

#include <stddef.h>

/* The advertised receive window less what is on its way or still here, in bytes (tcpi_snd_wnd of linux/tcp.h, since
 * Linux 5.4, and SIOCOUTQ of tcp(7); older kernels, and sockets that are not TCP's, give SIZE_MAX). */
size_t peer_window_bytes(int fd);

#endif
