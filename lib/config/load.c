/* weir_pipeline_load: all the steps of loader.h, in their order. */
#include "config/loader.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* config */
#include "config/text.h"
#include "config/yaml.h"

#define ERRORS_SHOWN 100
#define ERRORS_MAX   1000 /* more are not even kept */

/* ---- errors ---- */

static struct weir_err *add(struct loader *loader, struct node *node, const char *format,
                            va_list args)
{
    struct weir_errors *errors = loader->errors;
    struct weir_err *err =
        errors->count < ERRORS_MAX ? weir_errors_add(errors) : &errors->list[errors->count - 1];
    memset(err, 0, sizeof(*err));
    err->code = WEIR_ECONFIG;
    vsnprintf(err->text, sizeof(err->text), format, args);
    if (node != NULL)
        node->faulty = true;
    return err;
}

struct weir_err *weir__complain(struct loader *loader, struct node *node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct weir_err *err = add(loader, node, format, args);
    va_end(args);
    if (node != NULL)
        weir__node_place(node, 0, 0, err);
    return err;
}

struct weir_err *weir__complain_key(struct loader *loader, struct node *node, const char *format,
                                    ...)
{
    va_list args;
    va_start(args, format);
    struct weir_err *err = add(loader, node, format, args);
    va_end(args);
    weir__node_place_key(node, err);
    return err;
}

void weir__advise(struct weir_err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(err->note, sizeof(err->note), format, args);
    va_end(args);
}

void weir__suggest(struct weir_err *err, const char *best)
{
    if (best != NULL)
        weir__advise(err, "did you mean '%s'?", best);
}

/* In the order of the file; what has no place in it comes first. */
static int compare_errors(const void *a, const void *b)
{
    const struct weir_err *x = a, *y = b;
    uint32_t x_line = x->line >= ARGUMENT_LINE ? 0 : x->line;
    uint32_t y_line = y->line >= ARGUMENT_LINE ? 0 : y->line;
    if (x_line != y_line)
        return x_line > y_line ? 1 : -1;
    return (x->column > y->column) - (x->column < y->column);
}

static void finish_errors(struct loader *loader, size_t before)
{
    struct weir_errors *errors = loader->errors;
    size_t n = errors->count - before;
    if (n == 0)
        return;
    qsort(errors->list + before, n, sizeof(*errors->list), compare_errors);
    if (n > ERRORS_SHOWN) {
        errors->count = before + ERRORS_SHOWN + 1;
        weir_err_set(&errors->list[errors->count - 1], WEIR_ECONFIG,
                     "only the first %d mistakes are shown", ERRORS_SHOWN);
    }
    for (size_t i = before; i < errors->count; i++)
        weir__pipeline_locate(loader->pipeline, &errors->list[i]);
}

/* ---- the pipeline ---- */

static void choose_run_id(char id[9])
{
    uint32_t bits;
    if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        bits = (uint32_t)time(NULL);
    snprintf(id, 9, "%08x", bits);
}

static struct weir_pipeline *make_pipeline(const char *name, const char *text, size_t length)
{
    struct weir_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    if (pipeline == NULL)
        return NULL;
    pipeline->from_standard_input = strcmp(name, "-") == 0;
    pipeline->file = strdup(pipeline->from_standard_input ? "(standard input)" : name);
    pipeline->text = malloc(length + 1);
    if (pipeline->file == NULL || pipeline->text == NULL) {
        weir_pipeline_free(pipeline);
        return NULL;
    }
    memcpy(pipeline->text, text, length);
    pipeline->text[length] = '\0';
    choose_run_id(pipeline->run_id);
    return pipeline;
}

/* "${env:PASSWORD}" and no more: where the secret comes from, and not the secret. */
static bool is_one_reference(const char *text)
{
    size_t n = strlen(text);
    return strncmp(text, "${", 2) == 0 && strcspn(text, "}") == n - 1 && strstr(text, ":-") == NULL;
}

/* Source lines in messages come from the text: a secret that is written there must not. */
static void mask(char *text, const struct node *node)
{
    for (const struct node *child = node->child; child != NULL; child = child->next)
        mask(text, child);
    if (node->kind != NODE_SCALAR || is_one_reference(node->text))
        return;
    for (uint32_t i = 0; i < node->bytes && !weir__node_is_missing(node); i++)
        if (text[node->offset + i] != '\n')
            text[node->offset + i] = '*';
}

/* Reads the text into loader->root. False if there is nothing for the other steps to work on. */
static bool read_text(struct loader *loader, size_t length)
{
    struct weir_err err = {0};
    if (weir__text_check(loader->pipeline->text, &length, &err) < 0) {
        *weir_errors_add(loader->errors) = err;
        return false;
    }
    int rc = weir__yaml_read(loader->pipeline->text, length, loader->errors, &loader->root);
    loader->no_memory |= rc == WEIR_EOS;
    if (rc < 0)
        return false;
    if (loader->root == NULL)
        weir__complain(loader, NULL, "the file is empty");
    else if (loader->root->kind != NODE_MAP)
        weir__complain(loader, loader->root,
                       "a pipeline file is a map with version, name and stages");
    else
        return true;
    return false;
}

static void take_steps(struct loader *loader)
{
    size_t before = loader->errors->count;
    weir__find_traps(loader);
    const struct node *secrets = weir__node_get(loader->root, "secrets");
    if (secrets != NULL)
        mask(loader->pipeline->text, secrets);
    weir__load_modules(loader);
    weir__check_keys(loader);
    weir__apply_sets(loader);
    weir__take_excerpt(loader);
    weir__declare_variables(loader);
    weir__fill_values(loader);
    weir__read_run(loader);
    weir__read_stages(loader);
    weir__join_stages(loader);
    weir__read_tests(loader);
    if (loader->errors->count > before)
        weir__check_expressions(loader);
}

int weir_pipeline_parse(const char *name, const char *text, size_t length,
                        const struct weir_load_options *options, struct weir_pipeline **ret,
                        struct weir_errors *errors)
{
    static const struct weir_load_options none;
    size_t before = errors->count;
    struct loader loader = {.options = options == NULL ? &none : options, .errors = errors};
    int rc = 0;
    *ret = NULL;
    loader.pipeline = make_pipeline(name, text, length);
    if (loader.pipeline == NULL)
        loader.no_memory = true;
    else if (read_text(&loader, length))
        take_steps(&loader);
    if (loader.no_memory)
        weir_err_set(weir_errors_add(errors), WEIR_EOS, "out of memory");
    if (loader.pipeline != NULL)
        finish_errors(&loader, before);
    if (errors->count > before) {
        rc = errors->list[before].code;
        weir_pipeline_free(loader.pipeline);
    } else {
        *ret = loader.pipeline;
    }
    weir__free_variables(&loader);
    weir__node_free(loader.root);
    return loader.no_memory ? WEIR_EOS : rc;
}

int weir_pipeline_load(const char *path, const struct weir_load_options *options,
                       struct weir_pipeline **ret, struct weir_errors *errors)
{
    struct weir_err err = {0};
    char *text;
    size_t length;
    *ret = NULL;
    if (weir__text_read(path, TEXT_MAX, &text, &length, &err) < 0) {
        *weir_errors_add(errors) = err;
        return err.code;
    }
    int rc = weir_pipeline_parse(path, text, length, options, ret, errors);
    free(text);
    return rc;
}
