#include "broker/cluster/subject.h"

#include "broker/base/string_view.h"

#include <stdio.h>
#include <string.h>

void subject_format(char subject[LINK_SUBJECT_BYTES], const char *kind, const char *name) {
    snprintf(subject, LINK_SUBJECT_BYTES, LINK_SUBJECT_PREFIX "%s.%s", kind, name);
}

void subject_format_to(char subject[LINK_SUBJECT_BYTES], const char *kind, const char *node, const char *sender) {
    snprintf(subject, LINK_SUBJECT_BYTES, LINK_SUBJECT_PREFIX "%s.%s.%s", kind, node, sender);
}

bool subject_read_sender(const char *subject, char sender[NODE_MAX_BYTES + 1]) {
    const char *dot = strrchr(subject, '.');
    if (dot == NULL || !string_view_is_id(string_view_of(dot + 1), NODE_MAX_BYTES)) {
        return false;
    }
    snprintf(sender, NODE_MAX_BYTES + 1, "%s", dot + 1);
    return true;
}

bool subject_is_inbox(const char *subject, const char *node) {
    char inbox[LINK_SUBJECT_BYTES];
    subject_format_to(inbox, "inbox", node, "");
    return strncmp(subject, inbox, strlen(inbox)) == 0;
}
