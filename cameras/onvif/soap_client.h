/* Sends SOAP 1.2 requests over HTTP (SOAP 1.2 Part 2, section 7) and reads their answers.
 *
 * A request goes to the address that it names and to no other: redirects and proxies are not followed. Answers are
 * bounded in size and time.
 *
 * Lifecycle: soap_client_create(), any number of soap_call(), soap_client_destroy().
 * Threads: one at a time for each. */
#ifndef CAMERAS_ONVIF_SOAP_CLIENT_H
#define CAMERAS_ONVIF_SOAP_CLIENT_H

#include "cameras/onvif/soap_reader.h"
#include "cameras/onvif/soap_security.h"

struct soap_client;

/* ERR_MEMORY; ERR_UNSUPPORTED: libcurl cannot be loaded, see reason. */
CHECKED enum err soap_client_create(struct soap_client **client, struct reason *reason);
/* Nulls the pointer; *client may be NULL. */
void soap_client_destroy(struct soap_client **client);

/* How far the device's clock is ahead of ours, for the logins of later requests; 0 at first. */
void soap_client_set_offset(struct soap_client *client, int64_t offset_ns);

struct soap_request {
    const char *url;                 /* http or https */
    const char *body;                /* XML: what stands in the envelope's body */
    const struct onvif_login *login; /* NULL, or its username NULL: none */
    soap_visit *visit;               /* called for the answer's elements, those of a fault too */
    void *user;
};

/* Blocks: 4 s at most. ERR_DENIED: a login is needed, or wrong; ERR_INVALID: the answer is no SOAP, or a fault;
 * ERR_TIMEOUT, ERR_CLOSED: there is none; ERR_MEMORY; ERR_IO. All with a reason but ERR_MEMORY and ERR_IO. */
CHECKED enum err soap_call(struct soap_client *client, const struct soap_request *request, struct reason *reason);

#endif
