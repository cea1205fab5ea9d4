#include "broker/settings/setting_units.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    double factor;
};

/* Digits, perhaps with a fraction: strtod() would take more, and depends on the locale. */
static const char *parse_number(const char *text, double *number) {
    const char *at = text;
    double value = 0, place = 1;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (*at - '0');
    }
    if (at == text) {
        return NULL;
    }
    if (*at == '.' && at[1] >= '0' && at[1] <= '9') {
        for (at++; *at >= '0' && *at <= '9'; at++) {
            place /= 10;
            value += place * (*at - '0');
        }
    }
    *number = value;
    return at;
}

static bool parse(const char *text, const struct unit *units, int (*compare)(const char *, const char *),
                  double *value) {
    double number;
    const char *unit = parse_number(text, &number);
    if (unit == NULL) {
        return false;
    }
    if (*unit == '\0') {
        *value = number;
        return true;
    }
    unit += *unit == ' ';
    for (; units->name != NULL; units++) {
        if (compare(unit, units->name) == 0) {
            *value = number * units->factor;
            return true;
        }
    }
    return false;
}

bool setting_parse_size(const char *text, double *bytes) {
    static const struct unit units[] = {{"B", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {NULL, 0}};
    return parse(text, units, strcasecmp, bytes);
}

bool setting_parse_time(const char *text, double *seconds) {
    static const struct unit units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};
    return parse(text, units, strcmp, seconds);
}
