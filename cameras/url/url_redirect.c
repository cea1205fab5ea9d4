#define _DEFAULT_SOURCE /* strcasecmp */
#include "cameras/url/url_redirect.h"

#include "cameras/secrets.h"
#include "cameras/url/address.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum err url_redirect_check(const struct url_link *link, const char *url, struct url_addresses *addresses,
                            struct reason *reason) {
    const char *configured = url_link_settings(link)->url;
    struct url_addresses found = link->addresses;
    char host[ADDRESS_HOST_BYTES], own_host[ADDRESS_HOST_BYTES];
    if (link->source != NULL || url_link_is_file(link) || address_is_path(url)) {
        return ERR_OK; /* the protocol whitelist decides */
    }
    if (!address_find_host(url, host) || !address_find_host(configured, own_host)) {
        reason_set(reason, "the camera redirects to a URL without a host");
        return ERR_INVALID;
    }
    enum err error = ERR_OK;
    if (strcasecmp(host, own_host) != 0) {
        error = url_resolve(host, link->context->cancel, link->deadline_ns, &found, reason);
        if (error == ERR_OK && found.is_loopback && !link->addresses.is_loopback) {
            secrets_mask(host); /* it is the camera's choice */
            reason_set(reason, "refused a redirect to this machine (%.100s)", host);
            error = ERR_DENIED;
        }
    }
    if (error == ERR_OK && addresses != NULL) {
        *addresses = found;
    }
    return error;
}

enum err url_redirect_follow(const struct url_link *link, const char *url, char **location,
                             struct url_addresses *addresses, struct reason *reason) {
    if (!url_link_settings(link)->redirects) {
        reason_set(reason, "the camera redirects to another URL, and \"redirects\" is false");
        return ERR_DENIED;
    }
    struct reason fault;
    enum err error = address_check(url, &fault);
    if (error != ERR_OK) {
        reason_set(reason, "the camera redirects to a URL that %s", fault.text);
        return error;
    }
    error = url_redirect_check(link, url, addresses, reason);
    if (error != ERR_OK) {
        return error;
    }
    if (address_same_origin(url, link->location)) {
        return address_move_login(link->location, url, location);
    }
    *location = strdup(url);
    return *location != NULL ? ERR_OK : ERR_MEMORY;
}
