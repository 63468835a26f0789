/* Keys that nobody knows, and keys on the wrong level: those are read where they belong, so that no
 * other step misses them. */
#include "config/keys.h"

#include <string.h>

/* base */
#include "base/nearest.h"
/* config */
#include "config/loader.h"

const char *const weir__file_keys[] = {"version", "name",       "vars",   "secrets", "modules",
                                       "run",     "quarantine", "stages", "tests",   NULL};

const char *const weir__stage_keys[] = {
    "id",      "type", "inputs",         "workers",       "order",   "on_error", "rejects",
    "isolate", "with", "record_timeout", "worker_memory", "sandbox", NULL};

static bool is_key(const char *const *keys, const char *name)
{
    while (*keys != NULL && strcmp(*keys, name) != 0)
        keys++;
    return *keys != NULL;
}

static bool is_option(const struct weir_option *table, const char *name)
{
    while (table != NULL && table->name != NULL && strcmp(table->name, name) != 0)
        table++;
    return table != NULL && table->name != NULL;
}

static void offer_keys(struct nearest *nearest, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        weir__nearest_offer(nearest, *keys);
}

static void offer_options(struct nearest *nearest, const struct weir_option *table)
{
    for (; table != NULL && table->name != NULL; table++)
        weir__nearest_offer(nearest, table->name);
}

/* Says where a key belongs that stands elsewhere; false if it is no key of the file, of a stage or
 * of run. */
static bool complain_about_level(struct loader *loader, struct node *node)
{
    if (is_key(weir__file_keys, node->key))
        weir__complain_key(loader, node, "'%s' belongs to the top of the file", node->key);
    else if (is_key(weir__stage_keys, node->key))
        weir__complain_key(loader, node, "'%s' belongs to a stage, under 'stages'", node->key);
    else if (is_option(weir__run_keys, node->key))
        weir__complain_key(loader, node, "'%s' belongs under 'run', at the top of the file",
                           node->key);
    else if (is_option(weir__quarantine_keys, node->key) && strcmp(node->key, "path") != 0)
        weir__complain_key(loader, node, "'%s' belongs under 'quarantine', at the top of the file",
                           node->key);
    else
        return false;
    return true;
}

static void drop(struct node *map, struct node *child)
{
    weir__node_take(map, child);
    weir__node_free(child);
}

/* Moves a child to the map where it belongs, unless that has one of the name. */
static void move(struct loader *loader, struct node *from, struct node *child, struct node *to)
{
    char key[64];
    weir__node_take(from, child);
    if (to == NULL || to->kind != NODE_MAP || weir__node_get(to, child->key) != NULL) {
        weir__node_free(child);
        return;
    }
    snprintf(key, sizeof(key), "%s", child->key);
    if (weir__node_append(to, key, child) < 0)
        loader->no_memory = true;
}

/* Takes a misspelt key for the one that was meant, so that nobody misses that, and drops it where
 * there is none or it is there as well. */
static void take_for(struct loader *loader, struct node *map, struct node *child, const char *meant)
{
    weir__node_take(map, child);
    if (meant == NULL || weir__node_get(map, meant) != NULL)
        weir__node_free(child);
    else if (weir__node_append(map, meant, child) < 0)
        loader->no_memory = true;
}

/* ---- with ---- */

static void complain_about_stage_key(struct loader *loader, const struct node *stage,
                                     const struct node *with, struct node *node)
{
    static const char *const number[] = {"no", "one", "two", "three", "four", "five", "six"};
    const struct node *type = weir__node_get(stage, "type");
    struct weir_err *err =
        weir__complain_key(loader, node, "'%s' belongs to the stage, not under 'with'", node->key);
    uint32_t right = type == NULL || node->key_column < type->key_column
                         ? 0
                         : node->key_column - type->key_column;
    size_t used = strlen(err->text);
    if (right > 0 && right <= 6 && node->key_line > with->key_line)
        snprintf(err->text + used, sizeof(err->text) - used, ": move it %s space%s left",
                 number[right], right > 1 ? "s" : "");
}

static void check_with(struct loader *loader, struct node *stage,
                       const struct weir_stage_type *type, struct node *with)
{
    for (struct node *node = with->child, *next; node != NULL; node = next) {
        struct nearest nearest = {0};
        next = node->next;
        if (is_option(type->options, node->key))
            continue;
        if (is_key(weir__stage_keys, node->key)) {
            complain_about_stage_key(loader, stage, with, node);
            move(loader, with, node, stage);
            continue;
        }
        if (!node->faulty) {
            struct weir_err *err = weir__complain_key(loader, node, "%s has no option '%.100s'",
                                                      type->name, node->key);
            weir__nearest_begin(&nearest, node->key);
            offer_options(&nearest, type->options);
            weir__suggest(err, nearest.best);
        }
        take_for(loader, with, node, nearest.best);
    }
}

/* ---- a stage ---- */

static struct node *make_with(struct loader *loader, struct node *stage)
{
    struct node *with = weir__node_map();
    if (with == NULL || weir__node_append(stage, "with", with) < 0) {
        loader->no_memory = true;
        return NULL;
    }
    return with;
}

static void complain_about_key(struct loader *loader, struct node *stage,
                               const struct weir_stage_type *type, struct node *node)
{
    struct nearest nearest;
    struct weir_err *err =
        weir__complain_key(loader, node, "a stage has no key '%.100s'", node->key);
    weir__nearest_begin(&nearest, node->key);
    offer_keys(&nearest, weir__stage_keys);
    if (type != NULL)
        offer_options(&nearest, type->options);
    if (nearest.best != NULL && !is_key(weir__stage_keys, nearest.best))
        weir__advise(err, "did you mean '%s', under 'with'?", nearest.best);
    else
        weir__suggest(err, nearest.best);
    if (nearest.best != NULL && is_key(weir__stage_keys, nearest.best))
        take_for(loader, stage, node, nearest.best);
}

static void check_stage(struct loader *loader, struct node *stage)
{
    const struct weir_stage_type *type = weir__stage_type_of(stage);
    struct node *with = weir__node_get(stage, "with");
    if (type != NULL && with != NULL && with->kind == NODE_MAP)
        check_with(loader, stage, type, with);
    for (struct node *node = stage->child, *next; node != NULL; node = next) {
        next = node->next;
        if (is_key(weir__stage_keys, node->key) || node->faulty)
            continue;
        if (type != NULL && is_option(type->options, node->key)) {
            weir__complain_key(loader, node, "'%s' is an option of %s: it belongs under 'with'",
                               node->key, type->name);
            with = with == NULL ? make_with(loader, stage) : with;
            move(loader, stage, node, with);
        } else if (!complain_about_level(loader, node)) {
            complain_about_key(loader, stage, type, node);
        }
    }
}

/* ---- the file ---- */

static void check_map(struct loader *loader, const char *key, const struct weir_option *table)
{
    struct node *map = weir__node_get(loader->root, key);
    if (map == NULL || map->kind != NODE_MAP)
        return;
    for (struct node *node = map->child, *next; node != NULL; node = next) {
        next = node->next;
        if (is_option(table, node->key))
            continue;
        if (!node->faulty && !complain_about_level(loader, node)) {
            struct nearest nearest;
            struct weir_err *err =
                weir__complain_key(loader, node, "'%s' has no key '%.100s'", key, node->key);
            weir__nearest_begin(&nearest, node->key);
            offer_options(&nearest, table);
            weir__suggest(err, nearest.best);
        }
        drop(map, node);
    }
}

static void check_top(struct loader *loader, struct node *node)
{
    struct nearest nearest;
    if (is_key(weir__file_keys, node->key) || node->faulty || complain_about_level(loader, node))
        return;
    struct weir_err *err = weir__complain_key(
        loader, node,
        "a pipeline file has no key '%.100s': it has version, name, vars, secrets, modules, run, "
        "quarantine, stages and tests",
        node->key);
    weir__nearest_begin(&nearest, node->key);
    offer_keys(&nearest, weir__file_keys);
    weir__suggest(err, nearest.best);
    if (nearest.best != NULL)
        take_for(loader, loader->root, node, nearest.best);
}

void weir__check_keys(struct loader *loader)
{
    for (struct node *node = loader->root->child, *next; node != NULL; node = next) {
        next = node->next;
        check_top(loader, node);
    }
    check_map(loader, "run", weir__run_keys);
    check_map(loader, "quarantine", weir__quarantine_keys);
    struct node *stages = weir__node_get(loader->root, "stages");
    if (stages == NULL || stages->kind != NODE_LIST)
        return;
    for (struct node *stage = stages->child; stage != NULL; stage = stage->next)
        if (stage->kind == NODE_MAP)
            check_stage(loader, stage);
}
