#include "broker/clock.h"
#include "config/sections.h"

#include <string.h>

#define FAULTS_MAX 100
#define FRAMES_MAX INT64_C(1000000000)
#define TIME_MAX_S 1e6
#define FOR_EVER INT64_MAX

static const char *const kinds[] = {
    [FAULT_FREEZE] = "freeze",       [FAULT_VANISH] = "vanish",       [FAULT_TRUNCATED] = "truncated",
    [FAULT_FAIL_OPEN] = "fail_open", [FAULT_SLOW_OPEN] = "slow_open",
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

/* False after a fault. */
static bool read_kind(const struct node *node, enum fault_kind *kind) {
    const char *text = node_text(node);
    if (text == NULL) {
        return false;
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcmp(text, kinds[i]) == 0) {
            *kind = (enum fault_kind)i;
            return true;
        }
    }
    node_fault_choice(node, "unknown kind of fault", kinds, KIND_COUNT);
    return false;
}

static void read_fault(const struct node *node, struct fault_settings *fault) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    struct node member;
    bool known = section_require(&section, "kind", &member) && read_kind(&member, &fault->kind);
    fault->at_frame = (uint64_t)section_integer(&section, "at_frame", 1, FRAMES_MAX, 0);
    fault->at_ns = section_duration_ns(&section, "at_s", 0, TIME_MAX_S, NS_PER_S, 0);
    if (node_find(node, "at_frame", &member) == node_find(node, "at_s", &member)) {
        node_fault(node, "must have one of \"at_frame\" and \"at_s\"");
    }
    /* One broken frame is the fault of cables; 0 stands for it. */
    int64_t otherwise_ns = known && fault->kind == FAULT_TRUNCATED ? 0 : FOR_EVER;
    fault->for_ns = section_duration_ns(&section, "for_s", 0.001, TIME_MAX_S, NS_PER_S, otherwise_ns);
    if (known && fault->kind == FAULT_SLOW_OPEN && !node_find(node, "for_s", &member)) {
        node_fault(node, "\"for_s\" is missing, which says how long opening takes");
    }
    section_end(&section);
}

void fault_list_read(struct section *source, struct source_settings *settings) {
    struct node list;
    if (!section_find(source, "faults", &list) || !node_is_list(&list, 0, FAULTS_MAX)) {
        return;
    }
    size_t count = json_array_size(list.json);
    struct fault_settings *faults = storage_alloc(list.document->storage, count, sizeof *faults);
    if (faults == NULL) {
        return;
    }
    struct node fault = {0};
    while (node_next(&list, &fault)) {
        read_fault(&fault, &faults[fault.place]);
    }
    settings->faults = faults;
    settings->fault_count = count;
}
