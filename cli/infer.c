/*
 * infer.c - `pipeline infer`: how a CSV file is written, as a stage to begin a pipeline file with.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define ROWS 10000

static const char pipeline[] = "version: 1\n"
                               "name: infer\n"
                               "vars: {path: ~, rows: ~}\n"
                               "stages:\n"
                               "  - {id: read, type: csv.read, with: {path: \"${path}\", infer: "
                               "\"${rows}\"}}\n"
                               "  - {id: forget, type: discard}\n";

static void print_stage(const char *guess)
{
    puts("  - id: read\n    type: csv.read\n    with:");
    for (size_t n; *guess != '\0'; guess += n + (guess[n] != '\0')) {
        n = strcspn(guess, "\n");
        printf("      %.*s\n", (int)n, guess);
    }
}

/* The user has written neither the file nor its stage: what is left is what is wrong with the input. */
static void forget_places(struct weir_errors *errors)
{
    static const char context[] = "stage 'read': ";
    for (size_t i = 0; i < errors->count; i++) {
        struct weir_err *err = &errors->list[i];
        const char *text = strstr(err->text, context);
        if (text != NULL)
            memmove(err->text, text + strlen(context), strlen(text + strlen(context)) + 1);
        err->line = 0;
        err->file[0] = err->source[0] = '\0';
    }
}

static int infer(const struct arguments *args, const struct report *report)
{
    char rows[24];
    snprintf(rows, sizeof(rows), "%" PRIu64, args->records == 0 ? ROWS : args->records);
    const struct weir_pair vars[] = {{"path", args->operand}, {"rows", rows}};
    const struct weir_load_options options = {.vars = vars, .vars_count = 2};
    struct weir_errors errors = {0};
    struct weir_pipeline *read = NULL;
    struct weir_plan *plan = NULL;
    int exit_code = EXIT_SUCCESS;
    if (weir_pipeline_parse("infer", pipeline, strlen(pipeline), &options, &read, &errors) < 0 ||
        weir_plan_make(read, false, &plan, &errors) < 0) {
        forget_places(&errors);
        exit_code = report_errors(report, &errors);
    } else {
        print_stage(weir_plan_guess(plan));
    }
    if (plan != NULL)
        weir_plan_free(plan);
    if (read != NULL)
        weir_pipeline_free(read);
    return exit_code;
}

const struct command command_infer = {
    .name = "infer",
    .taker = TAKER_INFER,
    .operand = "FILE",
    .summary = "print a stage that reads a CSV file, guessed from its first rows",
    .doc =
        "Looks at the first rows of a CSV file, compressed or not, and prints a stage that reads "
        "it: its\n"
        "delimiter and quote, whether it has a header, and the types of its columns, with "
        "comments where\n"
        "they may be wrong. For the file, behind a line `stages:`. FILE may be a pattern like "
        "'in/*.csv';\n"
        "the first match is looked at.",
    .run = infer,
};
