/* Finds what is secret in the address and login of a camera.
 * Threads: any. */
#ifndef CAMERAS_URL_ADDRESS_SECRETS_H
#define CAMERAS_URL_ADDRESS_SECRETS_H

#include "cameras/secrets.h"

/* Adds the user part, as it is written and decoded, as HTTP's Basic scheme writes it (RFC 7617), and the value of each
 * parameter whose name suggests a secret ("password", "passphrase", "token", "key" and others), in the query or the
 * path: some cameras want "/user=admin_password=secret_channel=1". A path of a file has none. ERR_MEMORY. */
CHECKED enum err address_add_secrets(const char *address, struct secrets *secrets);

#endif
