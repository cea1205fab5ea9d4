/* The login that a camera asks for: schemes of HTTP authentication (RFC 7235) that its replies name, in HTTP and RTSP.
 * Threads: any; nothing is kept. */
#ifndef CAMERAS_URL_URL_CHALLENGE_H
#define CAMERAS_URL_URL_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

/* If the line is a challenge, "WWW-Authenticate: Digest realm=...", adds its scheme and algorithm to schemes, once:
 * "Digest SHA-256, Basic". The camera chooses the words, and they might repeat the login: that is masked. */
void url_challenge_note(const char *line, char *schemes, size_t capacity);

/* Whether the last Digest among them is more than FFmpeg 5.1 knows, which takes the last one, and MD5 alone. */
bool url_challenge_exceeds_ffmpeg(const char *schemes);

#endif
