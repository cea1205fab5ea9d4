#include "cameras/url/url_stream.h"

#include "broker/base/module.h"
#include "cameras/url/url_client.h"

#include <stdatomic.h>
#include <stddef.h>

/* NULL until the first stream is opened. The module's own memory is ordered by the linker that loads it. */
static const struct url_stream_ops *_Atomic loaded;

static const struct url_stream_ops *stream_ops(void) { return atomic_load_explicit(&loaded, memory_order_acquire); }

static enum err load_module(struct reason *reason) {
    const void *table = NULL;
    enum err error = stream_ops() != NULL ? ERR_OK : module_find("ffmpeg", URL_STREAM_MODULE_TABLE, &table, reason);
    if (table != NULL) {
        atomic_store_explicit(&loaded, table, memory_order_release);
    }
    return error;
}

enum err url_stream_open(struct url_link *link, struct url_client *client, struct url_stream **stream,
                         struct reason *reason) {
    enum err error = load_module(reason);
    if (error != ERR_OK) {
        url_client_destroy(&client);
        return error;
    }
    return stream_ops()->open(link, client, stream, reason);
}

void url_stream_close(struct url_stream **stream) {
    if (*stream != NULL) {
        stream_ops()->close(stream);
    }
}

enum err url_stream_read(struct url_stream *stream, struct frame **frame, uint64_t *lost, struct reason *reason) {
    return stream_ops()->read(stream, frame, lost, reason);
}

const char *url_stream_format(const struct url_stream *stream) { return stream_ops()->format(stream); }
