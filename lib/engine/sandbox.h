/*
 * sandbox.h - what a worker can still do once its stages are open.
 *
 * A sandbox is the bits WEIR_SANDBOX_FILES and WEIR_SANDBOX_NETWORK of weir/stage.h, both or none:
 * what a group's members can all do without. Whatever was opened before stays open, and the segment
 * stays as it is: a worker that was taken over can spoil the run that it works for.
 */
#ifndef WEIR_SANDBOX_H
#define WEIR_SANDBOX_H

#include <weir/err.h>

#include <stdint.h>

/* none, files, network or strict. */
const char *weir__sandbox_name(uint32_t sandbox);

/* What this kernel lacks to hold a worker in a sandbox, and what follows from it; NULL: nothing. */
const char *weir__sandbox_gap(void);

/* Shuts the doors of this process, for good, with what the kernel has. 0, or negative if it has
 * something and that failed. */
int weir__sandbox_enter(uint32_t sandbox, struct weir_err *err);

#endif
