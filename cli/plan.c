/*
 * plan.c - `pipeline plan`: what a run would do, in processes, columns and bytes.
 */
#include "command.h"
#include "load.h"

static int plan(const struct arguments *args, const struct report *report)
{
    struct loaded loaded;
    int exit_code = load_plan(args, NULL, report, false, &loaded);
    if (exit_code == 0)
        exit_code = load_print_plan(loaded.plan, report);
    load_release(&loaded);
    return exit_code;
}

const struct command command_plan = {
    .name = "plan",
    .taker = TAKER_PLAN,
    .operand = "FILE",
    .summary = "show what a run would do: processes, columns, bytes",
    .doc = "Prints the stages with their columns, the processes, the memory that the run is held "
           "to, and\n"
           "where every record goes. Looks at the inputs, runs nothing.",
    .run = plan,
};
