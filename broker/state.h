/* What a camera is doing, as its viewers are told. */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

enum camera_state {
    STATE_IDLE,     /* nobody watches, and it is opened on demand */
    STATE_STARTING, /* being opened, no frame yet */
    STATE_LIVE,     /* frames come */
    STATE_STALE,    /* open, but no frame for stale_after */
    STATE_OFFLINE,  /* could not be opened, or failed; the reason says why; it is tried again */
};

/* "idle", "starting", "live", "stale", "offline". Static. Threads: any. */
const char *state_name(enum camera_state state);

#endif
