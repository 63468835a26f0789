/*
 * schema.c - `pipeline schema`: what editors need to complete and check pipeline files.
 */
#include <stdlib.h>

#include "command.h"

static int schema(const struct arguments *args, const struct report *report)
{
    (void)args;
    struct weir_err err;
    char *text = weir_pipeline_schema();
    if (text == NULL) {
        weir_err_set(&err, WEIR_EOS, "out of memory");
        return report_error(report, &err);
    }
    fputs(text, stdout);
    free(text);
    return EXIT_SUCCESS;
}

const struct command command_schema = {
    .name = "schema",
    .taker = TAKER_OTHERS,
    .operand = NULL,
    .summary = "print the JSON Schema of pipeline files, for editors",
    .doc = "Prints a JSON Schema that describes pipeline files with every stage type and option.\n"
           "With the YAML language server, write at the top of a pipeline file:\n"
           "\n"
           "    # yaml-language-server: $schema=weir.schema.json",
    .run = schema,
};
