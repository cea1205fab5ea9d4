/* Prints the table of routes for test_rights.py: a line of JSON a row. */
#include "web/http/router.h"
#include "web/routes/route_table.h"

#include <stdio.h>

static const char *need_word(enum route_need need) {
    switch (need) {
    case NEED_NOTHING: return "nothing";
    case NEED_NO_ACCOUNT: return "no account";
    case NEED_PUBLIC_ASSET: return "public asset";
    case NEED_PICTURE: return "picture";
    case NEED_VIEW: return "view";
    case NEED_ADMIN: return "admin";
    }
    return "";
}

int main(void) {
    for (size_t i = 0; i < route_table.count; i++) {
        const struct route_row *row = route_table.rows[i];
        char methods[64];
        router_write_methods(row->methods, methods, sizeof methods);
        printf("{\"pattern\": \"%s\", \"methods\": \"%s\", \"need\": \"%s\", \"is_of_camera\": %s, \"action\": \"%s\", "
               "\"is_on_monitor\": %s}\n",
               row->pattern, methods, need_word(row->need), row->handle_camera != NULL ? "true" : "false",
               row->action != NULL ? row->action : "", row->listener == LISTENER_MAIN_AND_MONITOR ? "true" : "false");
    }
    return 0;
}
