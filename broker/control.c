#include "broker/control.h"

#include <stdlib.h>

void control_list_finish(struct control_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->controls[i].choices);
    }
    free(list->controls);
    *list = (struct control_list){0};
}

void control_port_init(struct control_port *port) {
    *port = (struct control_port){0};
    lock_init(&port->lock);
    condition_init(&port->idle);
}

void control_port_finish(struct control_port *port) {
    condition_finish(&port->idle);
    lock_finish(&port->lock);
}

static void wait_idle_locked(struct control_port *port) REQUIRES(&port->lock) {
    while (port->busy) {
        condition_wait(&port->idle, &port->lock);
    }
}

void control_port_open(struct control_port *port, const struct control_ops *ops, void *user) {
    lock_acquire(&port->lock);
    port->ops = ops;
    port->user = user;
    lock_release(&port->lock);
}

void control_port_close(struct control_port *port) {
    lock_acquire(&port->lock);
    port->ops = NULL; /* first, so that calls that wait are refused */
    wait_idle_locked(port);
    lock_release(&port->lock);
}

/* The publisher's functions, for one call that is then under way; NULL while the port is closed. */
static const struct control_ops *begin_call(struct control_port *port, void **user) {
    lock_acquire(&port->lock);
    wait_idle_locked(port);
    const struct control_ops *ops = port->ops;
    *user = port->user;
    port->busy = ops != NULL;
    lock_release(&port->lock);
    return ops;
}

static void end_call(struct control_port *port) {
    lock_acquire(&port->lock);
    port->busy = false;
    condition_broadcast(&port->idle);
    lock_release(&port->lock);
}

enum err control_port_list(struct control_port *port, struct control_list *list, struct reason *reason) {
    void *user;
    const struct control_ops *ops = begin_call(port, &user);
    if (ops == NULL) {
        return ERR_CLOSED;
    }
    struct control_list found = {0};
    enum err error = ops->list(user, &found, reason);
    end_call(port);
    if (error != ERR_OK) {
        control_list_finish(&found);
        return error;
    }
    *list = found;
    return ERR_OK;
}

enum err control_port_set(struct control_port *port, const struct control_request *request, struct reason *reason) {
    void *user;
    const struct control_ops *ops = begin_call(port, &user);
    if (ops == NULL) {
        return ERR_CLOSED;
    }
    enum err error = ops->set(user, request, reason);
    end_call(port);
    return error;
}
