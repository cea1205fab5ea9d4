/* What a driver learns about a source besides its frames: for people who set up a camera, see `framebroker --probe`.
 *
 * Ownership: plain data of the caller; the driver writes it during its calls. Zeroed: nothing is known.
 * Threads: the camera's. */
#ifndef CAMERAS_SOURCE_FACTS_H
#define CAMERAS_SOURCE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_ODDITIES_MAX 16

struct source_facts {
    char answer[160];        /* a content type, or container and transport; as the source says it: any bytes but 0 */
    char login[64];          /* the scheme that the source asks for, e.g. "Digest MD5"; "": none */
    bool single_pictures;    /* one a request: the rate is the reader's */
    uint64_t key_frames;     /* of video that has others too */
    int64_t last_key_ns;     /* monotonic; when the last of them came */
    int64_t key_distance_ns; /* the longest between two of them; 0: unknown */
    bool has_clock;          /* frames come with the time of their capture */
    int64_t clock_offset_ns; /* the last such time less this machine's */
    const char *oddities[SOURCE_ODDITIES_MAX]; /* sentences about the source, each once */
    size_t oddity_count;
};

void source_facts_set_answer(struct source_facts *facts, const char *answer);
/* sentence: static. One more than SOURCE_ODDITIES_MAX is left out. */
void source_facts_note(struct source_facts *facts, const char *sentence);
/* A key frame has come, at a monotonic time. */
void source_facts_count_key_frame(struct source_facts *facts, int64_t now_ns);

#endif
