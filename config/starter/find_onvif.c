#include "config/starter/find_onvif.h"

#include "broker/base/clock.h"
#include "cameras/onvif/onvif_device.h"
#include "cameras/onvif/onvif_discovery.h"
#include "cameras/url/address.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DISCOVERY_NS (3 * NS_PER_S)
#define ALL_WITHIN_NS (120 * NS_PER_S)
#define COMMON "ONVIF"

struct variables {
    const char *user, *password; /* names */
};

/* front-door: FRONT_DOOR_USER. A variable cannot begin with a digit. */
static struct variables variables_of(const struct found_cameras *cameras, const char *id) {
    char name[TOPIC_ID_MAX_BYTES + 1];
    size_t length = 0;
    for (; id[length] != '\0'; length++) {
        name[length] = id[length] == '-' ? '_' : (char)toupper((unsigned char)id[length]);
    }
    name[length] = '\0';
    const char *prefix = isdigit((unsigned char)name[0]) ? "CAMERA_" : "";
    return (struct variables){.user = arena_format(cameras->arena, "%s%s_USER", prefix, name),
                              .password = arena_format(cameras->arena, "%s%s_PASSWORD", prefix, name)};
}

/* Its username is NULL if they are not set. */
static struct onvif_login login_of(struct variables variables) {
    const char *user = getenv(variables.user), *password = getenv(variables.password);
    return user != NULL && password != NULL ? (struct onvif_login){.username = user, .password = password}
                                            : (struct onvif_login){.username = NULL};
}

static void set_login(const struct found_cameras *cameras, struct found_camera *camera, struct variables variables) {
    camera->user_variable = arena_format(cameras->arena, "${%s}", variables.user);
    camera->password_variable = arena_format(cameras->arena, "${%s}", variables.password);
}

static void set_url(const struct found_cameras *cameras, struct found_camera *camera, const char *url) {
    camera->url = arena_format(cameras->arena, "%s", url);
    camera->insecure = address_has_scheme(url, "rtsps");
}

/* The camera itself, and one more for each further video source. */
static void set_streams(struct found_cameras *cameras, struct found_camera *camera, const struct onvif_streams *streams,
                        const struct variables *variables) {
    const char *name = arena_format(cameras->arena, "%s", camera->name);
    for (size_t i = 0; i < streams->count; i++) {
        if (i > 0) {
            camera = found_cameras_add(cameras, arena_format(cameras->arena, "%.100s %zu", name, i + 1));
        }
        if (camera == NULL) {
            return;
        }
        set_url(cameras, camera, streams->urls[i]);
        if (variables != NULL) {
            set_login(cameras, camera, *variables);
        }
    }
}

static void set_placeholder(struct found_cameras *cameras, struct found_camera *camera,
                            const struct onvif_device *device, struct variables variables, bool is_denied,
                            const struct reason *reason) {
    set_url(
        cameras, camera,
        arena_format(cameras->arena, strchr(device->host, ':') != NULL ? "rtsp://[%s]/" : "rtsp://%s/", device->host));
    set_login(cameras, camera, variables);
    if (is_denied) {
        fprintf(cameras->talk,
                "%s (%s) needs a login: set %s and %s, or " COMMON "_USER and " COMMON
                "_PASSWORD for all cameras, and run this again for the address of its stream\n",
                camera->id, device->host, variables.user, variables.password);
    } else {
        fprintf(cameras->talk, "%s (%s) does not give the address of its stream: %s; complete its \"url\"\n",
                camera->id, device->host, reason->text);
    }
}

static enum err ask(struct found_cameras *cameras, const struct onvif_device *device, struct onvif_streams *streams) {
    struct found_camera *camera = found_cameras_add(
        cameras, device->name[0] != '\0' ? device->name : arena_format(cameras->arena, "Camera %s", device->host));
    if (camera == NULL) {
        return ERR_OK;
    }
    const struct variables common = {.user = COMMON "_USER", .password = COMMON "_PASSWORD"};
    const struct variables own = variables_of(cameras, camera->id);
    struct onvif_login login = login_of(own);
    const struct variables *used = &own;
    if (login.username == NULL) {
        login = login_of(common);
        used = &common;
    }
    struct reason reason = {""};
    enum err error = onvif_find_streams(device->service, &login, streams, &reason);
    if (error == ERR_MEMORY) {
        return error;
    }
    if (error == ERR_OK) {
        set_streams(cameras, camera, streams, login.username != NULL ? used : NULL);
    } else {
        set_placeholder(cameras, camera, device, login.username != NULL && error != ERR_DENIED ? *used : own,
                        error == ERR_DENIED, &reason);
    }
    return ERR_OK;
}

enum err find_onvif(struct found_cameras *cameras) {
    const int64_t deadline_ns = clock_monotonic_ns() + ALL_WITHIN_NS;
    struct onvif_devices *devices = malloc(sizeof *devices);
    struct onvif_streams *streams = malloc(sizeof *streams);
    enum err error = devices != NULL && streams != NULL ? onvif_discover(DISCOVERY_NS, devices) : ERR_MEMORY;
    for (size_t i = 0; error == ERR_OK && i < devices->count; i++) {
        if (clock_monotonic_ns() >= deadline_ns) {
            fprintf(cameras->talk, "%zu ONVIF devices were not asked in time\n", devices->count - i);
            break;
        }
        error = ask(cameras, &devices->devices[i], streams);
    }
    if (error == ERR_OK && devices->ignored[0] != '\0') {
        fprintf(cameras->talk, "the ONVIF answer of %s names another host and was ignored\n", devices->ignored);
    }
    free(streams);
    free(devices);
    return error;
}
