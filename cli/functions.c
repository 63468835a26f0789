/*
 * functions.c - `pipeline functions`: what expressions may call.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "nearest.h"

static void print_list(void)
{
    const struct weir_function_help *function;
    size_t widest = 0;
    for (size_t i = 0; (function = weir_function_at(i)) != NULL; i++)
        widest = strlen(function->usage) > widest ? strlen(function->usage) : widest;
    for (size_t i = 0; (function = weir_function_at(i)) != NULL; i++)
        printf("%-*s  %s\n", (int)widest, function->usage, function->help);
}

static int no_such_function(const char *name, const struct report *report)
{
    struct weir_err err;
    size_t count = 0;
    while (weir_function_at(count) != NULL)
        count++;
    const char **names = calloc(count + 1, sizeof(*names));
    weir_err_set(&err, WEIR_EUSAGE, "no function '%s'", name);
    for (size_t i = 0; names != NULL && i < count; i++)
        names[i] = weir_function_at(i)->name;
    if (names != NULL)
        nearest_note(&err, "", name, names);
    free(names);
    return report_error(report, &err);
}

static int functions(const struct arguments *args, const struct report *report)
{
    const struct weir_function_help *function;
    if (args->operand == NULL) {
        print_list();
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; (function = weir_function_at(i)) != NULL; i++) {
        if (strcmp(function->name, args->operand) == 0) {
            printf("%s\n    %s\n", function->usage, function->help);
            return EXIT_SUCCESS;
        }
    }
    return no_such_function(args->operand, report);
}

const struct command command_functions = {
    .name = "functions",
    .taker = TAKER_OTHERS,
    .operand = "[NAME]",
    .summary = "list the functions of the expression language",
    .doc = "Lists the functions that expressions in a pipeline file may call, or shows the one "
           "called NAME.",
    .run = functions,
};
