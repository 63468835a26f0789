/* Who reads whom. In this version the stages are one chain: each reads one other, and is read by
 * one. */
#include "config/loader.h"

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/nearest.h"
/* stage */
#include "stage/registry.h"

struct joiner {
    struct loader *loader;
    int *reader; /* of each stage, the one that reads it, or -1 */
};

static uint32_t traits(const struct graph_stage *stage)
{
    return stage->type == NULL ? 0 : weir__type_traits(stage->type);
}

static const char *id(const struct graph_stage *stage)
{
    return stage->id == NULL ? "?" : stage->id;
}

/* ---- inputs: ---- */

/* The one name that inputs gives, as a node; NULL after an error. */
static struct node *one_input(struct joiner *joiner, struct node *inputs)
{
    struct loader *loader = joiner->loader;
    struct node *name = inputs->kind == NODE_LIST ? inputs->child : inputs;
    if (inputs->faulty || (name != NULL && name->faulty))
        return NULL;
    if (inputs->kind == NODE_MAP)
        weir__complain(loader, inputs, "named inputs are not in this version of Weir yet");
    else if (name == NULL)
        weir__complain(loader, inputs,
                       "'inputs' names no stage; without it a stage reads the one "
                       "above");
    else if (inputs->kind == NODE_LIST && name->next != NULL)
        weir__complain(loader, name->next,
                       "several inputs are not in this version of Weir yet: a "
                       "stage reads one other");
    else if (name->kind != NODE_SCALAR)
        weir__complain(loader, name, "'inputs' must be the id of a stage");
    else
        return name;
    return NULL;
}

static void complain_about_name(struct joiner *joiner, struct node *name, size_t at)
{
    struct nearest nearest;
    const struct weir_pipeline *pipeline = joiner->loader->pipeline;
    const char *dot = strchr(name->text, '.');
    weir__nearest_begin(&nearest, name->text);
    for (size_t i = 0; i < pipeline->stages; i++) {
        const struct graph_stage *stage = &pipeline->stage[i];
        if (stage->id == NULL)
            continue;
        if (dot != NULL && strlen(stage->id) == (size_t)(dot - name->text) &&
            strncmp(stage->id, name->text, strlen(stage->id)) == 0) {
            weir__complain(joiner->loader, name,
                           "ports in 'inputs' are not in this version of Weir "
                           "yet");
            return;
        }
        if (i < at)
            weir__nearest_offer(&nearest, stage->id);
    }
    weir__suggest(weir__complain(joiner->loader, name, "there is no stage '%.100s'", name->text),
                  nearest.best);
}

/* The index of the stage that a name means, or -1 after an error. */
static int find_input(struct joiner *joiner, struct node *name, size_t at)
{
    const struct weir_pipeline *pipeline = joiner->loader->pipeline;
    for (size_t i = 0; i < pipeline->stages; i++) {
        if (pipeline->stage[i].id == NULL || strcmp(pipeline->stage[i].id, name->text) != 0)
            continue;
        if (i < at)
            return (int)i;
        weir__complain(joiner->loader, name,
                       i == at ? "'%s' can't read itself"
                               : "'%s' stands below: a stage reads one that stands above it",
                       name->text);
        return -1;
    }
    complain_about_name(joiner, name, at);
    return -1;
}

/* ---- edges ---- */

static void join(struct joiner *joiner, struct node *node, struct node *name, size_t from,
                 size_t to)
{
    struct graph_stage *stage = joiner->loader->pipeline->stage;
    struct node *where = name != NULL ? name : node;
    if ((traits(&stage[from]) & WEIR_SINK) != 0) {
        weir__complain(joiner->loader, where,
                       name != NULL ? "'%s' is a sink (%s): there is nothing to read from it"
                                    : "this stage reads the one above, but '%s' is a sink (%s)",
                       id(&stage[from]), stage[from].type->name);
        return;
    }
    if (joiner->reader[from] >= 0) {
        weir__complain(joiner->loader, where,
                       "'%s' reads '%s' already, and several readers of one stage are not in this "
                       "version of Weir yet",
                       id(&stage[joiner->reader[from]]), id(&stage[from]));
        return;
    }
    joiner->reader[from] = (int)to;
    stage[to].input = (int)from;
}

/* A run has one chain, so it has one source. */
static void join_source(struct joiner *joiner, struct node *node, struct node *inputs, size_t at)
{
    const struct graph_stage *stage = joiner->loader->pipeline->stage;
    if (inputs != NULL && !inputs->faulty)
        weir__complain_key(joiner->loader, inputs, "%s is a source: it takes no 'inputs'",
                           stage[at].type->name);
    for (size_t i = 0; i < at; i++) {
        if ((traits(&stage[i]) & WEIR_SOURCE) == 0)
            continue;
        weir__complain(joiner->loader, node,
                       "a second source is not in this version of Weir yet: the first is '%s' in "
                       "line %u",
                       id(&stage[i]), stage[i].line);
        if (joiner->reader[at - 1] < 0)
            joiner->reader[at - 1] = (int)at; /* that nobody reads it is part of the same mistake */
        return;
    }
}

static void join_stage(struct joiner *joiner, struct node *node, size_t at)
{
    const struct graph_stage *stage = &joiner->loader->pipeline->stage[at];
    struct node *inputs = node->kind == NODE_MAP ? weir__node_get(node, "inputs") : NULL;
    if ((traits(stage) & WEIR_SOURCE) != 0) {
        join_source(joiner, node, inputs, at);
        return;
    }
    if (stage->type == NULL && at == 0)
        return;
    if (inputs != NULL) {
        struct node *name = one_input(joiner, inputs);
        int from = name == NULL ? -1 : find_input(joiner, name, at);
        if (from >= 0)
            join(joiner, node, name, (size_t)from, at);
        else if (at > 0 && joiner->reader[at - 1] < 0)
            joiner->reader[at - 1] = (int)at; /* what was meant is not known: say no more */
    } else if (at > 0) {
        join(joiner, node, NULL, at - 1, at);
    } else {
        weir__complain(joiner->loader, node,
                       "'%s' is first, but %s reads another stage: begin with a "
                       "source",
                       id(stage), stage->type->name);
    }
}

/* A stage of unknown type may be a source or a sink. */
static bool next_is_unknown(const struct weir_pipeline *pipeline, size_t i)
{
    return i + 1 < pipeline->stages && pipeline->stage[i + 1].type == NULL;
}

static void check_read(struct joiner *joiner, const struct node *stages)
{
    const struct weir_pipeline *pipeline = joiner->loader->pipeline;
    struct node *node = stages->child;
    for (size_t i = 0; i < pipeline->stages; i++, node = node->next) {
        const struct graph_stage *stage = &pipeline->stage[i];
        if (stage->type == NULL || (traits(stage) & WEIR_SINK) != 0 || joiner->reader[i] >= 0 ||
            next_is_unknown(pipeline, i))
            continue;
        struct weir_err *err =
            weir__complain(joiner->loader, node, "nobody reads what '%s' makes", id(stage));
        weir__advise(err, "end with a sink such as csv.write or discard");
    }
}

void weir__join_stages(struct loader *loader)
{
    struct joiner joiner = {.loader = loader};
    const struct node *stages = weir__node_get(loader->root, "stages");
    if (loader->pipeline->stages == 0)
        return;
    joiner.reader = malloc(loader->pipeline->stages * sizeof(*joiner.reader));
    if (joiner.reader == NULL) {
        loader->no_memory = true;
        return;
    }
    for (size_t i = 0; i < loader->pipeline->stages; i++)
        joiner.reader[i] = -1;
    size_t at = 0;
    for (struct node *node = stages->child; node != NULL; node = node->next)
        join_stage(&joiner, node, at++);
    check_read(&joiner, stages);
    free(joiner.reader);
}
