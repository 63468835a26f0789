/*
 * run.h - what `pipeline run` and `pipeline do` share.
 */
#ifndef WEIR_CLI_RUN_H
#define WEIR_CLI_RUN_H

#include "arguments.h"
#include "report.h"

/* Plans and runs the pipeline: that of args->operand, or where text is not NULL, that text. The
 * program's exit code; everything has been said. */
int run_pipeline(const struct arguments *args, const char *text, const struct report *report);

#endif
