/* What a node answers to the requests of others. */
#include "broker/cluster/requests/node_request.h"
#include "broker/cluster/requests/node_server.h"
#include "tests/topics.h"
#include "tests/unit/broker/recording/recorded_fixture.h"

#define TIME(seconds) (NEW_YEAR_NS + (seconds)*NS_PER_S)

static struct recorded recorded;
static struct node_server server;
static struct reason reason;

/* Cameras whose ids begin with "open". */
static bool exports(struct cluster *cluster, const char *camera) {
    (void)cluster;
    return strncmp(camera, "open", 4) == 0;
}

static void add_camera(const char *id) {
    struct topic_settings settings = {.ring_frames = 2, .source = "pattern", .stale_after_ns = 3 * NS_PER_S};
    snprintf(settings.id, sizeof settings.id, "%s", id);
    assert_int_equal(add_topic(server.broker, &settings, NULL), ERR_OK);
}

static void add_row(int64_t seconds, const char *camera, const char *details) {
    assert_int_equal(catalogue_writer_begin(recorded.writer), ERR_OK);
    assert_int_equal(catalogue_writer_add_event(recorded.writer, TIME(seconds), camera, "motion", details), ERR_OK);
    assert_int_equal(catalogue_writer_commit(recorded.writer), ERR_OK);
}

static int set_up(void **state) {
    (void)state;
    recorded_make(&recorded);
    server = (struct node_server){.recordings = recorded.folder.path, .exports = exports};
    assert_int_equal(broker_create(&(struct broker_settings){.workers = 1}, &server.broker), ERR_OK);
    add_camera("open");
    add_camera("open-too");
    add_camera("secret");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    broker_close(server.broker);
    broker_destroy(&server.broker);
    recorded_remove(&recorded);
    return 0;
}

static struct topic *camera_of(const char *id) {
    struct topic *topic = broker_find_topic(server.broker, id);
    assert_non_null(topic);
    return topic;
}

/* The answer's bytes are the caller's to free(). */
static enum err ask(const struct node_request *request, struct cluster_answer *answer) {
    uint8_t bytes[NODE_REQUEST_MAX_BYTES];
    struct wire_writer writer = {.bytes = bytes, .capacity = sizeof bytes};
    *answer = (struct cluster_answer){.bytes = NULL};
    reason = (struct reason){""};
    assert_int_equal(node_request_write(request, &writer), ERR_OK);
    return node_server_answer(&server, "wall", bytes, writer.count, answer, &reason);
}

static struct wire_reader reader_of(const struct cluster_answer *answer) {
    return (struct wire_reader){.bytes = answer->bytes, .count = answer->count};
}

/* ---- Whatever is asked: what is not exported does not exist ---- */

static void camera_that_is_not_exported_does_not_exist(void **state) {
    (void)state;
    recorded_add(&recorded, "secret", 1, 0, NS_PER_S, 5, true);
    static const char *const ids[] = {"secret", "nobody", "3", "1", "", "site-a.open"};
    static const enum node_request_kind kinds[] = {
        NODE_REQUEST_CONTROLS,      NODE_REQUEST_SET_CONTROL, NODE_REQUEST_MOTION, NODE_REQUEST_SWITCH_MOTION,
        NODE_REQUEST_EVENT_PICTURE, NODE_REQUEST_PICTURE_AT,  NODE_REQUEST_FRAMES};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        for (size_t j = 0; j < sizeof kinds / sizeof kinds[0]; j++) {
            struct node_request request = {.kind = kinds[j], .control = "brightness", .from_ns = TIME(2), .event = 1};
            struct cluster_answer answer;
            snprintf(request.camera, sizeof request.camera, "%s", ids[i]);
            assert_int_equal(ask(&request, &answer), ERR_NOT_FOUND);
            assert_string_equal(reason.text, "there is no such camera");
            assert_null(answer.bytes);
        }
    }
}

static void recordings_of_exported_cameras_are_listed(void **state) {
    (void)state;
    recorded_add(&recorded, "secret", 1, 0, NS_PER_S, 5, true);
    recorded_add(&recorded, "open", 1, 0, NS_PER_S, 5, true);
    static const char cameras[][TOPIC_ID_MAX_BYTES + 1] = {"secret", "open", "open-too"};
    const struct node_request request = {
        .kind = NODE_REQUEST_RECORDINGS, .to_ns = INT64_MAX, .limit = 10, .cameras = cameras, .camera_count = 3};
    struct cluster_answer answer;
    assert_int_equal(ask(&request, &answer), ERR_OK);
    struct wire_reader reader = reader_of(&answer);
    struct recording_listing listing;
    assert_int_equal(node_read_listing(&reader, &listing), ERR_OK);
    assert_string_equal(listing.camera.id, "open");
    assert_int_equal(listing.stretch_count, 1);
    assert_int_equal(listing.stretches[0].start_ns, TIME(0));
    assert_int_equal(listing.stretches[0].end_ns, TIME(4));
    assert_true(listing.stretches[0].is_full);
    assert_int_equal(listing.protection_count, 0);
    recording_listing_finish(&listing);
    assert_int_equal(node_read_listing(&reader, &listing), ERR_CLOSED);
    free(answer.bytes);
}

static void history_has_rows_of_exported_cameras_alone(void **state) {
    (void)state;
    add_row(1, "open", "{\"action\":\"began\"}");
    add_row(2, "secret", "{}");
    add_row(3, "", "{}");
    add_row(4, "open-too", "{}");
    add_row(5, "open", "{}");
    struct node_request request = {
        .kind = NODE_REQUEST_HISTORY, .from_ns = -1, .to_ns = INT64_MAX, .limit = 2, .after_at_ns = 0};
    struct cluster_answer answer;
    struct node_history_place place;
    struct node_history_texts texts;
    struct history_row row;
    assert_int_equal(ask(&request, &answer), ERR_OK);
    struct wire_reader reader = reader_of(&answer);
    assert_int_equal(node_read_history_place(&reader, &place), ERR_OK);
    assert_false(place.is_end);
    assert_int_equal(place.at_ns, TIME(4));
    assert_int_equal(node_read_history_row(&reader, &texts, &row), ERR_OK);
    assert_string_equal(row.camera, "open");
    assert_string_equal(row.kind, "motion");
    assert_string_equal(row.details, "{\"action\":\"began\"}");
    assert_int_equal(row.at_ns, TIME(1));
    assert_int_equal(node_read_history_row(&reader, &texts, &row), ERR_OK);
    assert_string_equal(row.camera, "open-too");
    assert_int_equal(node_read_history_row(&reader, &texts, &row), ERR_CLOSED);
    free(answer.bytes);

    request.after_at_ns = INT64_MIN; /* of which only the number is known */
    request.after_key = place.key;
    assert_int_equal(ask(&request, &answer), ERR_OK);
    reader = reader_of(&answer);
    assert_int_equal(node_read_history_place(&reader, &place), ERR_OK);
    assert_true(place.is_end);
    assert_int_equal(node_read_history_row(&reader, &texts, &row), ERR_OK);
    assert_int_equal(row.at_ns, TIME(5));
    assert_int_equal(node_read_history_row(&reader, &texts, &row), ERR_CLOSED);
    free(answer.bytes);

    request.after_key = 999;
    assert_int_equal(ask(&request, &answer), ERR_NOT_FOUND);
    snprintf(request.camera, sizeof request.camera, "secret");
    request.after_key = 0;
    assert_int_equal(ask(&request, &answer), ERR_OK);
    reader = reader_of(&answer);
    assert_int_equal(node_read_history_place(&reader, &place), ERR_OK);
    assert_int_equal(node_read_history_row(&reader, &texts, &row), ERR_CLOSED);
    free(answer.bytes);
}

/* ---- Pictures ---- */

static void picture_comes_in_pieces(void **state) {
    (void)state;
    const size_t count = NODE_ANSWER_MAX_BYTES + 1000;
    struct topic *camera = camera_of("open");
    struct frame *frame;
    assert_int_equal(frame_create(recorded.folder.pool, count, &frame), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        frame_data(frame)[i] = (uint8_t)(i * 7);
    }
    frame_set_size(frame, count);
    frame_edit_info(frame)->sequence = 42;
    frame_edit_info(frame)->captured_realtime_ns = TIME(9);
    motion_port_configure(topic_motion(camera), &(struct motion_layout){.mask_count = 0});
    motion_port_keep(topic_motion(camera), 77, frame);
    struct node_request request = {.kind = NODE_REQUEST_EVENT_PICTURE, .camera = "open", .event = 77};
    for (unsigned pieces = 0; request.offset < count; pieces++) {
        struct cluster_answer answer;
        struct node_picture_piece piece;
        assert_true(pieces < 2);
        assert_int_equal(ask(&request, &answer), ERR_OK);
        struct wire_reader reader = reader_of(&answer);
        assert_int_equal(node_read_picture(&reader, &piece), ERR_OK);
        assert_int_equal(piece.total_bytes, count);
        assert_int_equal(piece.info.sequence, 42);
        assert_int_equal(piece.info.captured_realtime_ns, TIME(9));
        assert_memory_equal(piece.bytes.bytes, frame_payload(frame).bytes + request.offset, piece.bytes.count);
        request.offset += (uint32_t)piece.bytes.count;
        free(answer.bytes);
    }
    assert_int_equal(request.offset, count);
    struct cluster_answer answer;
    request.event = 78;
    assert_int_equal(ask(&request, &answer), ERR_NOT_FOUND);
    frame_unref(&frame);
    topic_unref(&camera);
}

static void picture_of_a_time_is_the_newest_then(void **state) {
    (void)state;
    recorded_add(&recorded, "open", 1, 0, NS_PER_S, 5, true);
    struct node_request request = {.kind = NODE_REQUEST_PICTURE_AT, .camera = "open", .from_ns = TIME(2) + 1000};
    struct cluster_answer answer;
    struct node_picture_piece piece;
    assert_int_equal(ask(&request, &answer), ERR_OK);
    struct wire_reader reader = reader_of(&answer);
    assert_int_equal(node_read_picture(&reader, &piece), ERR_OK);
    assert_int_equal(piece.info.captured_realtime_ns, TIME(2));
    assert_true(piece.info.is_recorded);
    free(answer.bytes);
    request.from_ns = TIME(100);
    assert_int_equal(ask(&request, &answer), ERR_NOT_FOUND);
    server.recordings = NULL;
    assert_int_equal(ask(&request, &answer), ERR_UNSUPPORTED);
    assert_string_equal(reason.text, "it does not record");
}

/* ---- Motion and controls ---- */

static void motion_arrives_as_it_is(void **state) {
    (void)state;
    static const struct polygon_point points[] = {{0, 0}, {1, 0}, {0.25, 1}};
    static const struct polygon mask = {points, 3};
    static const uint8_t cells[] = {0, 1, 2, 3, 3, 0};
    struct topic *camera = camera_of("open");
    struct motion_layout layout = {.masks = &mask, .mask_count = 1, .region_count = 1};
    snprintf(layout.regions[0].name, sizeof layout.regions[0].name, "drive");
    layout.regions[0].polygon = mask;
    layout.regions[0].sensitivity = 60;
    motion_port_configure(topic_motion(camera), &layout);
    struct motion_sight sight = {.state = "watching",
                                 .why = "",
                                 .is_moving = true,
                                 .score = 55,
                                 .threshold = 20,
                                 .place_count = 1,
                                 .columns = 3,
                                 .rows = 2,
                                 .cells = cells};
    sight.places[0] = (struct motion_place){0.5f, 0.25f, 0.125f, 1};
    sight.levels[0] = (struct motion_level){.score = 55, .threshold = 20, .is_moving = true};
    motion_port_show(topic_motion(camera), &sight);
    struct node_request request = {.kind = NODE_REQUEST_MOTION, .camera = "open"};
    struct cluster_answer answer;
    struct motion_view view;
    assert_int_equal(ask(&request, &answer), ERR_OK);
    struct wire_reader reader = reader_of(&answer);
    assert_int_equal(node_read_motion(&reader, &view), ERR_OK);
    assert_int_equal(reader.count, 0);
    assert_true(view.status.is_configured);
    assert_string_equal(view.sight.state, "watching");
    assert_int_equal(view.sight.columns, 3);
    assert_memory_equal(view.sight.cells, cells, sizeof cells);
    assert_true(view.sight.places[0].x == 0.5f && view.sight.places[0].height == 1);
    assert_int_equal(view.sight.levels[0].threshold, 20);
    assert_string_equal(view.layout.regions[0].name, "drive");
    assert_true(polygon_equal(&view.layout.regions[0].polygon, &mask));
    assert_true(polygon_equal(&view.layout.masks[0], &mask));
    motion_view_finish(&view);
    for (size_t i = 0; i < answer.count; i++) { /* a message that is cut is refused */
        reader = (struct wire_reader){.bytes = answer.bytes, .count = i};
        assert_int_equal(node_read_motion(&reader, &view), ERR_INVALID);
    }
    free(answer.bytes);
    request.kind = NODE_REQUEST_SWITCH_MOTION;
    assert_int_equal(ask(&request, &answer), ERR_OK);
    free(answer.bytes);
    assert_true(motion_port_is_switched_off(topic_motion(camera)));
    snprintf(request.camera, sizeof request.camera, "open-too");
    assert_int_equal(ask(&request, &answer), ERR_UNSUPPORTED);
    topic_unref(&camera);
}

static enum err list_controls(void *user, struct control_list *list, struct reason *why) {
    (void)user;
    (void)why;
    list->controls = calloc(1, sizeof *list->controls);
    list->controls[0] = (struct control){.name = "mode",
                                         .label = "Mode",
                                         .type = CONTROL_MENU,
                                         .max = 1,
                                         .value = 1,
                                         .writable = true,
                                         .choice_count = 2};
    list->controls[0].choices = calloc(2, sizeof(struct control_choice));
    list->controls[0].choices[1] = (struct control_choice){.value = 1, .label = "Automatic"};
    list->count = 1;
    return ERR_OK;
}

static enum err set_control(void *user, const struct control_request *request, struct reason *why) {
    (void)user;
    if (strcmp(request->name, "mode") != 0) {
        reason_set(why, "there is no control \"%s\"", request->name);
        return ERR_NOT_FOUND;
    }
    return request->choice != NULL && strcmp(request->choice, "Automatic") == 0 ? ERR_OK : ERR_INVALID;
}

static void controls_are_listed_and_set(void **state) {
    (void)state;
    static const struct control_ops ops = {list_controls, set_control};
    struct topic *camera = camera_of("open");
    struct node_request request = {.kind = NODE_REQUEST_CONTROLS, .camera = "open"};
    struct cluster_answer answer;
    struct control_list list = {0};
    assert_int_equal(ask(&request, &answer), ERR_CLOSED);
    assert_string_equal(reason.text, "the camera is not open");
    control_port_open(topic_controls(camera), &ops, NULL);
    assert_int_equal(ask(&request, &answer), ERR_OK);
    struct wire_reader reader = reader_of(&answer);
    assert_int_equal(node_read_controls(&reader, &list), ERR_OK);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.controls[0].name, "mode");
    assert_string_equal(list.controls[0].choices[1].label, "Automatic");
    assert_true(list.controls[0].writable);
    control_list_finish(&list);
    for (size_t i = 0; i < answer.count; i++) {
        reader = (struct wire_reader){.bytes = answer.bytes, .count = i};
        assert_int_equal(node_read_controls(&reader, &list), ERR_INVALID);
        control_list_finish(&list);
    }
    free(answer.bytes);
    request.kind = NODE_REQUEST_SET_CONTROL;
    snprintf(request.control, sizeof request.control, "mode");
    snprintf(request.choice, sizeof request.choice, "Automatic");
    assert_int_equal(ask(&request, &answer), ERR_OK);
    free(answer.bytes);
    snprintf(request.choice, sizeof request.choice, "Manual");
    assert_int_equal(ask(&request, &answer), ERR_INVALID);
    snprintf(request.control, sizeof request.control, "gain");
    assert_int_equal(ask(&request, &answer), ERR_NOT_FOUND);
    assert_string_equal(reason.text, "there is no control \"gain\"");
    control_port_close(topic_controls(camera));
    topic_unref(&camera);
}

/* ---- Frames ---- */

/* Asks for slice after slice; returns how many frames came, whose bytes and order are checked. */
static unsigned read_frames(struct node_request request, uint64_t first_sequence, uint64_t step, unsigned *slices) {
    unsigned count = 0;
    struct node_frames_head head = {.is_end = false};
    for (*slices = 0; !head.is_end; (*slices)++) {
        struct cluster_answer answer;
        struct node_recorded_frame frame;
        assert_int_equal(ask(&request, &answer), ERR_OK);
        struct wire_reader reader = reader_of(&answer);
        assert_int_equal(node_read_frames_head(&reader, &head), ERR_OK);
        while (node_read_recorded_frame(&reader, &frame) == ERR_OK && frame.bytes.count == frame.total_bytes) {
            assert_int_equal(frame.sequence, first_sequence + step * count);
            assert_int_equal(frame.bytes.bytes[TEST_FRAME_BYTES - 1], frame.sequence & 0xff);
            assert_false(frame.is_after_gap);
            count++;
        }
        free(answer.bytes);
        request.frames_place = head.place;
    }
    return count;
}

static void recorded_frames_come_slice_by_slice(void **state) {
    (void)state;
    unsigned slices;
    recorded_add(&recorded, "open", 1, 0, NS_PER_S / 10, 300, true);
    recorded_add(&recorded, "open", 301, 30 * NS_PER_S, NS_PER_S / 10, 800, true);
    struct node_request request = {
        .kind = NODE_REQUEST_FRAMES, .camera = "open", .from_ns = TIME(0), .to_ns = INT64_MAX};
    assert_int_equal(read_frames(request, 1, 1, &slices), 1100);
    assert_int_equal(slices, 1100 * TEST_FRAME_BYTES / NODE_ANSWER_MAX_BYTES + 1);
    request.to_ns = TIME(40);
    assert_int_equal(read_frames(request, 1, 1, &slices), 401);
    request.interval_ns = NS_PER_S / 2;
    assert_int_equal(read_frames(request, 1, 5, &slices), 81);
}

static void piece_of_a_frame_begins_where_it_is_asked_for(void **state) {
    (void)state;
    recorded_add(&recorded, "open", 7, 0, NS_PER_S, 2, true);
    struct cluster_answer answer;
    struct node_frames_head head;
    struct node_recorded_frame frame;
    const struct node_request request = {
        .kind = NODE_REQUEST_FRAMES, .camera = "open", .from_ns = TIME(1), .to_ns = TIME(2), .offset = 100};
    assert_int_equal(ask(&request, &answer), ERR_OK);
    struct wire_reader reader = reader_of(&answer);
    assert_int_equal(node_read_frames_head(&reader, &head), ERR_OK);
    assert_true(head.is_end);
    assert_int_equal(node_read_recorded_frame(&reader, &frame), ERR_OK);
    assert_int_equal(frame.sequence, 8);
    assert_int_equal(frame.total_bytes, TEST_FRAME_BYTES);
    assert_int_equal(frame.bytes.count, TEST_FRAME_BYTES - 100);
    assert_int_equal(node_read_recorded_frame(&reader, &frame), ERR_CLOSED);
    free(answer.bytes);
}

static void nothing_recorded_is_an_end(void **state) {
    (void)state;
    unsigned slices;
    const struct node_request request = {.kind = NODE_REQUEST_FRAMES, .camera = "open", .to_ns = TIME(9)};
    assert_int_equal(read_frames(request, 1, 1, &slices), 0);
}

/* ---- Requests that are none ---- */

static void request_that_does_not_parse_is_refused(void **state) {
    (void)state;
    static const char cameras[][TOPIC_ID_MAX_BYTES + 1] = {"open", "open-too"};
    const struct node_request request = {
        .kind = NODE_REQUEST_RECORDINGS, .to_ns = INT64_MAX, .limit = 10, .cameras = cameras, .camera_count = 2};
    uint8_t bytes[1024];
    struct wire_writer writer = {.bytes = bytes, .capacity = sizeof bytes - 1};
    struct cluster_answer answer = {.bytes = NULL};
    assert_int_equal(node_request_write(&request, &writer), ERR_OK);
    for (size_t i = 0; i <= writer.count + 1; i++) {
        enum err error = node_server_answer(&server, "wall", bytes, i, &answer, &reason);
        assert_int_equal(error, i == writer.count ? ERR_OK : ERR_INVALID);
        free(answer.bytes);
        answer.bytes = NULL;
    }
    static const uint8_t kinds[] = {0, 15, 25, 255};
    for (size_t i = 0; i < sizeof kinds; i++) {
        bytes[0] = kinds[i];
        assert_int_equal(node_server_answer(&server, "wall", bytes, writer.count, &answer, &reason), ERR_INVALID);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(camera_that_is_not_exported_does_not_exist),
        TEST(recordings_of_exported_cameras_are_listed),
        TEST(history_has_rows_of_exported_cameras_alone),
        TEST(picture_comes_in_pieces),
        TEST(picture_of_a_time_is_the_newest_then),
        TEST(motion_arrives_as_it_is),
        TEST(controls_are_listed_and_set),
        TEST(recorded_frames_come_slice_by_slice),
        TEST(piece_of_a_frame_begins_where_it_is_asked_for),
        TEST(nothing_recorded_is_an_end),
        TEST(request_that_does_not_parse_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
