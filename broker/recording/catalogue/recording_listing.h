/* What is recorded of a camera between two times: stretches, and what is protected.
 * Threads: any; as its catalogue's. */
#ifndef BROKER_RECORDING_CATALOGUE_RECORDING_LISTING_H
#define BROKER_RECORDING_CATALOGUE_RECORDING_LISTING_H

#include "broker/recording/catalogue/timeline.h"

/* Protected times that are listed of a camera; the oldest. */
#define LISTING_PROTECTIONS_MAX 200

struct recording_listing {
    struct catalogue_camera camera;
    struct timeline_stretch *stretches;
    size_t stretch_count;
    struct catalogue_protection *protections;
    size_t protection_count;
};

/* Reads it, with stretches_max (at least 2) stretches at most: see timeline.h. ERR_NOT_FOUND: nothing was ever recorded
 * of the camera; ERR_MEMORY; others as the catalogue's queries. Then there is nothing to finish. */
CHECKED enum err recording_listing_read(struct catalogue *catalogue, const char *camera_id, int64_t from_ns,
                                        int64_t to_ns, size_t stretches_max, struct recording_listing *listing);
void recording_listing_finish(struct recording_listing *listing);

#endif
