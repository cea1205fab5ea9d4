#include "broker/cluster/run_number.h"

#include "broker/base/clock.h"

#include <sys/random.h>

uint64_t run_number(void) {
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number || number == 0) {
        number = (uint64_t)clock_realtime_ns();
    }
    return number;
}
