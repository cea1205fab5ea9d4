/* The gate that every request passes: who asks, and whether he may ask for that. What a route needs is written in one
 * table; a route that is not in it needs all rights.
 *
 * Long answers are registered here, so that they end when the settings change and whoever gets them may see them no
 * more.
 *
 * Threads: any. Lock order: the gate's lock is taken while no other of web/ is held. */
#ifndef WEB_GATE_H
#define WEB_GATE_H

#include "web/http.h"
#include "web/identify.h"
#include "web/router.h"
#include "web/visitor.h"

struct gate;

/* Everybody may do everything, until gate_set_access(). ERR_MEMORY, ERR_IO. */
CHECKED enum err gate_create(struct gate **gate);
/* No request may be under way any more. */
void gate_destroy(struct gate **gate);
/* From now on these settings hold, for answers under way too. access is borrowed; NULL: everybody may do everything. */
void gate_set_access(struct gate *gate, struct access *access);
struct identifier *gate_identifier(struct gate *gate); /* borrowed */

/* Who asks. False after refusing the request; else finish the visitor. Blocks: while a password is checked. */
CHECKED bool gate_admit(struct gate *gate, const struct http_request *request, const struct route *route,
                        struct visitor *visitor);
/* Ends a session before its time, and the answers under way to whoever has it. */
void gate_end_session(struct gate *gate, const struct session *session);
/* The same visitor as he is now, for an answer that goes on. *renewed is finished separately. */
void gate_renew_visitor(struct gate *gate, const struct visitor *visitor, struct visitor *renewed);
/* What a request gets whose claim was not accepted. */
void gate_refuse(const struct http_request *request, const struct identification *found);

/* A long answer, from gate_begin_answer() to gate_end_answer(). The fields are the gate's. */
struct gate_answer {
    const struct visitor *visitor;
    struct topic *const *cameras;
    size_t camera_count;
    int fd;
    struct gate_answer *next, *previous;
};

/* Begins an answer over the connection fd that shows these cameras (both borrowed until it ends). As soon as its
 * visitor may not see one of them any more, or has logged out, the connection is shut down. False: that is so already.
 */
CHECKED bool gate_begin_answer(struct gate *gate, struct gate_answer *answer, const struct visitor *visitor,
                               struct topic *const *cameras, size_t camera_count, int fd);
void gate_end_answer(struct gate *gate, struct gate_answer *answer);

#endif
