/* JPEG files in place of a camera: one picture after the other, over and over. The files are read at each opening. */
#ifndef CAMERAS_SIMPLE_EMULATED_H
#define CAMERAS_SIMPLE_EMULATED_H

#include "cameras/driver.h"

struct emulated_settings {
    const char *const *files; /* paths of JPEG files, in the order in which they are played */
    size_t file_count;
};

extern const struct driver_ops emulated_driver;
extern const struct setting_table emulated_settings_table;

#endif
