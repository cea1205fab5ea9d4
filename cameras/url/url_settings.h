/* The settings of a camera on the network, or a video file, beyond those that every source has. */
#ifndef CAMERAS_URL_URL_SETTINGS_H
#define CAMERAS_URL_URL_SETTINGS_H

#include "cameras/settings.h"

enum url_transport { URL_TRANSPORT_AUTO, URL_TRANSPORT_TCP, URL_TRANSPORT_UDP };
enum url_frames { URL_FRAMES_ALL, URL_FRAMES_KEYFRAMES };

struct url_settings {
    const char *url;                 /* or the path of a video file */
    const char *username, *password; /* instead of those in the URL; NULL: none */
    enum url_transport transport;    /* of RTSP's media */
    bool redirects;                  /* followed, where they may lead */
    bool proxy;                      /* HTTP goes through the environment's proxies */
    bool loop;                       /* files: over and over */
    bool insecure;                   /* TLS: accept any certificate */
    enum url_frames frames;          /* that are decoded */
    unsigned threads;                /* of the decoder: 1 to 16 */
};

/* The choices of "frames". */
extern const char *const url_frame_choices[];
extern const struct setting_table url_settings_table;

/* "ffmpeg", unless the URL is HTTP, whose answer decides; see struct camera_type. */
const char *url_needed_module(const struct source_settings *settings);

#endif
