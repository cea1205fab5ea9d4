/* What other nodes of a cluster ask and answer: the first byte says which of them the rest is. */
#include "broker/cluster/requests/node_request.h"
#include "tests/fuzz/fuzz.h"

static void read_request(const uint8_t *bytes, size_t count) {
    struct node_request request;
    if (node_request_read(bytes, count, &request) != ERR_OK) {
        return;
    }
    /* What was read is written as the same bytes. */
    uint8_t *again = malloc(count + 1);
    struct wire_writer writer = {.bytes = again, .capacity = count};
    REQUIRE(again != NULL && node_request_write(&request, &writer) == ERR_OK);
    REQUIRE(writer.count == count && memcmp(again, bytes, count) == 0);
    free(again);
    node_request_finish(&request);
}

static void read_motion(struct wire_reader *reader) {
    struct motion_view view;
    if (node_read_motion(reader, &view) == ERR_OK) {
        REQUIRE(view.layout.region_count <= MOTION_REGIONS_MAX && view.sight.place_count <= MOTION_PLACES_MAX);
        for (size_t i = 0; i < (size_t)view.sight.columns * view.sight.rows; i++) {
            REQUIRE(view.sight.cells[i] <= MOTION_CELL_MOVING);
        }
        motion_view_finish(&view);
    }
}

static void read_history(struct wire_reader *reader) {
    struct node_history_place place;
    struct node_history_texts texts;
    struct history_row row;
    enum err error = node_read_history_place(reader, &place);
    while (error == ERR_OK) {
        error = node_read_history_row(reader, &texts, &row);
        REQUIRE(error != ERR_OK || strlen(row.details) <= HISTORY_DETAILS_MAX_BYTES);
    }
}

static void read_frames(struct wire_reader *reader) {
    struct node_frames_head head;
    struct node_recorded_frame frame;
    enum err error = node_read_frames_head(reader, &head);
    while (error == ERR_OK) {
        error = node_read_recorded_frame(reader, &frame);
        REQUIRE(error != ERR_OK || (frame.bytes.count > 0 && frame.bytes.count <= frame.total_bytes));
    }
}

static void read_recordings(struct wire_reader *reader) {
    struct recording_listing listing;
    while (node_read_listing(reader, &listing) == ERR_OK) {
        recording_listing_finish(&listing);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) {
        return 0;
    }
    struct wire_reader reader = {.bytes = bytes + 1, .count = count - 1};
    struct control_list list = {0};
    struct node_picture_piece piece;
    enum err error;
    switch (bytes[0] % 7) {
    case 0: read_request(bytes + 1, count - 1); break;
    case 1:
        error = node_read_controls(&reader, &list);
        REQUIRE(error != ERR_OK || list.count <= NODE_CONTROLS_MAX);
        control_list_finish(&list);
        break;
    case 2: read_motion(&reader); break;
    case 3:
        error = node_read_picture(&reader, &piece);
        REQUIRE(error != ERR_OK || (piece.bytes.count > 0 && piece.bytes.count <= piece.total_bytes));
        break;
    case 4: read_history(&reader); break;
    case 5: read_recordings(&reader); break;
    default: read_frames(&reader); break;
    }
    return 0;
}
