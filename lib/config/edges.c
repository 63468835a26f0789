/* Who reads whom: `inputs` to the inputs of each graph stage. A stage reads stages that stand above
 * it, so that there is no circle. */
#include "config/loader.h"

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/nearest.h"
/* stage */
#include "stage/registry.h"

struct joiner {
    struct loader *loader;
    bool *read; /* of each stage: somebody reads its stream, or a port if it has none */
    bool *lost; /* of each stage: what it was to read is not known, and that has been said */
};

static uint32_t traits(const struct graph_stage *stage)
{
    return stage->type == NULL ? 0 : weir__type_traits(stage->type);
}

static const char *id(const struct graph_stage *stage)
{
    return stage->id == NULL ? "?" : stage->id;
}

static struct graph_stage *stage_at(const struct joiner *joiner, size_t at)
{
    return &joiner->loader->pipeline->stage[at];
}

/* ---- one name ---- */

/* "split.big" is the port `big` of the stage `split`. */
static size_t stage_bytes(const char *name)
{
    return strcspn(name, ".");
}

static bool is_named(const struct graph_stage *stage, const char *name)
{
    size_t n = stage_bytes(name);
    return stage->id != NULL && strlen(stage->id) == n && strncmp(stage->id, name, n) == 0;
}

/* The index of the stage that a name means, or -1 after an error. */
static int find_stage(struct joiner *joiner, struct node *name, size_t at)
{
    const struct weir_pipeline *pipeline = joiner->loader->pipeline;
    struct nearest nearest;
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "%.*s", (int)stage_bytes(name->text), name->text);
    weir__nearest_begin(&nearest, wanted);
    for (size_t i = 0; i < pipeline->stages; i++) {
        const struct graph_stage *stage = &pipeline->stage[i];
        if (!is_named(stage, name->text)) {
            if (i < at && stage->id != NULL)
                weir__nearest_offer(&nearest, stage->id);
            continue;
        }
        if (i < at)
            return (int)i;
        weir__complain(joiner->loader, name,
                       i == at ? "'%s' can't read itself"
                               : "'%s' stands below: a stage reads those that stand above it",
                       wanted);
        return -1;
    }
    weir__suggest(weir__complain(joiner->loader, name, "there is no stage '%.100s'", wanted),
                  nearest.best);
    return -1;
}

/* What is read is to come: without a word about on_error the records are rejected. */
static bool read_rejects(struct joiner *joiner, struct node *name, struct graph_stage *from)
{
    if (from->type != NULL && (traits(from) & WEIR_REJECTS) == 0) {
        weir__complain(joiner->loader, name, "'%s' (%s) rejects no records", id(from),
                       from->type->name);
        return false;
    }
    if (!from->on_error_given)
        from->on_error = ON_ERROR_REJECT;
    if (from->on_error == ON_ERROR_REJECT || from->on_error == ON_ERROR_SET_NULL)
        return true;
    weir__complain(joiner->loader, name,
                   "nothing comes from here: '%s' has another on_error than reject", id(from));
    return false;
}

/* Adds what a name means to a stage's inputs. node is the stage's own, for what has no name. */
static bool join(struct joiner *joiner, struct node *node, struct node *name, size_t from,
                 size_t to)
{
    struct graph_stage *reader = stage_at(joiner, to), *of = stage_at(joiner, from);
    const char *port = name == NULL ? NULL : strchr(name->text, '.');
    bool rejects = port != NULL && strcmp(port, ".rejects") == 0;
    if ((traits(of) & WEIR_SINK) != 0 && !rejects) {
        weir__complain(joiner->loader, name != NULL ? name : node,
                       name != NULL ? "'%s' is a sink (%s): there is nothing to read from it"
                                    : "this stage reads the one above, but '%s' is a sink (%s)",
                       id(of), of->type->name);
        return false;
    }
    if (rejects && !read_rejects(joiner, name, of))
        return false;
    struct graph_input *input = &reader->input[reader->inputs++];
    *input = (struct graph_input){.stage = (uint32_t)from};
    bool routes = (traits(of) & WEIR_ROUTES) != 0;
    joiner->read[from] = joiner->read[from] || port == NULL || (routes && !rejects);
    if (name == NULL)
        return true;
    struct weir_err place = {0};
    weir__node_place(name, 0, 0, &place);
    input->line = place.line;
    input->column = place.column;
    input->span = place.span;
    if (port != NULL && (input->port = strdup(port + 1)) == NULL)
        joiner->loader->no_memory = true;
    return true;
}

static bool join_name(struct joiner *joiner, struct node *node, struct node *name, size_t at)
{
    if (name->faulty)
        return false;
    if (name->kind != NODE_SCALAR || name->text[0] == '\0') {
        weir__complain(joiner->loader, name, "'inputs' must be the id of a stage");
        return false;
    }
    if (stage_at(joiner, at)->inputs == GRAPH_INPUTS) {
        weir__complain(joiner->loader, name, "a stage reads at most %d others: merge some of them",
                       GRAPH_INPUTS);
        return false;
    }
    int from = find_stage(joiner, name, at);
    return from >= 0 && join(joiner, node, name, (size_t)from, at);
}

/* ---- inputs: ---- */

static bool is_twice(const struct node *inputs, const struct node *name)
{
    for (const struct node *other = inputs->child; other != name; other = other->next)
        if (other->kind == NODE_SCALAR && name->kind == NODE_SCALAR &&
            strcmp(other->text, name->text) == 0)
            return true;
    return false;
}

static bool join_list(struct joiner *joiner, struct node *node, struct node *inputs, size_t at)
{
    bool whole = true;
    if (inputs->child == NULL) {
        weir__complain(joiner->loader, inputs,
                       "'inputs' names no stage; without it a stage reads the one above");
        return false;
    }
    for (struct node *name = inputs->child; name != NULL; name = name->next) {
        if (!name->faulty && is_twice(inputs, name)) {
            weir__complain(joiner->loader, name, "'%s' is named twice", name->text);
            whole = false;
        } else {
            whole = join_name(joiner, node, name, at) && whole;
        }
    }
    return whole;
}

static void list_names(const char *const *names, char *to, size_t room)
{
    to[0] = '\0';
    for (; *names != NULL; names++) {
        size_t n = strlen(to);
        snprintf(to + n, room - n, "%s%s", n > 0 ? ", " : "", *names);
    }
}

/* Named inputs, in the order of the type's. */
static bool join_map(struct joiner *joiner, struct node *node, struct node *inputs, size_t at)
{
    const struct weir_stage_type *type = stage_at(joiner, at)->type;
    char names[200];
    bool whole = true;
    if (type == NULL)
        return false;
    if (type->inputs == NULL) {
        weir__complain(joiner->loader, inputs, "%s has no named inputs: name a stage, or a list",
                       type->name);
        return false;
    }
    list_names(type->inputs, names, sizeof(names));
    for (struct node *child = inputs->child; child != NULL; child = child->next) {
        struct nearest nearest;
        bool known = child->faulty;
        weir__nearest_begin(&nearest, child->key);
        for (const char *const *name = type->inputs; *name != NULL; name++) {
            known = known || strcmp(*name, child->key) == 0;
            weir__nearest_offer(&nearest, *name);
        }
        if (!known)
            weir__suggest(weir__complain_key(joiner->loader, child,
                                             "%s has no input '%.100s': it has %s", type->name,
                                             child->key, names),
                          nearest.best);
        whole = whole && known;
    }
    bool missing = false;
    for (const char *const *name = type->inputs; *name != NULL && whole; name++) {
        struct node *child = weir__node_get(inputs, *name);
        if (child != NULL && missing)
            weir__complain(joiner->loader, inputs, "%s needs those before '%s' as well: it has %s",
                           type->name, *name, names);
        missing = missing || child == NULL;
        whole = child == NULL ? whole : join_name(joiner, node, child, at);
    }
    return whole;
}

static bool join_inputs(struct joiner *joiner, struct node *node, struct node *inputs, size_t at)
{
    if (inputs->faulty)
        return false;
    switch (inputs->kind) {
    case NODE_LIST: return join_list(joiner, node, inputs, at);
    case NODE_MAP: return join_map(joiner, node, inputs, at);
    default: return join_name(joiner, node, inputs, at);
    }
}

/* ---- edges ---- */

static void join_stage(struct joiner *joiner, struct node *node, size_t at)
{
    const struct graph_stage *stage = stage_at(joiner, at);
    struct node *inputs = node->kind == NODE_MAP ? weir__node_get(node, "inputs") : NULL;
    if ((traits(stage) & WEIR_SOURCE) != 0) {
        if (inputs != NULL && !inputs->faulty)
            weir__complain_key(joiner->loader, inputs, "%s is a source: it takes no 'inputs'",
                               stage->type->name);
        return;
    }
    if (stage->type == NULL && at == 0)
        return;
    if (inputs != NULL)
        joiner->lost[at] = !join_inputs(joiner, node, inputs, at);
    else if (at > 0)
        joiner->lost[at] = !join(joiner, node, NULL, at - 1, at);
    else
        weir__complain(joiner->loader, node,
                       "'%s' is first, but %s reads another stage: begin with a "
                       "source",
                       id(stage), stage->type->name);
}

/* Whether a mistake below may be why nobody reads a stage: a stage of unknown type may be a source
 * or a sink, and of one whose inputs are wrong nobody knows what was meant. */
static bool may_be_read(const struct joiner *joiner, size_t i)
{
    const struct weir_pipeline *pipeline = joiner->loader->pipeline;
    if (i + 1 < pipeline->stages && pipeline->stage[i + 1].type == NULL)
        return true;
    for (size_t below = i + 1; below < pipeline->stages; below++)
        if (joiner->lost[below])
            return true;
    return false;
}

static void check_read(struct joiner *joiner, const struct node *stages)
{
    const struct weir_pipeline *pipeline = joiner->loader->pipeline;
    struct node *node = stages->child;
    for (size_t i = 0; i < pipeline->stages; i++, node = node->next) {
        const struct graph_stage *stage = &pipeline->stage[i];
        if (stage->type == NULL || (traits(stage) & WEIR_SINK) != 0 || joiner->read[i] ||
            may_be_read(joiner, i))
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
    size_t count = loader->pipeline->stages, at = 0;
    if (count == 0)
        return;
    joiner.read = calloc(count, sizeof(*joiner.read));
    joiner.lost = calloc(count, sizeof(*joiner.lost));
    if (joiner.read != NULL && joiner.lost != NULL) {
        for (struct node *node = stages->child; node != NULL; node = node->next)
            join_stage(&joiner, node, at++);
        check_read(&joiner, stages);
    } else {
        loader->no_memory = true;
    }
    free(joiner.read);
    free(joiner.lost);
}
