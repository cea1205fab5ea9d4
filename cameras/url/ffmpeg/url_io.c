#include "cameras/url/ffmpeg/url_io.h"

#include <libavformat/avio.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_BYTES (32 << 10)

struct url_io {
    const struct url_link *link;
    struct url_client *client; /* NULL: the link's source is read */
    int64_t at;
    int64_t length_bytes; /* -1: unknown */
};

static int translate(enum err error) {
    switch (error) {
    case ERR_OK: return 0;
    case ERR_CLOSED: return AVERROR_EOF;
    case ERR_TIMEOUT:
    case ERR_INTERRUPTED: return AVERROR_EXIT;
    case ERR_MEMORY: return AVERROR(ENOMEM);
    default: return AVERROR(EIO);
    }
}

static int read_bytes(void *user, uint8_t *bytes, int capacity) {
    struct url_io *io = user;
    size_t got = 0;
    enum err error = io->client != NULL ? url_client_read(io->client, bytes, (size_t)capacity, &got, NULL)
                                        : io->link->source(io->link->source_user, bytes, (size_t)capacity,
                                                           io->link->deadline_ns, &got);
    io->at += (int64_t)got;
    return error == ERR_OK ? (int)got : translate(error);
}

static int64_t seek_bytes(void *user, int64_t offset, int whence) {
    struct url_io *io = user;
    if ((whence & AVSEEK_SIZE) != 0) {
        return io->length_bytes >= 0 ? io->length_bytes : AVERROR(ENOSYS);
    }
    const int64_t base = whence == SEEK_CUR ? io->at : whence == SEEK_END ? io->length_bytes : 0;
    if (base < 0 || offset < -base || base + offset >= io->length_bytes) {
        return AVERROR(EINVAL);
    }
    enum err error = url_client_request(io->client, base + offset, NULL);
    if (error != ERR_OK) {
        return translate(error);
    }
    io->at = base + offset;
    return io->at;
}

enum err url_io_create(const struct url_link *link, struct url_client *client, struct AVIOContext **out) {
    struct url_io *io = calloc(1, sizeof *io);
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    AVIOContext *context = NULL;
    if (io != NULL && buffer != NULL) {
        const int64_t length_bytes = client != NULL ? url_client_length_bytes(client) : -1;
        *io = (struct url_io){.link = link, .client = client, .length_bytes = length_bytes};
        /* Live streams have no length. */
        context =
            avio_alloc_context(buffer, BUFFER_BYTES, 0, io, read_bytes, NULL, length_bytes >= 0 ? seek_bytes : NULL);
    }
    if (context == NULL) {
        av_free(buffer);
        free(io);
        return ERR_MEMORY;
    }
    *out = context;
    return ERR_OK;
}

void url_io_destroy(struct AVIOContext **io) {
    if (*io != NULL) {
        av_freep(&(*io)->buffer); /* which FFmpeg may have replaced by another one */
        free((*io)->opaque);
        avio_context_free(io);
    }
}
