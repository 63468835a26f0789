/*
 * weir.h - run pipelines from inside a program.
 *
 *     struct weir_job *job;
 *     struct weir_run *run;
 *     if (weir_job_load("orders.yaml", &job, &err) < 0 ||
 *         weir_job_var(job, "in", "orders.csv", &err) < 0)
 *         ...
 *     int code = weir_run(job, NULL, &run, &err);
 *     const struct weir_receipt *receipt = weir_run_receipt(run);
 *     ...
 *     weir_run_free(run);
 *     weir_job_free(job);
 *
 * A run is a process of its own, the supervisor, and the workers are its children. They are no
 * children of this program: it has none to reap and gets no SIGCHLD. The library makes no thread and
 * touches no handler, no mask and no disposition of a signal. All that a run has in this process is
 * its handle, a few descriptors that exec closes, and, where it has sources or sinks of this
 * program, some MiB of shared memory for each.
 *
 *     this program is killed       the run stops and publishes nothing
 *     this program forks           the handle is inert in the child: weir_run_free there frees
 *                                  memory and closes descriptors, and the run goes on here
 *     the thread that started it   may end: a handle belongs to no thread. Two threads must not use
 *                                  one handle at once, but for weir_run_cancel
 *     the supervisor is killed     its workers die with it, and weir_run_step says so
 *
 * The supervisor is the program weir-worker, which is installed with the library; or this program
 * itself, if its main begins with weir_worker_main. It is found beside the library, or by the
 * environment's WEIR_WORKER.
 *
 * An error is the caller's: a function returns 0 or a negative code of err.h and fills err, which
 * may be NULL. Structs that the caller makes begin with their size, so that a later version of the
 * library knows which members they have.
 */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/function.h>
#include <weir/receipt.h>
#include <weir/stage.h>

/* ---- jobs ---- */

/* A pipeline and what this program gives it: variables, settings, sources and sinks of its own. It
 * may be run any number of times, also at once. */
struct weir_job;

/* Reads a pipeline file. That it is right is looked at by weir_job_check and by a run. */
WEIR_PUBLIC int weir_job_load(const char *path, struct weir_job **ret, struct weir_err *err);
/* The same of a text, which is copied. name stands in messages where a file's name would. */
WEIR_PUBLIC int weir_job_parse(const char *name, const char *text, size_t length,
                               struct weir_job **ret, struct weir_err *err);
/* One without stages, to be built in code. */
WEIR_PUBLIC int weir_job_new(const char *name, struct weir_job **ret, struct weir_err *err);
/* Runs that were started from it go on. NULL is fine. */
WEIR_PUBLIC void weir_job_free(struct weir_job *job);

/*
 * Adds a stage behind those that are there. Unless weir_connect says what it reads it reads the one
 * before. The pipeline is what a file with the same stages would be: types, options and messages
 * are the same, and messages point into the text that weir_job_text gives.
 */
WEIR_PUBLIC int weir_stage_add(struct weir_job *job, const char *id, const char *type,
                               struct weir_err *err);
/* Sets an option of a stage that was added. The value is text, as it is. */
WEIR_PUBLIC int weir_stage_set(struct weir_job *job, const char *id, const char *option,
                               const char *value, struct weir_err *err);
/* The same with a value as it stands in a file, in one line: a list, a map. */
WEIR_PUBLIC int weir_stage_set_yaml(struct weir_job *job, const char *id, const char *option,
                                    const char *yaml, struct weir_err *err);
/* `to` reads `from`, as well as what it reads already. from is a stage's id, or ID.PORT; to is an
 * id, or ID.INPUT of one with named inputs. */
WEIR_PUBLIC int weir_connect(struct weir_job *job, const char *from, const char *to,
                             struct weir_err *err);
/* Sets a key of the pipeline (run, modules, quarantine), or with `id` of a stage (workers, rejects,
 * on_error), to a value as it stands in a file. id NULL: of the pipeline. */
WEIR_PUBLIC int weir_job_key(struct weir_job *job, const char *id, const char *key,
                             const char *yaml, struct weir_err *err);
/* The pipeline as the file that it would be. Borrowed until the job changes; NULL when memory ran
 * out. */
WEIR_PUBLIC const char *weir_job_text(struct weir_job *job);

/* As --var NAME=VALUE, --set STAGE.OPTION=VALUE and --workers of `pipeline run`. */
WEIR_PUBLIC int weir_job_var(struct weir_job *job, const char *name, const char *value,
                             struct weir_err *err);
WEIR_PUBLIC int weir_job_set(struct weir_job *job, const char *option, const char *value,
                             struct weir_err *err);
WEIR_PUBLIC void weir_job_workers(struct weir_job *job, uint32_t workers);

/* ---- records from this program, and to it ---- */

struct weir_feed; /* what a source puts its records into */

/*
 * Stands behind a stage of type host.source. The functions are called inside weir_run_step only, by
 * the thread that calls it.
 */
struct weir_host_source {
    size_t size; /* sizeof(struct weir_host_source) */
    /*
     * Puts any number of records, by weir_feed_put. Returns WEIR_MORE to be called again, at the
     * next step if it has put nothing; WEIR_DONE when there are no more; a negative code: the run
     * fails with it.
     */
    int (*produce)(struct weir_feed *feed, void *context);
    /* May be NULL. Once the outputs are published: all that was made of the first `records` records
     * stands in them, so that a checkpoint may be set. */
    void (*durable)(uint64_t records, void *context);
    void *context;
};

/* The columns that the stage's option `columns` declares. */
WEIR_PUBLIC const struct weir_schema *weir_feed_schema(const struct weir_feed *feed);
/* How many records were put into it so far. */
WEIR_PUBLIC uint64_t weir_feed_records(const struct weir_feed *feed);
/* Puts a record: a value for each column, which is copied. 0; WEIR_FULL: there is no room, the
 * record was not taken, and produce is to return WEIR_MORE; WEIR_EDATA: it is larger than
 * max_record; other codes mean that the run is over. */
WEIR_PUBLIC int weir_feed_put(struct weir_feed *feed, const struct weir_value *value);
/* Puts a whole batch from record *cursor on, which it moves behind what there was room for. Its
 * columns are those of the feed, each with entries. */
WEIR_PUBLIC int weir_feed_put_batch(struct weir_feed *feed, const struct weir_batch *batch,
                                    uint32_t *cursor);

/* Stands behind a stage of type host.sink. Called inside weir_run_step only. */
struct weir_host_sink {
    size_t size; /* sizeof(struct weir_host_sink) */
    /*
     * Takes the records of a batch, which is borrowed for the call. Each record comes once, whatever
     * worker dies, and in the order of the run; but until weir_run_step has said that the run is
     * complete they are those of a run that may still fail. A negative code: the run fails with it.
     */
    int (*consume)(const struct weir_batch *batch, const struct weir_schema *schema, void *context);
    void *context;
};

/* Says what stands behind the stage of that id; it is copied. */
WEIR_PUBLIC int weir_job_source(struct weir_job *job, const char *id,
                                const struct weir_host_source *source, struct weir_err *err);
WEIR_PUBLIC int weir_job_sink(struct weir_job *job, const char *id,
                              const struct weir_host_sink *sink, struct weir_err *err);

/* ---- runs ---- */

struct weir_run;

/* Zeroed but for the size: the defaults. */
struct weir_run_options {
    size_t size;              /* sizeof(struct weir_run_options) */
    uint64_t timeout_ms;      /* of the run; 0: none, or the file's */
    uint32_t progress_ms;     /* how often progress is brought up to date; 0: every 200 ms */
    const char *start_method; /* of its workers: fork (the default), spawn, forkserver */
    /* A line about something that happened: a worker was replaced. Called inside weir_run_step.
     * NULL: not called. */
    void (*on_event)(const char *text, void *context);
    void *context;
};

/*
 * Starts a run and does not wait for anything. What is wrong with the job, weir_run_step says. The
 * job may be freed at once; what its sources and sinks point to must stay. options may be NULL.
 */
WEIR_PUBLIC int weir_run_start(const struct weir_job *job, const struct weir_run_options *options,
                               struct weir_run **ret, struct weir_err *err);
/*
 * Does what there is to do in this process: takes records from sources, gives records to sinks,
 * hears from the supervisor. Where there is nothing it waits so many ms (-1: until there is
 * something). WEIR_MORE: the run goes on. WEIR_DONE: it is complete and its outputs are published.
 * A negative code: it has failed and published nothing, for the reason that weir_run_errors gives.
 */
WEIR_PUBLIC int weir_run_step(struct weir_run *run, int timeout_ms);
/* For the caller's own poll: readable when a step has something to do. Also call one when a source
 * has records again, or anything changes for it that only the caller sees. */
WEIR_PUBLIC int weir_run_fd(const struct weir_run *run);
/* How far it is, as of the last step; NULL before it has begun. Borrowed until the next step. */
WEIR_PUBLIC const struct weir_receipt *weir_run_progress(const struct weir_run *run);
/* Stops the run, which then fails. From any thread and from a signal handler, as long as the handle
 * is there; keep calling weir_run_step. */
WEIR_PUBLIC void weir_run_cancel(const struct weir_run *run);
/* What a run did, once it has ended; NULL if it never began. Borrowed. */
WEIR_PUBLIC const struct weir_receipt *weir_run_receipt(const struct weir_run *run);
/* Why it failed: of a job that is wrong, everything that is; else one error. Borrowed. */
WEIR_PUBLIC const struct weir_errors *weir_run_errors(const struct weir_run *run);
/* At any time. A run that goes is cancelled and waited for, which takes milliseconds unless
 * something holds its outputs up. NULL is fine. */
WEIR_PUBLIC void weir_run_free(struct weir_run *run);

/* All of it: starts, steps until the end. *ret is the run that has ended, to be freed; NULL if it
 * could not be started. What weir_run_step returned last. */
WEIR_PUBLIC int weir_run(const struct weir_job *job, const struct weir_run_options *options,
                         struct weir_run **ret, struct weir_err *err);

/* ---- looking at a job before it is run ---- */

/* What a run would take. */
struct weir_job_plan {
    uint64_t bytes; /* the most memory that its processes will use together */
    uint32_t processes;
    bool writes_stdout;
    const char *text; /* what `pipeline plan` prints; in the same block */
};

/* Finds all mistakes that can be found without inputs, and adds them to errors. Waits for a process
 * that does it. */
WEIR_PUBLIC int weir_job_check(const struct weir_job *job, struct weir_errors *errors);
/* Makes the plan of a run: its inputs must be there. *ret is to be freed by free(3). */
WEIR_PUBLIC int weir_job_plan(const struct weir_job *job, struct weir_job_plan **ret,
                              struct weir_errors *errors);

/* ---- a program with stage types of its own ---- */

/*
 * First in main. In a process that the library has started for a run it does not return; else it
 * remembers that this program can be its own supervisor and workers, with these types and functions
 * (lists with NULL at the end; functions may be NULL) and the host's, and no others. Where only some
 * types are your own, a module (`modules:` in the pipeline) has the built-in ones beside them.
 */
WEIR_PUBLIC void weir_worker_main(int argc, char **argv, const struct weir_stage_type *const *types,
                                  const struct weir_function *const *functions);

#endif
