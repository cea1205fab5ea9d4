/* Begins a stream of one camera or of several, which outlives its request.
 * Threads: the request's own. */
#ifndef WEB_ROUTES_SUPPORT_LIVE_STREAM_H
#define WEB_ROUTES_SUPPORT_LIVE_STREAM_H

#include "web/http/route.h"
#include "web/routes/support/server_context.h"

struct playback_set;

/* Sends the head and, but for a HEAD, hands the socket to a sender. The stream has been admitted
 * (web/access/stream_admission.h), and leaves when it is over. settings lacks fd, remote, fps, until_ns, ended and
 * user; its topics are borrowed during the call. playback: what feeds the topics, taken, and ended with the stream;
 * NULL: they are live. */
void live_stream_begin(struct server_context *context, const struct http_request *request, const struct route *route,
                       struct stream_settings settings, struct playback_set *playback);

#endif
