/* spawn.h - a child that executes this program anew. */
#ifndef WEIR_TOOLKIT_SPAWN_H
#define WEIR_TOOLKIT_SPAWN_H

#include <weir/process.h>

/* proc */
#include "proc/process.h"

#define CHILD_NAME_BYTES 64

int weir__spawn(struct process *process, int (*main)(const struct weir_child *),
                const struct weir_child *child, struct weir_err *err);

/* The name under which it was registered, NULL: it was not. */
const char *weir__function_name(int (*main)(const struct weir_child *));

#endif
