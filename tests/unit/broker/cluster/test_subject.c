#include "broker/cluster/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void subject_names_node_and_sender(void **state) {
    (void)state;
    char subject[LINK_SUBJECT_BYTES], sender[NODE_MAX_BYTES + 1];
    subject_format(subject, "node", "wall");
    assert_string_equal(subject, "framebroker.1.node.wall");
    subject_format_to(subject, "lease", "site-a", "wall");
    assert_string_equal(subject, "framebroker.1.lease.site-a.wall");
    assert_true(subject_read_sender(subject, sender));
    assert_string_equal(sender, "wall");
}

static void longest_names_fit(void **state) {
    (void)state;
    char name[NODE_MAX_BYTES + 1], subject[LINK_SUBJECT_BYTES], sender[NODE_MAX_BYTES + 1];
    memset(name, 'n', NODE_MAX_BYTES);
    name[NODE_MAX_BYTES] = '\0';
    subject_format_to(subject, "request", name, name);
    assert_true(subject_read_sender(subject, sender));
    assert_string_equal(sender, name);
}

static void sender_that_is_no_node_is_refused(void **state) {
    (void)state;
    char sender[NODE_MAX_BYTES + 1];
    static const char *const subjects[] = {"",
                                           "lease",
                                           "framebroker.1.lease.site-a.",
                                           "framebroker.1.lease.site-a.*",
                                           "framebroker.1.lease.site-a.>",
                                           "framebroker.1.lease.site-a.wall 2",
                                           "framebroker.1.lease.site-a.Wall"};
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        assert_false(subject_read_sender(subjects[i], sender));
    }
}

static void inbox_is_of_one_node(void **state) {
    (void)state;
    assert_true(subject_is_inbox("framebroker.1.inbox.wall.directory.site-a", "wall"));
    assert_true(subject_is_inbox("framebroker.1.inbox.wall.x7", "wall"));
    assert_false(subject_is_inbox("framebroker.1.inbox.wall-2.x7", "wall"));
    assert_false(subject_is_inbox("framebroker.1.inbox.wall", "wall"));
    assert_false(subject_is_inbox("_INBOX.wall.x7", "wall"));
    assert_false(subject_is_inbox("", "wall"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subject_names_node_and_sender),
        cmocka_unit_test(longest_names_fit),
        cmocka_unit_test(sender_that_is_no_node_is_refused),
        cmocka_unit_test(inbox_is_of_one_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
