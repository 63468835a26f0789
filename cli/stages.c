/*
 * stages.c - `pipeline stages`: the stage types, from their own tables.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "nearest.h"
#include "stage_types.h"

static void print_list(void)
{
    const struct weir_stage_type *type;
    size_t widest = 0;
    for (size_t i = 0; (type = weir_stage_type_at(i)) != NULL; i++)
        widest = strlen(type->name) > widest ? strlen(type->name) : widest;
    for (size_t i = 0; (type = weir_stage_type_at(i)) != NULL; i++)
        printf("%-*s  %s\n", (int)widest, type->name, type->summary);
}

const struct weir_stage_type *stage_type_find(const char *name, struct weir_err *err)
{
    const struct weir_stage_type *type = weir_stage_type(name);
    if (type != NULL)
        return type;
    size_t count = 0;
    while (weir_stage_type_at(count) != NULL)
        count++;
    const char **names = calloc(count + 1, sizeof(*names));
    weir_err_set(err, WEIR_EUSAGE, "no stage type '%s'", name);
    for (size_t i = 0; names != NULL && i < count; i++)
        names[i] = weir_stage_type_at(i)->name;
    if (names != NULL)
        nearest_note(err, "", name, names);
    free(names);
    return NULL;
}

static int stages(const struct arguments *args, const struct report *report)
{
    struct weir_err err;
    if (args->operand == NULL && args->markdown) {
        weir_err_set(&err, WEIR_EUSAGE, "--markdown wants the name of a stage type");
        return report_error(report, &err);
    }
    if (args->operand == NULL) {
        print_list();
        return EXIT_SUCCESS;
    }
    const struct weir_stage_type *type = stage_type_find(args->operand, &err);
    if (type == NULL)
        return report_error(report, &err);
    char *text = args->markdown ? weir_stage_markdown(type) : weir_stage_help(type);
    if (text == NULL) {
        weir_err_set(&err, WEIR_EOS, "out of memory");
        return report_error(report, &err);
    }
    fputs(text, stdout);
    free(text);
    return EXIT_SUCCESS;
}

const struct command command_stages = {
    .name = "stages",
    .taker = TAKER_STAGES,
    .operand = "[NAME]",
    .summary = "list the stage types, or show one with its options",
    .doc = "Without NAME, lists the stage types that a pipeline file may use. With NAME, shows "
           "what that\n"
           "type does and every option that it takes.",
    .run = stages,
};
