#include "cameras/registry.h"

#include "cameras/exec/exec_driver.h"
#include "cameras/exec/exec_settings.h"
#include "cameras/simple/emulated.h"
#include "cameras/simple/pattern.h"
#include "cameras/simple/push.h"
#include "cameras/url/url_driver.h"
#include "cameras/url/url_settings.h"
#include "cameras/v4l2/v4l2_driver.h"
#include "cameras/v4l2/v4l2_settings.h"

#include <string.h>

const struct camera_type camera_types[] = {
    {"emulated", &emulated_driver, &emulated_settings_table, NULL, NULL, NULL},
    {"pattern", &pattern_driver, &pattern_settings_table, NULL, NULL, NULL},
    {"v4l2", &v4l2_driver, &v4l2_settings_table, NULL, NULL, v4l2_link_cameras},
    {"push", &push_driver, &push_settings_table, NULL, push_set_key, NULL},
    {"url", &url_driver, &url_settings_table, url_needed_module, NULL, NULL},
    {"exec", &exec_driver, &exec_settings_table, NULL, NULL, NULL},
    {0},
};

const struct camera_type *camera_type_find(const char *name) {
    for (const struct camera_type *type = camera_types; type->name != NULL; type++) {
        if (strcmp(type->name, name) == 0) {
            return type;
        }
    }
    return NULL;
}

void camera_types_link(struct camera_settings *cameras, size_t count) {
    for (const struct camera_type *type = camera_types; type->name != NULL; type++) {
        if (type->link_cameras != NULL) {
            type->link_cameras(cameras, count);
        }
    }
}
