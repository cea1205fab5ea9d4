#include "web/stream/peer_window.h"

#include <linux/sockios.h>
#include <linux/tcp.h> /* the kernel's own: that of libc lacks the window and clashes with this one */
#include <netinet/in.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

size_t peer_window_bytes(int fd) {
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
        length < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd) {
        return SIZE_MAX;
    }
    int queued_bytes = 0; /* sent but not acknowledged, and not sent: the window counts from the acknowledged */
    if (ioctl(fd, SIOCOUTQ, &queued_bytes) != 0 || (size_t)queued_bytes > info.tcpi_snd_wnd) {
        return 0;
    }
    return info.tcpi_snd_wnd - (size_t)queued_bytes;
}
