#include "web/access/event_id.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SALT_BITS 24
#define ROUNDS 4u

_Static_assert(EVENT_ID_KEY_BYTES == crypto_shorthash_KEYBYTES, "a key is one of crypto_shorthash()");

static uint32_t mix(const struct event_id_codec *codec, unsigned round, uint32_t half) {
    const uint32_t input[] = {round, half};
    uint32_t output[crypto_shorthash_BYTES / sizeof(uint32_t)];
    crypto_shorthash((unsigned char *)output, (const unsigned char *)input, sizeof input, codec->key);
    return output[0];
}

/* A Feistel cipher of 64 bits (Luby and Rackoff: four rounds of a pseudo-random function suffice). */
static uint64_t encipher(const struct event_id_codec *codec, uint64_t block) {
    uint32_t left = (uint32_t)(block >> 32), right = (uint32_t)block;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t next = left ^ mix(codec, round, right);
        left = right;
        right = next;
    }
    return (uint64_t)left << 32 | right;
}

static uint64_t decipher(const struct event_id_codec *codec, uint64_t block) {
    uint32_t left = (uint32_t)(block >> 32), right = (uint32_t)block;
    for (unsigned round = ROUNDS; round-- > 0;) {
        uint32_t previous = right ^ mix(codec, round, left);
        right = left;
        left = previous;
    }
    return (uint64_t)left << 32 | right;
}

static void print_id(const struct event_id_codec *codec, uint64_t block, char id[EVENT_ID_BYTES]) {
    snprintf(id, EVENT_ID_BYTES, "%" PRIx64 "-%" PRIu64, codec->run, block);
}

void event_id_write(const struct event_id_codec *codec, uint64_t number, char id[EVENT_ID_BYTES]) {
    uint64_t salt = randombytes_uniform(1u << SALT_BITS);
    print_id(codec, encipher(codec, number << SALT_BITS | salt), id);
}

bool event_id_read(const struct event_id_codec *codec, const char *id, uint64_t *number) {
    const char *dash = strchr(id, '-');
    uint64_t block = dash != NULL ? strtoull(dash + 1, NULL, 10) : 0;
    char again[EVENT_ID_BYTES];
    print_id(codec, block, again);
    *number = decipher(codec, block) >> SALT_BITS;
    return strcmp(id, again) == 0;
}
