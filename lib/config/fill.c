/*
 * ${...} in values. What stands between the braces is a variable's name, or env:NAME, file:PATH,
 * run:date, run:id; behind it may come :-DEFAULT (for what is not there or empty) or :?MESSAGE (an
 * error instead). Defaults, messages and paths may hold
 * ${...} themselves. $${ is a literal ${. The result is text: it is never read as YAML again.
 */
#include "config/loader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* base */
#include "base/buf.h"
#include "base/nearest.h"
/* config */
#include "config/text.h"

#define VALUE_MAX ((size_t)1 << 20)
#define ALL_MAX   ((size_t)64 << 20)
#define DEPTH_MAX 8

struct filler {
    struct loader *loader;
    struct node *node;
    const char *text; /* the whole; everything below works on parts of it */
    bool secret;
    int depth;
};

/* What stands between ${ and }. */
struct reference {
    const char *begin, *end; /* of all of it, with ${ and } */
    const char *name, *name_end;
    char mark; /* '-' or '?'; 0: neither */
    const char *argument, *argument_end;
};

static bool fill(struct filler *filler, const char *from, const char *to, struct buf *out);

__attribute__((format(printf, 3, 4))) static struct weir_err *
complain(struct filler *filler, const struct reference *reference, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct weir_err *err = weir__complain(filler->loader, filler->node, "%s", text);
    weir__node_place(filler->node, (size_t)(reference->begin - filler->text),
                     (size_t)(reference->end - reference->begin), err);
    return err;
}

/* ---- taking ${...} apart ---- */

/* The } that closes the ${ before from, or NULL. */
static const char *find_brace(const char *from, const char *to)
{
    int depth = 0;
    for (const char *c = from; c < to; c++) {
        if (c[0] == '$' && c + 1 < to && c[1] == '{')
            depth++;
        else if (*c == '}' && depth-- == 0)
            return c;
    }
    return NULL;
}

static bool begins(const char *from, const char *to, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(to - from) >= n && memcmp(from, word, n) == 0;
}

static void split(struct reference *reference, const char *from, const char *to)
{
    int depth = 0;
    reference->name = from;
    reference->name_end = to;
    for (const char *c = from; c + 1 < to; c++) {
        depth += c[0] == '$' && c[1] == '{';
        depth -= *c == '}';
        if (depth == 0 && *c == ':' && (c[1] == '-' || c[1] == '?')) {
            reference->name_end = c;
            reference->mark = c[1];
            reference->argument = c + 2;
            reference->argument_end = to;
            return;
        }
    }
}

/* ---- where values come from; each returns false after an error, and *ret is NULL (owned) if there
 * is no value ---- */

static bool from_environment(const char *name, char **ret)
{
    const char *value = getenv(name);
    *ret = value == NULL ? NULL : strdup(value);
    return true;
}

static bool from_file(struct filler *filler, const struct reference *reference, const char *path,
                      char **ret)
{
    struct weir_err err = {0};
    size_t length;
    char *text = NULL;
    *ret = NULL;
    if (reference->mark != 0 && access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    if (strcmp(path, "-") == 0 || path[0] == '\0') {
        complain(filler, reference, "'%s' is no file for ${file:...}", path);
        return false;
    }
    if (weir__text_read(path, VALUE_MAX, &text, &length, &err) < 0) {
        complain(filler, reference, "%s", err.text);
        return false;
    }
    if (strlen(text) != length) {
        complain(filler, reference, "'%.200s' holds a NUL byte: it is no text", path);
        free(text);
        return false;
    }
    if (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    if (length > 0 && text[length - 1] == '\r')
        text[length - 1] = '\0';
    *ret = text;
    return true;
}

static bool from_run(struct filler *filler, const struct reference *reference, const char *name,
                     char **ret)
{
    char date[16];
    time_t now = time(NULL);
    struct tm local;
    *ret = NULL;
    if (strcmp(name, "id") == 0) {
        *ret = strdup(filler->loader->pipeline->run_id);
    } else if (strcmp(name, "date") == 0 && localtime_r(&now, &local) != NULL) {
        strftime(date, sizeof(date), "%Y-%m-%d", &local);
        *ret = strdup(date);
    } else {
        complain(filler, reference, "the run has ${run:date} and ${run:id}, and no '%.100s'", name);
        return false;
    }
    filler->loader->no_memory |= *ret == NULL;
    return true;
}

/* "declared: day, in, out" */
static void list_declared(const struct loader *loader, char *to, size_t room)
{
    size_t used =
        (size_t)snprintf(to, room, loader->variables == 0 ? "none is declared" : "declared:");
    for (size_t i = 0; i < loader->variables && used < room; i++)
        used += (size_t)snprintf(to + used, room - used, "%s %.60s", i == 0 ? "" : ",",
                                 loader->variable[i].node->key);
}

static void complain_undeclared(struct filler *filler, const struct reference *reference,
                                const char *name)
{
    char declared[300];
    struct nearest nearest;
    weir__nearest_begin(&nearest, name);
    for (size_t i = 0; i < filler->loader->variables; i++)
        weir__nearest_offer(&nearest, filler->loader->variable[i].node->key);
    list_declared(filler->loader, declared, sizeof(declared));
    weir__suggest(complain(filler, reference,
                           "no variable '%.100s'; %s. The environment is ${env:%.100s}", name,
                           declared, name),
                  nearest.best);
}

static struct variable *find_variable(const struct loader *loader, const char *name)
{
    for (size_t i = 0; i < loader->variables; i++)
        if (strcmp(loader->variable[i].node->key, name) == 0)
            return &loader->variable[i];
    return NULL;
}

static void complain_not_given(struct loader *loader, struct variable *variable)
{
    if (variable->faulty)
        return;
    variable->faulty = true;
    weir__complain_key(loader, variable->node, "variable '%.100s' must be given: --var %.100s=...",
                       variable->node->key, variable->node->key);
}

static bool from_variable(struct filler *filler, const struct reference *reference,
                          const char *name, char **ret)
{
    struct variable *variable = find_variable(filler->loader, name);
    *ret = NULL;
    if (variable == NULL) {
        complain_undeclared(filler, reference, name);
        return false;
    }
    variable->asked = true;
    if (!variable->ready) {
        complain(filler, reference, "a variable can use those above it, and '%.100s' is not", name);
        return false;
    }
    filler->secret |= variable->secret;
    if (variable->value == NULL && (variable->faulty || reference->mark == 0)) {
        complain_not_given(filler->loader, variable);
        filler->node->faulty = true;
        return false;
    }
    *ret = variable->value == NULL ? NULL : strdup(variable->value);
    return true;
}

static bool look_up(struct filler *filler, const struct reference *reference, const char *name,
                    char **ret)
{
    *ret = NULL;
    if (strncmp(name, "env:", 4) == 0)
        return from_environment(name + 4, ret);
    if (strncmp(name, "file:", 5) == 0)
        return from_file(filler, reference, name + 5, ret);
    if (strncmp(name, "run:", 4) == 0)
        return from_run(filler, reference, name + 4, ret);
    if (name[0] == '\0') {
        complain(filler, reference, "${} names nothing");
        return false;
    }
    const char *colon = strchr(name, ':');
    if (colon != NULL) {
        complain(filler, reference,
                 "there is no ${%.*s:...}; there are ${env:...}, ${file:...} and "
                 "${run:...}",
                 colon - name > 60 ? 60 : (int)(colon - name), name);
        return false;
    }
    return from_variable(filler, reference, name, ret);
}

/* ---- filling ---- */

/* The text between from and to with its own ${...} filled; NULL after an error. To be freed. */
static char *fill_part(struct filler *filler, const char *from, const char *to)
{
    struct buf buf;
    weir__buf_init(&buf);
    if (!fill(filler, from, to, &buf)) {
        weir__buf_release(&buf);
        return NULL;
    }
    char *text = weir__buf_detach(&buf);
    filler->loader->no_memory |= text == NULL;
    return text;
}

/* There is no value, or it is empty and the reference says what then. */
static bool use_argument(struct filler *filler, const struct reference *reference, const char *name,
                         struct buf *out)
{
    if (reference->mark == '-')
        return fill(filler, reference->argument, reference->argument_end, out);
    if (reference->mark == '?') {
        char *message = fill_part(filler, reference->argument, reference->argument_end);
        if (message != NULL)
            complain(filler, reference, "%.100s: %.400s", name,
                     message[0] == '\0' ? "is not set" : message);
        free(message);
    } else {
        struct weir_err *err =
            complain(filler, reference, "the environment has no '%.100s'", name + strlen("env:"));
        weir__advise(err, "for a default write ${%.100s:-DEFAULT}", name);
    }
    return false;
}

static bool fill_reference(struct filler *filler, const struct reference *reference,
                           struct buf *out)
{
    char *value = NULL, *name = fill_part(filler, reference->name, reference->name_end);
    bool good = name != NULL && look_up(filler, reference, name, &value);
    if (good && (value == NULL || (value[0] == '\0' && reference->mark != 0)))
        good = use_argument(filler, reference, name, out);
    else if (good)
        weir__buf_puts(out, value);
    free(name);
    free(value);
    return good;
}

/* Works on what begins with the $ at *from, and moves *from behind it. */
static bool fill_dollar(struct filler *filler, const char **from, const char *to, struct buf *out)
{
    const char *dollar = *from;
    struct reference reference = {.begin = dollar, .end = dollar + 2};
    if (begins(dollar, to, "$${")) {
        weir__buf_puts(out, "${");
        *from = dollar + 3;
        return true;
    }
    if (!begins(dollar, to, "${")) {
        weir__buf_putc(out, '$');
        *from = dollar + 1;
        return true;
    }
    const char *brace = find_brace(dollar + 2, to);
    if (brace == NULL) {
        complain(filler, &reference, "'${' without its '}'; a literal one is $${");
        return false;
    }
    *from = reference.end = brace + 1;
    split(&reference, dollar + 2, brace);
    return fill_reference(filler, &reference, out);
}

static bool fill(struct filler *filler, const char *from, const char *to, struct buf *out)
{
    bool good = filler->depth < DEPTH_MAX;
    if (!good)
        weir__complain(filler->loader, filler->node, "${...} stand in one another too deep");
    filler->depth++;
    while (good && from < to) {
        const char *dollar = memchr(from, '$', (size_t)(to - from));
        const char *end = dollar == NULL ? to : dollar;
        weir__buf_add(out, from, (size_t)(end - from));
        from = end;
        if (dollar != NULL)
            good = fill_dollar(filler, &from, to, out);
        if (good && out->len > VALUE_MAX) {
            weir__complain(filler->loader, filler->node, "this value becomes larger than 1 MiB");
            good = false;
        }
    }
    filler->depth--;
    return good;
}

char *weir__fill_text(struct loader *loader, struct node *node, const char *text, bool *ret_secret)
{
    struct filler filler = {.loader = loader, .node = node, .text = text};
    char *filled = fill_part(&filler, text, text + strlen(text));
    *ret_secret = filler.secret;
    if (filled == NULL)
        return NULL;
    loader->filled_bytes += strlen(filled);
    if (loader->filled_bytes > ALL_MAX) {
        weir__complain(loader, node, "variables make more than 64 MiB of this file");
        free(filled);
        return NULL;
    }
    return filled;
}

/* ---- every value of the file ---- */

/* The variable that a value is, and nothing beside it, if --var gives it; else NULL. */
static const struct variable *given_variable(const struct loader *loader, const char *text)
{
    char name[256];
    size_t n = strlen(text);
    struct reference reference = {0};
    if (strncmp(text, "${", 2) != 0 || find_brace(text + 2, text + n) != text + n - 1)
        return NULL;
    split(&reference, text + 2, text + n - 1);
    snprintf(name, sizeof(name), "%.*s", (int)(reference.name_end - reference.name),
             reference.name);
    const struct variable *variable = find_variable(loader, name);
    return variable != NULL && variable->given ? variable : NULL;
}

/* What is wrong with such a value is wrong with the argument. */
static void blame_argument(struct loader *loader, struct node *node, const char *variable)
{
    char name[128];
    snprintf(name, sizeof(name), "--var %.100s", variable);
    uint32_t line = weir__pipeline_add_argument(loader->pipeline, name, "...");
    loader->no_memory |= line == 0;
    if (line == 0)
        return;
    struct argument *argument = &loader->pipeline->argument[line - ARGUMENT_LINE];
    argument->line = node->line;
    argument->column = node->column;
    argument->span = node->bytes;
    node->line = line;
}

static void fill_node(struct loader *loader, struct node *node)
{
    bool secret;
    if (node->key != NULL && strstr(node->key, "${") != NULL && !node->faulty)
        weir__complain_key(loader, node, "variables are filled into values, not into names");
    if (node->kind != NODE_SCALAR) {
        for (struct node *child = node->child; child != NULL; child = child->next)
            fill_node(loader, child);
        return;
    }
    if (node->faulty || node->line >= ARGUMENT_LINE || strstr(node->text, "${") == NULL)
        return;
    char *filled = weir__fill_text(loader, node, node->text, &secret);
    if (filled == NULL)
        return;
    const struct variable *given = given_variable(loader, node->text);
    if (given != NULL)
        blame_argument(loader, node, given->node->key);
    weir__node_set_text(node, filled);
    node->quoted = true;
    node->secret = secret;
}

void weir__fill_values(struct loader *loader)
{
    static const char *const keys[] = {"version", "name", "run", "quarantine", "stages", NULL};
    for (size_t i = 0; keys[i] != NULL; i++) {
        struct node *node = weir__node_get(loader->root, keys[i]);
        if (node != NULL)
            fill_node(loader, node);
    }
    for (size_t i = 0; i < loader->variables; i++)
        if (loader->variable[i].value == NULL && !loader->variable[i].asked &&
            loader->options->excerpt == NULL)
            complain_not_given(loader, &loader->variable[i]);
}
