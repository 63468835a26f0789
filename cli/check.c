/*
 * check.c - `pipeline check`: finds every mistake that can be found without running.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "human.h"
#include "load.h"

/* The line of a lenient plan that names what could not be looked at begins so. */
#define UNCHECKED "not checked: "

/* Cuts the line of text that begins so out of it, or returns NULL. */
static const char *find_unchecked(char *text)
{
    char *line = text == NULL ? NULL : strstr(text, UNCHECKED);
    if (line != NULL)
        line[strcspn(line, "\n")] = '\0';
    return line;
}

static void print_result(const struct loaded *loaded)
{
    char *text = weir_plan_text(loaded->plan);
    const char *unchecked = find_unchecked(text);
    printf("pipeline '%s' is correct", weir_pipeline_name(loaded->pipeline));
    if (unchecked != NULL)
        printf(" as far as that can be told; %s\n", unchecked);
    else
        printf(": options, columns, expressions; %u processes, at most %s\n",
               weir_plan_processes(loaded->plan), human_memory(weir_plan_bytes(loaded->plan)).text);
    free(text);
}

static int check(const struct arguments *args, const struct report *report)
{
    struct loaded loaded;
    int exit_code = load_plan(args, NULL, report, true, &loaded);
    if (exit_code == 0 && !report->quiet) {
        printf("%s: ", args->operand);
        print_result(&loaded);
    }
    load_release(&loaded);
    return exit_code;
}

const struct command command_check = {
    .name = "check",
    .taker = TAKER_CHECK,
    .operand = "FILE",
    .summary = "look for mistakes in a pipeline file",
    .doc = "Reads the pipeline file, its options and expressions, and looks at its inputs as far "
           "as they\n"
           "are there. Prints every error, or one line that says what was checked and what could "
           "not be.\n"
           "Writes nothing.",
    .run = check,
};
