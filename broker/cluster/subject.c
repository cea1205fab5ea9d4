#include "broker/cluster/subject.h"

#include <stdio.h>

void subject_format(char subject[LINK_SUBJECT_BYTES], const char *kind, const char *name) {
    snprintf(subject, LINK_SUBJECT_BYTES, LINK_SUBJECT_PREFIX "%s.%s", kind, name);
}
