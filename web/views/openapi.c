#include "web/views/openapi.h"

#include "web/assets/assets.h"
#include "web/views/template.h"

#include <stdbool.h>
#include <stdlib.h>

char *openapi_render(const char *base_path) {
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    if (out == NULL) {
        return NULL;
    }
    const struct template_value values[] = {
        {"version", FRAMEBROKER_VERSION},
        {"root", base_path[0] != '\0' ? base_path : "/"},
    };
    template_write(out, (struct template){asset_openapi.bytes, asset_openapi.end}, values,
                   sizeof values / sizeof values[0]);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
