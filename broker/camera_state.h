/* The state of a camera, as viewers see it. */
#ifndef BROKER_CAMERA_STATE_H
#define BROKER_CAMERA_STATE_H

enum camera_state {
    STATE_IDLE,     /* has no viewers, and is opened on demand; with an error: it did not work when last opened */
    STATE_STARTING, /* being opened, no frame yet */
    STATE_LIVE,     /* frames arrive */
    STATE_STALE,    /* open, but no frame for stale_after */
    STATE_OFFLINE,  /* could not be opened, or failed; is opened again later */
};

/* "idle", "starting", "live", "stale", "offline". Static. Threads: any. */
const char *state_name(enum camera_state state);

#endif
