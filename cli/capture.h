/*
 * capture.h - the program's standard streams, for a while in memory: what a run in between reads
 * and writes.
 */
#ifndef WEIR_CLI_CAPTURE_H
#define WEIR_CLI_CAPTURE_H

#include <weir/engine.h>

struct capture {
    int in, out; /* what stood there before; in: -1 if it was left */
};

/* Standard input becomes `given` (NULL: stays), standard output is kept. 0 or a code. */
int capture_begin(struct capture *capture, const char *given, struct weir_err *err);
/* Both are again what they were. *ret is what was written, to be freed, with a NUL behind it. */
int capture_end(struct capture *capture, char **ret, size_t *ret_bytes, struct weir_err *err);

#endif
