/* --set STAGE.OPTION=VALUE: options that the command line gives instead of the file. */
#include "config/loader.h"

#include <stdarg.h>
#include <string.h>

/* base */
#include "base/nearest.h"
/* config */
#include "config/keys.h"
#include "config/yaml.h"

__attribute__((format(printf, 3, 4))) static struct weir_err *
complain(struct loader *loader, const char *set, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct weir_err *err = weir__complain(loader, NULL, "--set %.100s: %s", set, text);
    err->code = WEIR_EUSAGE;
    return err;
}

static struct node *find_stage(struct loader *loader, const char *set, const char *id)
{
    struct nearest nearest;
    struct node *stages = weir__node_get(loader->root, "stages");
    weir__nearest_begin(&nearest, id);
    struct node *stage = stages != NULL && stages->kind == NODE_LIST ? stages->child : NULL;
    for (; stage != NULL; stage = stage->next) {
        const char *its = weir__stage_id_of(stage);
        if (its == NULL)
            continue;
        if (strcmp(its, id) == 0)
            return stage;
        weir__nearest_offer(&nearest, its);
    }
    weir__suggest(complain(loader, set, "there is no stage '%s'", id), nearest.best);
    return NULL;
}

static const struct weir_option *find_option(struct loader *loader, const char *set,
                                             const struct weir_stage_type *type, const char *name)
{
    struct nearest nearest;
    weir__nearest_begin(&nearest, name);
    const struct weir_option *row = type->options;
    for (; row != NULL && row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
        weir__nearest_offer(&nearest, row->name);
    }
    struct weir_err *err = complain(loader, set, "%s has no option '%s'", type->name, name);
    weir__suggest(err, nearest.best);
    for (const char *const *key = weir__stage_keys; *key != NULL; key++)
        if (strcmp(*key, name) == 0)
            weir__advise(err, "'%s' is a key of the stage; --set is for options", name);
    return NULL;
}

/* A scalar is taken as it is; for an option that is a list or a map, [a, b] and {a: b} are YAML. */
static struct node *read_value(struct loader *loader, const char *set,
                               const struct weir_option *row, const char *value)
{
    bool list = row->type == WEIR_OPT_LIST && value[0] == '[';
    bool map = (row->type == WEIR_OPT_MAP || row->type == WEIR_OPT_EXPR_MAP) && value[0] == '{';
    struct weir_errors errors = {0};
    struct node *node = NULL;
    if (!list && !map) {
        node = weir__node_scalar(value);
        loader->no_memory |= node == NULL;
        if (node != NULL)
            node->quoted = true;
        return node;
    }
    int rc = weir__yaml_read(value, strlen(value), &errors, &node);
    if (errors.count > 0)
        complain(loader, set, "%s", errors.list[0].text);
    else if (rc < 0)
        loader->no_memory = true;
    if (errors.count > 0) {
        weir__node_free(node);
        node = NULL;
    }
    weir_errors_release(&errors);
    return node;
}

/* What the command line says stands nowhere in the file. */
static void forget_places(struct node *node)
{
    node->line = node->column = node->text_column = node->key_line = node->key_column = 0;
    node->verbatim = false;
    for (struct node *child = node->child; child != NULL; child = child->next)
        forget_places(child);
}

static void replace(struct loader *loader, struct node *stage, const char *name, struct node *value)
{
    struct node *with = weir__node_get(stage, "with");
    if (with == NULL) {
        with = weir__node_map();
        if (with == NULL || weir__node_append(stage, "with", with) < 0)
            with = NULL;
        loader->no_memory |= with == NULL;
    }
    if (with == NULL || with->kind != NODE_MAP) {
        weir__node_free(value);
        return;
    }
    struct node *old = weir__node_get(with, name);
    if (old != NULL) {
        weir__node_take(with, old);
        weir__node_free(old);
    }
    if (weir__node_append(with, name, value) < 0)
        loader->no_memory = true;
}

static void apply(struct loader *loader, const char *set, const char *value)
{
    char id[64];
    const char *dot = strchr(set, '.');
    if (dot == NULL || dot == set || dot[1] == '\0' || (size_t)(dot - set) >= sizeof(id)) {
        complain(loader, set, "write --set STAGE.OPTION=VALUE");
        return;
    }
    snprintf(id, sizeof(id), "%.*s", (int)(dot - set), set);
    struct node *stage = find_stage(loader, set, id);
    const struct weir_stage_type *type = stage == NULL ? NULL : weir__stage_type_of(stage);
    const struct weir_option *row = type == NULL ? NULL : find_option(loader, set, type, dot + 1);
    struct node *node = row == NULL ? NULL : read_value(loader, set, row, value);
    if (node == NULL)
        return;
    forget_places(node);
    replace(loader, stage, row->name, node);
}

void weir__apply_sets(struct loader *loader)
{
    for (size_t i = 0; i < loader->options->sets_count; i++)
        apply(loader, loader->options->sets[i].key, loader->options->sets[i].value);
}
