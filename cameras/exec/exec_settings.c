#include "cameras/exec/exec_settings.h"

#include "broker/base/subprocess.h"
#include "cameras/source_rows.h"

#include <signal.h>

#define OWN(field) .block = 1, .offset = offsetof(struct exec_settings, field)
#define OWN_LIST(field) OWN(field), .count_offset = offsetof(struct exec_settings, field##_count)

static const char *const signal_names[] = {"SIGINT",  "SIGTERM", "SIGHUP",  "SIGQUIT",
                                           "SIGUSR1", "SIGUSR2", "SIGKILL", NULL};
static const int signal_numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGKILL};

int exec_stop_signal(const struct exec_settings *settings) { return signal_numbers[settings->stop_signal]; }

static const struct setting rows[] = {
    {.name = "command",
     .type = SETTING_TEXTS,
     OWN_LIST(command),
     .required = true,
     .min = 1,
     .max = 256,
     .schema = "\"items\": { \"type\": \"string\" }",
     .help =
         "The program and its arguments; no shell is involved. A program without a slash is looked for on PATH. The "
         "pictures come from its standard output: JPEGs one after the other, multipart, or a stream that FFmpeg "
         "knows, such as H.264, MPEG-TS or Matroska; the first bytes decide. Its standard error goes to the log. It "
         "runs while the camera is open, in a process group of its own."},
    {.name = "environment",
     .type = SETTING_VARIABLES,
     OWN_LIST(environment),
     .max = 64,
     .help = "Environment variables of the program, by name. Of the server's it has only " SUBPROCESS_INHERITED "."},
    {.name = "stop_signal",
     .type = SETTING_CHOICE,
     OWN(stop_signal),
     .choices = signal_names,
     .what = "signal",
     .help = "The signal that ends the program and its children: SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 or "
             "SIGKILL. What still runs 2 seconds later is killed."},
    {.name = "frames",
     .type = SETTING_CHOICE,
     OWN(stream.frames),
     .choices = url_frame_choices,
     .what = "choice of frames",
     .help = "Which frames of a stream are decoded: all, or key frames only, which costs much less."},
    {.name = "threads",
     .type = SETTING_INTEGER,
     OWN(stream.threads),
     .min = 1,
     .max = 16,
     .fallback = 1,
     .help = "Threads of the decoder."},
    {SOURCE_WIDTH, .optional = true,
     .help = "Width in pixels to which decoded pictures are scaled. Without height, the aspect ratio is kept."},
    {SOURCE_HEIGHT, .optional = true, .help = "Height in pixels to which decoded pictures are scaled."},
    SOURCE_QUALITY,
    SOURCE_FAULTS,
};

static const char *check_program(void *const blocks[], struct reason *reason) {
    const struct exec_settings *settings = blocks[1];
    if (settings->command_count == 0 || settings->command[0] == NULL || settings->command[0][0] != '\0') {
        return NULL;
    }
    reason_set(reason, "must begin with the name or the path of a program");
    return "command";
}

const struct setting_table exec_settings_table = {
    .name = "exec",
    .help = "A program that writes pictures to its standard output.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct exec_settings),
    .finish = check_program,
};
