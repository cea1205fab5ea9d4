/* Finds the ONVIF cameras of the local networks for --init --onvif.
 *
 * Logins come from the environment: ID_USER and ID_PASSWORD for a camera (its id in capitals), otherwise ONVIF_USER and
 * ONVIF_PASSWORD. The configuration names the variables, never their values.
 *
 * Threads: one at a time; none may change the environment meanwhile. */
#ifndef CONFIG_STARTER_FIND_ONVIF_H
#define CONFIG_STARTER_FIND_ONVIF_H

#include "config/starter/found_cameras.h"

/* A camera that refuses the login, or of which nothing else is known, gets an address to complete, which is said.
 * Blocks: 3 s, and what the cameras take to answer, 2 minutes at most. ERR_NOT_FOUND: there is no network; ERR_IO;
 * ERR_MEMORY. */
CHECKED enum err find_onvif(struct found_cameras *cameras);

#endif
