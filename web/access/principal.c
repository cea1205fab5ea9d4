#include "web/access/principal.h"

#include <string.h>

void principal_finish(struct principal *principal) {
    access_unref(&principal->access);
    *principal = (struct principal){0};
}

void principal_copy(const struct principal *principal, struct principal *copy) {
    *copy = *principal;
    access_ref(copy->access);
}

void principal_renew(const struct principal *principal, struct access *access, struct principal *renewed) {
    *renewed = *principal;
    renewed->access = access_ref(access);
    if (principal->account != NULL) {
        renewed->account = access_find_fingerprint(access, &principal->account->fingerprint);
    }
    if (principal->lender != NULL) {
        renewed->lender = access_find_fingerprint(access, &principal->lender->fingerprint);
    }
}

int64_t principal_until_s(const struct principal *principal) {
    int64_t until_s = principal->has_session ? principal->session.expires_s : INT64_MAX;
    return principal->lender != NULL && principal->link.expires_s < until_s ? principal->link.expires_s : until_s;
}

enum rights principal_rights(const struct principal *principal) {
    if (access_is_open(principal->access)) {
        return RIGHTS_ADMIN;
    }
    return principal->account != NULL ? principal->account->settings.rights : RIGHTS_NONE;
}

bool access_may_view(const struct principal *principal, const char *camera_id) {
    return access_is_open(principal->access) ||
           (principal->account != NULL && account_may_view(principal->account, camera_id)) ||
           (principal->lender != NULL && strcmp(principal->link.camera, camera_id) == 0 &&
            account_may_view(principal->lender, camera_id));
}

bool access_may_view_all(const struct principal *principal) {
    return access_is_open(principal->access) ||
           (principal->account != NULL && principal->account->settings.camera_count == 0);
}

bool access_may_view_recordings(const struct principal *principal) {
    return access_is_open(principal->access) ||
           (principal->account != NULL && principal->account->settings.views_recordings);
}
