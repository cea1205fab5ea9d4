#define _GNU_SOURCE /* strcasestr */
#include "cameras/url/url_challenge.h"

#include "cameras/secrets.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEADER "WWW-Authenticate:"
#define ALGORITHM "algorithm="
/* The characters in names of schemes and algorithms. */
#define TOKEN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
#define CHALLENGE_BYTES 48

void url_challenge_note(const char *line, char *schemes, size_t capacity) {
    char challenge[CHALLENGE_BYTES];
    if (strncasecmp(line, HEADER, sizeof HEADER - 1) != 0) {
        return;
    }
    const char *scheme = line + sizeof HEADER - 1;
    scheme += strspn(scheme, " \t");
    const char *algorithm = strncasecmp(scheme, "Digest", 6) == 0 ? strcasestr(scheme, ALGORITHM) : NULL;
    int length = 0;
    if (algorithm != NULL) {
        algorithm += sizeof ALGORITHM - 1;
        algorithm += *algorithm == '"';
        length = (int)strspn(algorithm, TOKEN);
    }
    snprintf(challenge, sizeof challenge, "%.*s%s%.*s", (int)strspn(scheme, TOKEN), scheme, length > 0 ? " " : "",
             length, length > 0 ? algorithm : "");
    secrets_mask(challenge);
    const size_t used = strlen(schemes);
    if (strstr(schemes, challenge) == NULL) {
        snprintf(schemes + used, capacity - used, "%s%s", used > 0 ? ", " : "", challenge);
    }
}

bool url_challenge_exceeds_ffmpeg(const char *schemes) {
    const char *last = NULL;
    for (const char *found = schemes; (found = strcasestr(found, "Digest")) != NULL; found++) {
        last = found;
    }
    return last != NULL && strncasecmp(last, "Digest SHA", sizeof "Digest SHA" - 1) == 0;
}
