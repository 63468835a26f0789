/*
 * command.h - the commands of the program: one file each, one list of them all in main.c.
 */
#ifndef WEIR_CLI_COMMAND_H
#define WEIR_CLI_COMMAND_H

#include "arguments.h"
#include "report.h"

struct command {
    const char *name;
    enum takers taker;   /* which options it takes */
    const char *operand; /* as arguments_read wants it */
    const char *summary; /* one line */
    const char *doc;     /* paragraphs, before the options on the help page */
    /* Returns the program's exit code. Has printed what there is to say. */
    int (*run)(const struct arguments *args, const struct report *report);
};

extern const struct command command_run;
extern const struct command command_do;
extern const struct command command_new;
extern const struct command command_infer;
extern const struct command command_check;
extern const struct command command_plan;
extern const struct command command_graph;
extern const struct command command_peek;
extern const struct command command_test;
extern const struct command command_stages;
extern const struct command command_functions;
extern const struct command command_eval;
extern const struct command command_schema;
extern const struct command command_completion;
extern const struct command command_version;
extern const struct command command_help;

/* All of them, in the order of the help page; NULL at the end. */
extern const struct command *const commands[];

/* The command of that name, or NULL with err filled. */
const struct command *command_find(const char *name, struct weir_err *err);
/* Whether its operand is a pipeline file, or the @NAME of one. */
bool command_takes_file(const struct command *command);
/* What `pipeline COMMAND --help` prints. */
void command_print_help(FILE *to, const struct command *command);
/* What `pipeline help` prints. */
void command_print_overview(FILE *to);

#endif
