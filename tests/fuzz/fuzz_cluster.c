/* What other nodes of a cluster send unasked, and their directories: the first byte says which of them the rest is. */
#include "broker/cluster/import/frame_assembly.h"
#include "tests/fuzz/fuzz.h"

/* Two channels, of pictures of moderate size. */
#define CHANNELS 2
#define PICTURE_MAX_BYTES (1u << 20)

/* What was read is written as the same bytes, which began at `begin`. */
#define REQUIRE_SAME(type, value, begin)                                                                               \
    do {                                                                                                               \
        uint8_t again[4096];                                                                                           \
        struct wire_writer writer = {.bytes = again, .capacity = sizeof again};                                        \
        type##_write(&writer, value);                                                                                  \
        REQUIRE(!writer.is_full && writer.count == (size_t)(reader->bytes - (begin)));                                 \
        REQUIRE(memcmp(again, begin, writer.count) == 0);                                                              \
    } while (0)

static void read_figures(struct wire_reader *reader) {
    struct camera_figures figures;
    if (camera_figures_read(reader, &figures)) {
        REQUIRE(figures.state <= STATE_OFFLINE && figures.age_ns >= 0);
    }
}

static void read_beacon(struct wire_reader *reader) {
    const uint8_t *begin = reader->bytes;
    struct beacon_message beacon;
    if (beacon_message_read(reader, &beacon)) {
        REQUIRE(beacon.camera_count <= CLUSTER_CAMERAS_MAX);
        REQUIRE_SAME(beacon_message, &beacon, begin);
        for (uint32_t i = 0; i < beacon.camera_count && !reader->is_broken; i++) {
            read_figures(reader);
        }
    }
}

/* An entry is written so that it can be read. */
static void check_entry(const struct directory_entry *entry) {
    uint8_t bytes[4096];
    struct directory_entry again;
    struct wire_writer writer = {.bytes = bytes, .capacity = sizeof bytes};
    REQUIRE(entry->settings.variant_count <= TOPIC_VARIANTS_MAX && strchr(entry->settings.id, '.') == NULL);
    directory_entry_write(&writer, entry);
    struct wire_reader reader = {.bytes = bytes, .count = writer.count};
    REQUIRE(!writer.is_full && directory_entry_read(&reader, &again) && reader.count == 0);
    REQUIRE(strcmp(again.settings.name, entry->settings.name) == 0 && strcmp(again.error.text, entry->error.text) == 0);
}

static void read_directory(struct wire_reader *reader) {
    const uint8_t *begin = reader->bytes;
    struct directory_message directory;
    if (directory_message_read(reader, &directory)) {
        REQUIRE(directory.total <= CLUSTER_CAMERAS_MAX && directory.from + directory.count <= directory.total);
        REQUIRE_SAME(directory_message, &directory, begin);
        struct directory_entry entry;
        for (uint32_t i = 0; i < directory.count && directory_entry_read(reader, &entry); i++) {
            check_entry(&entry);
        }
    }
}

static void read_lease(struct wire_reader *reader) {
    const uint8_t *begin = reader->bytes;
    struct lease_message lease;
    if (lease_message_read(reader, &lease)) {
        REQUIRE(lease.channel_count <= CLUSTER_CHANNELS_MAX);
        REQUIRE_SAME(lease_message, &lease, begin);
        for (uint32_t i = 0; i < lease.channel_count; i++) {
            struct lease_channel channel;
            begin = reader->bytes;
            if (!lease_channel_read(reader, &channel)) {
                break;
            }
            REQUIRE(strchr(channel.camera, '.') == NULL && (channel.playback == 0 || channel.speed > 0));
            REQUIRE_SAME(lease_channel, &channel, begin);
        }
    }
}

static void read_ack(struct wire_reader *reader) {
    const uint8_t *begin = reader->bytes;
    struct ack_message ack;
    if (ack_message_read(reader, &ack)) {
        REQUIRE_SAME(ack_message, &ack, begin);
    }
}

static void read_answer(struct wire_reader *reader) {
    struct answer_message answer;
    struct channel_refusal refusal;
    if (answer_message_read(reader, &answer)) {
        REQUIRE(answer.refusal_count <= CLUSTER_CHANNELS_MAX);
        for (uint32_t i = 0; i < answer.refusal_count; i++) {
            const uint8_t *begin = reader->bytes;
            if (!channel_refusal_read(reader, &refusal)) {
                break;
            }
            REQUIRE_SAME(channel_refusal, &refusal, begin);
        }
    }
}

static void read_event(struct wire_reader *reader) {
    const uint8_t *begin = reader->bytes;
    struct event_log_entry entry;
    if (event_message_read(reader, &entry)) {
        REQUIRE(event_message_is_sent(entry.kind) && strchr(entry.camera, '.') == NULL);
        REQUIRE_SAME(event_message, &entry, begin);
    }
}

/* ---- Deliveries, each with its length in front ---- */

static void assemble(struct frame_assembly *assemblies, const struct frame_message *part, struct frame_pool *pool) {
    struct frame_assembly *assembly = &assemblies[part->channel % CHANNELS];
    struct frame *complete;
    const bool had_begun = assembly->frame != NULL;
    uint64_t lost = 0;
    if (part->total_bytes > PICTURE_MAX_BYTES) {
        return;
    }
    enum err error = frame_assembly_add(assembly, part, pool, &complete, &lost);
    REQUIRE(lost <= had_begun && (error == ERR_OK || complete == NULL));
    if (complete != NULL) {
        const struct span payload = frame_payload(complete);
        REQUIRE(payload.count == part->total_bytes && part->offset + part->payload.count == part->total_bytes);
        REQUIRE(memcmp(payload.bytes + part->offset, part->payload.bytes, part->payload.count) == 0);
        frame_unref(&complete);
    }
}

static void read_deliveries(struct wire_reader *all) {
    struct frame_pool *pool;
    struct frame_assembly assemblies[CHANNELS] = {{.frame = NULL}};
    REQUIRE(frame_pool_create(&pool) == ERR_OK);
    while (all->count > 0 && !all->is_broken) {
        const size_t count = wire_get_u16(all);
        struct wire_reader reader = {.bytes = wire_get_bytes(all, count), .count = count};
        struct delivery_message delivery;
        if (reader.bytes == NULL || !delivery_message_read(&reader, &delivery)) {
            break;
        }
        struct frame_message part = {.number = delivery.number};
        if (delivery.kind == DELIVERY_ANSWER) {
            read_answer(&reader);
        } else if (frame_message_read(&reader, &part)) {
            REQUIRE(part.total_bytes <= FRAME_PAYLOAD_MAX_BYTES && part.payload.count > 0 && part.age_ns >= 0);
            assemble(assemblies, &part, pool);
        }
    }
    for (size_t i = 0; i < CHANNELS; i++) {
        frame_assembly_finish(&assemblies[i]);
    }
    frame_pool_destroy(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) {
        return 0;
    }
    struct wire_reader reader = {.bytes = bytes + 1, .count = count - 1};
    switch (bytes[0] % 6) {
    case 0: read_beacon(&reader); break;
    case 1: read_directory(&reader); break;
    case 2: read_lease(&reader); break;
    case 3: read_ack(&reader); break;
    case 4: read_event(&reader); break;
    default: read_deliveries(&reader); break;
    }
    return 0;
}
