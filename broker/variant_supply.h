/* A supply of variants: what makes the variants of a topic in place of the workers, as where the camera is at another
 * machine, which sends them. See topic_set_variant_supply().
 *
 * Threads: calls come from one, that of the variants. */
#ifndef BROKER_VARIANT_SUPPLY_H
#define BROKER_VARIANT_SUPPLY_H

#include "broker/frame/converter.h"

struct topic;

struct variant_supply {
    /* Publishes pictures of the camera as requested into topic, which is borrowed, until close(). Does not block.
     * ERR_MEMORY. */
    enum err (*open)(void *user, const char *camera, const struct variant_request *request, struct topic *topic,
                     void **supplied);
    /* Once it has returned, nothing more is published. */
    void (*close)(void *user, void *supplied);
};

/* ops is static. Its calls end with the topic's life, or with ops NULL, which removes it: all that is open is closed
 * without a call. Blocks: until a call that is under way has returned. Threads: any. */
void topic_set_variant_supply(struct topic *topic, const struct variant_supply *ops, void *user);
bool topic_has_variant_supply(struct topic *topic);

/* For variant.c. ERR_CLOSED: it has been removed. */
CHECKED enum err topic_open_variant_supply(struct topic *topic, const struct variant_request *request,
                                           struct topic *variant, void **supplied);
void topic_close_variant_supply(struct topic *topic, void *supplied);

#endif
