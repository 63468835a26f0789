/*
 * run.h - the supervisor's view of a run that goes.
 */
#ifndef WEIR_RUN_H
#define WEIR_RUN_H

#include <signal.h>

/* proc */
#include "proc/process.h"
/* engine */
#include "engine/plan.h"
#include "engine/stats.h"
#include "engine/worker.h"

#define RUN_STATES(X)                                                                              \
    X(RUNNING, "running")                                                                          \
    X(DRAINING, "draining")                                                                        \
    X(PUBLISHING, "publishing")                                                                    \
    X(STOPPING, "stopping")                                                                        \
    X(ENDED, "ended")

enum run_state {
#define RUN_STATE(name, text) STATE_##name,
    RUN_STATES(RUN_STATE)
#undef RUN_STATE
};

struct run_worker {
    struct worker_start start;
    struct process process;
    bool ended;        /* for good: it has closed its seat, or the run is being stopped */
    uint32_t deaths;   /* one after the other without a commit between them */
    uint64_t sequence; /* of its ledger at the last of them */
};

struct run {
    struct weir_plan *plan;
    const struct weir_run_options *options;
    struct run_view view;
    struct run_worker *worker;
    size_t workers;
    enum run_state state;
    bool failing; /* somebody has failed; whether it is the first record to fail is not yet known */
    bool published;
    int signal;
    uint32_t restarts;
    struct weir_err err;
    struct weir_receipt *receipt;
    int epoll_fd, signal_fd, poke_fd;
    sigset_t old_mask;
    bool masked;
    uint64_t began_ms, time_limit_ms, deadline_ms, next_progress_ms, next_sample_ms;
};

uint64_t weir__now_ms(void);

/* Discards the run: err is why, NULL for a signal. */
void weir__run_stop(struct run *run, const struct weir_err *err);

/* Adds up the memory of the run's processes and keeps the most that was seen. */
void weir__run_sample_memory(struct run *run);

#endif
