/*
 * help.c - `pipeline help`: the commands, or the page of one of them.
 */
#include <stdlib.h>

#include "command.h"

static int help(const struct arguments *args, const struct report *report)
{
    struct weir_err err;
    if (args->operand == NULL) {
        command_print_overview(stdout);
        return EXIT_SUCCESS;
    }
    const struct command *command = command_find(args->operand, &err);
    if (command == NULL)
        return report_error(report, &err);
    command_print_help(stdout, command);
    return EXIT_SUCCESS;
}

const struct command command_help = {
    .name = "help",
    .taker = TAKER_OTHERS,
    .operand = "[COMMAND]",
    .summary = "show the commands, or the page of one",
    .doc = "Lists the commands, or shows the page of one of them, as COMMAND --help does.",
    .run = help,
};
