#include "config/sections.h"

#include <string.h>

#define KEY_MIN_BYTES 8

static void read_key(const struct node *node, struct push_settings *settings) {
    const char *text = node_text(node);
    if (text == NULL) {
        return;
    }
    size_t length = strlen(text);
    bool printable = true;
    for (size_t i = 0; i < length; i++) {
        printable = printable && text[i] > ' ' && text[i] <= '~';
    }
    if (length < KEY_MIN_BYTES || length > PUSH_KEY_MAX_BYTES || !printable) {
        node_fault(node, "must be %d to %d letters, digits and signs without blanks", KEY_MIN_BYTES,
                   PUSH_KEY_MAX_BYTES);
        return;
    }
    settings->key = text;
}

void push_source_read(struct section *section, struct source_settings *settings) {
    static const char *const choices[] = {"replace", "refuse"};
    struct node node;
    if (section_require(section, "key", &node)) {
        read_key(&node, &settings->push);
    }
    settings->push.replace = section_choice(section, "second_pusher", choices, 2) == 0;
    fault_list_read(section, settings);
}
