/* Cameras that send their frames by themselves: web/ puts what they push into the topic's mailbox. */
#ifndef CAMERAS_SIMPLE_PUSH_H
#define CAMERAS_SIMPLE_PUSH_H

#include "cameras/driver.h"

enum push_rule { PUSH_REPLACE, PUSH_REFUSE };

struct push_settings {
    const char *key;              /* the secret of those that send frames */
    enum push_rule second_pusher; /* takes the place of the first one, or is refused */
};

extern const struct driver_ops push_driver;
extern const struct setting_table push_settings_table;
/* Gives the key to the mailbox, where requests are checked. */
void push_set_key(const struct source_settings *settings, struct mailbox *mailbox);

#endif
