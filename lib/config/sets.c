/* --set STAGE.OPTION=VALUE: options that the command line gives instead of the file. */
#include "config/loader.h"

#include <stdarg.h>
#include <string.h>

/* base */
#include "base/nearest.h"
/* config */
#include "config/keys.h"
#include "config/yaml.h"

struct set {
    const char *name;   /* "--set STAGE.OPTION" */
    const char *id;     /* of the stage */
    const char *option; /* in name */
    const char *value;  /* as given */
    uint32_t line;      /* of its places */
};

static uint32_t value_column(const struct set *set)
{
    return (uint32_t)strlen(set->name) + 2;
}

/* Points at the bytes of the argument's name that begin at `at`. */
__attribute__((format(printf, 4, 5))) static struct weir_err *
complain(struct loader *loader, const struct set *set, const char *at, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct weir_err *err = weir__complain(loader, NULL, "%s", text);
    err->line = set->line;
    err->column = (uint32_t)(at - set->name) + 1;
    err->span = (uint32_t)(at == set->option ? strlen(at) : strlen(set->id));
    return err;
}

static struct node *find_stage(struct loader *loader, const struct set *set)
{
    struct nearest nearest;
    struct node *stages = weir__node_get(loader->root, "stages");
    weir__nearest_begin(&nearest, set->id);
    struct node *stage = stages != NULL && stages->kind == NODE_LIST ? stages->child : NULL;
    for (; stage != NULL; stage = stage->next) {
        const char *its = weir__stage_id_of(stage);
        if (its == NULL)
            continue;
        if (strcmp(its, set->id) == 0)
            return stage;
        weir__nearest_offer(&nearest, its);
    }
    weir__suggest(
        complain(loader, set, set->name + strlen("--set "), "there is no stage '%s'", set->id),
        nearest.best);
    return NULL;
}

static const struct weir_option *find_option(struct loader *loader, const struct set *set,
                                             const struct weir_stage_type *type)
{
    struct nearest nearest;
    weir__nearest_begin(&nearest, set->option);
    const struct weir_option *row = type->options;
    for (; row != NULL && row->name != NULL; row++) {
        if (strcmp(row->name, set->option) == 0)
            return row;
        weir__nearest_offer(&nearest, row->name);
    }
    struct weir_err *err =
        complain(loader, set, set->option, "%s has no option '%.100s'", type->name, set->option);
    weir__suggest(err, nearest.best);
    for (const char *const *key = weir__stage_keys; *key != NULL; key++)
        if (strcmp(*key, set->option) == 0)
            weir__advise(err, "'%s' is a key of the stage; --set is for options", set->option);
    return NULL;
}

/* Where the value stands in the argument; of one that has several lines, the whole. */
static void place(struct node *node, const struct set *set, bool exact)
{
    uint32_t before = value_column(set) - 1;
    node->line = node->key_line = set->line;
    if (exact) {
        node->column += before;
        node->text_column += before;
        node->key_column += before;
    } else {
        node->column = node->text_column = node->key_column = value_column(set);
        node->bytes = (uint32_t)strlen(set->value);
        node->verbatim = false;
    }
    for (struct node *child = node->child; child != NULL; child = child->next)
        place(child, set, exact);
}

static struct node *read_scalar(struct loader *loader, const struct set *set)
{
    struct node *node = weir__node_scalar(set->value);
    loader->no_memory |= node == NULL;
    if (node == NULL)
        return NULL;
    node->quoted = node->verbatim = true;
    node->column = node->text_column = 1;
    node->bytes = (uint32_t)strlen(set->value);
    return node;
}

static struct node *read_yaml(struct loader *loader, const struct set *set)
{
    struct weir_errors errors = {0};
    struct node *node = NULL;
    int rc = weir__yaml_read(set->value, strlen(set->value), &errors, &node);
    loader->no_memory |= rc == WEIR_EOS;
    if (errors.count > 0) {
        const struct weir_err *first = &errors.list[0];
        struct weir_err *err = complain(loader, set, set->option, "%s", first->text);
        weir__advise(err, "%s", first->note);
        err->column = value_column(set) - 1 + first->column;
        err->span = first->span;
        weir__node_free(node);
        node = NULL;
    }
    weir_errors_release(&errors);
    return node;
}

/* A scalar is taken as it is; for an option that is a list or a map, [a, b] and {a: b} are YAML. */
static struct node *read_value(struct loader *loader, const struct set *set,
                               const struct weir_option *row)
{
    bool list = row->type == WEIR_OPT_LIST && set->value[0] == '[';
    bool map = (row->type == WEIR_OPT_MAP || row->type == WEIR_OPT_EXPR_MAP ||
                row->type == WEIR_OPT_STAGES) &&
               set->value[0] == '{';
    struct node *node = list || map ? read_yaml(loader, set) : read_scalar(loader, set);
    if (node != NULL)
        place(node, set, strchr(set->value, '\n') == NULL && row->type != WEIR_OPT_SECRET);
    return node;
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
    if (weir__node_put(with, name, value) < 0)
        loader->no_memory = true;
}

static void apply(struct loader *loader, const char *key, const char *value)
{
    char id[64], name[256];
    const char *dot = strchr(key, '.');
    snprintf(name, sizeof(name), "--set %s", key);
    if (dot == NULL || dot == key || dot[1] == '\0' || (size_t)(dot - key) >= sizeof(id)) {
        weir__complain(loader, NULL, "%.150s: write --set STAGE.OPTION=VALUE", name)->code =
            WEIR_EUSAGE;
        return;
    }
    snprintf(id, sizeof(id), "%.*s", (int)(dot - key), key);
    struct set set = {.name = name, .id = id, .option = strchr(name, '.') + 1, .value = value};
    /* Until the option is known the value may be a secret. */
    set.line = weir__pipeline_add_argument(loader->pipeline, name, "...");
    loader->no_memory |= set.line == 0;
    struct node *stage = find_stage(loader, &set);
    const struct weir_stage_type *type = stage == NULL ? NULL : weir__stage_type_of(stage);
    const struct weir_option *row = type == NULL ? NULL : find_option(loader, &set, type);
    if (row == NULL)
        return;
    if (row->type != WEIR_OPT_SECRET)
        set.line = weir__pipeline_add_argument(loader->pipeline, name, value);
    struct node *node = read_value(loader, &set, row);
    if (node != NULL)
        replace(loader, stage, row->name, node);
}

void weir__apply_sets(struct loader *loader)
{
    for (size_t i = 0; i < loader->options->sets_count; i++)
        apply(loader, loader->options->sets[i].key, loader->options->sets[i].value);
}
