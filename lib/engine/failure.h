/*
 * failure.h - which failure of a run is its first, in the order of the stream.
 *
 * Seats fail when they come to it, not in the order of the records. A stage that fails leaves its
 * error and the number of its batch and waits; everybody else goes on. The lowest number that can
 * still fail is known once all lower ones have left the pipeline behind the failed stage: then the
 * error is decided, the same whatever the number of workers.
 */
#ifndef WEIR_FAILURE_H
#define WEIR_FAILURE_H

/* engine */
#include "engine/run.h"

enum failure { FAILURE_NONE, FAILURE_UNDECIDED, FAILURE_DECIDED };

/* DECIDED (or, at a lower urgency, UNDECIDED) fills err. */
enum failure weir__run_failure(const struct run *run, struct weir_err *ret);

#endif
