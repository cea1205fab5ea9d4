#include "broker/camera_state.h"

const char *state_name(enum camera_state state) {
    switch (state) {
    case STATE_IDLE: return "idle";
    case STATE_STARTING: return "starting";
    case STATE_LIVE: return "live";
    case STATE_STALE: return "stale";
    case STATE_OFFLINE: return "offline";
    }
    return "unknown";
}
