/*
 * run.h - the supervisor's view of a run that goes.
 */
#ifndef WEIR_RUN_H
#define WEIR_RUN_H

#include <signal.h>

/* base */
#include "base/clock.h"
/* proc */
#include "proc/process.h"
/* engine */
#include "engine/plan.h"
#include "engine/words.h"
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

/* What an event of the run's epoll is about. */
enum watched { WATCHED_SIGNALS, WATCHED_POKES, WATCHED_FOR_CALLER, WATCHED_WORKER, WATCHED_WORDS };

struct watch {
    enum watched what;
    struct run_worker *worker;
};

struct run_worker {
    struct worker_start start;
    struct process process;
    struct watch gone, says;
    struct words words; /* what it writes to its standard error */
    bool ended;         /* for good: it has closed its seat, or the run is being stopped */
    uint32_t deaths;    /* one after the other without a commit between them */
    uint64_t sequence;  /* of its ledger at the last of them */
    uint64_t started_ms;
    uint64_t restart_ms; /* when it is to be started again; 0: it is not waiting for that */
    uint64_t overdue;    /* the trial that it was killed for, since it took too long; 0: none */
    struct blame_book blame;
};

struct run {
    struct weir_plan *plan;
    const struct weir_supervise_options *options;
    struct run_view view;
    struct run_worker *worker;
    size_t workers;
    enum run_state state;
    bool failing; /* somebody has failed; whether it is the first record to fail is not yet known */
    bool published;
    bool hurried; /* a signal has come while it publishes */
    int signal;
    uint32_t restarts;
    uint64_t set_aside; /* records that killed their workers */
    bool sink_started;  /* of these records */
    struct weir_err err;
    struct weir_receipt *receipt;
    struct watch signals, pokes, for_caller;
    int epoll_fd, signal_fd, poke_fd;
    sigset_t stopping, old_mask;
    bool masked;
    uint64_t began_ms, time_limit_ms, deadline_ms, next_progress_ms, next_sample_ms;
    uint64_t looked_ms;  /* when the workers' time was looked at last */
    uint64_t resumed_ms; /* when the run went on after it had been stopped; 0: it never was */
};

/* Discards the run: err is why, NULL for a signal. */
void weir__run_stop(struct run *run, const struct weir_err *err);

/* Hands a line to the caller's on_event. */
void weir__run_tell(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- workers.c ---- */

int weir__run_start_worker(struct run *run, struct run_worker *worker, struct weir_err *err);
/* Its pidfd is readable: replaces it, or stops the run. */
void weir__run_worker_gone(struct run *run, struct run_worker *worker);
/* It has written to its standard error. */
void weir__run_hear(struct run *run, struct run_worker *worker);
/* Starts again who has waited for it, and kills who takes too long for a record. */
void weir__run_check_workers(struct run *run);
/* When that is to be looked at next. */
uint64_t weir__run_next_check_ms(const struct run *run);

/* ---- memory.c ---- */

/* Adds up the memory of the run's processes and keeps the most that was seen. */
void weir__run_sample_memory(struct run *run);

#endif
