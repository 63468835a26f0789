/*
 * run.h - running a pipeline, which several commands do.
 */
#ifndef WEIR_CLI_RUN_H
#define WEIR_CLI_RUN_H

#include "arguments.h"
#include "report.h"

/* Plans and runs the pipeline: that of args->operand, or where text is not NULL, that text. The
 * program's exit code; everything has been said. */
int run_pipeline(const struct arguments *args, const char *text, const struct report *report);

/* Runs a plan and says nothing about it but its error. The program's exit code, where rejected
 * records are none; *ret_receipt is to be freed, and NULL if the run did not begin. */
int run_quietly(const struct report *report, struct weir_plan *plan,
                struct weir_receipt **ret_receipt);

#endif
