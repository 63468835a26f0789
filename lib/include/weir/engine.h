/*
 * engine.h - load, plan and supervise a pipeline in this process, which knows the stage types: what
 * the program `pipeline` is made of. Another program that wants a pipeline run uses weir.h instead,
 * and has its signals, its children and its threads for itself.
 *
 * Read a pipeline file with weir_pipeline_load, then weir_supervise it. The process that calls that
 * is the run's supervisor until it returns: it starts the workers, watches and replaces them, and
 * never touches a record.
 *
 * What happens when
 *   a worker is killed           its successor does the work in hand again; the output is the same bytes
 *   a record kills its workers   it is set aside byte for byte (quarantine:), and the run goes on
 *   the supervisor is killed     every worker dies with it; final names are untouched; a .NAME.part
 *                                may stay beside an output until the next run replaces it
 *   a signal comes               SIGINT, SIGTERM and SIGHUP stop the run; a second one kills. weir_supervise
 *                                returns with receipt->signal set, and the caller should die of it
 *   a record is bad              the stage's on_error decides; by default the run stops and publishes
 *                                nothing
 */
#ifndef WEIR_ENGINE_H
#define WEIR_ENGINE_H

#include <weir/function.h>
#include <weir/receipt.h>
#include <weir/stage.h>

/* ---- stage types ---- */

/* Makes the types of a NULL-terminated list known to pipeline files. The list and the types must
 * stay. 0, or a negative code for a type whose ABI or option table is wrong. Call before anything
 * else; not thread-safe. */
WEIR_PUBLIC int weir_register(const struct weir_stage_type *const *types, struct weir_err *err);
/* host.source and host.sink, whose other side is a program that uses weir.h; NULL at the end. */
WEIR_PUBLIC const struct weir_stage_type *const *weir_host_types(void);
/* The type of that name (or alias), or NULL. */
WEIR_PUBLIC const struct weir_stage_type *weir_stage_type(const char *name);
/* The i-th type that a pipeline file may name, by name; NULL behind the last. */
WEIR_PUBLIC const struct weir_stage_type *weir_stage_type_at(size_t i);
/* What `pipeline stages NAME` shows, and the page in docs/stages/. To be freed; NULL when memory
 * ran out. */
WEIR_PUBLIC char *weir_stage_help(const struct weir_stage_type *type);
WEIR_PUBLIC char *weir_stage_markdown(const struct weir_stage_type *type);

/* ---- pipelines ---- */

struct weir_pipeline;

/* A part of a pipeline, to look at it or to test it. It writes to standard output what the sink
 * would have written, or where a stage is named, the records that this one emits, as CSV. It has no
 * other output: what is rejected is counted only. */
struct weir_excerpt {
    const char *stage; /* the last one that runs; NULL: all do */
    uint64_t count;    /* of the stage: ends after so many records; 0: all */
    /* Data comes from standard input: the bytes that the source would have read, or where a stage
     * is named that is no source, its records as CSV. */
    bool from_stdin;
    const struct weir_pair *types; /* of these records' columns */
    size_t types_count;
};

/* Zeroed: the file as it stands. */
struct weir_load_options {
    const struct weir_pair *vars; /* --var name=value */
    size_t vars_count;
    const struct weir_pair *sets; /* --set stage.option=value */
    size_t sets_count;
    uint32_t
        workers; /* --workers: for every stage that may have several and does not say; 0: auto */
    const struct weir_excerpt *excerpt; /* NULL: the whole */
};

/* Reads a pipeline file ("-": standard input). On failure every error of the file is in errors, and
 * *ret is NULL. */
WEIR_PUBLIC int weir_pipeline_load(const char *path, const struct weir_load_options *options,
                                   struct weir_pipeline **ret, struct weir_errors *errors);
/* The same of a text, which is copied. name stands in messages where a file's name would. */
WEIR_PUBLIC int weir_pipeline_parse(const char *name, const char *text, size_t length,
                                    const struct weir_load_options *options,
                                    struct weir_pipeline **ret, struct weir_errors *errors);
WEIR_PUBLIC void weir_pipeline_free(struct weir_pipeline *pipeline);
/* What a pipeline file may hold, with every registered type, as JSON Schema (draft 7). To be freed;
 * NULL when memory ran out. */
WEIR_PUBLIC char *weir_pipeline_schema(void);
/* Its stages and who reads whom, as text that Graphviz or Mermaid draws. To be freed; NULL when
 * memory ran out. */
enum weir_graph_format { WEIR_GRAPH_DOT, WEIR_GRAPH_MERMAID };
WEIR_PUBLIC char *weir_pipeline_graph(const struct weir_pipeline *pipeline,
                                      enum weir_graph_format format);
WEIR_PUBLIC const char *weir_pipeline_name(const struct weir_pipeline *pipeline);

/* One of a file's `tests`: what comes out when this goes in. A pipeline loaded as an excerpt has
 * none. */
struct weir_test {
    const char *name;
    struct weir_excerpt excerpt;
    const char *given, *expect;
    bool csv; /* what comes out is CSV */
    uint32_t line;
};
/* The i-th, or NULL behind the last. */
WEIR_PUBLIC const struct weir_test *weir_pipeline_test(const struct weir_pipeline *pipeline,
                                                       size_t i);

/* ---- plans ---- */

struct weir_plan;

/*
 * Probes the sources, binds every stage to its schema, and works out processes, rings and bytes.
 * Nothing is written. lenient: what is not there yet (an input file) is no error but a line in the
 * plan's text, and what depends on it stays unchecked: this is `pipeline check`.
 */
WEIR_PUBLIC int weir_plan_make(struct weir_pipeline *pipeline, bool lenient, struct weir_plan **ret,
                               struct weir_errors *errors);
WEIR_PUBLIC void weir_plan_free(struct weir_plan *plan);
/* What `pipeline plan` prints: stages, processes, rings, bytes, and where every record goes. To be
 * freed. */
WEIR_PUBLIC char *weir_plan_text(const struct weir_plan *plan);
/* What the first source that guesses has found out of its options, as lines of a pipeline file; NULL: none
 * does. Borrowed. */
WEIR_PUBLIC const char *weir_plan_guess(const struct weir_plan *plan);
/* The most memory that the run's processes will use together: the segment once, and what each may
 * have of its own. */
WEIR_PUBLIC uint64_t weir_plan_bytes(const struct weir_plan *plan);
WEIR_PUBLIC uint32_t weir_plan_processes(const struct weir_plan *plan);
/* Whether a sink writes to standard output: then nothing else should be drawn where that goes. */
WEIR_PUBLIC bool weir_plan_writes_stdout(const struct weir_plan *plan);
/* Whether the path is an input or output of the run, or the pipeline file: not a place for anything
 * else. */
WEIR_PUBLIC bool weir_plan_uses(const struct weir_plan *plan, const char *path);

/* ---- runs ---- */

/* Descriptors for the workers of one stage. They stay the caller's. */
struct weir_given {
    const char *stage;
    int fd[WEIR_GIVEN];
};

/* Zeroed: to the end, and silently. */
struct weir_supervise_options {
    uint64_t timeout_ms; /* 0: none, or the file's */
    /* Called in this process at most every interval_ms while the run goes. NULL: not called. */
    void (*on_progress)(const struct weir_receipt *so_far, void *context);
    /* What one stage has done, as the user named it (inner stages added up). in = used + dropped +
 * rejected + failed + quarantined. Shares are of the time that its workers were alive, in percent.
 */
    /* A line about something that happened: a worker was replaced, a second signal is awaited.
     * NULL: not called. */
    void (*on_event)(const char *text, void *context);
    uint32_t interval_ms;
    /* Called whenever watched_fd is readable. False stops the run. NULL: nothing is watched. */
    bool (*on_watched)(void *context);
    int watched_fd;
    void *context;
    /* For types with WEIR_HOSTED: each of their stages needs one. */
    const struct weir_given *given;
    size_t given_count;
};

/*
 * Runs to the end. Returns 0 if the run is complete and published (receipt->exit_code may still be
 * 1), or a negative code with err filled. *ret_receipt is made in both cases if the run began, else
 * NULL.
 */
WEIR_PUBLIC int weir_supervise(struct weir_plan *plan, const struct weir_supervise_options *options,
                               /* What a run has done, so far or in all. */
                               struct weir_receipt **ret_receipt, struct weir_err *err);
#endif
