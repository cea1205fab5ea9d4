#include "config/access_section.h"

#include "config/json/settings_reader.h"
#include "config/tables.h"
#include "web/access/hex.h"
#include "web/access/password.h"

#include <string.h>

#define ACCOUNTS_MAX 1000
#define PATTERNS_MAX 1000
#define TOKEN_HASH_PREFIX "sha256:"

#define IN_USER 1u
#define IN_TOKEN 2u

static const char *const rights_names[] = {"view", "admin", NULL};

static const struct setting account_rows[] = {
    {.name = "name",
     .type = SETTING_CUSTOM,
     .required = true,
     .schema = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 64",
     .shape = "text",
     .help = "Unique among users, or tokens: at most 64 bytes of UTF-8 without control characters and colons."},
    {.name = "password",
     .type = SETTING_CUSTOM,
     .scope = IN_USER,
     .required = true,
     .schema = "\"type\": \"string\", \"minLength\": 1",
     .shape = "text",
     .help = "Of a user: the hash of the password, which framebroker --hash-password prints."},
    {.name = "token",
     .type = SETTING_CUSTOM,
     .scope = IN_TOKEN,
     .required = true,
     .schema = "\"type\": \"string\", \"minLength\": 1",
     .shape = "text",
     .help = "Of a token: 20 to 256 random characters of A-Z, a-z, 0-9 and -._~+/=, or sha256: and their SHA-256 in "
             "hexadecimal digits."},
    {.name = "rights",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct account_settings, rights),
     .min = RIGHTS_VIEW,
     .fallback = RIGHTS_VIEW,
     .choices = rights_names,
     .what = "right",
     .help = "view: sees its cameras. admin: also sets their controls, reloads the configuration, and sees the "
             "addresses of viewers."},
    {.name = "recordings",
     .type = SETTING_BOOLEAN,
     .offset = offsetof(struct account_settings, views_recordings),
     .fallback = true,
     .help = "Whether the account sees recordings of its cameras too, and not only what they show now."},
    {.name = "cameras",
     .type = SETTING_CUSTOM,
     .schema = "\"$ref\": \"#/$defs/account_cameras\"",
     .shape = "list of 1 to 1000 texts",
     .help = "The ids of the cameras that the account may use, NODE.ID for those of other nodes; * stands for any "
             "characters, ? for one. All others are hidden from it. Default: every camera."},
};

const struct setting_table user_table = {
    .name = "user",
    .help = "A person with a password.",
    .rows = account_rows,
    .count = sizeof account_rows / sizeof account_rows[0],
    .scope = IN_USER,
    .size = sizeof(struct account_settings),
};

const struct setting_table token_table = {
    .name = "token",
    .help = "A program with a token.",
    .rows = account_rows,
    .count = sizeof account_rows / sizeof account_rows[0],
    .scope = IN_TOKEN,
    .size = sizeof(struct account_settings),
};

/* ---- Names and cameras ---- */

static void read_name(const struct node *node, struct account_settings *account) {
    const char *text = node_text(node);
    if (text == NULL) {
        return;
    }
    /* HTTP Basic (RFC 7617) ends a name at the first colon. */
    if (!text_is_name(text, ACCOUNT_NAME_MAX_BYTES) || strchr(text, ':') != NULL) {
        node_fault(node, "must be 1 to %d bytes of UTF-8 without control characters and colons",
                   ACCOUNT_NAME_MAX_BYTES);
        return;
    }
    account->name = text;
}

static bool is_camera(const struct config *config, const char *id) {
    for (size_t i = 0; i < config->camera_count; i++) {
        if (strcmp(config->cameras[i].topic.id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* NULL after a fault. */
static const char *read_pattern(const struct node *node, const struct config *config) {
    const char *text = node_text(node);
    if (text == NULL) {
        return NULL;
    }
    size_t length = strlen(text);
    if (length == 0 || length > TOPIC_ID_MAX_BYTES || strspn(text, ID_CHARACTERS ".*?") != length) {
        node_fault(node, "must be a camera's id, in which * stands for any characters and ? for one");
        return NULL;
    }
    /* Those of other nodes, NODE.ID, come and go. */
    if (strpbrk(text, "*?.") == NULL && config->camera_count > 0 && !is_camera(config, text)) {
        node_fault(node, "no camera has this id");
    }
    return text;
}

const char *const *camera_patterns_read(const struct node *list, const struct config *config, size_t *count) {
    if (!node_is_list(list, 1, PATTERNS_MAX)) {
        return NULL;
    }
    const char **patterns = arena_alloc(list->document->arena, json_array_size(list->json), sizeof *patterns);
    if (patterns == NULL) {
        return NULL;
    }
    struct node pattern = {0};
    while (node_next(list, &pattern)) {
        patterns[pattern.place] = read_pattern(&pattern, config);
    }
    *count = json_array_size(list->json);
    return patterns;
}

/* ---- Users and tokens ---- */

static void read_password(const struct node *node, struct account_settings *account) {
    const char *text = node_text(node);
    if (text != NULL && !password_is_hash(text)) {
        node_fault(node, "must be a hash of the password, which framebroker --hash-password makes");
    } else if (text != NULL && !password_is_affordable(text)) {
        node_fault(node, "costs too much to check at each login: make the hash with a lower cost, or with framebroker "
                         "--hash-password");
    }
    account->password_hash = text;
}

static void read_secret_token(const struct node *node, struct account_settings *account) {
    const char *text = node_text(node);
    if (text == NULL) {
        return;
    }
    if (strncmp(text, TOKEN_HASH_PREFIX, strlen(TOKEN_HASH_PREFIX)) == 0) {
        if (!hex_read(text + strlen(TOKEN_HASH_PREFIX), account->token_digest, TOKEN_DIGEST_BYTES)) {
            node_fault(node,
                       "\"" TOKEN_HASH_PREFIX "\" must be followed by the token's SHA-256 in 64 hexadecimal digits");
        }
        return;
    }
    if (!access_is_token(text)) {
        node_fault(node, "must be %d to %d of A-Z, a-z, 0-9 and -._~+/=, or \"" TOKEN_HASH_PREFIX "\" and its SHA-256",
                   TOKEN_MIN_BYTES, TOKEN_MAX_BYTES);
        return;
    }
    access_digest_token(text, account->token_digest);
}

static void read_account(const struct node *node, const struct config *config, const struct setting_table *table,
                         struct account_settings *account) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    void *const blocks[] = {account};
    settings_set_defaults(table, blocks);
    settings_read(&section, table, blocks);
    account->kind = table == &user_table ? ACCOUNT_USER : ACCOUNT_TOKEN;
    struct node member;
    if (node_find(node, "name", &member)) {
        read_name(&member, account);
    }
    if (node_find(node, "cameras", &member)) {
        account->cameras = camera_patterns_read(&member, config, &account->camera_count);
    }
    if (account->kind == ACCOUNT_USER && node_find(node, "password", &member)) {
        read_password(&member, account);
    }
    if (account->kind == ACCOUNT_TOKEN && node_find(node, "token", &member)) {
        read_secret_token(&member, account);
    }
    settings_finish(&section, table, blocks);
}

/* ---- The lists ---- */

static void check_name(const struct node *node, const struct account_settings *accounts, size_t place) {
    for (size_t i = 0; i < place; i++) {
        if (accounts[i].name != NULL && accounts[place].name != NULL &&
            strcmp(accounts[i].name, accounts[place].name) == 0) {
            node_fault(node, "has the same name as another");
            return;
        }
    }
}

static size_t count_entries(const struct node *list) {
    return json_is_array(list->json) ? json_array_size(list->json) : 0;
}

static void read_accounts(const struct node *list, const struct config *config, const struct setting_table *table,
                          struct account_settings *accounts) {
    if (json_is_array(list->json) && json_array_size(list->json) == 0) {
        node_fault(list, "is empty, which would let everybody do everything; to allow that, remove the key");
        return;
    }
    if (!node_is_list(list, 1, ACCOUNTS_MAX)) {
        return;
    }
    struct node entry = {0};
    while (node_next(list, &entry)) {
        read_account(&entry, config, table, &accounts[entry.place]);
        check_name(&entry, accounts, entry.place);
    }
}

static const char *read_secret(const struct node *node) {
    const char *text = node_text(node);
    if (text != NULL && strlen(text) < SECRET_MIN_BYTES) {
        node_fault(node, "must be at least %d random characters", SECRET_MIN_BYTES);
    }
    return text;
}

void access_section_read(struct section *root, struct config *config) {
    struct node users, tokens, secret;
    bool has_users = node_find(root->object, "users", &users);
    bool has_tokens = node_find(root->object, "tokens", &tokens);
    size_t user_count = has_users ? count_entries(&users) : 0;
    size_t token_count = has_tokens ? count_entries(&tokens) : 0;
    struct account_settings *accounts = arena_alloc(config->arena, user_count + token_count + 1, sizeof *accounts);
    if (accounts == NULL) {
        return;
    }
    if (has_users) {
        read_accounts(&users, config, &user_table, accounts);
    }
    if (has_tokens) {
        read_accounts(&tokens, config, &token_table, accounts + user_count);
    }
    config->access.accounts = accounts;
    config->access.account_count = user_count + token_count;
    if (node_find(root->object, "secret", &secret)) {
        config->access.secret = read_secret(&secret);
    }
}
