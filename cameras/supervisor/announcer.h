/* Sets a camera's state other than live in its topic, and shows it to the viewers as a placeholder picture.
 *
 * The picture is drawn and encoded by the worker pool, in a job slot of its own: a camera whose frames keep an encoder
 * busy still gets its placeholder. Nothing is drawn without viewers.
 *
 * Threads: any. */
#ifndef CAMERAS_SUPERVISOR_ANNOUNCER_H
#define CAMERAS_SUPERVISOR_ANNOUNCER_H

#include "broker/broker.h"
#include "cameras/settings.h"

struct announcer;

/* settings and topic are borrowed. ERR_MEMORY. */
CHECKED enum err announcer_create(struct broker *broker, const struct source_settings *settings, struct topic *topic,
                                  struct announcer **announcer);
/* Blocks: until a picture that is being drawn is done. */
void announcer_destroy(struct announcer **announcer);

/* Sets the state, without showing it. error may be NULL. */
void announcer_set_state(struct announcer *announcer, enum camera_state state, const char *error);
/* topic_set_stale(), then shows it. False: a frame has arrived meanwhile, or the camera is not live. */
CHECKED bool announcer_set_stale(struct announcer *announcer, int64_t captured_before_ns, const char *error);
/* Shows the newest state, unless the camera has become live or idle since. */
void announcer_show(struct announcer *announcer);

#endif
