#include <weir/engine.h>

#include <string.h>

/* stage */
#include "stage/option.h"
#include "stage/registry.h"

#define TEXT_WIDTH 80

static const char *short_type(enum weir_option_type type)
{
    static const char *const text[] = {
        [WEIR_OPT_STRING] = "text",        [WEIR_OPT_CHAR] = "character",
        [WEIR_OPT_PATH] = "path",          [WEIR_OPT_BOOL] = "true or false",
        [WEIR_OPT_COUNT] = "number",       [WEIR_OPT_BYTES] = "bytes",
        [WEIR_OPT_DURATION] = "duration",  [WEIR_OPT_RATE] = "rate",
        [WEIR_OPT_PERCENT] = "percent",    [WEIR_OPT_ENUM] = "choice",
        [WEIR_OPT_LIST] = "list",          [WEIR_OPT_MAP] = "map",
        [WEIR_OPT_EXPR] = "expression",    [WEIR_OPT_EXPR_MAP] = "map of expressions",
        [WEIR_OPT_SECRET] = "secret text", [WEIR_OPT_STAGES] = "map of options",
    };
    return text[type];
}

/* What a value may be: "minimal, all, none", "number, 1 to 64", "path". */
static void describe_type(const struct weir_option *row, struct buf *to)
{
    const char *choices = row->choices;
    if (row->type == WEIR_OPT_ENUM) {
        for (size_t n; *choices != '\0'; choices += n + (choices[n] != '\0')) {
            n = strcspn(choices, "|");
            weir__buf_printf(to, "%.*s%s", (int)n, choices, choices[n] != '\0' ? ", " : "");
        }
        return;
    }
    weir__buf_puts(to, short_type(row->type));
    if (choices == NULL)
        return;
    if (row->type == WEIR_OPT_STAGES) {
        weir__buf_printf(to, " of %s", choices);
        return;
    }
    if (row->type == WEIR_OPT_MAP) {
        struct option_member member;
        for (const char *between = " of "; weir__option_next_member(&choices, &member);
             between = ", ")
            weir__buf_printf(to, "%s%s", between, member.name);
        return;
    }
    const char *dots = strstr(choices, "..");
    int low = (int)(dots - choices);
    if (dots[2] == '\0')
        weir__buf_printf(to, ", %.*s or more", low, choices);
    else
        weir__buf_printf(to, ", %.*s to %s", low, choices, dots + 2);
}

static void describe_role(const struct weir_stage_type *type, struct buf *to)
{
    uint32_t traits = weir__type_traits(type);
    const char *between = "";
    weir__buf_puts(to, (traits & WEIR_SOURCE) != 0   ? "a source"
                       : (traits & WEIR_SINK) != 0   ? "a sink"
                       : (traits & WEIR_ROUTES) != 0 ? "reads stages, and feeds others by its ports"
                                                     : "reads stages, and feeds others");
    for (const char *const *name = type->inputs; name != NULL && *name != NULL; name++) {
        weir__buf_printf(to, "%s%s", *between == '\0' ? "; inputs " : between, *name);
        between = ", ";
    }
    weir__buf_puts(to, (traits & WEIR_ONE_SEAT) != 0 ? "; one worker" : "; any number of workers");
    if ((traits & WEIR_REJECTS) != 0)
        weir__buf_puts(to, "; takes on_error and rejects, which are a port of it");
}

/* ---- plain text ---- */

/* The words of text up to the end of its line, in lines at most TEXT_WIDTH wide, all but the first
 * indented. */
static void wrap(const char *text, size_t indent, struct buf *to)
{
    size_t column = indent;
    while (*text != '\0' && *text != '\n') {
        size_t n = strcspn(text, " \n");
        if (column > indent && column + 1 + n > TEXT_WIDTH) {
            weir__buf_printf(to, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            weir__buf_putc(to, ' ');
            column++;
        }
        weir__buf_add(to, text, n);
        column += n;
        text += n;
        text += strspn(text, " ");
    }
}

/* Lines that begin with a space are examples, and are kept as they are. */
static void print_paragraphs(const char *doc, struct buf *to)
{
    while (doc != NULL && *doc != '\0') {
        size_t n = strcspn(doc, "\n");
        if (doc[0] == ' ')
            weir__buf_add(to, doc, n);
        else
            wrap(doc, 0, to);
        weir__buf_putc(to, '\n');
        doc += n + (doc[n] == '\n');
    }
}

static void print_option(const struct weir_option *row, struct buf *to)
{
    size_t begin = to->len;
    weir__buf_printf(to, "  %-18s ", row->name);
    size_t indent = to->len - begin;
    describe_type(row, to);
    if (row->required)
        weir__buf_puts(to, "; required");
    else if (row->fallback != NULL)
        weir__buf_printf(to, "; default %s", row->fallback[0] == '\0' ? "\"\"" : row->fallback);
    weir__buf_printf(to, "\n%*s", (int)indent, "");
    wrap(row->help, indent, to);
    weir__buf_putc(to, '\n');
}

void weir__option_help(const struct weir_stage_type *type, struct buf *to)
{
    const struct weir_option *row = type->options;
    weir__buf_printf(to, "%s - %s\n(", type->name, type->summary);
    describe_role(type, to);
    weir__buf_puts(to, ")\n");
    if (type->doc != NULL) {
        weir__buf_putc(to, '\n');
        print_paragraphs(type->doc, to);
    }
    if (row == NULL || row->name == NULL) {
        weir__buf_puts(to, "\nNo options.\n");
        return;
    }
    weir__buf_puts(to, "\nOptions, under 'with':\n");
    for (; row->name != NULL; row++)
        print_option(row, to);
}

/* ---- Markdown ---- */

/* In a table's cell a bar would end the cell. */
static void print_cell(const char *text, struct buf *to)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            weir__buf_putc(to, '\\');
        weir__buf_putc(to, *text == '\n' ? ' ' : *text);
    }
}

static void print_row(const struct weir_option *row, struct buf *to)
{
    weir__buf_printf(to, "| `%s` | ", row->name);
    describe_type(row, to);
    weir__buf_puts(to, " | ");
    if (row->required) {
        weir__buf_puts(to, "required");
    } else if (row->fallback != NULL) {
        weir__buf_putc(to, '`');
        print_cell(row->fallback[0] == '\0' ? "\"\"" : row->fallback, to);
        weir__buf_putc(to, '`');
    }
    weir__buf_puts(to, " | ");
    print_cell(row->help, to);
    weir__buf_puts(to, " |\n");
}

void weir__option_markdown(const struct weir_stage_type *type, struct buf *to)
{
    const struct weir_option *row = type->options;
    weir__buf_printf(to, "# %s\n\n%s (", type->name, type->summary);
    describe_role(type, to);
    weir__buf_puts(to, ").\n");
    if (type->doc != NULL) {
        weir__buf_putc(to, '\n');
        print_paragraphs(type->doc, to);
    }
    weir__buf_puts(to, "\n## Options\n\n");
    if (row == NULL || row->name == NULL) {
        weir__buf_puts(to, "None.\n");
        return;
    }
    weir__buf_puts(to, "| option | value | default | |\n| --- | --- | --- | --- |\n");
    for (; row->name != NULL; row++)
        print_row(row, to);
}

/* ---- the public two ---- */

char *weir_stage_help(const struct weir_stage_type *type)
{
    struct buf buf;
    weir__buf_init(&buf);
    weir__option_help(type, &buf);
    return weir__buf_detach(&buf);
}

char *weir_stage_markdown(const struct weir_stage_type *type)
{
    struct buf buf;
    weir__buf_init(&buf);
    weir__option_markdown(type, &buf);
    return weir__buf_detach(&buf);
}
