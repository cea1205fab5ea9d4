#include "config/json/polygon_reader.h"

/* False after a fault. */
static bool read_point(const struct node *node, struct polygon_point *point) {
    struct node number = {0};
    double *const coordinates[] = {&point->x, &point->y};
    bool is_read = node_is_list(node, 2, 2);
    while (is_read && node_next(node, &number)) {
        is_read = node_number(&number, 0, 1, coordinates[number.place]);
    }
    return is_read;
}

struct polygon polygon_read(const struct node *node) {
    const size_t count = json_array_size(node->json);
    if (!node_is_list(node, POLYGON_POINTS_MIN, POLYGON_POINTS_MAX)) {
        return (struct polygon){0};
    }
    struct polygon_point *points = arena_alloc(node->document->arena, count, sizeof *points);
    struct polygon polygon = {.points = points, .count = points != NULL ? count : 0};
    bool is_read = points != NULL;
    struct node point = {0};
    while (points != NULL && node_next(node, &point)) {
        is_read = read_point(&point, &points[point.place]) && is_read;
    }
    struct reason reason;
    if (is_read && polygon_check(&polygon, &reason) != ERR_OK) {
        node_fault(node, "%s", reason.text);
        is_read = false;
    }
    return is_read ? polygon : (struct polygon){0};
}
