/*
 * nearest.h - "did you mean".
 */
#ifndef WEIR_CLI_NEAREST_H
#define WEIR_CLI_NEAREST_H

#include <weir/err.h>

/* If one of the names (NULL at the end) is like word, makes "did you mean 'PREFIXname'?" the note
 * of err. */
void nearest_note(struct weir_err *err, const char *prefix, const char *word,
                  const char *const *names);

#endif
