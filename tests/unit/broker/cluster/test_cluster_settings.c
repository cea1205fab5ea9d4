/* What "cluster" may say, and which cameras its patterns are of. */
#include "broker/cluster/cluster_settings.h"
#include "tests/unit/support.h"

static struct reason reason;

static bool accepts(const char *key, const char *text) {
    const struct setting *row = setting_find(&cluster_table, key);
    assert_non_null(row);
    reason = (struct reason){""};
    return row->check(text, &reason) == ERR_OK;
}

/* The key at fault; NULL: none. */
static const char *fault_of(const struct cluster_settings *settings) {
    struct cluster_settings copy = *settings;
    reason = (struct reason){""};
    return cluster_table.finish((void *const[]){&copy}, &reason);
}

/* ---- One key ---- */

static void addresses_are_accepted(void **state) {
    (void)state;
    static const char *const urls[] = {
        "nats://127.0.0.1",
        "nats://nats.example.org:4222",
        "tls://[2001:db8::1]:4222",
        "nats://[::1]",
        "nats://user:pass@host:1",
        "nats://us@er:p@ss@host",
        "nats://a:4222,nats://b:4222, nats://c",
        "tls://a , tls://b:65535",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_true(accepts("url", urls[i]));
    }
}

static void other_addresses_are_refused(void **state) {
    (void)state;
    static const char *const urls[] = {
        "",
        "127.0.0.1",
        "http://host",
        "NATS://host",
        "nats://",
        "nats://:4222",
        "nats://user@",
        "nats://host:",
        "nats://host:0",
        "nats://host:65536",
        "nats://host:99999999999999999999",
        "nats://host:42x",
        "nats://host/path",
        "nats://ho st",
        "nats://host\n",
        "nats://h\xC3\xB6st",
        "nats://[::1",
        "nats://[::1]4222",
        "nats://a,,nats://b",
        "nats://a,b",
        "nats://a,tls://b",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_false(accepts("url", urls[i]));
        assert_true(reason.text[0] != '\0');
    }
    char url[1100] = "nats://";
    memset(url + strlen(url), 'a', sizeof url - strlen(url) - 1);
    url[sizeof url - 1] = '\0';
    assert_false(accepts("url", url));
}

static void login_of_an_address_is_not_shown(void **state) {
    (void)state;
    static const char *const urls[] = {"nats://user:hunter2@host:x", "nats://hunter2@", "nats://hunter2@a,tls://b"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_false(accepts("url", urls[i]));
        assert_null(strstr(reason.text, "hunter2"));
    }
}

static void name_of_a_node_is_one_token(void **state) {
    (void)state;
    static const char *const good[] = {"a", "site-a", "site_2", "0", "abcdefghijabcdefghijabcdefghij12"};
    static const char *const bad[] = {
        "", "-a", "_a", "site.a", "Site", "a b", "*", ">", "a/b", "s\xC3\xB6", "abcdefghijabcdefghijabcdefghij123"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(accepts("node", good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(accepts("node", bad[i]));
    }
}

static void all_servers_have_tls_or_none(void **state) {
    (void)state;
    assert_true(cluster_url_has_tls("tls://a,tls://b"));
    assert_false(cluster_url_has_tls("nats://tls://"));
}

/* ---- Several keys ---- */

static const char *fault_of_export(const char *pattern) {
    return fault_of(&(struct cluster_settings){.exports = &pattern, .export_count = 1});
}

static const char *fault_of_import(const char *pattern) {
    return fault_of(&(struct cluster_settings){.imports = &pattern, .import_count = 1});
}

static void patterns_are_checked(void **state) {
    (void)state;
    static const char *const bad_exports[] = {"", "a/b", "site-a.front", "[a-z]", "Front", "a b", "a\\*", "\xC3\xB6"};
    static const char *const bad_imports[] = {"", "*", "front", "a/", "/front", "/", "a/b/c", "a/b.c", "[a]/b", "A/b"};
    char pattern[CLUSTER_PATTERN_MAX_BYTES + 2];
    assert_null(fault_of_export("*"));
    assert_null(fault_of_export("front-?_0*"));
    assert_null(fault_of_import("*/*"));
    assert_null(fault_of_import("site-?/front*"));
    for (size_t i = 0; i < sizeof bad_exports / sizeof bad_exports[0]; i++) {
        assert_string_equal(fault_of_export(bad_exports[i]), "export");
    }
    for (size_t i = 0; i < sizeof bad_imports / sizeof bad_imports[0]; i++) {
        assert_string_equal(fault_of_import(bad_imports[i]), "import");
    }
    memset(pattern, 'a', sizeof pattern - 1);
    pattern[sizeof pattern - 1] = '\0';
    assert_string_equal(fault_of_export(pattern), "export");
    pattern[sizeof pattern - 2] = '\0';
    assert_null(fault_of_export(pattern));
    const char *const second[] = {"front", "a/b"};
    assert_string_equal(fault_of(&(struct cluster_settings){.exports = second, .export_count = 2}), "export");
}

static void credentials_come_in_pairs(void **state) {
    (void)state;
    static const struct {
        struct cluster_settings settings;
        const char *fault;
    } cases[] = {
        {{.url = "nats://a"}, NULL},
        {{.username = "u", .password = "hunter2"}, NULL},
        {{.token = "hunter2"}, NULL},
        {{.credentials = "f"}, NULL},
        {{.nkey = "U", .nkey_seed = "f"}, NULL},
        {{.url = "tls://a", .ca_file = "f", .certificate = "f", .private_key = "f"}, NULL},
        {{.username = "u"}, "username"},
        {{.password = "hunter2"}, "password"},
        {{.nkey = "U"}, "nkey"},
        {{.nkey_seed = "f"}, "nkey_seed"},
        {{.url = "tls://a", .certificate = "f"}, "certificate"},
        {{.url = "tls://a", .private_key = "f"}, "private_key"},
        {{.url = "nats://a", .ca_file = "f"}, "ca_file"},
        {{.url = "nats://a", .certificate = "f", .private_key = "f"}, "certificate"},
        {{.token = "hunter2", .username = "u", .password = "p"}, ""},
        {{.token = "hunter2", .credentials = "f"}, ""},
        {{.credentials = "f", .nkey = "U", .nkey_seed = "f"}, ""},
        {{.password = "hunter2", .nkey_seed = "f"}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *fault = fault_of(&cases[i].settings);
        if (cases[i].fault == NULL) {
            assert_null(fault);
        } else {
            assert_non_null(fault);
            assert_string_equal(fault, cases[i].fault);
            assert_true(reason.text[0] != '\0');
            assert_null(strstr(reason.text, "hunter2"));
        }
    }
}

/* ---- Patterns ---- */

static void nothing_leaves_and_nothing_comes_by_default(void **state) {
    (void)state;
    const struct cluster_settings settings = {.url = "nats://a"};
    assert_false(cluster_settings_export(&settings, "front"));
    assert_false(cluster_settings_import(&settings, "site-a", "front"));
    assert_false(cluster_settings_import_node(&settings, "site-a"));
}

static void patterns_match_whole_ids(void **state) {
    (void)state;
    static const char *const exports[] = {"front", "door-?", "yard*"};
    static const char *const imports[] = {"site-a/front", "site-?/door*", "b*/*"};
    const struct cluster_settings settings = {
        .exports = exports, .export_count = 3, .imports = imports, .import_count = 3};
    assert_true(cluster_settings_export(&settings, "front"));
    assert_false(cluster_settings_export(&settings, "front2"));
    assert_false(cluster_settings_export(&settings, "a-front"));
    assert_true(cluster_settings_export(&settings, "door-1"));
    assert_false(cluster_settings_export(&settings, "door-12"));
    assert_true(cluster_settings_export(&settings, "yard"));
    assert_true(cluster_settings_export(&settings, "yard-3"));
    assert_false(cluster_settings_export(&settings, ""));

    assert_true(cluster_settings_import(&settings, "site-a", "front"));
    assert_false(cluster_settings_import(&settings, "site-b", "front"));
    assert_true(cluster_settings_import(&settings, "site-b", "door-7"));
    assert_true(cluster_settings_import(&settings, "barn", "anything"));
    assert_false(cluster_settings_import(&settings, "site", "a/front"));
    assert_true(cluster_settings_import_node(&settings, "site-c"));
    assert_true(cluster_settings_import_node(&settings, "b"));
    assert_false(cluster_settings_import_node(&settings, "site"));
    assert_false(cluster_settings_import_node(&settings, "site-cc"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_accepted),
        cmocka_unit_test(other_addresses_are_refused),
        cmocka_unit_test(login_of_an_address_is_not_shown),
        cmocka_unit_test(name_of_a_node_is_one_token),
        cmocka_unit_test(all_servers_have_tls_or_none),
        cmocka_unit_test(patterns_are_checked),
        cmocka_unit_test(credentials_come_in_pairs),
        cmocka_unit_test(nothing_leaves_and_nothing_comes_by_default),
        cmocka_unit_test(patterns_match_whole_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
