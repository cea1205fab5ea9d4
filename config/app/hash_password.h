/* What --hash-password does.
 * Threads: the main one, before others start. */
#ifndef CONFIG_APP_HASH_PASSWORD_H
#define CONFIG_APP_HASH_PASSWORD_H

#include "broker/base/err.h"

#include <stdio.h>

/* Reads a password and writes its hash to out, fit for "password" of a user. From a terminal it is read twice, without
 * being shown; from anywhere else it is one line. Nothing is read beyond it. Prompts and
 * errors go to talk.
 * Blocks: until it is typed. ERR_INVALID, ERR_INTERRUPTED, ERR_IO, ERR_MEMORY. */
CHECKED enum err hash_password(FILE *in, FILE *out, FILE *talk);

#endif
