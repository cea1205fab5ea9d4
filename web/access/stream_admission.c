#include "web/access/stream_admission.h"

#include "web/access/slots.h"

bool stream_admission_enter(struct stream_admission *admission, const struct http_request *request) {
    unsigned max = atomic_load_explicit(&admission->max, memory_order_relaxed);
    unsigned max_per_address = atomic_load_explicit(&admission->max_per_address, memory_order_relaxed);
    bool has_slot = slot_count_take(&admission->active, max);
    if (has_slot && quota_enter(admission->quota, request->client, max_per_address)) {
        return true;
    }
    if (has_slot) {
        slot_count_release(&admission->active);
        atomic_fetch_add_explicit(&admission->rejected_per_address, 1, memory_order_relaxed);
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_streams_per_address",
                         "%s has %u streams already; close one, or raise server.max_streams_per_address",
                         request->client, max_per_address);
    } else {
        atomic_fetch_add_explicit(&admission->rejected, 1, memory_order_relaxed);
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_streams",
                         "all %u streams are in use; close one, or raise server.max_streams", max);
    }
    return false;
}

void stream_admission_leave(struct stream_admission *admission, const char *client) {
    quota_leave(admission->quota, client);
    slot_count_release(&admission->active);
}
