/*
 * functions.c - `pipeline functions`: what expressions may call.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "nearest.h"

/* Whether `function` is the first of its subject. */
static bool begins_subject(const struct weir_function_help *function,
                           const struct weir_function_help *before)
{
    return before == NULL || strcmp(before->subject, function->subject) != 0;
}

static void print_list(void)
{
    const struct weir_function_help *function, *before = NULL;
    size_t widest = 0;
    for (size_t i = 0; (function = weir_function_at(i)) != NULL; i++)
        widest = strlen(function->usage) > widest ? strlen(function->usage) : widest;
    for (size_t i = 0; (function = weir_function_at(i)) != NULL; i++) {
        if (begins_subject(function, before))
            printf("%s%s\n", before == NULL ? "" : "\n", function->subject);
        printf("  %-*s  %s\n", (int)widest, function->usage, function->help);
        before = function;
    }
}

/* Text in a cell of a table of Markdown. */
static void print_cell(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '|')
            putchar('\\');
        putchar(text[i]);
    }
}

static void print_examples_markdown(const char *examples)
{
    for (const char *line = examples;;) {
        size_t n = strcspn(line, "\n");
        putchar('`');
        print_cell(line, n);
        putchar('`');
        if (line[n] == '\0')
            return;
        fputs("<br>", stdout);
        line += n + 1;
    }
}

static void print_markdown(void)
{
    const struct weir_function_help *function, *before = NULL;
    fputs(
        "# Functions\n\nWhat expressions may call; [expressions.md](expressions.md) tells the rest "
        "of the language.\nThis page is made by `pipeline functions --markdown`.\n",
        stdout);
    for (size_t i = 0; (function = weir_function_at(i)) != NULL; i++) {
        if (begins_subject(function, before))
            printf("\n## %s\n\n| function | what it gives | examples |\n| --- | --- | --- |\n",
                   function->subject);
        fputs("| `", stdout);
        print_cell(function->usage, strlen(function->usage));
        fputs("` | ", stdout);
        print_cell(function->help, strlen(function->help));
        fputs(" | ", stdout);
        print_examples_markdown(function->examples);
        fputs(" |\n", stdout);
        before = function;
    }
}

static void print_page(const struct weir_function_help *function)
{
    printf("%s\n    %s\n\n", function->usage, function->help);
    for (const char *line = function->examples; *line != '\0'; line += *line == '\n') {
        int n = (int)strcspn(line, "\n");
        printf("    %.*s\n", n, line);
        line += n;
    }
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
    struct weir_err err;
    const struct weir_function_help *function;
    if (args->operand != NULL && args->markdown) {
        weir_err_set(&err, WEIR_EUSAGE, "--markdown prints the page of all functions: no name");
        return report_error(report, &err);
    }
    if (args->operand == NULL) {
        if (args->markdown)
            print_markdown();
        else
            print_list();
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; (function = weir_function_at(i)) != NULL; i++) {
        if (strcmp(function->name, args->operand) == 0) {
            print_page(function);
            return EXIT_SUCCESS;
        }
    }
    return no_such_function(args->operand, report);
}

const struct command command_functions = {
    .name = "functions",
    .taker = TAKER_FUNCTIONS,
    .operand = "[NAME]",
    .summary = "list the functions of the expression language, or show one",
    .doc = "Lists the functions that expressions in a pipeline file may call, or shows the one "
           "called NAME\nwith examples.",
    .run = functions,
};
