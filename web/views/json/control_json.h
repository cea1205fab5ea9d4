/* /api/cameras/N/controls: the body of a PUT and the reply.
 * Threads: any. */
#ifndef WEB_VIEWS_JSON_CONTROL_JSON_H
#define WEB_VIEWS_JSON_CONTROL_JSON_H

#include "broker/control.h"

/* A control that could not be set, and why. */
struct control_refusal {
    const char *name;
    struct reason reason;
};

/* {"controls": [...]}; with refusals also "error", of the first, and "errors" by name. Returns text to free(), NULL
 * when memory ran out. */
char *control_json_render(const struct control_list *list, const struct control_refusal *refusals,
                          size_t refusal_count);

/* {"brightness": 10, "exposure_auto": "manual"} */
struct control_requests {
    struct control_request *requests; /* borrow from document */
    size_t count;
    void *document;
};

/* ERR_INVALID with a reason; ERR_MEMORY. */
CHECKED enum err control_json_parse(const char *text, size_t length, struct control_requests *requests,
                                    struct reason *reason);
void control_requests_finish(struct control_requests *requests);

#endif
