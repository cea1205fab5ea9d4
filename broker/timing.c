#include "broker/timing.h"

static struct histogram histograms[TIMING_COUNT];

void timing_observe(enum timing timing, int64_t duration_ns) { histogram_observe(&histograms[timing], duration_ns); }

void timing_read(enum timing timing, struct histogram_snapshot *snapshot) {
    histogram_read(&histograms[timing], snapshot);
}
