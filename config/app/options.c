#include "config/app/options.h"

#include <string.h>
#include <unistd.h>

const char *options_help(void) {
    return "Usage: framebroker [OPTION]...\n"
           "Publishes cameras as MJPEG streams, snapshots and status over HTTP.\n"
           "\n"
           "  --config FILE       read this configuration (JSON); default: the installed one, or the demo\n"
           "  --check             check the configuration, report every fault, and exit\n"
           "  --listen ADDR:PORT  listen here instead of where the file says; port 0 takes a free port\n"
           "  --init              print a configuration for the cameras of this machine\n"
           "  --onvif             with --init: for the ONVIF cameras of the local networks too\n"
           "  --list-devices      list the V4L2 devices: paths, formats, sizes and frame rates\n"
           "  --probe URL         try a camera of type url: report what it sends, and the source to configure\n"
           "  --motion FILE       print the events that these motion settings (JSON) make of a video; with\n"
           "                      --verbose the score of each frame too\n"
           "  --video FILE        the video for --motion\n"
           "  --recordings        list what is recorded; with --init mark the configured folder for recordings, with\n"
           "                      --verify compare files and catalogue, with --rebuild make the catalogue anew\n"
           "  --json              with --list-devices, --probe, --motion or --recordings: print JSON\n"
           "  --hash-password     ask for a password and print its hash, for \"users\" in the configuration\n"
           "  --log-format TYPE   format of the log: text (default), or json, one object per line\n"
           "  --verbose           log more\n"
           "  --version           print the version and exit\n"
           "  --help              print this help and exit\n"
           "\n"
           "When the server is ready, it prints one line: listening on http://ADDR:PORT/\n"
           "SIGTERM and SIGINT stop it; SIGHUP reloads the configuration.\n"
           "Exit status: 0 success, 1 failure at run time, 2 invalid command line or configuration.\n";
}

/* Takes the value of an option that needs one: "--name VALUE" or "--name=VALUE". False if argument is not --name. */
static bool take_value(const char *name, int argc, char *const argv[], int *index, const char **value) {
    const char *argument = argv[*index];
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0) {
        return false;
    }
    if (argument[length] == '=') {
        *value = argument + length + 1;
        return true;
    }
    if (argument[length] != '\0') {
        return false;
    }
    *value = *index + 1 < argc ? argv[++*index] : NULL;
    return true;
}

static bool take_flag(const char *name, const char *argument, bool *flag) {
    if (strcmp(name, argument) != 0) {
        return false;
    }
    *flag = true;
    return true;
}

static bool parse_log_format(const char *text, enum log_format *format) {
    *format = strcmp(text, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
    return *format == LOG_FORMAT_JSON || strcmp(text, "text") == 0;
}

enum err options_parse(int argc, char *const argv[], struct options *options, struct reason *reason) {
    *options = (struct options){0};
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (take_flag("--check", argument, &options->check) || take_flag("--help", argument, &options->help) ||
            take_flag("--version", argument, &options->version) ||
            take_flag("--verbose", argument, &options->verbose) || take_flag("--init", argument, &options->init) ||
            take_flag("--onvif", argument, &options->onvif) ||
            take_flag("--list-devices", argument, &options->list_devices) ||
            take_flag("--hash-password", argument, &options->hash_password) ||
            take_flag("--recordings", argument, &options->recordings) ||
            take_flag("--verify", argument, &options->verify) || take_flag("--rebuild", argument, &options->rebuild) ||
            take_flag("--json", argument, &options->json)) {
            continue;
        }
        const char *value = NULL;
        if (take_value("--config", argc, argv, &i, &value)) {
            options->config_path = value;
        } else if (take_value("--probe", argc, argv, &i, &value)) {
            options->probe = value;
        } else if (take_value("--motion", argc, argv, &i, &value)) {
            options->motion = value;
        } else if (take_value("--video", argc, argv, &i, &value)) {
            options->video = value;
        } else if (take_value("--listen", argc, argv, &i, &value)) {
            options->listen = value;
        } else if (take_value("--log-format", argc, argv, &i, &value)) {
            if (value != NULL && !parse_log_format(value, &options->log_format)) {
                reason_set(reason, "--log-format must be text or json (got \"%s\")", value);
                return ERR_INVALID;
            }
        } else {
            reason_set(reason, "unknown option \"%s\"; see --help", argument);
            return ERR_INVALID;
        }
        if (value == NULL) {
            reason_set(reason, "%s needs a value", argument);
            return ERR_INVALID;
        }
    }
    if ((options->motion == NULL) != (options->video == NULL)) {
        reason_set(reason, "--motion needs --video, and --video --motion");
        return ERR_INVALID;
    }
    const int tasks = options->init + options->verify + options->rebuild;
    if (tasks > 1) {
        reason_set(reason, "--init, --verify and --rebuild exclude each other");
        return ERR_INVALID;
    }
    if ((options->verify || options->rebuild) && !options->recordings) {
        reason_set(reason, "--verify and --rebuild need --recordings");
        return ERR_INVALID;
    }
    if (options->json && !options->list_devices && options->probe == NULL && options->motion == NULL &&
        !options->recordings) {
        reason_set(reason, "--json needs --list-devices, --probe, --motion or --recordings");
        return ERR_INVALID;
    }
    if (options->onvif && (!options->init || options->recordings)) {
        reason_set(reason, "--onvif needs --init");
        return ERR_INVALID;
    }
    return ERR_OK;
}

const char *options_config_path(const struct options *options, const char *installed, const char *demonstration) {
    if (options->config_path != NULL) {
        return options->config_path;
    }
    return access(installed, F_OK) == 0 ? installed : demonstration;
}
