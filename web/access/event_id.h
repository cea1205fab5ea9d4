/* Ids of server-sent events: the number of an entry of the event log, enciphered, so that a client can resume with it
 * but not count the entries that it may not see. The same number has another id each time, so that ids cannot be
 * compared either. Ids of another run of the program are not valid.
 * Threads: any. */
#ifndef WEB_ACCESS_EVENT_ID_H
#define WEB_ACCESS_EVENT_ID_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define EVENT_ID_BYTES 48
#define EVENT_ID_KEY_BYTES 16

struct event_id_codec {
    uint64_t run;             /* differs between runs */
    const unsigned char *key; /* EVENT_ID_KEY_BYTES, random */
};

/* number: below 2^40. */
void event_id_write(const struct event_id_codec *codec, uint64_t number, char id[EVENT_ID_BYTES]);
/* False: the id is not one of this run's. A forged one becomes a random number below 2^40. */
CHECKED bool event_id_read(const struct event_id_codec *codec, const char *id, uint64_t *number);

#endif
