#define _GNU_SOURCE /* strcasestr */
#include "broker/multipart/multipart_delimiter.h"

#include "broker/frame/frame.h"
#include "broker/multipart/multipart_oddity.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum err multipart_delimiter_declare(struct multipart_delimiter *delimiter, const char *content_type) {
    const char *found = content_type != NULL ? strcasestr(content_type, "boundary=") : NULL;
    if (found == NULL) {
        return ERR_OK;
    }
    found += strlen("boundary=");
    bool quoted = *found == '"';
    found += quoted;
    size_t length = strcspn(found, quoted ? "\"" : ";\r\n");
    while (length > 0 && !quoted && (found[length - 1] == ' ' || found[length - 1] == '\t')) {
        length--;
    }
    if (length > DELIMITER_MAX_BYTES - 2) {
        return ERR_INVALID;
    }
    if (length > 0) {
        snprintf(delimiter->declared, sizeof delimiter->declared, "%.*s", (int)length, found);
        /* Many cameras declare the dashes as part of the name. */
        bool dashed = length > 2 && strncmp(found, "--", 2) == 0;
        snprintf(delimiter->text, sizeof delimiter->text, "%s%.*s", dashed ? "" : "--", (int)length, found);
    }
    return ERR_OK;
}

/* Without what cameras add to a delimiter, or leave out: dashes, quotes, blanks and commas at either end. */
static struct span trim_delimiter(const char *text) {
    static const char added[] = "-\"' \t,";
    const char *begin = text + strspn(text, added);
    size_t count = strlen(begin);
    while (count > 0 && strchr(added, begin[count - 1]) != NULL) {
        count--;
    }
    return (struct span){(const uint8_t *)begin, count};
}

static bool is_dashed(const char *line) { return strncmp(line, "--", 2) == 0 && line[2] != '\0'; }

/* line is text, with or without two dashes before it and with `end` behind it. */
static bool is_delimiter_text(const char *line, const char *text, const char *end) {
    size_t length = strlen(text);
    line += strncmp(line, text, length) != 0 && is_dashed(line) ? 2 : 0;
    return strncmp(line, text, length) == 0 && strcmp(line + length, end) == 0;
}

static bool is_header(const char *line) {
    size_t length = strcspn(line, ": \t");
    return length > 0 && line[length] == ':';
}

static enum multipart_line learn_delimiter(struct multipart_delimiter *delimiter, const char *line,
                                           enum multipart_line kind) {
    const bool as_declared = is_dashed(line) && strcmp(line + 2, delimiter->declared) == 0;
    delimiter->oddities |= delimiter->declared[0] == '\0' ? MULTIPART_UNDECLARED
                           : as_declared                  ? 0
                                                          : MULTIPART_MISDECLARED;
    snprintf(delimiter->text, sizeof delimiter->text, "%s", line);
    delimiter->is_learnt = true;
    return kind;
}

/* What the declaration says is a hint: also any line of dashes that headers follow is a delimiter, and headers may come
 * without one before them. */
static enum multipart_line judge_first_line(struct multipart_delimiter *delimiter, const char *line) {
    const bool fits = strlen(line) <= DELIMITER_MAX_BYTES;
    if (delimiter->declared[0] == '\0' && is_dashed(line) && fits) {
        return learn_delimiter(delimiter, line, LINE_DELIMITER);
    }
    if (delimiter->declared[0] != '\0' && fits) {
        struct span declared = trim_delimiter(delimiter->declared), given = trim_delimiter(line);
        if (is_delimiter_text(line, delimiter->declared, "")) {
            return learn_delimiter(delimiter, line, LINE_DELIMITER);
        }
        if (is_delimiter_text(line, delimiter->declared, "--")) {
            return LINE_END;
        }
        if (is_dashed(line) && given.count > 0 && given.count == declared.count &&
            memcmp(given.bytes, declared.bytes, given.count) == 0) {
            return learn_delimiter(delimiter, line, LINE_DELIMITER);
        }
    }
    if (delimiter->candidate[0] != '\0' && is_header(line)) {
        return learn_delimiter(delimiter, delimiter->candidate, LINE_HEADER);
    }
    snprintf(delimiter->candidate, sizeof delimiter->candidate, "%.*s", DELIMITER_MAX_BYTES,
             is_dashed(line) && fits ? line : "");
    if (strncasecmp(line, "Content-", 8) == 0 && is_header(line)) {
        delimiter->oddities |= MULTIPART_UNBEGUN;
        return LINE_HEADER;
    }
    return LINE_OTHER;
}

enum multipart_line multipart_delimiter_judge(struct multipart_delimiter *delimiter, const char *line) {
    if (!delimiter->is_learnt) {
        return judge_first_line(delimiter, line);
    }
    size_t length = strlen(delimiter->text);
    if (strncmp(line, delimiter->text, length) == 0) {
        if (line[length] == '\0') {
            return LINE_DELIMITER;
        }
        if (strcmp(line + length, "--") == 0) {
            return LINE_END;
        }
    }
    delimiter->oddities |= line[0] != '\0' ? MULTIPART_STRAY_BYTES : 0;
    return LINE_OTHER;
}
