/* tests: - what goes into the pipeline or one of its stages, and what is to come out. */
#include "config/loader.h"

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/nearest.h"
/* stage */
#include "stage/registry.h"

static const char *const keys[] = {"name", "stage", "types", "given", "expect", NULL};

static bool is_key(const char *name)
{
    for (const char *const *key = keys; *key != NULL; key++)
        if (strcmp(*key, name) == 0)
            return true;
    return false;
}

static void check_keys(struct loader *loader, struct node *node)
{
    for (struct node *child = node->child; child != NULL; child = child->next) {
        struct nearest nearest;
        if (is_key(child->key) || child->faulty)
            continue;
        struct weir_err *err =
            weir__complain_key(loader, child, "a test has no key '%.100s'", child->key);
        weir__nearest_begin(&nearest, child->key);
        for (const char *const *key = keys; *key != NULL; key++)
            weir__nearest_offer(&nearest, *key);
        weir__suggest(err, nearest.best);
    }
}

/* The text of a key, or NULL: it is not there, or wrong, and that has been said. */
static const char *read_text(struct loader *loader, struct node *test, const char *key,
                             bool required)
{
    struct node *node = weir__node_get(test, key);
    if (node == NULL && required)
        weir__complain(loader, test, "this test has no '%s'", key);
    if (node == NULL || node->faulty)
        return NULL;
    if (node->kind == NODE_SCALAR)
        return node->text;
    struct weir_err *err = weir__complain(loader, node, "'%s' of a test must be text", key);
    if (strcmp(key, "given") == 0 || strcmp(key, "expect") == 0)
        weir__advise(err, "write %s: | and below it the lines of a CSV file", key);
    return NULL;
}

/* The stage of that id; NULL after an error. */
static const struct graph_stage *find_stage(struct loader *loader, struct node *node)
{
    const struct weir_pipeline *pipeline = loader->pipeline;
    struct nearest nearest;
    weir__nearest_begin(&nearest, node->text);
    for (size_t i = 0; i < pipeline->stages; i++) {
        const struct graph_stage *stage = &pipeline->stage[i];
        if (stage->id == NULL)
            continue;
        if (strcmp(stage->id, node->text) == 0)
            return stage;
        weir__nearest_offer(&nearest, stage->id);
    }
    weir__suggest(weir__complain(loader, node, "there is no stage '%.100s'", node->text),
                  nearest.best);
    return NULL;
}

static uint32_t traits(const struct graph_stage *stage)
{
    return stage->type == NULL ? 0 : weir__type_traits(stage->type);
}

static void read_stage(struct loader *loader, struct node *node, struct weir_test *test)
{
    test->csv = true;
    test->excerpt.stage = read_text(loader, node, "stage", false);
    if (test->excerpt.stage != NULL) {
        struct node *named = weir__node_get(node, "stage");
        const struct graph_stage *stage = find_stage(loader, named);
        if (stage != NULL && (traits(stage) & WEIR_SINK) != 0)
            weir__complain(loader, named, "'%s' is a sink: it emits nothing to compare", stage->id);
        return;
    }
    for (size_t i = 0; i < loader->pipeline->stages; i++) {
        const struct graph_stage *stage = &loader->pipeline->stage[i];
        if ((traits(stage) & WEIR_SINK) != 0)
            test->csv &= strcmp(stage->type->name, "csv.write") == 0;
    }
}

static void read_types(struct loader *loader, struct node *node, struct weir_test *test)
{
    struct node *types = weir__node_get(node, "types");
    size_t count = 0;
    if (types == NULL || types->faulty)
        return;
    if (types->kind != NODE_MAP) {
        weir__complain(loader, types, "'types' must be a map like {amount: decimal}");
        return;
    }
    if (weir__node_get(node, "stage") == NULL)
        weir__complain_key(loader, types, "'types' is for the records of one 'stage'");
    for (const struct node *child = types->child; child != NULL; child = child->next)
        count++;
    struct weir_pair *pair = calloc(count + 1, sizeof(*pair));
    test->excerpt.types = pair;
    if (pair == NULL) {
        loader->no_memory = true;
        return;
    }
    for (struct node *child = types->child; child != NULL; child = child->next) {
        if (child->kind != NODE_SCALAR)
            weir__complain(loader, child, "a type is a word like decimal");
        else
            pair[test->excerpt.types_count++] =
                (struct weir_pair){.key = child->key, .value = child->text};
    }
}

static void read_test(struct loader *loader, struct node *node, struct weir_test *test)
{
    *test = (struct weir_test){.line = node->line, .excerpt.from_stdin = true};
    if (node->kind != NODE_MAP) {
        weir__complain(loader, node, "a test is a map with name, given and expect");
        return;
    }
    check_keys(loader, node);
    test->name = read_text(loader, node, "name", true);
    test->given = read_text(loader, node, "given", true);
    test->expect = read_text(loader, node, "expect", true);
    read_stage(loader, node, test);
    read_types(loader, node, test);
}

void weir__read_tests(struct loader *loader)
{
    struct weir_pipeline *pipeline = loader->pipeline;
    struct node *tests = weir__node_get(loader->root, "tests");
    size_t count = 0;
    if (tests == NULL || tests->faulty)
        return;
    if (tests->kind != NODE_LIST) {
        weir__complain(loader, tests, "'tests' must be a list: each test begins with '- '");
        return;
    }
    for (const struct node *node = tests->child; node != NULL; node = node->next)
        count++;
    pipeline->test = calloc(count + 1, sizeof(*pipeline->test));
    if (pipeline->test == NULL) {
        loader->no_memory = true;
        return;
    }
    for (struct node *node = tests->child; node != NULL; node = node->next)
        read_test(loader, node, &pipeline->test[pipeline->tests_count++]);
    weir__node_take(loader->root, tests);
    pipeline->tests = tests;
}
