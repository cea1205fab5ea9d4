/* What a configuration file says: plain data. Its settings borrow from it, except those of cameras: each camera has an
 * arena of its own, to which it keeps a reference, so that a configuration can be destroyed before its cameras. */
#ifndef CONFIG_CONFIGURATION_H
#define CONFIG_CONFIGURATION_H

#include "broker/base/arena.h"
#include "broker/cluster/cluster_settings.h"
#include "broker/recording/recording_settings.h"
#include "cameras/settings.h"
#include "web/server.h"

struct config {
    struct server_settings server;
    struct access_settings access; /* from which server.access is made */
    unsigned workers;              /* encoding threads; 0: one per core */
    struct recording_settings recording;
    struct cluster_settings cluster; /* without a URL: none */
    bool watch;                      /* read the file again when it changes */
    struct camera_settings *cameras;
    size_t camera_count;
    struct arena *arena; /* owns all of this but for what belongs to each camera's own arena */
};

#endif
