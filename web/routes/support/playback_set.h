/* A playback of cameras wherever they are recorded: those of this server by its players, those of other nodes there.
 * All begin when their topics have subscribers, so they are in step, but for the time that a node takes to begin.
 * Threads: any. */
#ifndef WEB_ROUTES_SUPPORT_PLAYBACK_SET_H
#define WEB_ROUTES_SUPPORT_PLAYBACK_SET_H

#include "web/routes/support/server_context.h"

struct playback_set;

/* As playback_begin(). Topics of nodes that cannot play now are closed, unless those are all: then the error is that of
 * the first, with a reason. */
CHECKED enum err playback_set_begin(struct server_context *context, const struct playback_settings *settings,
                                    struct playback_set **set, struct reason *reason);
/* Does not wait. *set may be NULL. */
void playback_set_end(struct playback_set **set);

#endif
