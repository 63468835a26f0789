/*
 * version.c - `pipeline version`.
 */
#include <stdlib.h>

#include "command.h"

static int version(const struct arguments *args, const struct report *report)
{
    (void)args, (void)report;
    printf("pipeline %s\n", weir_version());
    return EXIT_SUCCESS;
}

const struct command command_version = {
    .name = "version",
    .taker = TAKER_OTHERS,
    .summary = "print the version",
    .doc = "Prints the version of the program.",
    .run = version,
};
