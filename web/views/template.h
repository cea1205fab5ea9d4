/* Pages from templates: {{name}} stands for a text, which is escaped where it is put in, and a block between
 * <!-- name --> and <!-- /name --> can be written as often as there are things to show.
 * A template is part of the program: a marker that has no value, or a block that is missing, is a bug of ours.
 * Threads: any. */
#ifndef WEB_VIEWS_TEMPLATE_H
#define WEB_VIEWS_TEMPLATE_H

#include <stddef.h>
#include <stdio.h>

/* A template or a part of one; borrowed. */
struct template {
    const char *begin, *end;
};

struct template_value {
    const char *name;
    const char *text;
};

/* Writes the template with its values put in. Errors stay in the stream's ferror(). */
void template_write(FILE *out, struct template template, const struct template_value *values, size_t value_count);

/* Parts a template around the block of that name. */
void template_split(struct template template, const char *block_name, struct template *before, struct template *block,
                    struct template *after);

#endif
