/* Messages of the cluster to bytes and back: what their tests have in common. */
#ifndef TESTS_ROUND_TRIP_H
#define TESTS_ROUND_TRIP_H

#include "broker/cluster/cluster_messages.h"
#include "tests/unit/support.h"

#include <stdlib.h>

#define MESSAGE_BYTES 8192

static uint8_t message[MESSAGE_BYTES], again[MESSAGE_BYTES];
static size_t message_count;

/* Writes `value`, refuses what is cut at any length, reads it into `result`, and writes that as the same bytes. The
 * copies are as long as what is read, so that a sanitizer sees what is read behind them. */
#define ROUND_TRIP(type, value, result)                                                                                \
    do {                                                                                                               \
        struct wire_writer writer = {.bytes = message, .capacity = sizeof message};                                    \
        type##_write(&writer, value);                                                                                  \
        assert_false(writer.is_full);                                                                                  \
        message_count = writer.count;                                                                                  \
        for (size_t i = 0; i <= message_count; i++) {                                                                  \
            uint8_t *copy = malloc(i + 1);                                                                             \
            memcpy(copy + 1, message, i);                                                                              \
            struct wire_reader reader = {.bytes = copy + 1, .count = i};                                               \
            assert_true(type##_read(&reader, result) == (i == message_count));                                         \
            assert_true(reader.count == 0 || i < message_count);                                                       \
            free(copy);                                                                                                \
        }                                                                                                              \
        struct wire_writer second = {.bytes = again, .capacity = sizeof again};                                        \
        type##_write(&second, result);                                                                                 \
        assert_int_equal(second.count, message_count);                                                                 \
        assert_memory_equal(again, message, message_count);                                                            \
    } while (0)

/* The value, which its sender would not have sent, is refused. */
#define REFUSES(type, value, result)                                                                                   \
    do {                                                                                                               \
        struct wire_writer writer = {.bytes = message, .capacity = sizeof message};                                    \
        type##_write(&writer, value);                                                                                  \
        struct wire_reader reader = {.bytes = message, .count = writer.count};                                         \
        assert_false(type##_read(&reader, result));                                                                    \
    } while (0)

#define REFUSES_OTHER_VERSION(type, result)                                                                            \
    do {                                                                                                               \
        message[0] = CLUSTER_PROTOCOL + 1;                                                                             \
        struct wire_reader reader = {.bytes = message, .count = message_count};                                        \
        assert_false(type##_read(&reader, result));                                                                    \
    } while (0)

#endif
