/* Writes what the event log says into the history, but for viewers that come and leave.
 *
 * Lifecycle: start; stop, before the recorder is destroyed.
 * Threads: start and stop from one. Its own thread reads the event log. Ownership: broker and recorder are borrowed. */
#ifndef WEB_HOOKS_HISTORY_WRITER_H
#define WEB_HOOKS_HISTORY_WRITER_H

#include "broker/broker.h"
#include "broker/recording/recorder.h"

struct history_writer;

/* ERR_MEMORY, ERR_BUSY: no descriptor or thread. */
CHECKED enum err history_writer_start(struct broker *broker, struct recorder *recorder, struct history_writer **writer);
void history_writer_stop(struct history_writer **writer);

#endif
