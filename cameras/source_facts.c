#include "cameras/source_facts.h"

#include "broker/base/saturating.h"

#include <stdio.h>
#include <string.h>

void source_facts_set_answer(struct source_facts *facts, const char *answer) {
    snprintf(facts->answer, sizeof facts->answer, "%s", answer);
}

void source_facts_note(struct source_facts *facts, const char *sentence) {
    for (size_t i = 0; i < facts->oddity_count; i++) {
        if (strcmp(facts->oddities[i], sentence) == 0) {
            return;
        }
    }
    if (facts->oddity_count < SOURCE_ODDITIES_MAX) {
        facts->oddities[facts->oddity_count++] = sentence;
    }
}

void source_facts_count_key_frame(struct source_facts *facts, int64_t now_ns) {
    if (facts->key_frames > 0) {
        facts->key_distance_ns = max_i64(facts->key_distance_ns, now_ns - facts->last_key_ns);
    }
    facts->last_key_ns = now_ns;
    facts->key_frames++;
}
