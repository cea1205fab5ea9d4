#include "broker/recording/catalogue/recording_listing.h"

#include <stdlib.h>

/* The list, in no more memory than it needs. */
static void *shrink(void *list, size_t bytes) {
    void *smaller = realloc(list, bytes);
    if (smaller == NULL) {
        return list;
    }
    return smaller;
}

enum err recording_listing_read(struct catalogue *catalogue, const char *camera_id, int64_t from_ns, int64_t to_ns,
                                size_t stretches_max, struct recording_listing *listing) {
    *listing = (struct recording_listing){0};
    enum err error = catalogue_find_camera(catalogue, camera_id, &listing->camera);
    if (error != ERR_OK) {
        return error;
    }
    listing->stretches = calloc(stretches_max, sizeof *listing->stretches);
    listing->protections = calloc(LISTING_PROTECTIONS_MAX, sizeof *listing->protections);
    error = listing->stretches != NULL && listing->protections != NULL ? ERR_OK : ERR_MEMORY;
    if (error == ERR_OK) {
        error = timeline_read(catalogue, camera_id, from_ns, to_ns, listing->stretches, stretches_max,
                              &listing->stretch_count);
    }
    if (error == ERR_OK) {
        error = catalogue_read_protections(catalogue, camera_id, 0, listing->protections, LISTING_PROTECTIONS_MAX,
                                           &listing->protection_count);
    }
    if (error == ERR_OK) {
        listing->stretches = shrink(listing->stretches, (listing->stretch_count + 1) * sizeof *listing->stretches);
        listing->protections =
            shrink(listing->protections, (listing->protection_count + 1) * sizeof *listing->protections);
    } else {
        recording_listing_finish(listing);
    }
    return error;
}

void recording_listing_finish(struct recording_listing *listing) {
    free(listing->stretches);
    free(listing->protections);
    *listing = (struct recording_listing){0};
}
