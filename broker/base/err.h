/* Results of calls that can fail, and the words that explain a failure to a person.
 *
 * A function that can fail returns enum err and gives its results by out-parameter; on anything but ERR_OK the
 * out-parameters are untouched unless its header says otherwise. Where an operator has to act on the failure, the
 * function also takes a struct reason and writes one sentence into it.
 *
 * Threads: everything here is safe from any thread. */
#ifndef BROKER_BASE_ERR_H
#define BROKER_BASE_ERR_H

enum err {
    ERR_OK = 0,
    ERR_MEMORY,      /* an allocation failed */
    ERR_TIMEOUT,     /* the deadline passed first */
    ERR_CLOSED,      /* the other side has been closed: nothing more will come */
    ERR_INTERRUPTED, /* asked to stop */
    ERR_INVALID,     /* the data is broken or the argument is out of range */
    ERR_UNSUPPORTED, /* well-formed, but not something that we can do */
    ERR_NOT_FOUND,   /* no such file, device or camera */
    ERR_DENIED,      /* the system or a peer refuses us */
    ERR_BUSY,        /* in use, or a limit is reached */
    ERR_GONE,        /* was there, and has vanished */
    ERR_IO,          /* any other failure of the system, a device or a socket */
};

#define CHECKED __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* A few words, e.g. "time-out". Never NULL; static. */
const char *err_text(enum err error);

/* Translates the errno of a failed system call. 0 gives ERR_OK. */
enum err err_from_errno(int number);

/* Why something failed, in words that an operator can act on; "": no reason. Plain data. */
struct reason {
    char text[200];
};

/* Writes the sentence, cut to fit. reason may be NULL: then nothing happens. */
void reason_set(struct reason *reason, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
