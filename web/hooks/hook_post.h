/* Posts JSON to URLs, any number at a time. The only files of web/ that know libcurl.
 *
 * http and https only; redirects are not followed, so that a receiver cannot lead elsewhere; certificates are
 * verified.
 * Threads: one at a time, but for hook_url_check(). */
#ifndef WEB_HOOKS_HOOK_POST_H
#define WEB_HOOKS_HOOK_POST_H

#include "web/hooks/hook_watch.h"

#include <poll.h>

struct hook_poster;

/* The part of a URL that may be shown: "https://hooks.example.org". */
#define HOOK_URL_LABEL_BYTES 128
/* Whether the URL can be posted to. label may be NULL. ERR_INVALID; ERR_UNSUPPORTED: as below. */
CHECKED enum err hook_url_check(const char *url, char label[HOOK_URL_LABEL_BYTES]);

/* ERR_MEMORY; ERR_UNSUPPORTED: libcurl cannot be loaded, see the log. */
CHECKED enum err hook_poster_create(struct hook_poster **poster);
/* Drops what is under way. Blocks: no. */
void hook_poster_destroy(struct hook_poster **poster);

/* Starts a post: json is copied, the settings are borrowed until it is done; user comes back then. ERR_MEMORY. */
CHECKED enum err hook_poster_start(struct hook_poster *poster, const struct hook_settings *hook, const char *json,
                                   void *user);
#define HOOK_POLLERS_MAX 32
/* Goes on with all that is under way. Blocks: until something has happened there or to one of the pollers, or until
 * deadline_ns. */
void hook_poster_wait(struct hook_poster *poster, const struct pollfd *pollers, size_t count, int64_t deadline_ns);
/* A finished post: its user, and the outcome. NULL: none. */
void *hook_poster_next(struct hook_poster *poster, enum hook_outcome *outcome, struct reason *reason);

#endif
