#include "cameras/motion/tracks.h"

/* How far a movement gets from one frame to the next: its own size, and this much. */
#define GATE_CELLS 2
/* How much stronger than the clutter something new has to be. */
#define CLUTTER_FACTOR 3

static uint32_t multiply_u32(uint32_t a, uint32_t b) {
    uint32_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT32_MAX : product;
}

static uint32_t size_of(const struct cell_box *box) {
    const uint32_t width = box->right - box->left, height = box->bottom - box->top;
    return width > height ? width : height;
}

static bool are_near(const struct cell_box *a, const struct cell_box *b, uint32_t gate) {
    return a->left < b->right + gate && b->left < a->right + gate && a->top < b->bottom + gate &&
           b->top < a->bottom + gate;
}

/* How far apart the centres are, twice the sum of both directions. */
static uint32_t distance(const struct cell_box *a, const struct cell_box *b) {
    const uint32_t ax = a->left + a->right, bx = b->left + b->right;
    const uint32_t ay = a->top + a->bottom, by = b->top + b->bottom;
    return (ax > bx ? ax - bx : bx - ax) + (ay > by ? ay - by : by - ay);
}

static bool is_alive(const struct track *track, unsigned window, size_t zone_count) {
    if (track->frames >= window) {
        return false;
    }
    uint16_t seen = 0;
    for (size_t i = 0; i < zone_count; i++) {
        seen |= track->seen[i];
    }
    return seen != 0;
}

static void age(struct tracks *tracks, unsigned window, size_t zone_count) {
    const uint16_t in_window = (uint16_t)((1u << window) - 1);
    size_t kept = 0;
    for (size_t i = 0; i < tracks->count; i++) {
        struct track *track = &tracks->entries[i];
        track->frames++;
        for (size_t zone = 0; zone < zone_count; zone++) {
            track->seen[zone] = (uint16_t)(track->seen[zone] << 1 & in_window);
        }
        if (is_alive(track, window, zone_count)) {
            tracks->entries[kept++] = *track;
        }
    }
    tracks->count = kept;
}

/* The nearest one that has no blob yet; NULL: none is near. */
static struct track *find_track(struct tracks *tracks, size_t count, const struct cell_box *box) {
    struct track *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        struct track *track = &tracks->entries[i];
        const uint32_t larger = size_of(box) > size_of(&track->box) ? size_of(box) : size_of(&track->box);
        const uint32_t gate = GATE_CELLS + larger * track->frames;
        if (track->frames > 0 && are_near(&track->box, box, gate) &&
            (nearest == NULL || distance(&track->box, box) < distance(&nearest->box, box))) {
            nearest = track;
        }
    }
    return nearest;
}

static void note(struct track *track, const struct track_rules *rules, const struct blob *blob,
                 struct motion_time time) {
    const uint32_t clutter = track->is_confirmed ? rules->clutter : multiply_u32(rules->clutter, CLUTTER_FACTOR);
    track->box = blob->box;
    track->frames = 0;
    for (size_t zone = 0; zone < rules->zone_count; zone++) {
        if (blob->strength[zone] >= rules->thresholds[zone] && blob->strength[zone] >= clutter) {
            if (track->seen[zone] == 0) {
                track->since[zone] = time;
            }
            track->seen[zone] |= 1;
        }
    }
}

static zone_set confirmed_zones(const struct track *track, size_t zone_count, unsigned frames) {
    zone_set zones = 0;
    for (size_t zone = 0; zone < zone_count; zone++) {
        if ((track->seen[zone] & 1) != 0 && (unsigned)__builtin_popcount(track->seen[zone]) >= frames) {
            zones |= (zone_set)(1u << zone);
        }
    }
    return zones;
}

void tracks_follow(struct tracks *tracks, const struct track_rules *rules, const struct blob *blobs, size_t blob_count,
                   struct motion_time time, zone_set confirmed[BLOBS_MAX], const struct track *of[BLOBS_MAX]) {
    const unsigned window = rules->settings->confirm_window, wanted = rules->settings->confirm_frames;
    const unsigned frames = wanted < window ? wanted : window;
    age(tracks, window, rules->zone_count);
    const size_t old_count = tracks->count;
    for (size_t i = 0; i < blob_count; i++) {
        confirmed[i] = 0;
        of[i] = NULL;
        struct track *track = find_track(tracks, old_count, &blobs[i].box);
        if (track == NULL && tracks->count < TRACKS_MAX) {
            track = &tracks->entries[tracks->count++];
            *track = (struct track){0};
        }
        if (track != NULL) {
            note(track, rules, &blobs[i], time);
            confirmed[i] = confirmed_zones(track, rules->zone_count, frames);
            track->is_confirmed |= confirmed[i] != 0;
            of[i] = track;
        }
    }
}
