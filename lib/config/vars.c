/* vars:, secrets: and --var: the names that ${...} may use, and their values. */
#include "config/loader.h"

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/nearest.h"

#define VARIABLES_MAX 1000

static bool is_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return strspn(name, letters) == strlen(name) && name[0] != '-';
}

static const char *given(const struct loader *loader, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < loader->options->vars_count; i++)
        if (strcmp(loader->options->vars[i].key, name) == 0)
            value = loader->options->vars[i].value;
    return value;
}

static void declare(struct loader *loader, struct node *node, bool secret)
{
    struct variable *variable = &loader->variable[loader->variables];
    for (size_t i = 0; i < loader->variables; i++)
        if (strcmp(loader->variable[i].node->key, node->key) == 0 && secret) {
            weir__complain_key(loader, node, "'%.100s' stands under 'vars' and under 'secrets'",
                               node->key);
            return;
        }
    *variable = (struct variable){.node = node, .secret = secret, .faulty = node->faulty};
    loader->variables++;
    if (!is_name(node->key))
        weir__complain_key(
            loader, node,
            "'%.100s' can't be a variable: names are made of letters, digits, _ and -", node->key);
    else if (node->kind != NODE_SCALAR && !node->faulty)
        weir__complain(loader, node, "variable '%.100s' must be a plain value, not a %s", node->key,
                       node->kind == NODE_LIST ? "list" : "map");
    variable->faulty = node->faulty;
}

static size_t count_children(const struct node *map)
{
    size_t n = 0;
    for (const struct node *child = map == NULL ? NULL : map->child; child != NULL;
         child = child->next)
        n++;
    return n;
}

static void declare_all(struct loader *loader, struct node *map, const char *key)
{
    if (map == NULL || map->faulty)
        return;
    if (map->kind != NODE_MAP) {
        weir__complain(loader, map, "'%s' must be a map like {name: value}", key);
        return;
    }
    for (struct node *node = map->child; node != NULL; node = node->next)
        declare(loader, node, strcmp(key, "secrets") == 0);
}

/* A variable may use those above it. */
static void work_out(struct loader *loader, struct variable *variable)
{
    struct node *node = variable->node;
    const char *value = given(loader, node->key);
    bool secret = false;
    if (variable->faulty)
        return;
    if (value != NULL) {
        variable->given = true;
        variable->value = strdup(value);
        loader->no_memory |= variable->value == NULL;
    } else if (!weir__node_is_missing(node)) {
        variable->value = weir__fill_text(loader, node, node->text, &secret);
        variable->faulty = variable->value == NULL;
        variable->secret |= secret;
    }
}

static void check_given(struct loader *loader, const char *name)
{
    struct nearest nearest;
    weir__nearest_begin(&nearest, name);
    for (size_t i = 0; i < loader->variables; i++) {
        if (strcmp(loader->variable[i].node->key, name) == 0)
            return;
        weir__nearest_offer(&nearest, loader->variable[i].node->key);
    }
    char argument[128];
    snprintf(argument, sizeof(argument), "--var %.100s", name);
    struct weir_err *err =
        weir__complain(loader, NULL, "the file declares no such variable under 'vars'");
    err->line = weir__pipeline_add_argument(loader->pipeline, argument, "...");
    err->column = (uint32_t)strlen("--var ") + 1;
    err->span = (uint32_t)strlen(argument + strlen("--var "));
    weir__suggest(err, nearest.best);
}

void weir__declare_variables(struct loader *loader)
{
    struct node *vars = weir__node_get(loader->root, "vars");
    struct node *secrets = weir__node_get(loader->root, "secrets");
    size_t n = count_children(vars) + count_children(secrets);
    loader->variable = calloc(n + 1, sizeof(*loader->variable));
    if (loader->variable == NULL) {
        loader->no_memory = true;
        return;
    }
    if (n > VARIABLES_MAX) {
        weir__complain(loader, vars != NULL ? vars : secrets, "more than %d variables",
                       VARIABLES_MAX);
        return;
    }
    declare_all(loader, vars, "vars");
    declare_all(loader, secrets, "secrets");
    for (size_t i = 0; i < loader->options->vars_count; i++)
        check_given(loader, loader->options->vars[i].key);
    for (size_t i = 0; i < loader->variables; i++) {
        work_out(loader, &loader->variable[i]);
        loader->variable[i].ready = true;
    }
}

void weir__free_variables(struct loader *loader)
{
    for (size_t i = 0; i < loader->variables; i++)
        free(loader->variable[i].value);
    free(loader->variable);
}
