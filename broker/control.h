/* Controls: what can be adjusted of a camera while it runs, such as its brightness, in terms that do not depend on the
 * kind of camera.
 *
 * The publisher opens the port of its topic while its device is open, and closes it before it closes the device.
 * Threads: any; one call at a time reaches the publisher, and none once control_port_close() has returned. */
#ifndef BROKER_CONTROL_H
#define BROKER_CONTROL_H

#include "broker/base/sync.h"

#include <stddef.h>

#define CONTROL_TEXT_BYTES 48

enum control_type { CONTROL_INTEGER, CONTROL_BOOLEAN, CONTROL_MENU };

/* An entry of a menu. */
struct control_choice {
    int64_t value;
    char label[CONTROL_TEXT_BYTES];
};

struct control {
    char name[CONTROL_TEXT_BYTES];  /* "white_balance_temperature": stable, for programs */
    char label[CONTROL_TEXT_BYTES]; /* "White Balance Temperature" */
    enum control_type type;
    int64_t min, max, step, fallback, value; /* fallback: the default */
    bool writable;                           /* false while another control, such as an automatic one, governs it */
    struct control_choice *choices;          /* CONTROL_MENU: owned by the list */
    size_t choice_count;
};

struct control_list {
    struct control *controls;
    size_t count;
};
void control_list_finish(struct control_list *list);

/* A value for one control. */
struct control_request {
    const char *name;
    const char *choice; /* a menu's entry by its label; NULL: value counts */
    int64_t value;
};

/* The publisher's side. Each may take as long as the device does. */
struct control_ops {
    /* *list is empty on entry; what is in it after a failure is finished by the caller. */
    enum err (*list)(void *user, struct control_list *list, struct reason *reason);
    /* ERR_NOT_FOUND: no such control; ERR_INVALID: not a value that it takes; ERR_BUSY: not writable now; ... */
    enum err (*set)(void *user, const struct control_request *request, struct reason *reason);
};

struct control_port {
    struct lock lock;
    struct condition idle;
    bool busy GUARDED_BY(lock);
    const struct control_ops *ops GUARDED_BY(lock); /* NULL: closed */
    void *user GUARDED_BY(lock);
};

void control_port_init(struct control_port *port);
void control_port_finish(struct control_port *port);

/* ---- The publisher ---- */

/* ops is static; user is borrowed until control_port_close(). */
void control_port_open(struct control_port *port, const struct control_ops *ops, void *user);
/* Blocks: until a call that is under way has returned. Any number of times. */
void control_port_close(struct control_port *port);

/* ---- Callers. ERR_CLOSED while the port is closed; otherwise the publisher's result. ---- */

/* Finish the list to free it. */
CHECKED enum err control_port_list(struct control_port *port, struct control_list *list, struct reason *reason);
CHECKED enum err control_port_set(struct control_port *port, const struct control_request *request,
                                  struct reason *reason);

#endif
