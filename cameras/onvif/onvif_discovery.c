#define _GNU_SOURCE /* ip_mreqn, getentropy, in6_addr, strverscmp */
#include "cameras/onvif/onvif_discovery.h"

#include "broker/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DISCOVERY_PORT 3702
#define SOCKETS_MAX 32
#define ANSWER_MAX_BYTES 16384
/* A probe is sent so often, since a datagram may be lost (WS-Discovery, section 2.4). */
#define SENDS 2
#define RESEND_NS (200 * NS_PER_MS)

struct discovery {
    struct ifaddrs *interfaces;
    char ids[ONVIF_TYPES][ONVIF_ID_BYTES];
    struct pollfd sockets[SOCKETS_MAX];
    unsigned indices[SOCKETS_MAX]; /* of the interface of each socket */
    int families[SOCKETS_MAX];
    nfds_t socket_count;
    struct onvif_devices *devices;
};

/* ---- Probes ---- */

static bool make_id(char id[ONVIF_ID_BYTES]) {
    uint8_t bytes[16];
    if (getentropy(bytes, sizeof bytes) != 0) {
        return false;
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x40; /* a random UUID (RFC 4122, section 4.4) */
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    int length = snprintf(id, ONVIF_ID_BYTES, "urn:uuid:");
    for (size_t i = 0; i < sizeof bytes; i++) {
        const bool hyphen = i == 4 || i == 6 || i == 8 || i == 10;
        length += snprintf(id + length, ONVIF_ID_BYTES - (size_t)length, hyphen ? "-%02x" : "%02x", bytes[i]);
    }
    return true;
}

static void send_probes(const struct discovery *discovery) {
    const struct sockaddr_in ipv4 = {.sin_family = AF_INET,
                                     .sin_port = htons(DISCOVERY_PORT),
                                     .sin_addr.s_addr = htonl(0xeffffffa)}; /* 239.255.255.250 */
    for (size_t type = 0; type < ONVIF_TYPES; type++) {
        char probe[1024];
        const int length =
            snprintf(probe, sizeof probe,
                     "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                     "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\""
                     " xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\""
                     " xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"><s:Header>"
                     "<a:Action s:mustUnderstand=\"1\">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
                     "<a:MessageID>%s</a:MessageID>"
                     "<a:To s:mustUnderstand=\"1\">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
                     "<s:Body><d:Probe><d:Types xmlns:t=\"%s\">t:%s</d:Types></d:Probe></s:Body></s:Envelope>",
                     discovery->ids[type], onvif_types[type].namespace, onvif_types[type].name);
        for (nfds_t i = 0; i < discovery->socket_count; i++) {
            struct sockaddr_in6 ipv6 = {
                .sin6_family = AF_INET6, .sin6_port = htons(DISCOVERY_PORT), .sin6_scope_id = discovery->indices[i]};
            inet_pton(AF_INET6, "ff02::c", &ipv6.sin6_addr);
            const bool is_ipv6 = discovery->families[i] == AF_INET6;
            /* What cannot be sent is lost, as any datagram may be. */
            (void)sendto(discovery->sockets[i].fd, probe, (size_t)length, MSG_NOSIGNAL,
                         is_ipv6 ? (const struct sockaddr *)&ipv6 : (const struct sockaddr *)&ipv4,
                         is_ipv6 ? sizeof ipv6 : sizeof ipv4);
        }
    }
}

/* ---- Sockets ---- */

static bool prepare_socket(int fd, int family, unsigned index) {
    const int hops = 1;
    if (family == AF_INET6) {
        return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) == 0 &&
               setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) == 0;
    }
    const struct ip_mreqn interface = {.imr_ifindex = (int)index};
    return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface) == 0 &&
           setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) == 0;
}

/* One socket for each interface and family. Cameras in this machine are found by its loopback interface. */
static void open_socket(struct discovery *discovery, const struct ifaddrs *interface) {
    const int family = interface->ifa_addr->sa_family;
    const unsigned index = if_nametoindex(interface->ifa_name);
    for (nfds_t i = 0; i < discovery->socket_count; i++) {
        if (discovery->indices[i] == index && discovery->families[i] == family) {
            return;
        }
    }
    if (index == 0 || discovery->socket_count == SOCKETS_MAX) {
        return;
    }
    const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || !prepare_socket(fd, family, index)) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    discovery->sockets[discovery->socket_count] = (struct pollfd){.fd = fd, .events = POLLIN};
    discovery->families[discovery->socket_count] = family;
    discovery->indices[discovery->socket_count++] = index;
}

static enum err open_sockets(struct discovery *discovery) {
    if (getifaddrs(&discovery->interfaces) != 0) {
        return err_from_errno(errno);
    }
    for (const struct ifaddrs *each = discovery->interfaces; each != NULL; each = each->ifa_next) {
        const bool is_usable =
            (each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)) != 0;
        if (is_usable && each->ifa_addr != NULL &&
            (each->ifa_addr->sa_family == AF_INET || each->ifa_addr->sa_family == AF_INET6)) {
            open_socket(discovery, each);
        }
    }
    return discovery->socket_count > 0 ? ERR_OK : ERR_NOT_FOUND;
}

/* ---- Answers ---- */

struct arrival {
    const struct ifaddrs *interfaces;
    unsigned index; /* of the interface on which an answer came */
};

/* An IPv4 address as the IPv6 one that stands for it (RFC 4291, section 2.5.5.2). */
static struct in6_addr address_of(const struct sockaddr_storage *address) {
    struct in6_addr result = {0};
    if (address->ss_family == AF_INET6) {
        memcpy(&result, (const char *)address + offsetof(struct sockaddr_in6, sin6_addr), sizeof result);
    } else {
        result.s6_addr[10] = result.s6_addr[11] = 0xff;
        memcpy(&result.s6_addr[12], (const char *)address + offsetof(struct sockaddr_in, sin_addr), 4);
    }
    return result;
}

/* A link-local sender may name another address of its own, in the same network. */
static bool is_on_link(const struct in6_addr *address, void *user) {
    const struct arrival *arrival = user;
    for (const struct ifaddrs *each = arrival->interfaces; each != NULL; each = each->ifa_next) {
        if (each->ifa_addr == NULL || each->ifa_netmask == NULL || each->ifa_addr->sa_family != AF_INET6 ||
            if_nametoindex(each->ifa_name) != arrival->index) {
            continue;
        }
        struct sockaddr_in6 own, mask;
        memcpy(&own, each->ifa_addr, sizeof own);
        memcpy(&mask, each->ifa_netmask, sizeof mask);
        bool same = true;
        for (size_t i = 0; i < 16; i++) {
            same = same && ((own.sin6_addr.s6_addr[i] ^ address->s6_addr[i]) & mask.sin6_addr.s6_addr[i]) == 0;
        }
        if (same) {
            return true;
        }
    }
    return false;
}

static void receive(struct discovery *discovery, nfds_t place) {
    struct arrival arrival = {.interfaces = discovery->interfaces, .index = discovery->indices[place]};
    struct onvif_probe probe = {.is_on_link = is_on_link, .user = &arrival};
    char *bytes = malloc(ANSWER_MAX_BYTES);
    ssize_t length = 0;
    memcpy(probe.ids, discovery->ids, sizeof probe.ids);
    while (bytes != NULL && length >= 0) {
        struct sockaddr_storage sender = {.ss_family = AF_UNSPEC};
        socklen_t sender_bytes = sizeof sender;
        length = recvfrom(discovery->sockets[place].fd, bytes, ANSWER_MAX_BYTES, MSG_DONTWAIT | MSG_TRUNC,
                          (struct sockaddr *)&sender, &sender_bytes);
        if (length > 0 && length <= ANSWER_MAX_BYTES) {
            probe.sender = address_of(&sender);
            onvif_answer_read(bytes, (size_t)length, &probe, discovery->devices);
        }
    }
    free(bytes);
}

static void collect(struct discovery *discovery, int64_t wait_ns) {
    const int64_t deadline_ns = clock_monotonic_ns() + wait_ns;
    for (unsigned sent = 0; clock_monotonic_ns() < deadline_ns;) {
        if (sent < SENDS) {
            send_probes(discovery);
            sent++;
        }
        int64_t until_ns = sent < SENDS ? clock_monotonic_ns() + RESEND_NS : deadline_ns;
        until_ns = until_ns < deadline_ns ? until_ns : deadline_ns;
        while (poll(discovery->sockets, discovery->socket_count, clock_poll_timeout_ms(until_ns)) > 0) {
            for (nfds_t i = 0; i < discovery->socket_count; i++) {
                if (discovery->sockets[i].revents != 0) {
                    receive(discovery, i);
                }
            }
            if (clock_monotonic_ns() >= until_ns) {
                break; /* however much still comes */
            }
        }
    }
}

static int compare_services(const void *a, const void *b) {
    return strverscmp(((const struct onvif_device *)a)->service, ((const struct onvif_device *)b)->service);
}

enum err onvif_discover(int64_t wait_ns, struct onvif_devices *devices) {
    struct discovery *discovery = calloc(1, sizeof *discovery);
    if (discovery == NULL) {
        return ERR_MEMORY;
    }
    devices->count = 0;
    devices->ignored[0] = '\0';
    discovery->devices = devices;
    enum err error = open_sockets(discovery);
    for (size_t i = 0; i < ONVIF_TYPES && error == ERR_OK; i++) {
        error = make_id(discovery->ids[i]) ? ERR_OK : ERR_IO;
    }
    if (error == ERR_OK) {
        collect(discovery, wait_ns);
        qsort(devices->devices, devices->count, sizeof devices->devices[0], compare_services);
    }
    for (nfds_t i = 0; i < discovery->socket_count; i++) {
        close(discovery->sockets[i].fd);
    }
    if (discovery->interfaces != NULL) {
        freeifaddrs(discovery->interfaces);
    }
    free(discovery);
    return error;
}
