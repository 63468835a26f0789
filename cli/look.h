/*
 * look.h - the signs that progress and receipt are drawn with, and the room that text takes on a
 * terminal.
 *
 * The locale is asked for here alone and never set for the process: what workers compute must not
 * depend on it.
 */
#ifndef WEIR_CLI_LOOK_H
#define WEIR_CLI_LOOK_H

#include <stdbool.h>
#include <stddef.h>

struct look {
    bool utf8;
    const char *separator; /* between the parts of a line */
    const char *full;      /* a cell of the bar */
    const char *empty;
    const char *slowest; /* marks the stage that the others wait for */
};

/* What the user's locale can show. Lives as long as the program. */
const struct look *look_of_user(void);

/* The columns that text takes on a terminal. Control characters and broken sequences count as one
 * each. */
unsigned look_columns(const struct look *look, const char *text);

/* Cuts text so that it takes at most `columns`. */
void look_clip(const struct look *look, char *text, unsigned columns);

/* Copies text with control characters replaced by '?', so that a name cannot drive the terminal. */
void look_clean(char *to, size_t size, const char *text);

#endif
