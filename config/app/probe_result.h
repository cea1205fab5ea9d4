/* What a probe has found out about a camera: plain data, and how it is printed.
 * Threads: one at a time. */
#ifndef CONFIG_APP_PROBE_RESULT_H
#define CONFIG_APP_PROBE_RESULT_H

#include "cameras/driver.h"

#include <stdio.h>

struct probe_result {
    const char *address; /* fit to be shown, with ${NAME} in place of what may hold a secret; borrowed */
    const char *hidden;  /* the NAME; static; NULL: nothing is hidden */
    bool has_login;      /* the address has one */
    bool insecure;       /* the certificate is not checked, since nothing can */
    struct source_facts facts;
    struct driver_description description;
    uint64_t pictures, broken, lost;
    int64_t first_ns, last_ns; /* monotonic; when whole pictures came */
    unsigned failed;           /* connections before the first picture */
    uint64_t pictures_at_end;  /* that a connection gave before the camera ended it; 0: it has ended none */
    struct reason failure;     /* why the last connection failed, or could not be made */
    struct reason fault;       /* of the last broken picture */
    struct reason warning;     /* of the decoder, that costs nothing */
};

/* For people, or as JSON. */
void probe_result_write(const struct probe_result *result, bool as_json, FILE *out);

#endif
