#include "web/visitor.h"

#include <string.h>

void visitor_finish(struct visitor *visitor) {
    access_unref(&visitor->access);
    *visitor = (struct visitor){0};
}

void visitor_renew(const struct visitor *visitor, struct access *access, struct visitor *renewed) {
    *renewed = *visitor;
    renewed->access = access_ref(access);
    if (visitor->account != NULL) {
        renewed->account = access_find_fingerprint(access, &visitor->account->fingerprint);
    }
    if (visitor->lender != NULL) {
        renewed->lender = access_find_fingerprint(access, &visitor->lender->fingerprint);
    }
}

int64_t visitor_until_s(const struct visitor *visitor) {
    int64_t until_s = visitor->has_session ? visitor->session.expires_s : INT64_MAX;
    return visitor->lender != NULL && visitor->link.expires_s < until_s ? visitor->link.expires_s : until_s;
}

enum rights visitor_rights(const struct visitor *visitor) {
    if (access_is_open(visitor->access)) {
        return RIGHTS_ADMIN;
    }
    return visitor->account != NULL ? visitor->account->settings.rights : RIGHTS_NONE;
}

bool access_may_view(const struct visitor *visitor, const char *camera_id) {
    return access_is_open(visitor->access) ||
           (visitor->account != NULL && account_may_view(visitor->account, camera_id)) ||
           (visitor->lender != NULL && strcmp(visitor->link.camera, camera_id) == 0 &&
            account_may_view(visitor->lender, camera_id));
}

bool access_may_view_all(const struct visitor *visitor) {
    return access_is_open(visitor->access) ||
           (visitor->account != NULL && visitor->account->settings.camera_count == 0);
}
