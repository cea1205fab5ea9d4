#include "config/options.h"

#include <string.h>
#include <unistd.h>

const char *options_help(void) {
    return "Usage: framebroker [OPTION]...\n"
           "Publishes cameras as MJPEG streams, snapshots and status over HTTP.\n"
           "\n"
           "  --config FILE       the configuration (JSON); without it the installed one, or else the demo\n"
           "  --check             check the configuration, report every fault, and exit\n"
           "  --listen ADDR:PORT  listen there instead of where the file says; port 0 takes a free one\n"
           "  --list-devices      print the V4L2 devices: paths, formats, sizes, rates; --json for machines\n"
           "  --log-format TYPE   how events are logged: text, or json, one object a line\n"
           "  --hash-password     ask for a password and print its hash, for \"users\" of the configuration\n"
           "  --verbose           log more\n"
           "  --version           print the version and exit\n"
           "  --help              print this and exit\n"
           "\n"
           "Ready means one line on standard output: listening on http://ADDR:PORT/\n"
           "SIGTERM and SIGINT end it; SIGHUP reads the configuration again and applies what has changed.\n"
           "Exit status: 0 done, 1 failed at run time, 2 bad usage or configuration.\n";
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
            take_flag("--verbose", argument, &options->verbose) ||
            take_flag("--list-devices", argument, &options->list_devices) ||
            take_flag("--hash-password", argument, &options->hash_password) ||
            take_flag("--json", argument, &options->json)) {
            continue;
        }
        const char *value = NULL;
        if (take_value("--config", argc, argv, &i, &value)) {
            options->config_path = value;
        } else if (take_value("--listen", argc, argv, &i, &value)) {
            options->listen = value;
        } else if (take_value("--log-format", argc, argv, &i, &value)) {
            if (value != NULL && !parse_log_format(value, &options->log_format)) {
                reason_set(reason, "--log-format must be text or json (got \"%s\")", value);
                return ERR_INVALID;
            }
        } else {
            reason_set(reason, "unknown option \"%s\"; --help lists them all", argument);
            return ERR_INVALID;
        }
        if (value == NULL) {
            reason_set(reason, "%s needs a value", argument);
            return ERR_INVALID;
        }
    }
    if (options->json && !options->list_devices) {
        reason_set(reason, "--json belongs to --list-devices");
        return ERR_INVALID;
    }
    return ERR_OK;
}

const char *options_config_path(const struct options *options, const char *usual, const char *demonstration) {
    if (options->config_path != NULL) {
        return options->config_path;
    }
    return access(usual, F_OK) == 0 ? usual : demonstration;
}
