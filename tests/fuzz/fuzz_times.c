/* Times that sources claim, and the times at which they come: the arithmetic behind backlog, lag and the schedule of a
 * recording. Input: pairs of 64-bit numbers, a source's time, in units of three kinds, and a pause before it comes. */
#include "broker/base/saturating.h"
#include "cameras/url/backlog.h"
#include "cameras/url/ffmpeg/lag.h"
#include "cameras/url/ffmpeg/url_schedule.h"
#include "tests/fuzz/fuzz.h"

/* Years: longer than any process runs. */
#define PAUSE_MAX_NS (INT64_C(1) << 50)

struct pair {
    int64_t time, pause_ns;
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static const int denominators[] = {1, 90000, 1000000000};
    struct lag lag = {0};
    struct backlog backlog = {0};
    struct url_schedule schedule = {0};
    struct pair pair;
    int64_t now_ns = NS_PER_S;
    for (size_t frames = 0; count >= sizeof pair && frames < 1000; frames++) {
        memcpy(&pair, bytes, sizeof pair);
        bytes += sizeof pair;
        count -= sizeof pair;
        int64_t pause_ns = pair.pause_ns & (PAUSE_MAX_NS - 1), due_ns = 0;
        int64_t time_ns = clock_scale_ns(pair.time, 1, denominators[frames % 3]);
        REQUIRE(time_ns != INT64_MIN && (time_ns >= 0) == (pair.time >= 0 || time_ns == 0));
        now_ns += pause_ns;
        bool late = backlog_is_late(&backlog, now_ns);
        REQUIRE(!late || pause_ns < PAUSE_MAX_NS);
        (void)lag_leaves_out(&lag, time_ns, now_ns, pause_ns);
        bool is_due = url_schedule_find(&schedule, time_ns, now_ns, &due_ns);
        if (!is_due) {
            url_schedule_start(&schedule, time_ns, now_ns);
            is_due = url_schedule_find(&schedule, time_ns, now_ns, &due_ns);
            REQUIRE((is_due && due_ns == now_ns) || schedule.zero_ns == INT64_MAX);
        }
        REQUIRE(!is_due || (due_ns - now_ns <= 15 * NS_PER_S && now_ns - due_ns <= NS_PER_S));
        if (now_ns > INT64_MAX / 4) {
            return 0;
        }
    }
    return 0;
}
