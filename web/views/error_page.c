#include "web/views/error_page.h"

#include "web/access/request_policy.h"
#include "web/assets/assets.h"
#include "web/http/http.h"
#include "web/views/template.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *title_of(int status) {
    switch (status) {
    case 401: return "Not logged in";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "Not possible";
    case 429:
    case 503: return "Busy";
    default: return status < 500 ? "Bad request" : "Server error";
    }
}

char *error_page_render(const struct http_request *request, int status, const char *code, const char *message) {
    char *text = NULL, number[16], sentence[sizeof(struct reason)];
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    if (out == NULL) {
        return NULL;
    }
    snprintf(number, sizeof number, "%d", status);
    snprintf(sentence, sizeof sentence, "%s", message);
    sentence[0] = (char)toupper((unsigned char)sentence[0]);
    const struct template_value values[] = {{"base", request_policy_settings(request->policy)->base_path},
                                            {"assets", asset_version()},
                                            {"title", title_of(status)},
                                            {"message", sentence},
                                            {"status", number},
                                            {"code", code}};
    template_write(out, (struct template){asset_error_page.bytes, asset_error_page.end}, values, COUNT_OF(values));
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
