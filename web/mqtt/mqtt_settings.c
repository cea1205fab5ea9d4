#include "web/mqtt/mqtt_settings.h"

#include "broker/base/utf8.h"
#include "web/mqtt/mqtt_address.h"

#include <string.h>

#define PREFIX "framebroker"
#define DISCOVERY_PREFIX "homeassistant"
#define CLIENT_ID_MAX_BYTES 128
#define PAGE_URL_MAX_BYTES 1000
#define FIELD(field) .offset = offsetof(struct mqtt_settings, field)

static enum err check_url(const char *text, struct reason *reason) {
    struct mqtt_address address;
    return mqtt_address_parse(text, &address, reason);
}

/* A topic's first levels: MQTT 3.1.1, section 4.7. */
static enum err check_prefix(const char *text, struct reason *reason) {
    size_t count = strlen(text);
    if (count == 0 || count > MQTT_PREFIX_MAX_BYTES) {
        reason_set(reason, "must have 1 to %d bytes (got %zu)", MQTT_PREFIX_MAX_BYTES, count);
        return ERR_INVALID;
    }
    bool is_utf8 = true;
    for (const char *c = text; *c != '\0' && is_utf8;) {
        size_t bytes = utf8_character_bytes(c);
        is_utf8 = bytes > 0 && (unsigned char)*c >= 0x20 && *c != 0x7F;
        c += bytes;
    }
    if (!is_utf8 || strpbrk(text, "+#") != NULL || text[0] == '$' || text[0] == '/' || text[count - 1] == '/') {
        reason_set(reason, "must be the beginning of a topic, such as \"site/cameras\": without + and #, without a $ "
                           "or a / in front, without a / at the end");
        return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err check_discovery_prefix(const char *text, struct reason *reason) {
    return text[0] == '\0' ? ERR_OK : check_prefix(text, reason);
}

static enum err check_client_id(const char *text, struct reason *reason) {
    size_t count = strlen(text);
    for (size_t i = 0; i < count; i++) {
        count = text[i] > 0x20 && text[i] < 0x7F ? count : 0;
    }
    if (count == 0 || count > CLIENT_ID_MAX_BYTES) {
        reason_set(reason, "must have 1 to %d ASCII characters without spaces", CLIENT_ID_MAX_BYTES);
        return ERR_INVALID;
    }
    return ERR_OK;
}

static enum err check_page_url(const char *text, struct reason *reason) {
    bool is_plain = true;
    for (const char *c = text; *c != '\0'; c++) {
        is_plain = is_plain && *c > 0x20 && *c < 0x7F;
    }
    if (!is_plain || strlen(text) > PAGE_URL_MAX_BYTES ||
        (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)) {
        reason_set(reason, "must be an http or https address, such as \"https://cams.example.org\"");
        return ERR_INVALID;
    }
    return ERR_OK;
}

static bool is_file(const char *text) {
    (void)text;
    return true;
}

static bool equal_pictures(const void *first, const void *second) {
    const struct mqtt_pictures *a = first, *b = second;
    return a->when == b->when && a->interval_ns == b->interval_ns;
}

static const struct setting rows[] = {
    {.name = "url",
     .type = SETTING_TEXT,
     FIELD(url),
     .required = true,
     .min = 1,
     .check = check_url,
     .help = "The MQTT broker: mqtt://HOST:PORT, or mqtts:// for TLS with a verified certificate. It may contain the "
             "login, percent-encoded, which is never shown. Default ports: 1883 and 8883."},
    {.name = "username", .type = SETTING_TEXT, FIELD(username), .help = "Replaces the user name in the URL."},
    {.name = "password", .type = SETTING_TEXT, FIELD(password), .help = "Replaces the password in the URL."},
    {.name = "prefix",
     .type = SETTING_TEXT,
     FIELD(prefix),
     .min = 1,
     .max = MQTT_PREFIX_MAX_BYTES,
     .fallback_text = PREFIX,
     .check = check_prefix,
     .help = "What all topics begin with. Servers that share a broker need different prefixes."},
    {.name = "discovery_prefix",
     .type = SETTING_TEXT,
     FIELD(discovery_prefix),
     .max = MQTT_PREFIX_MAX_BYTES,
     .fallback_text = DISCOVERY_PREFIX,
     .check = check_discovery_prefix,
     .help = "The discovery prefix of Home Assistant. An empty text: no discovery."},
    {.name = "client_id",
     .type = SETTING_TEXT,
     FIELD(client_id),
     .min = 1,
     .max = CLIENT_ID_MAX_BYTES,
     .check = check_client_id,
     .help = "The id by which the broker knows the client. Default: a random one at each start."},
    {.name = "pictures",
     .type = SETTING_CUSTOM,
     FIELD(pictures),
     .equal = equal_pictures,
     .fallback_text = "events",
     .schema = "\"oneOf\": [{ \"enum\": [\"events\", \"never\"] }, { \"type\": \"number\", \"minimum\": 1, "
               "\"maximum\": " SETTING_TEXT_OF(MQTT_PICTURE_INTERVAL_MAX_S) " }]",
     .shape = "events, never, or a number, 1 to " SETTING_TEXT_OF(MQTT_PICTURE_INTERVAL_MAX_S),
     .help = "When a picture is published: events, when a camera goes live and when motion begins; never; or every so "
             "many seconds while a camera is live. No value keeps a camera open."},
    {.name = "commands",
     .type = SETTING_BOOLEAN,
     FIELD(commands),
     .help = "Whether messages to the topics that end in /set are obeyed. Every client that can publish to the broker "
             "can then use "
             "them."},
    {.name = "page_url",
     .type = SETTING_TEXT,
     FIELD(page_url),
     .max = PAGE_URL_MAX_BYTES,
     .check = check_page_url,
     .help = "The address of this server for people. Home Assistant links each device to the page of its camera."},
    {.name = "ca_file",
     .type = SETTING_TEXT,
     FIELD(ca_file),
     .min = 1,
     .is_path = is_file,
     .what = "certificate",
     .help =
         "A file with the certificates of the authorities that may sign the broker's, in PEM. Default: those of the "
         "system."},
    {.name = "certificate",
     .type = SETTING_TEXT,
     FIELD(certificate),
     .min = 1,
     .is_path = is_file,
     .what = "certificate",
     .help = "A file with the client's own certificate, in PEM, for brokers that ask for one."},
    {.name = "private_key",
     .type = SETTING_TEXT,
     FIELD(private_key),
     .min = 1,
     .is_path = is_file,
     .what = "key",
     .help = "The file with the key of that certificate, in PEM, without a pass phrase."},
    {.name = "keepalive_s",
     .type = SETTING_INTEGER,
     FIELD(keepalive_s),
     .min = 5,
     .max = 3600,
     .fallback = 30,
     .help = "A broker that is silent for longer than this, in seconds, is asked whether it is there, and given up "
             "after as long again."},
};

/* Also completes what is left out. */
static const char *check_tls(void *const blocks[], struct reason *reason) {
    struct mqtt_settings *mqtt = blocks[0];
    mqtt->prefix = mqtt->prefix != NULL ? mqtt->prefix : PREFIX;
    mqtt->discovery_prefix = mqtt->discovery_prefix != NULL ? mqtt->discovery_prefix : DISCOVERY_PREFIX;
    struct mqtt_address address;
    if ((mqtt->certificate == NULL) != (mqtt->private_key == NULL)) {
        reason_set(reason, "needs \"certificate\" and \"private_key\" together");
        return mqtt->certificate != NULL ? "certificate" : "private_key";
    }
    bool has_files = mqtt->ca_file != NULL || mqtt->certificate != NULL;
    if (has_files && mqtt->url != NULL && mqtt_address_parse(mqtt->url, &address, NULL) == ERR_OK && !address.has_tls) {
        reason_set(reason, "needs a \"url\" that begins with mqtts://");
        return mqtt->ca_file != NULL ? "ca_file" : "certificate";
    }
    return NULL;
}

const struct setting_table mqtt_table = {
    .name = "mqtt",
    .help = "An MQTT broker to which the state of each camera is published, in topics that Home Assistant discovers.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct mqtt_settings),
    .finish = check_tls,
};

bool mqtt_settings_equal(const struct mqtt_settings *a, const struct mqtt_settings *b) {
    return settings_equal(&mqtt_table, (const void *const[]){a}, (const void *const[]){b});
}
