#include "web/http/handoff_slots.h"

#include "broker/base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A connection that has waited for longer may give way to a new one, and every one beyond its address's share. */
#define GRACE_NS (100 * NS_PER_MS)
#define SHARE_MAX 32u

void handoff_slots_init(struct handoff_slots *slots) { lock_init(&slots->lock); }

enum err handoff_slots_allocate(struct handoff_slots *slots, size_t count) {
    struct handoff_slot *allocated = calloc(count, sizeof *allocated);
    if (allocated == NULL) {
        return ERR_MEMORY;
    }
    lock_acquire(&slots->lock);
    slots->slots = allocated;
    slots->count = count;
    lock_release(&slots->lock);
    return ERR_OK;
}

void handoff_slots_finish(struct handoff_slots *slots) {
    lock_finish(&slots->lock);
    free(slots->slots);
    slots->slots = NULL;
    slots->count = 0;
}

enum handoff_slot_state handoff_slots_state(struct handoff_slots *slots, const struct handoff_slot *slot) {
    lock_acquire(&slots->lock);
    const enum handoff_slot_state state = slot->state;
    lock_release(&slots->lock);
    return state;
}

struct handoff_slot *handoff_slots_find_free(struct handoff_slots *slots) {
    struct handoff_slot *found = NULL;
    lock_acquire(&slots->lock);
    for (size_t i = 0; i < slots->count && found == NULL; i++) {
        found = slots->slots[i].state == SLOT_FREE ? &slots->slots[i] : NULL;
    }
    slots->is_full = found == NULL;
    lock_release(&slots->lock);
    return found;
}

/* The counter of an address (an IPv6 network of 64 bits). That a few share one does no harm. */
static unsigned *counter_of(struct handoff_slots *slots, const struct handoff_slot *slot) {
    const uint32_t address = (uint32_t)(slot->client >> 16);
    return &slots->counters[(address * UINT32_C(2654435761)) >> 22 & (HANDOFF_COUNTERS - 1)];
}

struct handoff_slot *handoff_slots_choose_victim(struct handoff_slots *slots) {
    struct handoff_slot *victim = NULL;
    unsigned most = 0;
    const int64_t before_ns = clock_monotonic_ns() - GRACE_NS;
    memset(slots->counters, 0, sizeof slots->counters);
    lock_acquire(&slots->lock);
    for (size_t i = 0; i < slots->count; i++) {
        *counter_of(slots, &slots->slots[i]) += slots->slots[i].state == SLOT_READING;
    }
    for (size_t i = 0; i < slots->count; i++) {
        struct handoff_slot *slot = &slots->slots[i];
        const unsigned count = *counter_of(slots, slot);
        if (slot->state == SLOT_READING && (count > SHARE_MAX || slot->since_ns <= before_ns) &&
            (victim == NULL || count > most || (count == most && slot->since_ns < victim->since_ns))) {
            victim = slot;
            most = count;
        }
    }
    lock_release(&slots->lock);
    return victim;
}

void handoff_slots_begin_reading(struct handoff_slots *slots, struct handoff_slot *slot) {
    lock_acquire(&slots->lock);
    slot->state = SLOT_READING;
    lock_release(&slots->lock);
    slots->reading_count++;
}

void handoff_slots_hand_over(struct handoff_slots *slots, struct handoff_slot *slot) {
    lock_acquire(&slots->lock);
    slot->state = SLOT_HANDED;
    slots->handed_count++;
    lock_release(&slots->lock);
    slots->reading_count--;
}

void handoff_slots_drop(struct handoff_slots *slots, struct handoff_slot *slot) {
    lock_acquire(&slots->lock);
    const bool is_ours = slot->state != SLOT_FREE;
    slots->reading_count -= slot->state == SLOT_READING;
    slots->handed_count -= slot->state == SLOT_HANDED;
    const struct handoff_slot dropped = *slot;
    slot->state = SLOT_FREE;
    lock_release(&slots->lock);
    if (is_ours) {
        close(dropped.outer);
    }
    if (is_ours && dropped.inner >= 0) {
        close(dropped.inner);
    }
}

bool handoff_slots_take(struct handoff_slots *slots, uint16_t inner_port, struct handoff_slot *taken, bool *was_full) {
    taken->state = SLOT_FREE;
    lock_acquire(&slots->lock);
    for (size_t i = 0; i < slots->count && slots->handed_count > 0 && taken->state == SLOT_FREE; i++) {
        struct handoff_slot *slot = &slots->slots[i];
        if (slot->state == SLOT_HANDED && slot->inner_port == inner_port) {
            *taken = *slot;
            slot->state = SLOT_FREE;
            slots->handed_count--;
        }
    }
    *was_full = slots->is_full;
    slots->is_full = false;
    lock_release(&slots->lock);
    return taken->state != SLOT_FREE;
}
