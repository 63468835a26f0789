/*
 * launch.h - starting the supervisor of a run as a process that is no child of this one.
 */
#ifndef WEIR_HOST_LAUNCH_H
#define WEIR_HOST_LAUNCH_H

#include <weir/err.h>

/* The descriptors that a supervisor begins with, beside 0, 1, 2. */
enum { SUPERVISOR_SOCKET = 3, SUPERVISOR_HOST = 4 /* a pidfd of the program */ };

#define SUPERVISOR_MARK "--weir-supervisor"

/* This program is its own supervisor: weir_worker_main was called. */
void weir__launch_self(void);

/* *ret_socket is this end of the socket to it. WEIR_EOS, WEIR_EUNAVAILABLE: there is no weir-worker.
 */
int weir__launch(int *ret_socket, struct weir_err *err);

#endif
