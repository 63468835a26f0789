/* What remains of a file of which only a part is to run. It is made of the file's nodes, so that
 * all later steps see a pipeline like any other. */
#include "config/loader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* base */
#include "base/nearest.h"
/* stage */
#include "stage/registry.h"

/* The stages that are added; no file calls its own like this. */
#define GIVEN_ID "-given"
#define HEAD_ID  "-head"
#define WRITE_ID "-write"

struct cutter {
    struct loader *loader;
    const struct weir_excerpt *excerpt;
    struct node *stages; /* the list */
    struct node **stage; /* its children */
    bool *kept;
    size_t count;
};

static uint32_t traits(const struct node *stage)
{
    const struct weir_stage_type *type = weir__stage_type_of(stage);
    return type == NULL ? 0 : weir__type_traits(type);
}

static void put(struct loader *loader, struct node *map, const char *key, struct node *value)
{
    if (weir__node_put(map, key, value) < 0)
        loader->no_memory = true;
}

static void remove_child(struct node *parent, struct node *child)
{
    if (child == NULL)
        return;
    weir__node_take(parent, child);
    weir__node_free(child);
}

/* A name of `inputs` is STAGE or STAGE.PORT. */
static bool means(const char *name, const char *id)
{
    size_t n = strcspn(name, ".");
    return id != NULL && strlen(id) == n && memcmp(name, id, n) == 0;
}

/* ---- which stay ---- */

/* The index of the stage that is named, or -1 after an error. */
static int find_stage(struct cutter *cutter)
{
    const char *name = cutter->excerpt->stage;
    struct nearest nearest;
    struct weir_err *err;
    weir__nearest_begin(&nearest, name);
    for (size_t i = 0; i < cutter->count; i++) {
        const char *id = weir__stage_id_of(cutter->stage[i]);
        if (!means(name, id)) {
            if (id != NULL)
                weir__nearest_offer(&nearest, id);
            continue;
        }
        if ((traits(cutter->stage[i]) & WEIR_SINK) == 0)
            return (int)i;
        err = weir__complain(cutter->loader, NULL, "'%s' is a sink: it emits nothing", name);
        err->code = WEIR_EUSAGE;
        return -1;
    }
    err = weir__complain(cutter->loader, NULL, "there is no stage '%.100s'", name);
    err->code = WEIR_EUSAGE;
    weir__suggest(err, nearest.best);
    return -1;
}

/* inputs: a name, or a list or map of names. */
static void keep_inputs(struct cutter *cutter, const struct node *inputs)
{
    for (const struct node *child = inputs->child; child != NULL; child = child->next)
        keep_inputs(cutter, child);
    for (size_t i = 0; i < cutter->count && inputs->kind == NODE_SCALAR; i++)
        cutter->kept[i] |= means(inputs->text, weir__stage_id_of(cutter->stage[i]));
}

/* The stages that stage `last` reads, directly or not, all of which stand above it. */
static void keep_before(struct cutter *cutter, size_t last)
{
    for (size_t i = last + 1; i-- > 0;) {
        const struct node *inputs = weir__node_get(cutter->stage[i], "inputs");
        if (!cutter->kept[i] || (traits(cutter->stage[i]) & WEIR_SOURCE) != 0)
            continue;
        if (inputs != NULL)
            keep_inputs(cutter, inputs);
        else if (i > 0)
            cutter->kept[i - 1] = true;
    }
}

static void drop_others(struct cutter *cutter)
{
    for (size_t i = 0; i < cutter->count; i++)
        if (!cutter->kept[i])
            remove_child(cutter->stages, cutter->stage[i]);
}

/* ---- where data comes from and goes to ---- */

/* The stage's `with`, which is made if need be; NULL where it is no map or memory ran out. */
static struct node *with_of(struct loader *loader, struct node *stage)
{
    struct node *with = weir__node_get(stage, "with");
    if (with == NULL) {
        with = weir__node_map();
        put(loader, stage, "with", with);
    }
    return with == NULL || with->kind != NODE_MAP ? NULL : with;
}

static bool has_path(const struct node *stage)
{
    const struct weir_stage_type *type = weir__stage_type_of(stage);
    const struct weir_option *row = type == NULL ? NULL : type->options;
    while (row != NULL && row->name != NULL && strcmp(row->name, "path") != 0)
        row++;
    return row != NULL && row->name != NULL;
}

/* To standard input or output. A sink without a path prints there anyway. */
static void redirect(struct cutter *cutter, struct node *stage)
{
    bool source = (traits(stage) & WEIR_SOURCE) != 0;
    if (!has_path(stage)) {
        if (source)
            weir__complain(cutter->loader, weir__node_get(stage, "type"),
                           "'%s' reads no file: nothing else can be given to it",
                           weir__stage_id_of(stage));
        return;
    }
    struct node *with = with_of(cutter->loader, stage);
    if (with != NULL)
        put(cutter->loader, with, "path", weir__node_scalar("-"));
}

/* Makes a stage of that type, and returns its `with`. */
static struct node *make_stage(struct loader *loader, const char *id, const char *type,
                               struct node **ret)
{
    *ret = weir__node_map();
    if (*ret == NULL) {
        loader->no_memory = true;
        return NULL;
    }
    put(loader, *ret, "id", weir__node_scalar(id));
    put(loader, *ret, "type", weir__node_scalar(type));
    return with_of(loader, *ret);
}

static void append(struct cutter *cutter, struct node *stage)
{
    if (stage != NULL && weir__node_append(cutter->stages, NULL, stage) < 0)
        cutter->loader->no_memory = true;
}

static void append_head(struct cutter *cutter)
{
    struct node *stage, *with = make_stage(cutter->loader, HEAD_ID, "head", &stage);
    char count[24];
    snprintf(count, sizeof(count), "%" PRIu64, cutter->excerpt->count);
    if (with != NULL)
        put(cutter->loader, with, "count", weir__node_scalar(count));
    append(cutter, stage);
}

static void append_write(struct cutter *cutter)
{
    struct node *stage, *with = make_stage(cutter->loader, WRITE_ID, "csv.write", &stage);
    if (with != NULL)
        put(cutter->loader, with, "path", weir__node_scalar("-"));
    append(cutter, stage);
}

/* The records that are given, in front of the one stage that is left. */
static void prepend_given(struct cutter *cutter)
{
    const struct weir_excerpt *excerpt = cutter->excerpt;
    struct node *only = cutter->stages->child;
    struct node *stage, *with = make_stage(cutter->loader, GIVEN_ID, "csv.read", &stage);
    struct node *types = excerpt->types_count == 0 ? NULL : weir__node_map();
    for (size_t i = 0; i < excerpt->types_count && types != NULL; i++)
        put(cutter->loader, types, excerpt->types[i].key,
            weir__node_scalar(excerpt->types[i].value));
    if (with != NULL)
        put(cutter->loader, with, "path", weir__node_scalar("-"));
    if (with != NULL && excerpt->types_count > 0)
        put(cutter->loader, with, "types", types);
    weir__node_take(cutter->stages, only);
    remove_child(only, weir__node_get(only, "inputs"));
    append(cutter, stage);
    append(cutter, only);
}

/* ---- the part ---- */

/* What its stages reject goes nowhere, and is rejected all the same. */
static void forget_rejects(struct loader *loader, struct node *stage)
{
    struct node *rejects = weir__node_get(stage, "rejects");
    if (rejects == NULL)
        return;
    remove_child(stage, rejects);
    if (weir__node_get(stage, "on_error") == NULL)
        put(loader, stage, "on_error", weir__node_scalar("reject"));
}

static void cut_to_stage(struct cutter *cutter)
{
    int last = find_stage(cutter);
    if (last < 0)
        return;
    struct node *stage = cutter->stage[last];
    bool source = (traits(stage) & WEIR_SOURCE) != 0;
    cutter->kept[last] = true;
    if (!cutter->excerpt->from_stdin)
        keep_before(cutter, (size_t)last);
    drop_others(cutter);
    if (cutter->excerpt->from_stdin && source)
        redirect(cutter, stage);
    else if (cutter->excerpt->from_stdin)
        prepend_given(cutter);
    if (cutter->excerpt->count > 0)
        append_head(cutter);
    append_write(cutter);
}

static void cut(struct cutter *cutter)
{
    for (size_t i = 0; i < cutter->count; i++)
        forget_rejects(cutter->loader, cutter->stage[i]);
    if (cutter->excerpt->stage != NULL) {
        cut_to_stage(cutter);
        return;
    }
    for (size_t i = 0; i < cutter->count; i++)
        if ((traits(cutter->stage[i]) & WEIR_SINK) != 0 ||
            ((traits(cutter->stage[i]) & WEIR_SOURCE) != 0 && cutter->excerpt->from_stdin))
            redirect(cutter, cutter->stage[i]);
}

void weir__take_excerpt(struct loader *loader)
{
    struct cutter cutter = {.loader = loader, .excerpt = loader->options->excerpt};
    if (cutter.excerpt == NULL)
        return;
    remove_child(loader->root, weir__node_get(loader->root, "tests"));
    cutter.stages = weir__node_get(loader->root, "stages");
    if (cutter.stages == NULL || cutter.stages->kind != NODE_LIST)
        return; /* which is said when they are read */
    for (const struct node *node = cutter.stages->child; node != NULL; node = node->next) {
        if (node->kind != NODE_MAP)
            return;
        cutter.count++;
    }
    cutter.stage = calloc(cutter.count + 1, sizeof(*cutter.stage));
    cutter.kept = calloc(cutter.count + 1, sizeof(*cutter.kept));
    if (cutter.stage == NULL || cutter.kept == NULL) {
        loader->no_memory = true;
    } else {
        size_t i = 0;
        for (struct node *node = cutter.stages->child; node != NULL; node = node->next)
            cutter.stage[i++] = node;
        cut(&cutter);
    }
    free(cutter.stage);
    free(cutter.kept);
}
