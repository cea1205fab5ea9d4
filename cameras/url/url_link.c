#include "cameras/url/url_link.h"

#include "broker/base/clock.h"
#include "cameras/secrets.h"
#include "cameras/url/address.h"
#include "cameras/url/address_secrets.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FFmpeg asks several times for each piece that it reads, and polling the cancel event is a system call. */
#define POLL_AGAIN_NS (100 * NS_PER_MS)
#define CLOSE_MAX_NS (200 * NS_PER_MS)

static enum err locate(const struct url_settings *settings, char **location) {
    if (!address_is_path(settings->url)) {
        return address_with_login(settings->url, settings->username, settings->password, location);
    }
    size_t room = strlen(settings->url) + sizeof "file:";
    *location = malloc(room);
    if (*location == NULL) {
        return ERR_MEMORY;
    }
    snprintf(*location, room, "file:%s", settings->url);
    return ERR_OK;
}

/* A proxy resolves by itself, and may know names that this machine does not. */
static bool is_proxied(const struct url_link *link) {
    return url_link_settings(link)->proxy &&
           (address_has_scheme(link->location, "http") || address_has_scheme(link->location, "https"));
}

enum err url_link_init(struct url_link *link, const struct driver_context *context, int64_t deadline_ns,
                       struct reason *reason) {
    char host[ADDRESS_HOST_BYTES];
    *link = (struct url_link){.context = context, .settings = context->settings->own, .deadline_ns = deadline_ns};
    link->facts = context->facts != NULL ? context->facts : &link->unread_facts;
    enum err error = locate(link->settings, &link->location);
    if (error == ERR_OK) {
        error = secrets_create(&link->secrets);
    }
    if (error == ERR_OK) {
        error = address_add_secrets(link->location, link->secrets);
    }
    if (error == ERR_OK && address_find_host(link->location, host) && !is_proxied(link)) {
        error = url_resolve(host, context->cancel, deadline_ns, &link->addresses, reason);
    }
    return error;
}

enum err url_link_init_source(struct url_link *link, const struct driver_context *context,
                              const struct url_settings *settings, const char *name, url_source *source, void *user) {
    *link = (struct url_link){.context = context, .settings = settings, .source = source, .source_user = user};
    link->facts = context->facts != NULL ? context->facts : &link->unread_facts;
    link->location = strdup(name);
    return link->location != NULL ? ERR_OK : ERR_MEMORY;
}

void url_link_finish(struct url_link *link) {
    secrets_destroy(&link->secrets);
    free(link->location);
    link->location = NULL;
}

bool url_link_is_file(const struct url_link *link) {
    return link->source == NULL && address_is_path(link->settings->url);
}

bool url_link_is_cancelled(const struct url_link *link) {
    struct pollfd cancel = {.fd = link->context->cancel->fd, .events = POLLIN};
    return !link->closing && poll(&cancel, 1, 0) > 0;
}

bool url_link_is_over(struct url_link *link) {
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns >= link->deadline_ns) {
        return true;
    }
    if (now_ns - link->polled_ns < POLL_AGAIN_NS) {
        return false;
    }
    link->polled_ns = now_ns;
    return url_link_is_cancelled(link);
}

void url_link_begin_close(struct url_link *link) {
    link->closing = true;
    link->deadline_ns = clock_monotonic_ns() + CLOSE_MAX_NS;
}

void url_link_show(const char *location, char shown[ADDRESS_SHOWN_BYTES]) {
    char *masked = strdup(location);
    shown[0] = '\0';
    if (masked != NULL) {
        secrets_mask(masked); /* before it is cut: half a secret is not recognized */
        address_show(masked, shown);
        free(masked);
    }
}
