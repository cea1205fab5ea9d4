/* The header with which SOAP requests log in: a UsernameToken with PasswordDigest (WS-Security UsernameToken Profile
 * 1.0, section 3.1; ONVIF Core Specification, section 5.9.4). The password itself is not sent.
 *
 * Threads: any. */
#ifndef CAMERAS_ONVIF_SOAP_SECURITY_H
#define CAMERAS_ONVIF_SOAP_SECURITY_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct onvif_login {
    const char *username, *password; /* username NULL: none */
};

#define SOAP_NONCE_BYTES 16
#define SOAP_DIGEST_TEXT_BYTES 29

/* Base64(SHA-1(nonce + created + password)). ERR_IO: the system's cryptography refuses SHA-1. */
CHECKED enum err soap_digest(const uint8_t *nonce, size_t nonce_bytes, const char *created, const char *password,
                             char digest[SOAP_DIGEST_TEXT_BYTES]);

/* Writes the header's content to out. at_ns: now by the device's clock (since the epoch), from which the device accepts
 * a difference of seconds only. ERR_IO. */
CHECKED enum err soap_write_security(FILE *out, const struct onvif_login *login, int64_t at_ns);

/* Writes a text with what XML takes as markup replaced (XML 1.0, section 2.4). */
void soap_write_text(FILE *out, const char *text);

#endif
