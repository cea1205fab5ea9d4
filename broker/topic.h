/* A topic: one camera's place in the broker. A ring of its newest frames, its state, and its subscribers.
 *
 * One publisher (a camera) publishes frames and sets the state; any number of subscribers take the newest frame that
 * they have not had (subscriber.h). Publishing never waits: a slow subscriber skips frames, and the skips are counted.
 * Whether frames are wanted at all: topic_demand.h.
 *
 * Ownership: topics are reference-counted. A subscriber holds a reference to its topic.
 * Threads: as each section says. */
#ifndef BROKER_TOPIC_H
#define BROKER_TOPIC_H

#include "broker/control.h"
#include "broker/event_log.h"
#include "broker/frame/frame.h"
#include "broker/topic_settings.h"

struct topic;
struct mailbox;
struct frame_queue;
struct motion_port;

/* ---- The owner. Threads: any. ---- */

/* settings is copied; envelope is borrowed for the topic's life and may be NULL. ERR_MEMORY. */
CHECKED enum err topic_create(const struct topic_settings *settings, const struct frame_envelope *envelope,
                              struct topic **topic);
/* The same for pictures derived from those of source, which gets a reference: what is sent of them counts as sent of
 * source. */
CHECKED enum err topic_create_derived(struct topic *source, const struct topic_settings *settings,
                                      const struct frame_envelope *envelope, struct topic **topic);
/* Logs clients that come and leave with an inbox, and, with logs_state, each change of the state until the topic is
 * closed. Borrowed for the topic's life. Threads: before any other uses the topic. */
void topic_set_event_log(struct topic *topic, struct event_log *event_log, bool logs_state);
struct topic *topic_ref(struct topic *topic);
void topic_unref(struct topic **topic);
/* Ends it: frames published later are dropped, waits end, subscribers get ERR_CLOSED, and a pusher is evicted from the
 * mailbox. Any number of times. */
void topic_close(struct topic *topic);
/* Whether there are references besides the caller's. False stays false if no other reference can be had. */
bool topic_is_shared(const struct topic *topic);
/* Where frames are pushed to. Borrowed, for the topic's life. */
struct mailbox *topic_mailbox(struct topic *topic);
/* Live frames that are published from now on go into the queue too, which gets a reference; NULL: into none. */
void topic_set_queue(struct topic *topic, struct frame_queue *queue);
/* The camera's controls. Borrowed likewise. */
struct control_port *topic_controls(struct topic *topic);

/* What is seen to move in the camera's pictures. Borrowed likewise. */
struct motion_port *topic_motion(struct topic *topic);

/* ---- Its settings. Threads: any. ---- */

/* Borrowed, constant for the topic's life. */
const char *topic_id(const struct topic *topic);
void topic_copy_name(struct topic *topic, char name[TOPIC_NAME_MAX_BYTES + 1]);
bool topic_has_controls(struct topic *topic);
unsigned topic_max_variants(struct topic *topic);
/* The variant of that name in the settings. False: there is none. */
bool topic_find_variant(struct topic *topic, const char *name, struct variant_request *request);
/* All of them, some 2 KB, since all but the id may change at any time. */
void topic_copy_settings(struct topic *topic, struct topic_settings *settings);
/* Replaces them by others of the same id; copied. Frames, subscribers and counters stay. */
void topic_change_settings(struct topic *topic, const struct topic_settings *settings);

/* ---- The publisher. Threads: one at a time publishes; the others any. ---- */

/* Takes *frame, seals and publishes it, and makes the topic live. The frame's info is complete except for position and
 * state; its sequence is not below that of the frame before. A closed topic drops it, and so does one whose generation
 * is a newer one, which counts it as dropped. */
void topic_publish(struct topic *topic, struct frame **frame);
/* The same for a frame that stands for one of another topic: its state, which is not idle, becomes the topic's. */
void topic_relay(struct topic *topic, struct frame **frame);

/* Ends what may be shown so far, as when a part of the picture becomes private: drops the frames of the ring, of the
 * queue and of the motion port, and drops, now and later, live frames of an older generation, those of topics that are
 * derived from this one too. Returns the new generation, which is for the frames of the publisher that begins now. What
 * clients have been sent, or are being sent, is theirs. broker_begin_generation() does all of it for a camera with
 * variants. Threads: any. */
uint64_t topic_begin_generation(struct topic *topic);
uint64_t topic_generation(const struct topic *topic);
/* Drops the frames of the ring. Threads: any. */
void topic_drop_frames(struct topic *topic);

/* Publishes a picture that stands for a state other than live. Takes *frame. Does nothing unless the topic's state is
 * still the one that `change` (from topic_set_state()) announced: a live frame is never followed by an old
 * placeholder, and an idle topic has none. Not counted as published. Threads: any. */
void topic_publish_placeholder(struct topic *topic, struct frame **frame, uint64_t change);

/* Sets a state other than live, and why (NULL: no error). Going idle drops the frames of the ring, so that a later
 * client is not shown an old picture as new. Returns the number of this change, for topic_publish_placeholder(). */
uint64_t topic_set_state(struct topic *topic, enum camera_state state, const char *error);
/* Like topic_set_state(), but only where the topic is still live and its newest frame is older than
 * captured_before_ns (monotonic). True if it changed; then *change has the number. */
bool topic_set_stale(struct topic *topic, int64_t captured_before_ns, const char *error, uint64_t *change);
/* What the camera delivers: the size in pixels and the captured format's name (static). */
void topic_set_capture(struct topic *topic, uint32_t width_px, uint32_t height_px, const char *format);
/* Frames lost before publication, frames refused as broken, and reopenings after a failure: added to the counters. */
void topic_count_dropped(struct topic *topic, uint64_t frames);
void topic_count_invalid(struct topic *topic);
void topic_count_restart(struct topic *topic);

/* ---- What it shows now. Threads: any. ---- */

/* The newest frame, placeholder or not, as a new reference; NULL while there is none. */
struct frame *topic_newest(struct topic *topic);
/* Of the newest live frame so far; 0: none yet. */
uint32_t topic_width_px(struct topic *topic);
uint64_t topic_sequence(struct topic *topic);
enum camera_state topic_state(struct topic *topic);
/* The same, with when it began and a copy of its reason ("": none). Either may be NULL. */
enum camera_state topic_state_detail(struct topic *topic, int64_t *since_realtime_ns, struct reason *error);

#endif
