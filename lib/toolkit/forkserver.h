/*
 * forkserver.h - children that are forked by a clean process, whatever this one has grown to.
 *
 * The server is spawned by the thread that first needs it. For each child it gets the call (spawn.h)
 * and descriptors through a socket, and forks a sibling of its own: a child of this process, which
 * sees it end as it sees all others. The kernel writes the child's number into memory that both
 * share, before the child runs: so whenever the server is killed, there is either a child that this
 * process knows, or none, and the request is made again to a new server.
 */
#ifndef WEIR_TOOLKIT_FORKSERVER_H
#define WEIR_TOOLKIT_FORKSERVER_H

#include <weir/process.h>

/* proc */
#include "proc/process.h"

int weir__forkserver_start(struct process *process, int (*main)(const struct weir_child *),
                           const struct weir_child *child, struct weir_err *err);

/* Ends the server of this thread, if there is one, as the end of the thread and of the program do. */
void weir__forkserver_stop(void);

/* ---- in the server ---- */

#define FORKSERVER_NAME "weir-forkserver"
int weir__forkserver_main(const struct weir_child *child);

#endif
