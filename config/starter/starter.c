#include "config/starter/starter.h"

#include "config/starter/find_onvif.h"
#include "config/starter/find_rpicam.h"
#include "config/starter/find_v4l2.h"

#include <stdlib.h>

static void find_local(struct found_cameras *cameras) {
    find_rpicam(cameras);
    find_v4l2(cameras, cameras->count > 0);
}

static enum err find_in_networks(struct found_cameras *cameras) {
    enum err error = find_onvif(cameras);
    if (error != ERR_OK) {
        fprintf(cameras->talk, "framebroker: --onvif: the networks cannot be asked: %s\n", err_text(error));
    }
    return error;
}

enum err starter_write(bool onvif, FILE *out, FILE *talk) {
    struct found_cameras *cameras = calloc(1, sizeof *cameras);
    enum err error = cameras != NULL ? arena_create(&cameras->arena) : ERR_MEMORY;
    if (error != ERR_OK) {
        goto out;
    }
    cameras->talk = talk;
    find_local(cameras);
    if (onvif) {
        error = find_in_networks(cameras);
    }
    if (error == ERR_OK && arena_exhausted(cameras->arena)) {
        error = ERR_MEMORY;
    }
    if (error != ERR_OK) {
        goto out;
    }
    if (cameras->count == 0) {
        fprintf(talk, "no camera was found%s; the configuration has a test picture\n",
                onvif ? "" : " on this machine (--init --onvif asks the networks too)");
    }
    found_cameras_write(cameras, out);
    if (fflush(out) != 0 || ferror(out) != 0) {
        error = ERR_IO;
    }
out:
    if (cameras != NULL) {
        arena_unref(&cameras->arena);
        free(cameras);
    }
    return error;
}
