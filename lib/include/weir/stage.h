/*
 * stage.h - write a stage type.
 *
 * A stage type is one `struct weir_stage_type` of functions and one table of options. The engine
 * makes one `struct weir_stage` of it for each stage of a pipeline while it plans, and one for each
 * seat in that seat's worker process, and passes it to every function; `self` is the type's own.
 *
 * The life of a stage, in the order of the calls:
 *
 *     planning (in the program)     configure -> probe (a source, in a short-lived process) -> bind
 *                                   -> needs
 *     a worker (its own process)    configure -> bind -> needs -> open -> produce | process ...
 *                                   -> finish -> close; a sink then: publish -> close
 *
 * A worker may be killed between any two instructions; its successor is given the state of the last
 * commit and the input that was in hand, and does the work again. A stage must therefore be
 * deterministic: the same input and state give the same output, however the records of the input
 * are divided into calls. Nothing else is asked of it.
 *
 * stages/discard.c is the smallest stage, complete.
 */
#ifndef WEIR_STAGE_H
#define WEIR_STAGE_H

#include <sys/types.h>

#include <weir/batch.h>

#define WEIR_STAGE_ABI 1

/* ---- options ---- */

enum weir_option_type {
    WEIR_OPT_STRING,
    WEIR_OPT_CHAR,     /* one byte: ';' or \t */
    WEIR_OPT_PATH,     /* a file; "-" where the stage says so */
    WEIR_OPT_BOOL,     /* true, false, yes, no, on, off */
    WEIR_OPT_COUNT,    /* 1000, 1_000, 2k, 3M */
    WEIR_OPT_BYTES,    /* 64MiB, 1GB, 4096 */
    WEIR_OPT_DURATION, /* 2s, 100ms, 1m30s, 2h */
    WEIR_OPT_RATE,     /* 5/s */
    WEIR_OPT_PERCENT,  /* 5% */
    WEIR_OPT_ENUM,     /* one of choices */
    WEIR_OPT_LIST,     /* of strings; a single one stands for a list of one */
    WEIR_OPT_MAP,      /* of strings to strings, in the order written; or of named members */
    WEIR_OPT_EXPR,     /* an expression; checked in bind */
    WEIR_OPT_EXPR_MAP, /* column: expression */
    WEIR_OPT_SECRET,   /* a string that prints as *** */
    WEIR_OPT_STAGES,   /* name: options of the stage type that `choices` names, whose first option
                          the name is. Such stages come before this one, in the order written */
};

/*
 * The only place where an option exists: it drives parsing, checking, `pipeline stages NAME`, the
 * page in docs/ and the JSON Schema. A table ends with a row whose name is NULL.
 */
struct weir_option {
    const char *name;
    enum weir_option_type type;
    const char *fallback; /* the default as it would be written in a pipeline file; NULL: unset */
    const char *choices;  /* ENUM: "minimal|all|none"; numbers: a range "1..64" or "1.."; MAP: its
                     members, numbers all of them: "rows:count|bytes:bytes"; else NULL */
    bool required;
    const char *help; /* one sentence without a full stop */
};

struct weir_stage;

/* True if the pipeline file gives the option (a fallback does not count). */
WEIR_PUBLIC bool weir_option_given(const struct weir_stage *stage, const char *name);
/* The option's value, or its fallback; NULL if neither. ENUM too. Borrowed, as long as the stage
 * lives. */
WEIR_PUBLIC const char *weir_option_string(const struct weir_stage *stage, const char *name);
/* BOOL: 0 or 1. CHAR: the byte, 0 to 255. COUNT; BYTES; DURATION in milliseconds; PERCENT and RATE
 * in millionths and thousandths. ENUM: the index of the choice. -1: neither given nor with a
 * fallback. */
WEIR_PUBLIC int64_t weir_option_number(const struct weir_stage *stage, const char *name);
/* LIST. Returns the number of strings and sets *ret to them (borrowed). */
WEIR_PUBLIC size_t weir_option_list(const struct weir_stage *stage, const char *name,
                                    const char *const **ret);
struct weir_pair {
    const char *key;
    const char *value;
};
/* MAP, EXPR_MAP. Returns the number of pairs and sets *ret to them (borrowed). */
WEIR_PUBLIC size_t weir_option_map(const struct weir_stage *stage, const char *name,
                                   const struct weir_pair **ret);

/* MAP with members: the number that stands under that one, as weir_option_number gives it. */
WEIR_PUBLIC int64_t weir_option_member(const struct weir_stage *stage, const char *name,
                                       const char *member);

/* As weir_option_error's offset: the mistake is the key, not what stands under it. */
#define WEIR_OPTION_KEY SIZE_MAX

/*
 * For configure and bind: says what is wrong with an option's value; the file, line and column are
 * found from name, key (of a map; the text of the item for a list; NULL) and offset, the place in
 * the value's text where the mistake begins, span bytes wide (0: the whole value). note says what
 * to do, or is NULL. May be called several times; every error is shown. Returns WEIR_ECONFIG.
 */
WEIR_PUBLIC int weir_option_error(struct weir_stage *stage, const char *name, const char *key,
                                  size_t offset, size_t span, const char *note, const char *format,
                                  ...) __attribute__((format(printf, 7, 8)));

/* ---- what a stage says about its work ---- */

/* Fails: the run stops and publishes nothing. The text should name the thing (a file, a host).
 * Returns code. */
WEIR_PUBLIC int weir_fail(struct weir_stage *stage, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As weir_fail, with ": " and the text of errno at the end; the code as in weir_err_errno. */
WEIR_PUBLIC int weir_fail_errno(struct weir_stage *stage, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What weir_reject answers when it is not a negative code. */
enum weir_verdict {
    WEIR_SKIP =
        0, /* set aside or dropped, and counted: leave the record out, go on with the next */
    WEIR_FULL =
        1, /* no room: set *cursor to this record and return; the call is repeated from there */
    WEIR_SET_NULL =
        2, /* take null for the value, go on with the same record (never without a column) */
};

/*
 * A rule said no to a record. on_error of the stage decides: `stop` fails the run with "FILE:LINE
 * (byte OFFSET), column 'C': TEXT" and returns a negative code; `reject` writes a row to the
 * stage's rejects. column may be NULL. The first form finds the position through batch->locate.
 */
WEIR_PUBLIC int weir_reject(struct weir_stage *stage, const struct weir_batch *batch,
                            uint32_t record, const char *column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
WEIR_PUBLIC int weir_reject_at(struct weir_stage *stage, const struct weir_position *position,
                               const char *column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What became of records, beyond what the engine sees for itself; added to by the stage during a
 * call, and committed or forgotten with that call. used = in - dropped - rejected - failed. */
struct weir_counts {
    uint64_t in;      /* only a stage that reads raw bytes: the records that it found in them */
    uint64_t dropped; /* asked for: a filter said no */
    uint64_t null_dropped; /* of these, because the condition was null */
    uint64_t failed;       /* the world said no; they are passed on with the reason */
    uint64_t bytes;        /* sources: read; sinks: written */
    uint64_t slow_bytes;   /* of what was read, where there are two ways to take it: the type's
                              slow_way */
};

/* The name of an input file of the run, for messages. Never NULL. */
WEIR_PUBLIC const char *weir_file_name(const struct weir_stage *stage, uint32_t file);

/* ---- the stage as the type's functions see it ---- */

/* Where produce, process and finish put what they make. */
struct weir_output {
    /* A stage whose output schema has columns fills this; what it points to must stay until the
     * next call of the same stage (or close). */
    struct weir_batch batch;

    /* A stage whose output schema is raw writes here: capacity bytes, at least 64 KiB. */
    char *bytes;
    size_t capacity;
    size_t used;
    uint32_t records;            /* how many records the bytes hold, where that is known; else 0 */
    struct weir_position origin; /* sources: of the first byte */
    uint64_t whole_bytes; /* sources: as in struct weir_batch, for the next stage to reject */

    /* A type with `outputs`: a batch for each of them, empty at first. */
    struct weir_batch *other;
};

/* A stage as its type's functions get it: one while the pipeline is planned, and one in each worker. */
struct weir_stage {
    const struct weir_stage_type *type;
    const char *id; /* the user's id */
    void *self;     /* the type's own; configure makes it, close frees it */
    const struct weir_schema *in;
    const struct weir_schema *out; /* after bind */
    const bool *needed; /* after bind of the whole graph: which columns of out somebody uses */
    struct weir_counts count;
    /* Set by configure or open: what stands outside this seat is a pipe or a socket, which no
     * successor could take up where this worker left it. Its death ends the run. */
    bool irreplaceable;
    /* Set by configure or bind: how many bytes the type holds in each worker, beside what it makes of a
     * batch. The plan counts them. */
    uint64_t memory_bytes;
    void *state; /* state_bytes, zeroed at first: committed with every transaction */
    struct stage_runtime *runtime; /* the engine's */
};

/* The schema of input i: of a stage with several inputs, in the order of its type's `inputs`, or of
 * the list in the pipeline file; else stage->in is 0's. NULL behind the last. */
WEIR_PUBLIC const struct weir_schema *weir_input_schema(const struct weir_stage *stage, uint32_t i);
/* Of a type with `outputs`, after the bind of the whole graph: which columns of output i somebody
 * uses; NULL if nobody reads it. What goes there then is dropped, and to be counted so. */
WEIR_PUBLIC const bool *weir_output_needed(const struct weir_stage *stage, uint32_t i);

/* Only inside produce of a source with raw output: asks for room for one record larger than
 * out->capacity. On 0, out->bytes and out->capacity are the large area (max_record bytes and one); what was
 * in the small one is lost. Another value (the run is being stopped) is to be returned at once. */
WEIR_PUBLIC int weir_output_oversize(struct weir_stage *stage, struct weir_output *out);
/* The largest record in bytes that the run takes (`max_record`). */
WEIR_PUBLIC size_t weir_max_record(const struct weir_stage *stage);
/* True until this seat has committed its first transaction: state is then all zeros. In open it
 * tells a first start from the successor of a worker that died. */
WEIR_PUBLIC bool weir_is_fresh(const struct weir_stage *stage);

/* What probe finds out: the schema of a source, its files, and a text of the type's own that the
 * worker's stage gets again through weir_probed. */
struct weir_probe {
    struct weir_schema schema;
    char **file;
    size_t files;
    char *text;
    char *guess;    /* options that it has found out for itself, as lines of a pipeline file */
    uint64_t bytes; /* what the source will read in all; 0: unknown */
    /* Not 0: the input can be read in so many pieces, by any number of seats through read_split.
     * Else one seat calls produce. */
    uint64_t splits;
    /* For standard input and other pipes: what probe has read from them already, to be handed to
     * produce by weir_stdin_head. */
    char *head;
    size_t head_bytes;
};
WEIR_PUBLIC int weir_probe_add_file(struct weir_probe *probe, const char *path);
/* The text that probe left; NULL if there is none (planning before the probe). */
WEIR_PUBLIC const char *weir_probed(const struct weir_stage *stage);
/* How many files it has found, and which of the run's is the first of them: a position's `file`
 * counts all of the run's. */
WEIR_PUBLIC size_t weir_probed_files(const struct weir_stage *stage);
WEIR_PUBLIC uint32_t weir_first_file(const struct weir_stage *stage);
/* Reads what probe kept of standard input, as pread(2) does. */
WEIR_PUBLIC ssize_t weir_stdin_head(const struct weir_stage *stage, void *to, size_t bytes,
                                    uint64_t offset);
/* For a source that keeps nothing of standard input: a descriptor of memory without a name, empty at
 * first, which outlives the worker. What it holds up to where the committed state says is what a
 * successor finds. Borrowed. */
WEIR_PUBLIC int weir_source_memory(const struct weir_stage *stage);

/*
 * For a type with WEIR_KEEPS, whose state is larger than state_bytes: a file without a name, empty
 * at first, that outlives the worker. What it holds up to where the committed state says is what a
 * successor finds; what a dead worker wrote behind that is to be written over. Nobody else writes.
 * Every worker of the seat shares the descriptor: use pread and pwrite. Borrowed.
 */
WEIR_PUBLIC int weir_kept(const struct weir_stage *stage);
/* For the stage behind one that keeps: the file of its seat so many, read up to where that seat has
 * told in what it put out; -1: there is no such seat. */
WEIR_PUBLIC int weir_kept_before(const struct weir_stage *stage, uint32_t seat);
/* For a type with WEIR_HOSTED: descriptor i, below WEIR_GIVEN, of those that the program has given to
 * its workers. Borrowed. */
WEIR_PUBLIC int weir_given_fd(const struct weir_stage *stage, uint32_t i);
enum { WEIR_GIVEN = 3 };
/* How many workers the pipeline file asks for; 0: it does not say. */
WEIR_PUBLIC uint32_t weir_workers(const struct weir_stage *stage);
/* Which of its group's seats this is. */
WEIR_PUBLIC uint32_t weir_seat(const struct weir_stage *stage);
/* In process: where the input stands in the stream. Higher numbers are later records; a number may
 * come in several batches, one after the other. */
WEIR_PUBLIC uint64_t weir_input_number(const struct weir_stage *stage);

/* How many bytes of input a split should have. */
WEIR_PUBLIC size_t weir_split_bytes(const struct weir_stage *stage);
/*
 * Only inside read_split, once each, in this order, before any other long work: every split hands a
 * word of 56 bits on to the next one, like the state in which its text ends. Receiving waits for
 * the split before; the first receives 0. On 0 the word is there; another value (the run ends, or
 * nobody wants the output) is to be returned at once.
 */
WEIR_PUBLIC int weir_split_receive(struct weir_stage *stage, uint64_t *ret);
WEIR_PUBLIC void weir_split_hand_on(struct weir_stage *stage, uint64_t word);

enum weir_trait {
    WEIR_SOURCE = 1,   /* has produce; and read_split, where its input can be divided */
    WEIR_SINK = 2,     /* has no output */
    WEIR_ONE_SEAT = 4, /* never more than one worker, but for splits */
    WEIR_NO_FUSE = 8,  /* always a seat of its own: it reads or writes files while others compute.
                          Not where it reads splits */
    WEIR_REJECTS = 16, /* calls weir_reject: on_error and rejects make sense */
    WEIR_INNER = 32,   /* part of an expansion: not to be named in a pipeline file */
    WEIR_TOTALS = 64,  /* puts out bytes in finish alone, which the next stage takes in any order */
    WEIR_KEEPS = 128,  /* has a file of its own beside its state: weir_kept */
    WEIR_ROUTES = 2048,  /* has outputs, and no stream beside them */
    WEIR_SPREADS = 4096, /* inner: its outputs go each to one seat of the inner type behind it */
    WEIR_HOSTED = 8192,  /* the program that runs the pipeline gives it descriptors */

    /* The sandbox that its worker can be in once the stage is open. Stages that share a worker are
     * in what all of them can bear. */
    WEIR_SANDBOX_FILES = 256,   /* it opens no socket, and starts no program */
    WEIR_SANDBOX_NETWORK = 512, /* it opens files to read them only, and starts no program */
    WEIR_SANDBOX_STRICT = 768,  /* it opens neither files nor sockets, and starts no program */
    WEIR_CONFINED = 1024, /* reads what strangers wrote: shares no worker with a stage that needs
                             more */
};

/* What produce returns; and process: 0, or WEIR_ENOUGH when it needs no further input. */
enum weir_progress { WEIR_DONE = 0, WEIR_MORE = 1, WEIR_ENOUGH = 2 };

/*
 * Every function returns 0 (or what it says) or a negative code after weir_fail or
 * weir_option_error. All but those marked * may be NULL. "Planning" is the program that was
 * started; "worker" is a process of its own.
 */
struct weir_stage_type {
    uint32_t abi;  /* WEIR_STAGE_ABI */
    uint32_t size; /* sizeof(struct weir_stage_type) */
    const char *name;
    const char *summary;  /* one line */
    const char *slow_way; /* "through libcsv": what slow_bytes went, for the receipt; or NULL */
    const char *doc;      /* paragraphs for `pipeline stages NAME` and docs/ */
    const struct weir_option *options;
    uint32_t traits;
    uint32_t state_bytes; /* at most 1024 */

    /* The inner stages that this type expands into, NULL at the end, or NULL. Each is given the
     * same options; an inner type's `wanted` (NULL: always) says whether it is needed. An expanding
     * type has configure at most. */
    const struct weir_stage_type *const *inner;
    bool (*wanted)(const struct weir_stage *stage);

    /* Planning and worker. Reads the options, checks what one row cannot say, makes self. Opens
     * nothing. */
    int (*configure)(struct weir_stage *stage);

    /* A source, in a short-lived process: opens its inputs, finds the schema. */
    int (*probe)(struct weir_stage *stage, struct weir_probe *ret);

    /* Planning and worker. From the input's schema (stage->in; NULL for a source, whose *ret is
     * what probe found) to the output's. Expressions are compiled here. *ret is zeroed; a sink
     * leaves it so. */
    int (*bind)(struct weir_stage *stage, struct weir_schema *ret);

    /* Planning and worker, after bind: given which columns of the outputs are needed
     * (stage->needed, weir_output_needed), marks those of the input that are. NULL: all of them.
     * in_needed has stage->in->columns entries, all false. Where there are several inputs it is
     * called for each, with stage->in being that one. */
    void (*needs)(struct weir_stage *stage, bool *in_needed);

    /* The names of its inputs, NULL at the end, where it has several: the pipeline file gives each
     * a stage to read, and a batch says through which it came (in->input). Batches come from any of
     * them at any time; none may be waited for. Such a type has one seat. NULL: one input; a list
     * of several stages is merged before it. */
    const char *const *inputs;

    /* Planning and worker, after configure: the names of what it puts out beside its stream, which
     * other stages may read: how many they are, *ret being borrowed as long as the stage lives. At
     * most 16. NULL: nothing. */
    uint32_t (*outputs)(const struct weir_stage *stage, const char *const **ret);
    /* Planning, after bind: the schema of output i. NULL: its input's. */
    int (*bind_output)(struct weir_stage *stage, uint32_t i, struct weir_schema *ret);

    /* Worker. Opens files, allocates. stage->state holds the last commit's (weir_is_fresh tells
     * whether there is one). */
    int (*open)(struct weir_stage *stage);

    /* Worker, a source*: fills out with the next batch, moves stage->state. WEIR_MORE, or WEIR_DONE
     * when this is the last (an empty one is fine). */
    int (*produce)(struct weir_stage *stage, struct weir_output *out);

    /*
     * Worker, a source with raw output whose probe has found splits: reads split number `split` and
     * fills the batch with whole records, none if it is empty; the bytes stay until the next call.
     * A split is read again after a death, by another worker, and must be the same then.
     */
    int (*read_split)(struct weir_stage *stage, uint64_t split, struct weir_batch *ret);

    /*
     * Worker, all others*: works on `in` from *cursor on (0 at first, then what the last call left:
     * a record's number, or what the type likes) and fills out. Sets *cursor to where it stopped,
     * UINT64_MAX when the batch is done; stopping early is how a stage makes more of a batch than
     * out holds. A stage with columns as output that is not the last of its seat is asked again
     * only when its output has been used up. Returns 0, or WEIR_ENOUGH when it needs no further
     * input: the stage's input is then treated as ended after this call, and *cursor must be
     * UINT64_MAX.
     */
    int (*process)(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                   struct weir_output *out);

    /*
     * Worker, a stage that reads raw bytes: how many of in's bytes its first record takes, with its
     * end, and in *ret_lines how many lines. Where it is there, a batch that kills its worker is
     * worked on one record at a time, and the record that did it is set aside; without it such a
     * batch ends the run. Batches of columns need nothing.
     */
    size_t (*first_record)(struct weir_stage *stage, const struct weir_batch *in,
                           uint64_t *ret_lines);

    /* Worker, when the input has ended: a last output; a sink flushes and syncs. WEIR_MORE asks to
     * be called again; what it has put out by then must show in its state, from which a successor
     * goes on. Not of a sink. */
    int (*finish)(struct weir_stage *stage, struct weir_output *out);

    /* Worker, a sink, once all sinks of the run have finished (keep) or the run has failed (not
     * keep): renames the temporary file to its name, or removes it. Must be repeatable. Sets
     * *ret_path to what was published for the receipt (borrowed), or NULL; also when it fails. */
    int (*publish)(struct weir_stage *stage, bool keep, const char **ret_path);

    /* Planning and worker. Frees self; accepts a half-opened stage. */
    void (*close)(struct weir_stage *stage);
};

#endif
