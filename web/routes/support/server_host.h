/* What the server asks of the program around it. */
#ifndef WEB_ROUTES_SUPPORT_SERVER_HOST_H
#define WEB_ROUTES_SUPPORT_SERVER_HOST_H

#include "broker/recording/playback/gap.h"
#include "web/access/principal.h"

/* The result of a reload that a request has asked for. */
struct reload_answer {
    int status; /* of HTTP */
    char *json; /* the caller's to free(); NULL when memory ran out */
};

/* Called from requests, any number at once. */
struct server_host {
    /* Reads the configuration again and applies it. The answer names nothing that the principal may not view. Blocks:
     * until that is done, or the program ends. NULL: cannot. */
    void (*reload)(void *user, const struct principal *principal, struct reload_answer *answer);
    void *user;         /* outlives the server */
    gap_draw *draw_gap; /* draws what is shown where nothing was recorded; static; NULL: nothing is */
};

#endif
