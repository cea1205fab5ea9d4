/* How much more a client's kernel takes: what the client has room for that it has not read yet.
 *
 * A client that reads slowly has up to a whole receive window of old frames queued on its side, which no writability
 * of our socket tells. The window that it advertises does.
 * Threads: any. */
#ifndef WEB_PEER_WINDOW_H
#define WEB_PEER_WINDOW_H

#include <stddef.h>

/* The advertised receive window less what we have not sent yet, in bytes (struct tcp_info of linux/tcp.h; the window
 * since Linux 5.4: older kernels give SIZE_MAX). */
size_t peer_window_bytes(int fd);

#endif
