/* Answers to a WS-Discovery probe: the sender's last byte, then a datagram. */
#include "cameras/onvif/onvif_answer.h"
#include "cameras/url/address.h"
#include "tests/fuzz/fuzz.h"

static bool is_on_link(const struct in6_addr *address, void *user) {
    (void)user;
    return address->s6_addr[0] == 0xfd;
}

/* Nothing leads to another host than the sender, and no name moves a cursor. */
static void check_device(const struct onvif_device *device, const char *sender) {
    char host[ADDRESS_HOST_BYTES];
    REQUIRE(address_has_scheme(device->service, "http") || address_has_scheme(device->service, "https"));
    REQUIRE(address_find_host(device->service, host) && strcmp(host, sender) == 0 && strcmp(device->host, sender) == 0);
    for (const char *at = device->name; *at != '\0'; at++) {
        REQUIRE(*at >= ' ' && *at <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct onvif_devices devices;
    if (count < 1) {
        return 0;
    }
    struct onvif_probe probe = {.ids = {"urn:uuid:1", "urn:uuid:2"}, .is_on_link = is_on_link};
    const uint8_t address[] = {192, 0, 2, bytes[0]};
    char sender[16];
    probe.sender.s6_addr[10] = probe.sender.s6_addr[11] = 0xff;
    memcpy(&probe.sender.s6_addr[12], address, sizeof address);
    snprintf(sender, sizeof sender, "192.0.2.%u", bytes[0]);
    devices = (struct onvif_devices){.count = 0};
    onvif_answer_read((const char *)bytes + 1, count - 1, &probe, &devices);
    REQUIRE(devices.count <= ONVIF_DEVICES_MAX);
    for (size_t i = 0; i < devices.count; i++) {
        check_device(&devices.devices[i], sender);
    }
    return 0;
}
