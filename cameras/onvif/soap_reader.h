/* Reads the XML of SOAP messages (SOAP 1.2 Part 1, section 5), from peers that may be anything.
 *
 * A document type declaration is refused, as SOAP has it, and with it every entity; so are nesting and texts beyond the
 * bounds below. Nothing is fetched and no tree is built: the visitor is called at the end of each element, and so for
 * an element after those inside of it.
 *
 * Threads: any; nothing is kept. */
#ifndef CAMERAS_ONVIF_SOAP_READER_H
#define CAMERAS_ONVIF_SOAP_READER_H

#include "broker/base/err.h"

#include <stddef.h>

#define SOAP_DEPTH_MAX 32
#define SOAP_TEXT_MAX_BYTES 8192
#define SOAP_TOKEN_MAX_BYTES 128

/* Names are without their prefix and namespace. Valid during the call; no pointer is NULL. */
struct soap_element {
    const char *name;
    const char *parent; /* "": none */
    const char *token;  /* the attribute of that name; "": none, or too long for one */
    const char *text;   /* what stands in it behind its last child, without space around it */
};

typedef void soap_visit(void *user, const struct soap_element *element);

/* What was visited before a fault was found has been visited. ERR_INVALID with a reason; ERR_MEMORY. */
CHECKED enum err soap_read(const char *bytes, size_t count, soap_visit *visit, void *user, struct reason *reason);

#endif
