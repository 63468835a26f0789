/*
 * do.c - `pipeline do`: a chain of stages from the command line. It is written down as a pipeline
 * file, which is then run like any other.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "load.h"
#include "run.h"
#include "stage_types.h"

/* One stage of the chain: its type, and the words behind it up to the next "!". */
struct link {
    const struct weir_stage_type *type;
    char **word;
    size_t words;
};

/* A word as NAME=VALUE or NAME.KEY=VALUE. */
struct assignment {
    const char *name;
    size_t name_bytes;
    const char *key; /* NULL: none */
    size_t key_bytes;
    const char *value;
};

/* ---- words ---- */

static bool is_bang(const char *word)
{
    return strcmp(word, "!") == 0;
}

/* A word that does not begin with NAME= is the value of the type's first option. */
static struct assignment read_word(const struct link *link, const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t bytes = strspn(word, letters), until = strcspn(word, "=");
    struct assignment own = {.name = word, .name_bytes = bytes, .value = word + bytes + 1};
    if (bytes > 0 && word[bytes] == '=')
        return own;
    if (bytes > 0 && word[bytes] == '.' && word[until] == '=') {
        own.key = word + bytes + 1;
        own.key_bytes = until - bytes - 1;
        own.value = word + until + 1;
        return own;
    }
    const char *first = link->type->options == NULL ? NULL : link->type->options[0].name;
    return (struct assignment){.name = first == NULL ? "" : first,
                               .name_bytes = first == NULL ? 0 : strlen(first),
                               .value = word};
}

static bool names(const struct assignment *assignment, const char *name)
{
    return strlen(name) == assignment->name_bytes &&
           memcmp(name, assignment->name, assignment->name_bytes) == 0;
}

static bool is_option(const struct link *link, const struct assignment *assignment)
{
    for (const struct weir_option *row = link->type->options; row != NULL && row->name != NULL;
         row++)
        if (names(assignment, row->name))
            return true;
    return false;
}

/* ---- writing the file ---- */

/* As a double-quoted scalar of YAML, which can hold everything. */
static void put_quoted(FILE *to, const char *text, size_t bytes)
{
    putc('"', to);
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            fprintf(to, "\\x%02X", c);
        else
            putc(c, to);
    }
    putc('"', to);
}

static bool is_map(const struct weir_option *row)
{
    return row->type == WEIR_OPT_MAP || row->type == WEIR_OPT_EXPR_MAP ||
           row->type == WEIR_OPT_STAGES;
}

/* [a, b] and {a: b} are YAML where the option is a list or a map; all else is text. */
static bool is_yaml(const struct weir_option *row, const char *value)
{
    return (row->type == WEIR_OPT_LIST && value[0] == '[') || (is_map(row) && value[0] == '{');
}

/* One of several values of a list, or of several keys of a map. */
static bool is_item(const struct weir_option *row, const struct assignment *one)
{
    return one->key != NULL || (row->type == WEIR_OPT_LIST && !is_yaml(row, one->value));
}

static void put_assignment(FILE *to, const struct weir_option *row, const struct assignment *one)
{
    if (one->key != NULL) {
        put_quoted(to, one->key, one->key_bytes);
        fputs(": ", to);
    }
    if (is_yaml(row, one->value) && (one->key == NULL || row->type == WEIR_OPT_STAGES))
        fputs(one->value, to);
    else
        put_quoted(to, one->value, strlen(one->value));
}

/* The option's line, made of all words that give it a value. */
static int put_option(FILE *to, const struct link *link, const struct weir_option *row,
                      struct weir_err *err)
{
    const char *end = NULL;
    for (size_t i = 0; i < link->words; i++) {
        struct assignment one = read_word(link, link->word[i]);
        if (!names(&one, row->name))
            continue;
        bool item = is_item(row, &one);
        if (end != NULL && (!item || end[0] == '\n'))
            return weir_err_set(err, WEIR_EUSAGE, "%s: '%s' is given twice", link->type->name,
                                row->name);
        if (end != NULL)
            fputs(", ", to);
        else
            fprintf(to, "      %s: %s", row->name, !item ? "" : one.key != NULL ? "{" : "[");
        end = !item ? "\n" : one.key != NULL ? "}\n" : "]\n";
        put_assignment(to, row, &one);
    }
    if (end != NULL)
        fputs(end, to);
    return 0;
}

/* What is none of the type's options is a key of the stage, or a mistake that the file's reader
 * explains. */
static size_t put_keys(FILE *to, const struct link *link)
{
    size_t keys = 0;
    for (size_t i = 0; i < link->words; i++) {
        struct assignment one = read_word(link, link->word[i]);
        if (is_option(link, &one))
            continue;
        keys++;
        if (one.key != NULL)
            fprintf(to, "    %.*s: {%.*s: ", (int)one.name_bytes, one.name, (int)one.key_bytes,
                    one.key);
        else
            fprintf(to, "    %.*s: ", (int)one.name_bytes, one.name);
        put_quoted(to, one.value, strlen(one.value));
        fputs(one.key != NULL ? "}\n" : "\n", to);
    }
    return keys;
}

/* Stages are called by the last word of their type; the second of a name gets a number. */
static void put_id(FILE *to, const struct link *chain, size_t nth)
{
    size_t before = 0;
    const char *dot = strrchr(chain[nth].type->name, '.'),
               *name = dot == NULL ? chain[nth].type->name : dot + 1;
    for (size_t i = 0; i < nth; i++) {
        const char *other = strrchr(chain[i].type->name, '.');
        before += strcmp(other == NULL ? chain[i].type->name : other + 1, name) == 0;
    }
    fprintf(to, before > 0 ? "  - id: %s%zu\n" : "  - id: %s\n", name, before + 1);
}

static int put_link(FILE *to, const struct link *chain, size_t nth, struct weir_err *err)
{
    const struct link *link = &chain[nth];
    put_id(to, chain, nth);
    fprintf(to, "    type: %s\n", link->type->name);
    if (link->words > put_keys(to, link))
        fputs("    with:\n", to);
    int code = 0;
    for (const struct weir_option *row = link->type->options;
         code == 0 && row != NULL && row->name != NULL; row++)
        code = put_option(to, link, row, err);
    return code;
}

/* ---- the command ---- */

static int read_link(char **word, size_t words, struct link *ret, struct weir_err *err)
{
    if (words == 0)
        return weir_err_set(err, WEIR_EUSAGE, "a stage is wanted before and behind every '!'");
    ret->type = stage_type_find(word[0], err);
    ret->word = word + 1;
    ret->words = words - 1;
    if (ret->type == NULL)
        return err->code;
    for (size_t i = 0; i < ret->words; i++)
        if (strncmp(ret->word[i], "--", 2) == 0)
            return weir_err_set(err, WEIR_EUSAGE,
                                "options of the program, like %s, stand before the first stage",
                                ret->word[i]);
    return 0;
}

static int read_chain(const struct arguments *args, struct link *chain, size_t *ret_links,
                      struct weir_err *err)
{
    size_t begin = 0;
    int code = 0;
    for (size_t i = 0; code == 0 && i <= args->words_count; i++) {
        if (i < args->words_count && !is_bang(args->words[i]))
            continue;
        code = read_link(args->words + begin, i - begin, &chain[(*ret_links)++], err);
        begin = i + 1;
    }
    return code;
}

/* The pipeline file, to be freed; NULL with err filled. */
static char *write_file(const struct arguments *args, struct weir_err *err)
{
    size_t links = 0, bytes = 0;
    char *text = NULL;
    struct link *chain = calloc(args->words_count + 1, sizeof(*chain));
    FILE *to = open_memstream(&text, &bytes);
    int code = chain == NULL || to == NULL ? weir_err_set(err, WEIR_EOS, "out of memory")
                                           : read_chain(args, chain, &links, err);
    if (code == 0)
        fputs("version: 1\nname: do\nstages:\n", to);
    for (size_t i = 0; code == 0 && i < links; i++)
        code = put_link(to, chain, i, err);
    free(chain);
    if (to != NULL && fclose(to) != 0 && code == 0)
        code = weir_err_set(err, WEIR_EOS, "out of memory");
    if (code == 0)
        return text;
    free(text);
    return NULL;
}

static int do_chain(const struct arguments *args, const struct report *report)
{
    struct weir_err err;
    char *text = write_file(args, &err);
    if (text == NULL)
        return report_error(report, &err);
    int exit_code = EXIT_SUCCESS;
    if (args->print)
        fputs(text, stdout);
    else
        exit_code = run_pipeline(args, text, report);
    free(text);
    return exit_code;
}

const struct command command_do = {
    .name = "do",
    .taker = TAKER_DO,
    .operand = "STAGE [VALUE|OPTION=VALUE]... [! STAGE ...]...",
    .summary = "run a chain of stages from the command line",
    .doc =
        "Runs the stages one behind the other, as a pipeline file would:\n"
        "\n"
        "    pipeline do csv.read in.csv ! transform where='qty > 5' ! csv.write -\n"
        "\n"
        "A word without OPTION= is the value of the stage's first option. A list is written\n"
        "select='[id, total]' or select=id select=total, a map set='{total: qty * price}' or\n"
        "set.total='qty * price'. What is a key of the stage in a file is given in the same way:\n"
        "workers=2, on_error=reject, rejects.path=bad.csv. --print shows the file.",
    .run = do_chain,
};
