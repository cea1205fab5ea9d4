/* The parts of the configuration file: each function reads one of them into the settings that it is for. What is
 * wrong with it becomes a fault of the node's document, and the settings are then not to be used.
 *
 * Threads: one at a time. */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include "config/config.h"
#include "config/section.h"

#define CAMERAS_MAX 1000

/* "server". config has the defaults on entry. */
void server_section_read(const struct node *node, struct config *config);
/* Once all is read: whether the server may listen where the file says. */
void server_section_check_exposure(const struct node *root, const struct config *config);

/* Those keys of it that say how the network reaches the server. */
void edge_keys_read(struct section *section, struct edge_settings *edge);

/* "users", "tokens" and "secret", once the cameras are read. */
void access_section_read(struct section *root, struct config *config);

/* A list of camera ids in which * and ? may stand for others, once the cameras are read. NULL after a fault. */
const char *const *camera_patterns_read(const struct node *list, const struct config *config, size_t *count);

/* "hooks", once the cameras are read. */
void hooks_section_read(const struct node *node, struct config *config);

/* Settings that a file without "defaults" gives to its cameras. */
extern const struct camera_settings camera_settings_built_in;
/* "defaults", over the built-in ones. */
void defaults_section_read(const struct node *node, struct camera_settings *defaults);
/* "cameras[]". settings holds the defaults on entry. */
void camera_section_read(const struct node *node, struct camera_settings *settings);

/* "variants" of a camera or of the defaults, added to those that settings has; the same name replaces. */
void variants_section_read(const struct node *node, struct topic_settings *settings);

/* "cameras[].source". settings has the defaults on entry. Returns the name of its type (static), NULL after a fault. */
const char *source_section_read(const struct node *node, struct source_settings *settings);

/* One function for each type of source: reads the keys that only this type has. */
typedef void source_read(struct section *section, struct source_settings *settings);
source_read emulated_source_read, pattern_source_read, v4l2_source_read, push_source_read, url_source_read;

/* Once all cameras are read: tells those that take any V4L2 device which ones others name. */
void v4l2_share_devices(struct config *config);

/* The path of a file of that kind, taken as relative to the configuration's own. NULL after a fault; config_check() has
 * one too where the file cannot be opened. */
const char *file_path_read(const struct node *file, const char *kind);

/* "faults" of the sources that can play them. */
void fault_list_read(struct section *source, struct source_settings *settings);

#endif
