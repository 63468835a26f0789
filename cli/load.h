/*
 * load.h - from a command line to a plan: what run, check and plan do first.
 */
#ifndef WEIR_CLI_LOAD_H
#define WEIR_CLI_LOAD_H

#include "arguments.h"
#include "report.h"

struct loaded {
    struct weir_pipeline *pipeline;
    struct weir_plan *plan;
};

/* Reads args->operand, or where text is not NULL that text, and plans it. 0, or the exit code after
 * printing every error. Release in both cases. */
int load_plan(const struct arguments *args, const char *text, const struct report *report,
              bool lenient, struct loaded *ret);
/* The same of a part of args->operand. */
int load_excerpt(const struct arguments *args, const struct weir_excerpt *excerpt,
                 const struct report *report, struct loaded *ret);
void load_release(struct loaded *loaded);

/* Reads args->operand and no more. 0 with *ret for weir_pipeline_free, or the exit code after
 * printing every error. */
int load_pipeline(const struct arguments *args, const struct report *report,
                  struct weir_pipeline **ret);

/* Prints the plan on standard output. 0 or an exit code. */
int load_print_plan(const struct weir_plan *plan, const struct report *report);

#endif
