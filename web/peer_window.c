#include "web/peer_window.h"

#include <linux/tcp.h> /* the kernel's own: that of libc lacks the window and clashes with this one */
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

size_t peer_window_bytes(int fd) {
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
        length < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd) {
        return SIZE_MAX;
    }
    return info.tcpi_snd_wnd > info.tcpi_notsent_bytes ? info.tcpi_snd_wnd - info.tcpi_notsent_bytes : 0;
}
