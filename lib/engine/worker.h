/*
 * worker.h - what a worker process does, from its first instruction to its last.
 */
#ifndef WEIR_WORKER_H
#define WEIR_WORKER_H

/* proc */
#include "proc/process.h"
/* engine */
#include "engine/layout.h"

struct worker_start {
    struct segment segment;
    uint32_t group, seat;
    int poke_fd;                  /* an eventfd: tells the supervisor to look at the words */
    int head_fd;                  /* what the probe kept of standard input, or -1 */
    int kept_fd;                  /* the file of a seat that keeps one, or -1 */
    int given[WEIR_GIVEN];        /* what the program gives to a hosted stage, or -1 */
    int kept_before[GROUP_SEATS]; /* those of the seats of the group before */
    uint32_t kept_befores;
    int words_fd;        /* becomes its standard error, or -1 */
    uint64_t data_limit; /* bytes of memory of its own; 0: no limit */
    struct caution caution;
};

/* The main function of a worker: context is a struct worker_start. Returns its exit code. */
int weir__worker_main(void *context);

/* Starts one, by the method that is the default now (weir/process.h). */
int weir__worker_start(struct process *process, struct worker_start *start, struct weir_err *err);

#endif
