/* Frames as parts of multipart/x-mixed-replace (RFC 2046, section 5.1; x-mixed-replace is Netscape's).
 *
 *     --T CRLF                          once, at the start of the stream
 *     headers CRLF CRLF JPEG CRLF--T CRLF    for each frame: the part that a frame's envelope makes
 *
 * The delimiter that ends a part is sent with it, so that no browser has to wait for the next frame to show this one.
 * T is random, and made once for each run of the program: a part is then the same for every client.
 * Threads: any, after the first call of multipart_init(). */
#ifndef BROKER_MULTIPART_MULTIPART_WRITER_H
#define BROKER_MULTIPART_MULTIPART_WRITER_H

#include "broker/frame/frame.h"

/* Chooses T, at the first call. To be called before anything else here. */
void multipart_init(void);
/* "multipart/x-mixed-replace;boundary=T" */
const char *multipart_content_type(void);
/* T */
const char *multipart_boundary(void);
/* What stands before T in a content type. */
#define MULTIPART_CONTENT_TYPE "multipart/x-mixed-replace;boundary="
#define MULTIPART_BOUNDARY_MAX_BYTES 70u /* RFC 2046, 5.1.1 */
/* "--T\r\n" */
const char *multipart_first_delimiter(void);
const struct frame_envelope *multipart_envelope(void);

/* The line that recorded frames have, the last one of their headers. */
#define MULTIPART_RECORDED_LINE "X-Recorded: 1\r\n"
#define MULTIPART_CAMERA_HEADER "X-Camera-Id: "

/* The headers about a frame that parts and snapshots share, each ended by CR LF: X-Timestamp, X-Sequence, X-Camera-Id,
 * while not live X-Camera-State, and of recorded frames X-Recorded. Returns their length; at most 256 bytes with an id
 * of 64. */
size_t multipart_write_frame_headers(char *out, size_t capacity, const char *topic_id, const struct frame_info *info);

#endif
