/* /api/reload: asks the program to read its configuration again. */
#include "web/access/slots.h"
#include "web/http/route.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/server_context.h"

static void handle_reload(struct server_context *context, const struct http_request *request,
                          const struct route *route) {
    (void)route;
    if (context->host.reload == NULL) {
        http_reply_error(request, 404, NULL, "not_found", "this server has no configuration to reload");
        return;
    }
    if (slot_take(&context->slots.reloads, request->client, request->principal) != SLOT_TAKEN) {
        http_reply_error(request, 503, RETRY_SOON, "too_many_reloads", "%u reloads are already in progress",
                         context->slots.reloads.max);
        return;
    }
    struct reload_answer answer = {0};
    context->host.reload(context->host.user, request->principal, &answer);
    slot_release(&context->slots.reloads, request->client, request->principal);
    reply_text(request, answer.status, CONTENT_JSON, answer.status == 503 ? RETRY_SOON : NULL, answer.json);
}

const struct route_row reload_route = {
    .pattern = "/api/reload",
    .methods = METHOD_POST,
    .need = NEED_ADMIN,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_reload,
};
