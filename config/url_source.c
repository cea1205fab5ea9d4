#include "cameras/address.h"
#include "config/sections.h"

static const char *read_secret(struct section *section, const char *key) {
    struct node node;
    return section_find(section, key, &node) ? node_text(&node) : NULL;
}

static void read_url(const struct node *node, struct url_settings *settings) {
    const char *text = node_text(node);
    if (text == NULL) {
        return;
    }
    if (text[0] == '\0') {
        node_fault(node, "must be an address, e.g. \"rtsp://host/stream\", or the path of a file");
        return;
    }
    if (address_is_path(text)) {
        settings->url = file_path_read(node, "video");
        return;
    }
    struct reason reason;
    if (address_check(text, &reason) != ERR_OK) {
        node_fault(node, "%s", reason.text);
        return;
    }
    settings->url = text;
    if (address_has_scheme(text, "rtsps") && !settings->insecure) {
        node_fault(node, "FFmpeg does not check the certificates of rtsps cameras; if the network between can be "
                         "trusted, say \"insecure\": true");
    }
}

void url_source_read(struct section *section, struct source_settings *settings) {
    static const char *const transports[] = {[URL_TRANSPORT_TCP] = "tcp", [URL_TRANSPORT_UDP] = "udp"};
    static const char *const frames[] = {"all", "keyframes"};
    struct url_settings *url = &settings->url;
    url->username = read_secret(section, "username");
    url->password = read_secret(section, "password");
    url->transport = (enum url_transport)section_choice(section, "transport", transports, 2);
    url->keyframes_only = section_choice(section, "frames", frames, 2) == 1;
    url->loop = section_boolean(section, "loop", false);
    url->insecure = section_boolean(section, "insecure", false);
    url->threads = (unsigned)section_integer(section, "threads", 1, 16, 1);
    settings->fps = section_number(section, "fps", CAMERA_RATE_MIN, CAMERA_RATE_MAX, 0);
    settings->width_px = (uint32_t)section_integer(section, "width", CAMERA_SIZE_MIN_PX, CAMERA_WIDTH_MAX_PX, 0);
    settings->height_px = (uint32_t)section_integer(section, "height", CAMERA_SIZE_MIN_PX, CAMERA_HEIGHT_MAX_PX, 0);
    settings->quality = (int)section_integer(section, "quality", 1, 100, settings->quality);
    struct node node;
    if (section_require(section, "url", &node)) {
        read_url(&node, url);
    }
    fault_list_read(section, settings);
}
