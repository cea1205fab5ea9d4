#include "config/sections.h"
#include "web/hex.h"
#include "web/password.h"

#include <string.h>

#define ACCOUNTS_MAX 1000
#define PATTERNS_MAX 1000
#define TOKEN_HASH_PREFIX "sha256:"

static const char *const rights_names[] = {"view", "admin"};
static const enum rights rights_values[] = {RIGHTS_VIEW, RIGHTS_ADMIN};
#define RIGHTS_COUNT (sizeof rights_names / sizeof rights_names[0])

/* ---- Names, rights and cameras, which users and tokens have alike ---- */

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

static void read_rights(const struct node *node, struct account_settings *account) {
    const char *text = node_text(node);
    for (size_t i = 0; i < RIGHTS_COUNT && text != NULL; i++) {
        if (strcmp(text, rights_names[i]) == 0) {
            account->rights = rights_values[i];
            return;
        }
    }
    if (text != NULL) {
        node_fault_choice(node, "unknown right", rights_names, RIGHTS_COUNT);
    }
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
    if (length == 0 || length > TOPIC_ID_MAX_BYTES ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_*?") != length) {
        node_fault(node, "must be a camera's id, in which * may stand for any signs and ? for one");
        return NULL;
    }
    if (strpbrk(text, "*?") == NULL && config->camera_count > 0 && !is_camera(config, text)) {
        node_fault(node, "no camera has this id");
    }
    return text;
}

const char *const *camera_patterns_read(const struct node *list, const struct config *config, size_t *count) {
    if (!node_is_list(list, 1, PATTERNS_MAX)) {
        return NULL;
    }
    const char **patterns = storage_alloc(list->document->storage, json_array_size(list->json), sizeof *patterns);
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

static void read_common(struct section *section, const struct config *config, struct account_settings *account) {
    struct node member;
    if (section_require(section, "name", &member)) {
        read_name(&member, account);
    }
    account->rights = RIGHTS_VIEW;
    if (section_find(section, "rights", &member)) {
        read_rights(&member, account);
    }
    if (section_find(section, "cameras", &member)) {
        account->cameras = camera_patterns_read(&member, config, &account->camera_count);
    }
}

/* ---- Users and tokens ---- */

static void read_password(const struct node *node, struct account_settings *account) {
    const char *text = node_text(node);
    if (text != NULL && !password_is_hash(text)) {
        node_fault(node, "must be a hash of the password, which framebroker --hash-password makes");
    }
    account->password_hash = text;
}

static void read_user(const struct node *node, const struct config *config, struct account_settings *account) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    account->kind = ACCOUNT_USER;
    struct node member;
    read_common(&section, config, account);
    if (section_require(&section, "password", &member)) {
        read_password(&member, account);
    }
    section_end(&section);
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

static void read_token(const struct node *node, const struct config *config, struct account_settings *account) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    account->kind = ACCOUNT_TOKEN;
    struct node member;
    read_common(&section, config, account);
    if (section_require(&section, "token", &member)) {
        read_secret_token(&member, account);
    }
    section_end(&section);
}

/* ---- The lists ---- */

typedef void account_read(const struct node *node, const struct config *config, struct account_settings *account);

static void check_name(const struct node *node, const struct account_settings *accounts, size_t place) {
    for (size_t i = 0; i < place; i++) {
        if (accounts[i].name != NULL && accounts[place].name != NULL &&
            strcmp(accounts[i].name, accounts[place].name) == 0) {
            node_fault(node, "has the name of another");
            return;
        }
    }
}

static size_t count_entries(const struct node *list) {
    return json_is_array(list->json) ? json_array_size(list->json) : 0;
}

static void read_list(const struct node *list, const struct config *config, account_read *read,
                      struct account_settings *accounts) {
    if (json_is_array(list->json) && json_array_size(list->json) == 0) {
        node_fault(list, "is empty: without it, everybody may do everything; leave it out if that is meant");
        return;
    }
    if (!node_is_list(list, 1, ACCOUNTS_MAX)) {
        return;
    }
    struct node entry = {0};
    while (node_next(list, &entry)) {
        read(&entry, config, &accounts[entry.place]);
        check_name(&entry, accounts, entry.place);
    }
}

static const char *read_secret(const struct node *node) {
    const char *text = node_text(node);
    if (text != NULL && strlen(text) < SECRET_MIN_BYTES) {
        node_fault(node, "must have at least %d signs, which nobody can guess", SECRET_MIN_BYTES);
    }
    return text;
}

void access_section_read(struct section *root, struct config *config) {
    struct node users, tokens, secret;
    bool has_users = section_find(root, "users", &users);
    bool has_tokens = section_find(root, "tokens", &tokens);
    size_t user_count = has_users ? count_entries(&users) : 0;
    size_t token_count = has_tokens ? count_entries(&tokens) : 0;
    struct account_settings *accounts = storage_alloc(config->storage, user_count + token_count + 1, sizeof *accounts);
    if (accounts == NULL) {
        return;
    }
    if (has_users) {
        read_list(&users, config, read_user, accounts);
    }
    if (has_tokens) {
        read_list(&tokens, config, read_token, accounts + user_count);
    }
    config->access.accounts = accounts;
    config->access.account_count = user_count + token_count;
    if (section_find(root, "secret", &secret)) {
        config->access.secret = read_secret(&secret);
    }
}
