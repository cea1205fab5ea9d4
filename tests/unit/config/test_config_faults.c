#include "tests/unit/config/support.h"

#define CAMERA "\"cameras\": [{\"source\": {\"type\": \"pattern\"}}]"
#define SOURCE(members) "{\"cameras\": [{\"source\": {" members "}}]}"
#define PATTERN(members) SOURCE("\"type\": \"pattern\", " members)
#define FAULT(members) PATTERN("\"faults\": [{" members "}]")
#define MQTT(members) "{\"mqtt\": {" members "}, " CAMERA "}"
#define CLUSTER(members) "{\"cluster\": {" members "}, " CAMERA "}"
#define VIEW(members) "{\"views\": [{" members "}], " CAMERA "}"
#define HOOK(members) "{\"hooks\": {\"on_state_change\": {" members "}}, " CAMERA "}"
#define ID(id) "{\"cameras\": [{\"id\": " id ", \"source\": {\"type\": \"pattern\"}}]}"
#define NAME(name) "{\"cameras\": [{\"name\": " name ", \"source\": {\"type\": \"pattern\"}}]}"

static void ten_faults_are_all_named_with_their_lines(void **state) {
    (void)state;
    assert_faults("{\n"
                  "  \"cameras\": [\n"
                  "    { \"id\": \"a\",\n"
                  "      \"source\": { \"type\": \"emulated\",\n"
                  "                  \"file\": [] } },\n"
                  "    { \"id\": \"a\", \"source\": { \"type\": \"pattern\" } },\n"
                  "    { \"source\": {\n"
                  "        \"type\": \"pattern\",\n"
                  "        \"fps\":\n"
                  "          0,\n"
                  "        \"width\": \"wide\" } },\n"
                  "    { \"id\": \"3\", \"source\": { \"type\": \"patern\" } },\n"
                  "    { \"name\": \"${FRAMEBROKER_TEST_UNSET}\", \"source\": [] }\n"
                  "  ],\n"
                  "  \"defaults\": { \"ring_frames\": 65 },\n"
                  "  \"server\": { \"max_streams\": 2.5 }\n"
                  "}\n",
                  "c.json:4: cameras[0].source: \"files\" is missing\n"
                  "c.json:5: cameras[0].source.file: unknown key; did you mean \"files\"?\n"
                  "c.json:6: cameras[1].id: is already the id of cameras[0]\n"
                  "c.json:9: cameras[2].source.fps: must be between 0.1 and 240 (got 0)\n"
                  "c.json:11: cameras[2].source.width: must be a number (got a string)\n"
                  "c.json:12: cameras[3].id: is already the id of cameras[2]\n"
                  "c.json:12: cameras[3].source.type: unknown type of source; did you mean \"pattern\"?\n"
                  "c.json:13: cameras[4].name: the environment variable FRAMEBROKER_TEST_UNSET is not set\n"
                  "c.json:13: cameras[4].source: must be an object (got a list)\n"
                  "c.json:15: defaults.ring_frames: must be between 1 and 64 (got 65)\n"
                  "c.json:16: server.max_streams: must be a whole number (got 2.5)\n");
}

static void each_fault_is_told_in_its_own_words(void **state) {
    (void)state;
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"[]", ": must be an object (got a list)"},
        {"{}", ": \"cameras\" is missing"},
        {"{\"cameras\": []}", ": cameras: must have at least one camera"},
        {"{\"cameras\": {}}", ": cameras: must be a list (got an object)"},
        {"{\"cameras\": [1]}", ": cameras[0]: must be an object (got a number)"},
        {"{\"cameras\": [{\"id\": \"all\", \"source\": {\"type\": \"pattern\"}}]}",
         ": cameras[0].id: must not be \"all\", which stands for every camera in feeds"},
        {"{\"cameras\": [{}]}", ": cameras[0]: \"source\" is missing"},
        {"{\"$schema\": 1, " CAMERA "}", ": $schema: must be a string (got a number)"},
        {"{\"camera\": 1, " CAMERA "}", ": camera: unknown key; did you mean \"cameras\"?"},
        {"{\"x\\ny\": 1, " CAMERA "}",
         ": x?y: unknown key; there are \"$schema\", \"server\", \"defaults\", \"cameras\", \"users\", "
         "\"tokens\", \"secret\", \"recording\", \"views\", \"hooks\", \"mqtt\" and \"cluster\""},
        {VIEW("\"name\": \"A\""), ": views[0]: \"cameras\" is missing"},
        {VIEW("\"name\": \"\", \"cameras\": [\"1\"]"),
         ": views[0].name: must be 1 to 64 bytes of UTF-8 without control characters"},
        {VIEW("\"name\": \"A\", \"cameras\": [\"nobody\"]"), ": views[0].cameras[0]: no camera has this id"},
        {VIEW("\"name\": \"A\", \"cameras\": [\"*\"], \"layout\": 7"),
         ": views[0].layout: must be 1, 4, 9, 16, 25, 36 or 64 (got 7)"},
        {VIEW("\"name\": \"A\", \"cameras\": [\"*\"]}, {\"name\": \"A\", \"cameras\": [\"*\"]"),
         ": views[1]: has the same name as another"},
        {"{\"recording\": {}, " CAMERA "}", ": recording: \"path\" is missing"},
        {"{\"recording\": {\"path\": \"\"}, " CAMERA "}",
         ": recording.path: must be the path of the folder of recordings"},
        {"{\"recording\": {\"path\": \"r\", \"max_bytes\": \"200 XB\"}, " CAMERA "}",
         ": recording.max_bytes: must be a number of bytes, or of KB, MB, GB or TB, as in \"200 GB\""},
        {"{\"recording\": {\"path\": \"r\", \"max_age\": true}, " CAMERA "}",
         ": recording.max_age: must be a number of seconds, or of s, min, h or d, as in \"30 d\""},
        {"{\"recording\": {\"path\": \"r\", \"max_memory\": \"1 KB\"}, " CAMERA "}",
         ": recording.max_memory: must be between 1000000 and 1000000000000"},
        {"{\"cameras\": [{\"source\": {\"type\": \"pattern\"}, \"record\": {\"mode\": \"always\"}}]}",
         ": cameras[0].record: needs \"recording\", which says where recordings go"},
        {HOOK(""), ": hooks.on_state_change: must have either a \"command\" or a \"url\""},
        {HOOK("\"command\": [\"x\"], \"url\": \"http://h/\""),
         ": hooks.on_state_change: must have either a \"command\" or a \"url\""},
        {HOOK("\"command\": \"x y\""), ": hooks.on_state_change.command: must be a list (got a string)"},
        {HOOK("\"command\": [\"\"]"), ": hooks.on_state_change.command[0]: must be the name or the path of a program"},
        {HOOK("\"url\": \"file:///etc/passwd\""),
         ": hooks.on_state_change.url: must be a URL that begins with http:// or https://"},
        {HOOK("\"url\": \"http://h/\", \"headers\": {\"X-A\": \"b\\r\\nX-B: c\"}"),
         ": hooks.on_state_change.headers.X-A: must be 1 to 4096 bytes without line breaks"},
        {HOOK("\"url\": \"http://h/\", \"headers\": {\"X A\": \"b\"}"),
         ": hooks.on_state_change.headers.X A: is not the name of a header"},
        {HOOK("\"command\": [\"x\"], \"headers\": {}"), ": hooks.on_state_change.headers: needs a \"url\""},
        {HOOK("\"command\": [\"x\"], \"states\": [\"ofline\"]"),
         ": hooks.on_state_change.states[0]: unknown state; did you mean \"offline\"?"},
        {HOOK("\"command\": [\"x\"], \"cameras\": [\"nobody\"]"),
         ": hooks.on_state_change.cameras[0]: no camera has this id"},
        {MQTT("\"prefix\": \"a\""), ": mqtt: \"url\" is missing"},
        {MQTT("\"url\": \"http://secret\""), ": mqtt.url: must begin with mqtt:// or mqtts://"},
        {MQTT("\"url\": \"mqtt://h\", \"prefix\": \"a/+\""), ": mqtt.prefix: must be the beginning of a topic, such as "
                                                             "\"site/cameras\": without + and #, without a $ or a / in "
                                                             "front, without a / at the end"},
        {MQTT("\"url\": \"mqtt://h\", \"prefix\": \"\""), ": mqtt.prefix: must have 1 to 128 bytes (got 0)"},
        {MQTT("\"url\": \"mqtt://h\", \"client_id\": \"a b\""),
         ": mqtt.client_id: must have 1 to 128 ASCII characters without spaces"},
        {MQTT("\"url\": \"mqtt://h\", \"pictures\": 0"), ": mqtt.pictures: must be between 1 and 86400 (got 0)"},
        {MQTT("\"url\": \"mqtt://h\", \"pictures\": \"nevr\""),
         ": mqtt.pictures: unknown choice of pictures; did you mean \"never\"?"},
        {MQTT("\"url\": \"mqtt://h\", \"ca_file\": \"/ca.pem\""),
         ": mqtt.ca_file: needs a \"url\" that begins with mqtts://"},
        {MQTT("\"url\": \"mqtts://h\", \"certificate\": \"/c.pem\""),
         ": mqtt.certificate: needs \"certificate\" and \"private_key\" together"},
        {CLUSTER("\"url\": \"nats://h\""), ": cluster: \"node\" is missing"},
        {CLUSTER("\"url\": \"nats://h, tls://h\", \"node\": \"a\""),
         ": cluster.url: must have nats:// in front of all servers, or tls://"},
        {CLUSTER("\"url\": \"nats://h:70000\", \"node\": \"a\""),
         ": cluster.url: must be the address of a NATS server, such as \"nats://nats.example.org:4222\" or "
         "\"tls://nats.example.org\", or several, separated by commas"},
        {CLUSTER("\"url\": \"nats://h\", \"node\": \"a.b\""),
         ": cluster.node: must be a name of up to 32 characters from a-z, 0-9, - and _, with a letter or digit first"},
        {CLUSTER("\"url\": \"nats://h\", \"node\": \"a\", \"import\": [\"front\"]"),
         ": cluster.import: must have entries such as \"site-a/front\", \"site-a/*\" or \"*/*\": a node, a slash, a "
         "camera"},
        {CLUSTER("\"url\": \"nats://h\", \"node\": \"a\", \"export\": [\"a/b\"]"),
         ": cluster.export: must have ids of cameras, in which * stands for any characters and ? for one"},
        {CLUSTER("\"url\": \"nats://h\", \"node\": \"a\", \"ca_file\": \"/ca.pem\""),
         ": cluster.ca_file: needs a \"url\" that begins with tls://"},
        {CLUSTER("\"url\": \"nats://h\", \"node\": \"a\", \"username\": \"u\""),
         ": cluster.username: needs \"username\" and \"password\" together"},
        {CLUSTER("\"url\": \"nats://h\", \"node\": \"a\", \"token\": \"t\", \"nkey_seed\": \"/n\""),
         ": cluster: needs one of \"username\" with \"password\", \"token\", \"credentials\", and \"nkey\" with "
         "\"nkey_seed\", not several"},
        {"{\"server\": null, " CAMERA "}", ": server: must be an object (got null)"},
        {"{\"server\": [\"listen\"], " CAMERA "}", ": server: must be an object (got a list)"},
        {"{\"server\": {\"listen\": 8080}, " CAMERA "}", ": server.listen: must be a string (got a number)"},
        {"{\"server\": {\"listen\": \"[::1:8080\"}, " CAMERA "}",
         ": server.listen: must be ADDRESS:PORT with a port from 0 to 65535, e.g. \"127.0.0.1:8080\" or \"[::]:8080\""},
        {"{\"server\": {\"listen\": \"localhost:8080\"}, " CAMERA "}",
         ": server.listen: must be ADDRESS:PORT with a numeric address, e.g. \"127.0.0.1:8080\", \"0.0.0.0:8080\" or, "
         "for "
         "IPv6 too, \"[::]:8080\""},
        {"{\"server\": {\"max_streams\": 10001}, " CAMERA "}",
         ": server.max_streams: must be between 1 and 10000 (got 10001)"},
        {"{\"server\": {\"tls\": {\"key\": \"k\"}}, " CAMERA "}",
         ": server.tls: the server has no TLS: put a proxy with TLS (nginx, Caddy, HAProxy) in front, and set "
         "\"listen\" to an address that only the proxy reaches"},
        {"{\"defaults\": {\"on_demand\": 1}, " CAMERA "}",
         ": defaults.on_demand: must be true or false (got a number)"},
        {"{\"defaults\": {\"idle_timeout_s\": false}, " CAMERA "}",
         ": defaults.idle_timeout_s: must be a number (got a boolean)"},
        {"{\"defaults\": {\"stale_after\": 1000}, " CAMERA "}",
         ": defaults.stale_after: unknown key; did you mean \"stale_after_ms\"?"},
        {ID("\"\""), ": cameras[0].id: must be 1 to 64 of a-z, 0-9, - and _, with a letter or digit first"},
        {ID("\"-a\""), ": cameras[0].id: must be 1 to 64 of a-z, 0-9, - and _, with a letter or digit first"},
        {ID("\"a/b\""), ": cameras[0].id: must be 1 to 64 of a-z, 0-9, - and _, with a letter or digit first"},
        {ID("\"a2345678901234567890123456789012345678901234567890123456789012345\""),
         ": cameras[0].id: must be 1 to 64 of a-z, 0-9, - and _, with a letter or digit first"},
        {NAME("\"\""), ": cameras[0].name: must be 1 to 128 bytes of UTF-8 without control characters"},
        {NAME("\"a\\tb\""), ": cameras[0].name: must be 1 to 128 bytes of UTF-8 without control characters"},
        {NAME("\"a\\u0085b\""), ": cameras[0].name: must be 1 to 128 bytes of UTF-8 without control characters"},
        {NAME("\"${\""), ": cameras[0].name: \"${\" must be followed by the name of an environment variable and \"}\""},
        {NAME("\"${1}\""),
         ": cameras[0].name: \"${\" must be followed by the name of an environment variable and \"}\""},
        {NAME("\"${A-B}\""),
         ": cameras[0].name: \"${\" must be followed by the name of an environment variable and \"}\""},
        {SOURCE("\"fps\": 1"), ": cameras[0].source: \"type\" is missing"},
        {SOURCE("\"type\": 1"), ": cameras[0].source.type: must be a string (got a number)"},
        {SOURCE("\"type\": \"patern\""), ": cameras[0].source.type: unknown type of source; did you mean \"pattern\"?"},
        {SOURCE("\"type\": \"exec\""), ": cameras[0].source: \"command\" is missing"},
        {SOURCE("\"type\": \"exec\", \"command\": \"x y\""),
         ": cameras[0].source.command: must be a list (got a string)"},
        {SOURCE("\"type\": \"exec\", \"command\": [\"\"]"),
         ": cameras[0].source.command: must begin with the name or the path of a program"},
        {SOURCE("\"type\": \"exec\", \"command\": [\"x\"], \"stop_signal\": \"SIGTER\""),
         ": cameras[0].source.stop_signal: unknown signal; did you mean \"SIGTERM\"?"},
        {SOURCE("\"type\": \"exec\", \"command\": [\"x\"], \"environment\": {\"A B\": \"1\"}"),
         ": cameras[0].source.environment.A B: is not the name of an environment variable"},
        {SOURCE("\"type\": \"exec\", \"command\": [\"x\"], \"environment\": {\"A\": 1}"),
         ": cameras[0].source.environment.A: must be a string (got a number)"},
        {SOURCE("\"type\": \"push\""), ": cameras[0].source: \"key\" is missing"},
        {SOURCE("\"type\": \"push\", \"key\": \"short\""),
         ": cameras[0].source.key: must be 8 to 200 printable ASCII characters without spaces"},
        {SOURCE("\"type\": \"push\", \"key\": \"12345678\", \"second_pusher\": \"refused\""),
         ": cameras[0].source.second_pusher: unknown value; did you mean \"refuse\"?"},
        {SOURCE("\"type\": \"emulated\", \"files\": []"),
         ": cameras[0].source.files: must have between 1 and 1000 entries (got 0)"},
        {SOURCE("\"type\": \"emulated\", \"files\": \"1.jpg\""),
         ": cameras[0].source.files: must be a list (got a string)"},
        {SOURCE("\"type\": \"emulated\", \"files\": [\"\"]"),
         ": cameras[0].source.files[0]: must be the path of a JPEG file"},
        {SOURCE("\"type\": \"emulated\", \"files\": [\"a\", 1]"),
         ": cameras[0].source.files[1]: must be a string (got a number)"},
        {PATTERN("\"height\": 2161"), ": cameras[0].source.height: must be between 16 and 2160 (got 2161)"},
        {PATTERN("\"width\": 15"), ": cameras[0].source.width: must be between 16 and 3840 (got 15)"},
        {PATTERN("\"fps\": 240.5"), ": cameras[0].source.fps: must be between 0.1 and 240 (got 240.5)"},
        {PATTERN("\"quality\": 0"), ": cameras[0].source.quality: must be between 1 and 100 (got 0)"},
        {PATTERN("\"faults\": [true]"), ": cameras[0].source.faults[0]: must be an object (got a boolean)"},
        {FAULT("\"at_s\": 1"), ": cameras[0].source.faults[0]: \"kind\" is missing"},
        {FAULT("\"kind\": \"frezee\", \"at_s\": 1"),
         ": cameras[0].source.faults[0].kind: unknown kind of fault; did you mean \"freeze\"?"},
        {FAULT("\"kind\": \"freeze\""), ": cameras[0].source.faults[0]: must have one of \"at_frame\" and \"at_s\""},
        {FAULT("\"kind\": \"freeze\", \"at_s\": 1, \"at_frame\": 1"),
         ": cameras[0].source.faults[0]: must have one of \"at_frame\" and \"at_s\""},
        {FAULT("\"kind\": \"freeze\", \"at_frame\": 0"),
         ": cameras[0].source.faults[0].at_frame: must be between 1 and 1000000000 (got 0)"},
        {FAULT("\"kind\": \"slow_open\", \"at_s\": 1"),
         ": cameras[0].source.faults[0]: \"for_s\" is missing, which says how long opening takes"},
        {"{\"cameras\": [{\"source\": {\"type\": \"pattern\"}}, {\"id\": \"3\", \"source\": {\"type\": \"pattern\"}},"
         "{\"source\": {\"type\": \"pattern\"}}]}",
         ": cameras[2]: has no id, so its place, 3, stands for it, which is already the id of cameras[1]"},
        {"{\"server\": {\"monitor_listen\": \"127.0.0.1:8080\"}, " CAMERA "}",
         ": server.monitor_listen: must be another address or port than that of \"listen\""},
        {"{\"a\": 1, \"a\": 2}", ": not JSON at column 12: duplicate object key"},
        {"{\"a\": 1 // one\n}", ": not JSON at column 9: '}' expected (JSON has no comments)"},
        {"", ": not JSON at column 1: '[' or '{' expected near end of file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[400];
        snprintf(expected, sizeof expected, FILE_NAME ":1%s\n", cases[i].fault);
        assert_faults(cases[i].text, expected);
    }
}

static void listening_beyond_this_machine_needs_leave(void **state) {
    (void)state;
    static const char *const beyond[] = {"0.0.0.0:80", "192.0.2.1:80", "128.0.0.1:80", "126.255.255.255:80"};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\n\"server\": {\n\"listen\": \"%s\"}, " CAMERA "}", beyond[i]);
        char *faults = load_invalid(text);
        static const char label[] = FILE_NAME ":3: server.listen: ";
        assert_memory_equal(faults, label, sizeof label - 1);
        assert_non_null(strstr(faults, "\"allow_anonymous\": true"));
        free(faults);
    }
    char *faults = load_invalid("{\n\"server\": {\n\"monitor_listen\": \"0.0.0.0:9090\"}, " CAMERA "}");
    static const char monitor_label[] = FILE_NAME ":3: server.monitor_listen: ";
    assert_memory_equal(faults, monitor_label, sizeof monitor_label - 1);
    free(faults);
    struct config *config = load_valid("{\"server\": {\"listen\": \"127.255.0.9:80\"}, " CAMERA "}");
    struct reason reason = {""};
    assert_int_equal(config_set_listen(config, "127.0.0.1:0", &reason), ERR_OK);
    assert_int_equal(config_set_listen(config, "nowhere", &reason), ERR_INVALID);
    assert_int_equal(config_set_listen(config, "0.0.0.0:0", &reason), ERR_DENIED);
    assert_non_null(strstr(reason.text, "\"allow_anonymous\": true"));
    config->server.allow_anonymous = true;
    assert_int_equal(config_set_listen(config, "0.0.0.0:0", &reason), ERR_OK);
    config_destroy(&config);
}

static void bad_listen_address_is_refused(void **state) {
    (void)state;
    char *faults = load_invalid("{\n\"server\": {\"listen\": \"nowhere:http\"}, " CAMERA "}");
    static const char label[] = FILE_NAME ":2: server.listen: ";
    assert_memory_equal(faults, label, sizeof label - 1);
    free(faults);
}

static void no_fault_shows_the_environment(void **state) {
    (void)state;
    setenv("FRAMEBROKER_TEST_SECRET", "Hunter2\033\xff", 1);
    char *faults = load_invalid("{\"server\": {\"listen\": \"${FRAMEBROKER_TEST_SECRET}\"}, \"cameras\": ["
                                "{\"id\": \"${FRAMEBROKER_TEST_SECRET}\", \"name\": \"${FRAMEBROKER_TEST_SECRET}\","
                                "\"source\": {\"type\": \"${FRAMEBROKER_TEST_SECRET}\"}},"
                                "{\"source\": {\"type\": \"pattern\", \"faults\": "
                                "[{\"at_s\": 1, \"kind\": \"${FRAMEBROKER_TEST_SECRET}\"}]}}]}");
    assert_non_null(strstr(faults, "server.listen"));
    assert_non_null(strstr(faults, "cameras[0].id"));
    assert_non_null(strstr(faults, "cameras[0].name"));
    assert_non_null(strstr(faults, "cameras[0].source.type"));
    assert_non_null(strstr(faults, "cameras[1].source.faults[0].kind"));
    assert_null(strstr(faults, "unter2"));
    free(faults);
}

static void syntax_fault_does_not_quote_the_file(void **state) {
    (void)state;
    assert_faults("{\n\"url\": \"rtsp://user:password@", "c.json:2: not JSON at column 29: premature end of input\n");
}

static void more_than_a_thousand_cameras_are_refused(void **state) {
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    fputs("{\"cameras\": [0", stream);
    for (int i = 0; i < 1000; i++) {
        fputs(",0", stream);
    }
    fputs("]}", stream);
    fclose(stream);
    assert_faults(text, "c.json:1: cameras: must have between 1 and 1000 entries (got 1001)\n");
    free(text);
}

static void file_above_four_megabytes_is_refused(void **state) {
    (void)state;
    size_t count = ((size_t)4 << 20) + 1;
    char *spaces = malloc(count);
    assert_non_null(spaces);
    memset(spaces, ' ', count);
    write_file(spaces, count);
    free(spaces);
    struct config *config = NULL;
    enum err error = ERR_OK;
    char *faults = load_file(FILE_NAME, &config, &error);
    assert_int_equal(error, ERR_INVALID);
    assert_string_equal(faults, "c.json:1: must be at most 4 MB large\n");
    free(faults);
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    char brackets[4001];
    memset(brackets, '[', 4000);
    brackets[4000] = '\0';
    assert_faults(brackets, "c.json:1: not JSON at column 2049: maximum parsing depth reached\n");
}

static void faults_of_variants_are_told(void **state) {
    (void)state;
    assert_faults(
        "{\"cameras\": [{\"source\": {\"type\": \"pattern\"}, \"max_variants\": 65, \"variants\": {\n"
        "\"Thumb\": {\"width\": 320},\n\"empty\": {},\n\"b\": {\"width\": 15, \"widht\": 320},\n\"c\": 320}}]}",
        "c.json:1: cameras[0].max_variants: must be between 0 and 64 (got 65)\n"
        "c.json:2: cameras[0].variants.Thumb: the name must be 1 to 31 of a-z, 0-9, - and _, with a letter or "
        "digit first\n"
        "c.json:3: cameras[0].variants.empty: must have a width, a quality or a rate of its own\n"
        "c.json:4: cameras[0].variants.b.width: must be between 16 and 3840 (got 15)\n"
        "c.json:4: cameras[0].variants.b.widht: unknown key; did you mean \"width\"?\n"
        "c.json:5: cameras[0].variants.c: must be an object (got a number)\n");
}

static void unreadable_file_is_told(void **state) {
    (void)state;
    struct config *config = NULL;
    enum err error = ERR_OK;
    char *faults = load_file("missing.json", &config, &error);
    assert_int_equal(error, ERR_NOT_FOUND);
    assert_string_equal(faults, "missing.json: cannot be opened: No such file or directory\n");
    free(faults);
    faults = load_file("/", &config, &error);
    assert_int_equal(error, ERR_IO);
    assert_string_equal(faults, "/: cannot be read: Is a directory\n");
    free(faults);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_faults_are_all_named_with_their_lines),
        cmocka_unit_test(each_fault_is_told_in_its_own_words),
        cmocka_unit_test(listening_beyond_this_machine_needs_leave),
        cmocka_unit_test(bad_listen_address_is_refused),
        cmocka_unit_test(no_fault_shows_the_environment),
        cmocka_unit_test(syntax_fault_does_not_quote_the_file),
        cmocka_unit_test(more_than_a_thousand_cameras_are_refused),
        cmocka_unit_test(file_above_four_megabytes_is_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(faults_of_variants_are_told),
        cmocka_unit_test(unreadable_file_is_told),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
