/* The importer's part that has recordings of other nodes played there.
 *
 * Threads: any. */
#ifndef BROKER_CLUSTER_IMPORT_IMPORT_PLAYBACK_H
#define BROKER_CLUSTER_IMPORT_IMPORT_PLAYBACK_H

#include "broker/cluster/import/importer_private.h"
#include "broker/recording/playback/player.h"

struct cluster_playback;

/* cluster_playback_begin() and its end. */
CHECKED enum err importer_begin_playback(struct importer *importer, const struct playback_settings *settings,
                                         struct cluster_playback **playback);
void importer_end_playback(struct cluster_playback **playback);

#endif
