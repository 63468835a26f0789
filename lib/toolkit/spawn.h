/*
 * spawn.h - a child that executes this program anew, and how a child that is no copy of its parent
 * knows what it is to do: from a call, which is a file in memory of which it is given the descriptor.
 */
#ifndef WEIR_TOOLKIT_SPAWN_H
#define WEIR_TOOLKIT_SPAWN_H

#include <weir/process.h>

/* proc */
#include "proc/process.h"

#define CHILD_NAME_BYTES 64

struct call {
    uint64_t magic;
    uint64_t argument_bytes;
    uint64_t fd_count;
    pid_t parent;
    char method[16]; /* the parent's default, which becomes the child's */
    char function[CHILD_NAME_BYTES];
    char name[CHILD_NAME_BYTES];
    _Alignas(16) char argument[]; /* for any type */
};

/* By spawn or forkserver. */
int weir__start_anew(struct process *process, enum weir_start_method method,
                     int (*main)(const struct weir_child *), const struct weir_child *child,
                     struct weir_err *err);

int weir__spawn(struct process *process, int (*main)(const struct weir_child *),
                const struct weir_child *child, struct weir_err *err);

/* Registers those of a higher layer, before main begins. */
void weir__functions_of_engine(const struct weir_process_function *functions);

/* The name under which it was registered, NULL: it was not. */
const char *weir__function_name(int (*main)(const struct weir_child *));

/* Returns a descriptor; WEIR_EUSAGE: the function was not registered; WEIR_EOS. */
int weir__call_write(int (*main)(const struct weir_child *), const struct weir_child *child,
                     struct weir_err *err);

/* For the child's own use. NULL: this is the descriptor of something else. */
struct call *weir__call_map(int fd);

/* In the child, which has those descriptors. Returns its exit code. */
int weir__call_run(struct call *call, const int *fds);

/* What WEIR_DEFAULT stands for, or the method itself. */
enum weir_start_method weir__start_method(enum weir_start_method method);

#endif
