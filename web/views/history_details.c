#include "web/views/history_details.h"

#include "web/views/json/json_values.h"

char *login_details_render(const char *name, const char *remote) {
    return json_render(
        json_pack("{s:s, s:o, s:o}", "action", "logged in", "name", text_json(name), "remote", text_json(remote)));
}

char *failed_login_details_render(const struct failed_login *failed) {
    static const char *const secrets[] = {
        [SECRET_PASSWORD] = "password", [SECRET_TOKEN] = "token", [SECRET_PUSH_KEY] = "key", [SECRET_LINK] = "link"};
    return json_render(json_pack("{s:s, s:s, s:o, s:o, s:o}", "action", "failed", "secret", secrets[failed->kind],
                                 "name", text_or_null(failed->user), "remote", text_or_null(failed->address), "count",
                                 count_json(failed->count)));
}

char *control_details_render(const char *name, const struct control_request *control) {
    json_t *value = control->choice != NULL ? text_json(control->choice) : json_integer(control->value);
    return json_render(json_pack("{s:s, s:o, s:s, s:o}", "action", "set", "name", text_or_null(name), "control",
                                 control->name, "value", value));
}
