#define _DEFAULT_SOURCE /* timegm */
#include "cameras/onvif/onvif_device.h"

#include "broker/base/clock.h"
#include "cameras/onvif/soap_client.h"
#include "cameras/url/address.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEVICE "http://www.onvif.org/ver10/device/wsdl"
#define MEDIA1 "http://www.onvif.org/ver10/media/wsdl"
#define MEDIA2 "http://www.onvif.org/ver20/media/wsdl"
#define SCHEMA "http://www.onvif.org/ver10/schema"

struct profile {
    char token[SOAP_TOKEN_MAX_BYTES], source[SOAP_TOKEN_MAX_BYTES];
};

struct conversation {
    const char *service;
    const struct onvif_login *login;
    struct soap_client *client;
    bool is_media2; /* the service in media */
    char media[ONVIF_URL_MAX_BYTES], media2[ONVIF_URL_MAX_BYTES];
    char namespace[ONVIF_URL_MAX_BYTES]; /* of the service that is being read */
    struct tm time;                      /* that is being read */
    int64_t device_ns;                   /* 0: unknown */
    char source[SOAP_TOKEN_MAX_BYTES];   /* of the profile that is being read */
    struct profile profiles[ONVIF_STREAMS_MAX];
    size_t profile_count;
    char url[SOAP_TEXT_MAX_BYTES];
};

static enum err call(struct conversation *conversation, const char *url, bool with_login, const char *body,
                     soap_visit *visit, struct reason *reason) {
    return soap_call(conversation->client,
                     &(struct soap_request){.url = url,
                                            .body = body,
                                            .login = with_login ? conversation->login : NULL,
                                            .visit = visit,
                                            .user = conversation},
                     reason);
}

static bool is_named(const struct soap_element *element, const char *parent, const char *name) {
    return strcmp(element->name, name) == 0 && strcmp(element->parent, parent) == 0;
}

/* ---- Addresses ---- */

/* The address with the host of the device service; its port stays. False: it is no address, or too long. */
static bool move_to_device(const char *service, const char *address, char moved[ONVIF_URL_MAX_BYTES]) {
    char own[ADDRESS_HOST_BYTES], named[ADDRESS_HOST_BYTES];
    const char *login, *host;
    if (!address_find_host(service, own) || address_check(address, NULL) != ERR_OK ||
        !address_find_host(address, named) || !address_split_login(address, &login, &host)) {
        return false;
    }
    const int length = snprintf(moved, ONVIF_URL_MAX_BYTES, "%.*s%s", (int)(login - address), address, own);
    size_t used = (size_t)length;
    for (const char *at = host + strlen(named); *at != '\0' && used < ONVIF_URL_MAX_BYTES - 4; at++) {
        /* "${NAME}" would become the value of a variable, once it stands in a configuration. */
        const bool is_plain = *at > ' ' && *at <= '~' && strchr("$\"<>\\", *at) == NULL;
        used +=
            (size_t)snprintf(moved + used, ONVIF_URL_MAX_BYTES - used, is_plain ? "%c" : "%%%02X", (unsigned char)*at);
    }
    return length > 0 && used < ONVIF_URL_MAX_BYTES - 4;
}

/* ---- The device's clock ---- */

static int number_in(const char *text, int min, int max) {
    char *end;
    const long number = strtol(text, &end, 10);
    return end != text && number >= min && number <= max ? (int)number : min;
}

static void take_time(void *user, const struct soap_element *element) {
    struct conversation *conversation = user;
    struct tm *time = &conversation->time;
    if (is_named(element, "Time", "Hour")) {
        time->tm_hour = number_in(element->text, 0, 23);
    } else if (is_named(element, "Time", "Minute")) {
        time->tm_min = number_in(element->text, 0, 59);
    } else if (is_named(element, "Time", "Second")) {
        time->tm_sec = number_in(element->text, 0, 60);
    } else if (is_named(element, "Date", "Year")) {
        time->tm_year = number_in(element->text, 1970, 2200) - 1900;
    } else if (is_named(element, "Date", "Month")) {
        time->tm_mon = number_in(element->text, 1, 12) - 1;
    } else if (is_named(element, "Date", "Day")) {
        time->tm_mday = number_in(element->text, 1, 31);
    } else if (strcmp(element->name, "UTCDateTime") == 0 && time->tm_mday != 0) {
        conversation->device_ns = (int64_t)timegm(time) * NS_PER_S;
    }
}

/* Needs no login. Only an answer that does not come at all ends the conversation. */
static enum err ask_time(struct conversation *conversation, struct reason *reason) {
    enum err error = call(conversation, conversation->service, false, "<GetSystemDateAndTime xmlns=\"" DEVICE "\"/>",
                          take_time, reason);
    if (error == ERR_OK && conversation->device_ns != 0) {
        soap_client_set_offset(conversation->client, conversation->device_ns - clock_realtime_ns());
    }
    return error == ERR_INVALID || error == ERR_DENIED ? ERR_OK : error;
}

/* ---- The media service ---- */

static void take_media(struct conversation *conversation, const char *namespace, const char *address) {
    if (strcmp(namespace, MEDIA1) == 0) {
        (void)move_to_device(conversation->service, address, conversation->media);
    } else if (strcmp(namespace, MEDIA2) == 0) {
        (void)move_to_device(conversation->service, address, conversation->media2);
    }
}

static void take_services(void *user, const struct soap_element *element) {
    struct conversation *conversation = user;
    if (is_named(element, "Service", "Namespace")) {
        snprintf(conversation->namespace, sizeof conversation->namespace, "%s", element->text);
    } else if (is_named(element, "Service", "XAddr")) {
        take_media(conversation, conversation->namespace, element->text);
    } else if (is_named(element, "Media", "XAddr")) { /* of GetCapabilities */
        take_media(conversation, MEDIA1, element->text);
    }
}

/* Devices older than ONVIF 2.1 have no GetServices. */
static enum err ask_services(struct conversation *conversation, struct reason *reason) {
    enum err error =
        call(conversation, conversation->service, true,
             "<GetServices xmlns=\"" DEVICE "\"><IncludeCapability>false</IncludeCapability></GetServices>",
             take_services, reason);
    if (error == ERR_INVALID) {
        error = call(conversation, conversation->service, true,
                     "<GetCapabilities xmlns=\"" DEVICE "\"><Category>All</Category></GetCapabilities>", take_services,
                     reason);
    }
    if (error == ERR_OK && conversation->media[0] == '\0') {
        memcpy(conversation->media, conversation->media2, sizeof conversation->media);
        conversation->is_media2 = true;
    }
    if (error == ERR_OK && conversation->media[0] == '\0') {
        reason_set(reason, "the device has no media service");
        return ERR_NOT_FOUND;
    }
    return error;
}

/* ---- Profiles ---- */

static bool has_source(const struct conversation *conversation, const char *source) {
    for (size_t i = 0; i < conversation->profile_count; i++) {
        if (strcmp(conversation->profiles[i].source, source) == 0) {
            return true;
        }
    }
    return false;
}

static void take_profile(void *user, const struct soap_element *element) {
    struct conversation *conversation = user;
    if (strcmp(element->name, "SourceToken") == 0 &&
        (strcmp(element->parent, "VideoSourceConfiguration") == 0 || strcmp(element->parent, "VideoSource") == 0)) {
        snprintf(conversation->source, sizeof conversation->source, "%s", element->text);
        return;
    }
    if (!is_named(element, "GetProfilesResponse", "Profiles")) {
        return;
    }
    if (conversation->source[0] != '\0' && element->token[0] != '\0' &&
        conversation->profile_count < ONVIF_STREAMS_MAX && !has_source(conversation, conversation->source)) {
        struct profile *profile = &conversation->profiles[conversation->profile_count++];
        snprintf(profile->token, sizeof profile->token, "%s", element->token);
        memcpy(profile->source, conversation->source, sizeof profile->source);
    }
    conversation->source[0] = '\0';
}

static enum err ask_profiles(struct conversation *conversation, struct reason *reason) {
    const char *body = conversation->is_media2 ? "<GetProfiles xmlns=\"" MEDIA2
                                                 "\"><Type>VideoSource</Type></GetProfiles>"
                                               : "<GetProfiles xmlns=\"" MEDIA1 "\"/>";
    enum err error = call(conversation, conversation->media, true, body, take_profile, reason);
    if (error == ERR_OK && conversation->profile_count == 0) {
        reason_set(reason, "the device has no profile with a video source");
        return ERR_NOT_FOUND;
    }
    return error;
}

static void take_url(void *user, const struct soap_element *element) {
    struct conversation *conversation = user;
    if (strcmp(element->name, "Uri") == 0) {
        snprintf(conversation->url, sizeof conversation->url, "%s", element->text);
    }
}

static enum err write_stream_request(const struct conversation *conversation, const char *token, char **text) {
    size_t length = 0;
    FILE *out = open_memstream(text, &length);
    if (out == NULL) {
        return ERR_MEMORY;
    }
    if (conversation->is_media2) {
        fputs("<GetStreamUri xmlns=\"" MEDIA2 "\"><Protocol>RTSP</Protocol><ProfileToken>", out);
    } else {
        fputs("<GetStreamUri xmlns=\"" MEDIA1 "\"><StreamSetup><Stream xmlns=\"" SCHEMA "\">RTP-Unicast</Stream>"
              "<Transport xmlns=\"" SCHEMA "\"><Protocol>RTSP</Protocol></Transport></StreamSetup><ProfileToken>",
              out);
    }
    soap_write_text(out, token);
    fputs("</ProfileToken></GetStreamUri>", out);
    return fclose(out) == 0 ? ERR_OK : ERR_MEMORY;
}

static enum err ask_stream(struct conversation *conversation, const char *token, struct onvif_streams *streams,
                           struct reason *reason) {
    char *body = NULL;
    conversation->url[0] = '\0';
    enum err error = write_stream_request(conversation, token, &body);
    if (error == ERR_OK) {
        error = call(conversation, conversation->media, true, body, take_url, reason);
    }
    free(body);
    if (error != ERR_OK) {
        return error;
    }
    if (!address_has_scheme(conversation->url, "rtsp") && !address_has_scheme(conversation->url, "rtsps")) {
        reason_set(reason, "the device gives no RTSP address for its stream");
        return ERR_INVALID;
    }
    if (!move_to_device(conversation->service, conversation->url, streams->urls[streams->count])) {
        reason_set(reason, "the device gives a malformed address for its stream");
        return ERR_INVALID;
    }
    streams->count++;
    return ERR_OK;
}

static enum err converse(struct conversation *conversation, struct onvif_streams *streams, struct reason *reason) {
    enum err error = ask_time(conversation, reason);
    if (error == ERR_OK) {
        error = ask_services(conversation, reason);
    }
    if (error == ERR_OK) {
        error = ask_profiles(conversation, reason);
    }
    for (size_t i = 0; i < conversation->profile_count && error == ERR_OK; i++) {
        error = ask_stream(conversation, conversation->profiles[i].token, streams, reason);
    }
    return streams->count > 0 && error != ERR_MEMORY ? ERR_OK : error;
}

enum err onvif_find_streams(const char *service, const struct onvif_login *login, struct onvif_streams *streams,
                            struct reason *reason) {
    struct conversation *conversation = calloc(1, sizeof *conversation);
    if (conversation == NULL) {
        return ERR_MEMORY;
    }
    streams->count = 0;
    conversation->service = service;
    conversation->login = login;
    enum err error = soap_client_create(&conversation->client, reason);
    if (error == ERR_OK) {
        error = converse(conversation, streams, reason);
    }
    soap_client_destroy(&conversation->client);
    free(conversation);
    return error;
}
