#include "web/views/json/polygon_json.h"

#include "web/views/json/json_body.h"

json_t *polygon_json(const struct polygon *polygon) {
    json_t *list = json_array();
    for (size_t i = 0; i < polygon->count; i++) {
        if (json_array_append_new(list, json_pack("[f, f]", polygon->points[i].x, polygon->points[i].y)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *polygons_json(const struct polygon *polygons, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(list, polygon_json(&polygons[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

char *privacy_masks_render(const struct frame_masks *masks) {
    return json_render(json_pack("{s:o}", "privacy_masks", polygons_json(masks->polygons, masks->count)));
}
