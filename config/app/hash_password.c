#define _DEFAULT_SOURCE
#include "config/app/hash_password.h"

#include "web/access/password.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct line {
    char text[PASSWORD_MAX_BYTES + 1];
};

/* The compiler may not leave it out, as it may memset(). */
static void wipe(struct line *line) { explicit_bzero(line, sizeof *line); }

/* Byte by byte, so that nothing stays in a buffer. ERR_INVALID: too long. */
static enum err read_line(int fd, struct line *line, struct reason *reason) {
    size_t used = 0;
    char byte = '\0';
    ssize_t got;
    while ((got = read(fd, &byte, 1)) == 1 && byte != '\n') {
        if (used == PASSWORD_MAX_BYTES || byte == '\0') {
            reason_set(reason, "the password must be at most %d bytes without NUL", PASSWORD_MAX_BYTES);
            return ERR_INVALID;
        }
        line->text[used++] = byte;
    }
    line->text[used] = '\0';
    if (got < 0) {
        reason_set(reason, errno == EINTR ? "interrupted" : "cannot read the password");
        return errno == EINTR ? ERR_INTERRUPTED : ERR_IO;
    }
    if (used == 0) {
        reason_set(reason, "the password is empty");
        return ERR_INVALID;
    }
    return ERR_OK;
}

/* ---- At a terminal ---- */

static void on_signal(int number) {
    (void)number; /* it only has to end the read, so that the terminal shows again what is typed */
}

static enum err prompt(int fd, FILE *talk, const char *question, struct line *line, struct reason *reason) {
    fputs(question, talk);
    fflush(talk);
    enum err error = read_line(fd, line, reason);
    fputc('\n', talk);
    return error;
}

static enum err ask_twice(int fd, FILE *talk, struct line *line, struct reason *reason) {
    struct line again;
    enum err error = prompt(fd, talk, "Password: ", line, reason);
    if (error == ERR_OK) {
        error = prompt(fd, talk, "Repeat it: ", &again, reason);
    }
    if (error == ERR_OK && strcmp(line->text, again.text) != 0) {
        reason_set(reason, "the passwords differ");
        error = ERR_INVALID;
    }
    wipe(&again);
    return error;
}

static enum err ask(int fd, FILE *talk, struct line *line, struct reason *reason) {
    struct termios shown, hidden;
    if (tcgetattr(fd, &shown) != 0) {
        reason_set(reason, "cannot read from this terminal");
        return ERR_IO;
    }
    struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &hidden);
    enum err error = ask_twice(fd, talk, line, reason);
    tcsetattr(fd, TCSAFLUSH, &shown);
    return error;
}

/* ---- Both ---- */

enum err hash_password(FILE *in, FILE *out, FILE *talk) {
    struct line line = {""};
    char *hash = NULL;
    struct reason reason = {""};
    int fd = fileno(in);
    enum err error = isatty(fd) == 1 ? ask(fd, talk, &line, &reason) : read_line(fd, &line, &reason);
    if (error == ERR_OK) {
        error = password_hash(line.text, &hash);
        if (error != ERR_OK) {
            reason_set(&reason, "cannot hash the password: %s", err_text(error));
        }
    }
    wipe(&line);
    if (error == ERR_OK && (fprintf(out, "%s\n", hash) < 0 || fflush(out) != 0)) {
        reason_set(&reason, "cannot write the hash");
        error = ERR_IO;
    }
    if (error != ERR_OK) {
        fprintf(talk, "framebroker: %s\n", reason.text);
    }
    free(hash);
    return error;
}
