/*
 * arguments.h - a command line, read by one table of options.
 *
 * A row of the table is the only place where an option exists: it drives parsing, the help page and
 * the suggestion after a slip. Options may stand before and after the operand; "--" ends them.
 */
#ifndef WEIR_CLI_ARGUMENTS_H
#define WEIR_CLI_ARGUMENTS_H

#include <weir/engine.h>

#include "progress.h"

/* The commands that take an option. */
enum takers {
    TAKER_RUN = 1,
    TAKER_CHECK = 2,
    TAKER_PLAN = 4,
    TAKER_STAGES = 8,
    TAKER_FUNCTIONS = 16,
    TAKER_EVAL = 32,
    TAKER_DO = 64,
    TAKER_GRAPH = 128,
    TAKER_PEEK = 256,
    TAKER_TEST = 512,
    TAKER_INFER = 1024,
    TAKER_OTHERS = 2048,
    TAKER_ANY = 4095,
};

enum graph_format { FORMAT_DOT, FORMAT_MERMAID, FORMAT_SVG };

struct pairs {
    struct weir_pair *list; /* key and value are owned */
    size_t count;
};

struct arguments {
    const char *operand; /* FILE, NAME or EXPRESSION; NULL: none */
    const char *stage;   /* the second one of FILE STAGE */
    char **words;        /* what stands from the operand on, where that is a list */
    size_t words_count;
    struct pairs vars, sets, columns;
    uint32_t workers;
    bool dry_run, quiet, json, markdown, print, help;
    enum progress_mode progress;
    enum graph_format format;
    uint64_t records;    /* 0: not given */
    const char *receipt; /* a path, or NULL */
    uint64_t timeout_ms; /* 0: none */
};

/* argv[0] is skipped. operand: "FILE" must be given, "[NAME]" may be, "FILE STAGE" are two,
 * "WORD..." takes all that stands from the first word on, options or not; NULL takes none. 0, or WEIR_EUSAGE with err
 * filled. Release in both cases. With --help a missing operand is no error. */
int arguments_read(struct arguments *args, enum takers taker, const char *operand, int argc,
                   char **argv, struct weir_err *err);
void arguments_release(struct arguments *args);

/* The options that these commands take, a line or two each. */
void arguments_print_help(FILE *to, enum takers taker);
/* Their names only, "--quiet", on one line. */
void arguments_print_names(FILE *to, enum takers taker);

#endif
