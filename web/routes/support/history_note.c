#include "web/routes/support/history_note.h"

#include "broker/base/clock.h"
#include "web/views/history_details.h"

#include <stdlib.h>

/* details is taken; NULL: there was no memory for it. */
static void add(struct server_context *context, const char *camera, const char *kind, char *details) {
    if (details != NULL) {
        recorder_add_history(
            context->recorder,
            &(struct history_row){.at_ns = clock_realtime_ns(), .camera = camera, .kind = kind, .details = details});
        free(details);
    }
}

void history_note_login(struct server_context *context, const struct http_request *request, const char *name) {
    if (context->recorder != NULL) {
        add(context, "", "login", login_details_render(name, request->client));
    }
}

void history_note_failed_login(void *context, const struct failed_login *failed) {
    add(context, "", "login", failed_login_details_render(failed));
}

void history_note_control(struct server_context *context, const struct http_request *request, const char *camera,
                          const struct control_request *control) {
    const struct account *account = request->principal->account;
    if (context->recorder != NULL) {
        add(context, camera, "controls",
            control_details_render(account != NULL ? account->settings.name : "", control));
    }
}
