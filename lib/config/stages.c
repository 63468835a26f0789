/* stages: - each stage's own keys, to one graph_stage each. Who reads whom is found in edges.c. */
#include "config/loader.h"

#include <stdlib.h>
#include <string.h>

/* stage */
#include "stage/option.h"
#include "stage/registry.h"

#define ID_BYTES_MAX        48
#define STAGES_MAX          1000
#define WORKER_MEMORY_LEAST (16 << 20)
#define WORKERS_MAX         64 /* a stage's workers have one bit each in its parked words */

/* ---- type and id, which the earlier steps want to know too ---- */

static const char *scalar(const struct node *map, const char *key)
{
    const struct node *node = map->kind == NODE_MAP ? weir__node_get(map, key) : NULL;
    return node == NULL || node->kind != NODE_SCALAR || node->text[0] == '\0' ? NULL : node->text;
}

const struct weir_stage_type *weir__stage_type_of(const struct node *stage)
{
    const char *name = scalar(stage, "type");
    const struct weir_stage_type *type = name == NULL ? NULL : weir_stage_type(name);
    return type == NULL || (type->traits & WEIR_INNER) != 0 ? NULL : type;
}

const char *weir__stage_id_of(const struct node *stage)
{
    const char *id = scalar(stage, "id"), *type = scalar(stage, "type");
    if (id != NULL || type == NULL)
        return id;
    const char *dot = strrchr(type, '.');
    return dot == NULL ? type : dot + 1;
}

static void read_type(struct loader *loader, struct node *node, struct graph_stage *stage)
{
    struct node *type = weir__node_get(node, "type");
    stage->type = weir__stage_type_of(node);
    if (stage->type != NULL || (type != NULL && type->faulty))
        return;
    if (type == NULL) {
        struct weir_err *err = weir__complain(loader, node, "this stage has no type");
        weir__advise(err, "`pipeline stages` lists them");
    } else if (type->kind != NODE_SCALAR) {
        weir__complain(loader, type, "'type' must be the name of a stage type, not a %s",
                       type->kind == NODE_LIST ? "list" : "map");
    } else {
        struct weir_err *err =
            weir__complain(loader, type, "there is no stage type '%.100s'", type->text);
        const char *best = weir__type_nearest(type->text);
        if (best == NULL)
            weir__advise(err, "`pipeline stages` lists them");
        else
            weir__suggest(err, best);
    }
}

static bool is_id(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && n <= ID_BYTES_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

static void check_unique(struct loader *loader, struct node *node, const struct graph_stage *stage)
{
    struct node *id = weir__node_get(node, "id");
    for (const struct graph_stage *other = loader->pipeline->stage; other != stage; other++) {
        if (other->id == NULL || strcmp(other->id, stage->id) != 0)
            continue;
        struct weir_err *err = weir__complain(
            loader, id != NULL ? id : weir__node_get(node, "type"),
            "two stages have the id '%s': here and in line %u", stage->id, other->line);
        if (id == NULL)
            weir__advise(err, "without an id a stage has the last word of its type: give it an id");
        return;
    }
}

static void read_id(struct loader *loader, struct node *node, struct graph_stage *stage)
{
    struct node *id = weir__node_get(node, "id");
    const char *text = weir__stage_id_of(node);
    bool good = text != NULL && is_id(text);
    if (id != NULL && !id->faulty && (!good || id->kind != NODE_SCALAR))
        weir__complain(loader, id, "an id is made of a-z, 0-9, '_' and '-', at most %d",
                       ID_BYTES_MAX);
    if (!good)
        return;
    stage->id = strdup(text);
    loader->no_memory |= stage->id == NULL;
    if (stage->id != NULL)
        check_unique(loader, node, stage);
}

/* ---- the other keys ---- */

/* The index of a key's value in "a|b|c", or -1: it is not there, or wrong, and that has been said.
 */
static int read_choice(struct loader *loader, const struct node *stage, const char *key,
                       const char *choices, const char *in_words)
{
    struct node *node = weir__node_get(stage, key);
    if (node == NULL || node->faulty)
        return -1;
    bool shown = node->kind == NODE_SCALAR && !node->secret;
    int choice = node->kind == NODE_SCALAR ? weir__option_choice(choices, node->text) : -1;
    if (choice < 0)
        weir__complain(loader, node, "'%s' must be %s%s%.40s%s", key, in_words,
                       shown ? ", not '" : "", shown ? node->text : "", shown ? "'" : "");
    return choice;
}

static void read_workers(struct loader *loader, struct node *node, struct graph_stage *stage)
{
    struct node *workers = weir__node_get(node, "workers");
    bool one = stage->type != NULL && (weir__type_traits(stage->type) & WEIR_ONE_SEAT) != 0;
    const char *message;
    int64_t n = 0;
    bool said = workers != NULL && !workers->faulty;
    if (said && workers->kind == NODE_SCALAR && strcmp(workers->text, "auto") == 0)
        said = false;
    if (!said) {
        stage->workers = one ? 0 : loader->options->workers;
        return;
    }
    if (workers->kind != NODE_SCALAR ||
        weir__option_number(WEIR_OPT_COUNT, workers->text, &n, &message) < 0 || n < 1 ||
        n > WORKERS_MAX)
        weir__complain(loader, workers, "'workers' must be auto or a number from 1 to %d",
                       WORKERS_MAX);
    else if (one && n > 1)
        weir__complain(loader, workers, "%s has one worker, whatever is asked for",
                       stage->type->name);
    else
        stage->workers = (uint32_t)n;
}

static bool takes_rejects(const struct graph_stage *stage)
{
    return stage->type == NULL || (weir__type_traits(stage->type) & WEIR_REJECTS) != 0;
}

static void read_rejects(struct loader *loader, struct node *rejects, struct graph_stage *stage)
{
    struct node *path = weir__node_get(rejects, "path");
    if (rejects->faulty)
        return;
    if (rejects->kind != NODE_MAP) {
        struct weir_err *err =
            weir__complain(loader, rejects, "'rejects' must be a map with a path");
        weir__advise(err, "write rejects: {path: %.80s}",
                     rejects->kind == NODE_SCALAR ? rejects->text : "rejects.csv");
        return;
    }
    bool other = false;
    for (struct node *child = rejects->child; child != NULL; child = child->next) {
        if (strcmp(child->key, "path") == 0 || child->faulty)
            continue;
        weir__complain_key(loader, child, "'rejects' has a path and no '%.100s'", child->key);
        other = true;
    }
    if (path == NULL && other)
        return;
    if (path == NULL)
        weir__complain(loader, rejects, "'rejects' needs a path");
    else if (!path->faulty && (path->kind != NODE_SCALAR || path->text[0] == '\0'))
        weir__complain(loader, path, "the path of 'rejects' must be the name of a file");
    else if (!path->faulty) {
        stage->rejects_path = strdup(path->text);
        loader->no_memory |= stage->rejects_path == NULL;
    }
}

static void read_on_error(struct loader *loader, struct node *node, struct graph_stage *stage)
{
    struct node *on_error = weir__node_get(node, "on_error"),
                *rejects = weir__node_get(node, "rejects");
    int choice = read_choice(loader, node, "on_error", "stop|reject|drop|set_null",
                             "stop, reject, drop or set_null");
    stage->on_error = choice >= 0 ? (enum on_error)choice : ON_ERROR_STOP;
    stage->on_error_given = on_error != NULL;
    if (rejects != NULL) {
        read_rejects(loader, rejects, stage);
        if (on_error == NULL)
            stage->on_error = ON_ERROR_REJECT;
        else if (choice == ON_ERROR_STOP || choice == ON_ERROR_DROP)
            weir__complain_key(loader, rejects,
                               "'rejects' stays empty with on_error: %s: write "
                               "on_error: reject",
                               on_error->text);
    }
    if (takes_rejects(stage))
        return;
    if (on_error != NULL && !on_error->faulty)
        weir__complain_key(loader, on_error, "%s rejects no records: it takes no 'on_error'",
                           stage->type->name);
    if (rejects != NULL && !rejects->faulty)
        weir__complain_key(loader, rejects, "%s rejects no records: it takes no 'rejects'",
                           stage->type->name);
}

static void read_isolate(struct loader *loader, struct node *node, struct graph_stage *stage)
{
    struct node *isolate = weir__node_get(node, "isolate");
    const char *message;
    int64_t value = 0;
    if (isolate == NULL || isolate->faulty)
        return;
    if (isolate->kind != NODE_SCALAR ||
        weir__option_number(WEIR_OPT_BOOL, isolate->text, &value, &message) < 0)
        weir__complain(loader, isolate, "'isolate' must be true or false");
    stage->isolate = value == 1;
}

/* A type that says nothing of sandboxes may be tried in any. */
static void read_sandbox(struct loader *loader, const struct node *node, struct graph_stage *stage)
{
    static const uint32_t sandbox[] = {0, WEIR_SANDBOX_FILES, WEIR_SANDBOX_NETWORK,
                                       WEIR_SANDBOX_STRICT};
    int choice = read_choice(loader, node, "sandbox", "none|files|network|strict",
                             "none, files, network or strict");
    if (choice < 0)
        return;
    uint32_t bears = stage->type == NULL ? 0 : weir__type_traits(stage->type) & WEIR_SANDBOX_STRICT;
    stage->confined = true;
    stage->sandbox = sandbox[choice];
    if (bears != 0 && (stage->sandbox & ~bears) != 0)
        weir__complain(loader, weir__node_get(node, "sandbox"),
                       "%s %s: 'sandbox' can be none or %s", stage->type->name,
                       bears == WEIR_SANDBOX_FILES ? "opens files while it works"
                                                   : "opens sockets while it works",
                       bears == WEIR_SANDBOX_FILES ? "files" : "network");
}

/* A duration or a size of a stage; 0 where it is not given. */
static uint64_t read_limit(struct loader *loader, const struct node *stage, const char *key,
                           enum weir_option_type type, uint64_t least, const char *like)
{
    struct node *node = weir__node_get(stage, key);
    const char *message;
    int64_t value = 0;
    if (node == NULL || node->faulty)
        return 0;
    bool number =
        node->kind == NODE_SCALAR && weir__option_number(type, node->text, &value, &message) == 0;
    if (!number || value < (int64_t)least)
        weir__complain(loader, node, "'%s' must be %s", key, like);
    return (uint64_t)value;
}

static void read_limits(struct loader *loader, const struct node *node, struct graph_stage *stage)
{
    stage->record_timeout_ms = read_limit(loader, node, "record_timeout", WEIR_OPT_DURATION, 1,
                                          "a duration like 10s: how long one record may take");
    stage->worker_memory = read_limit(
        loader, node, "worker_memory", WEIR_OPT_BYTES, WORKER_MEMORY_LEAST,
        "a size like 256MiB, at least 16MiB: how much memory of its own a worker may use");
}

static void read_with(struct loader *loader, struct node *node, struct graph_stage *stage)
{
    struct node *with = weir__node_get(node, "with");
    size_t before = loader->errors->count;
    if (stage->type == NULL)
        return;
    if (with != NULL) {
        weir__node_take(node, with);
        stage->with = with;
    }
    if (weir__settings_read(stage->type->options, stage->with, loader->errors, &stage->settings) ==
        WEIR_EOS)
        loader->no_memory = true;
    for (size_t i = before; i < loader->errors->count; i++) {
        struct weir_err *err = &loader->errors->list[i];
        if (stage->id != NULL)
            snprintf(err->stage, sizeof(err->stage), "%s", stage->id);
        if (err->line != 0)
            continue;
        err->line = stage->line;
        err->column = stage->column;
        weir_err_context(err, "%s", stage->type->name);
    }
}

static void read_stage(struct loader *loader, struct node *node, struct graph_stage *stage)
{
    read_type(loader, node, stage);
    read_id(loader, node, stage);
    read_workers(loader, node, stage);
    int order = read_choice(loader, node, "order", "preserve|none", "preserve or none");
    stage->unordered = order < 0 ? loader->pipeline->unordered : order == 1;
    read_on_error(loader, node, stage);
    read_isolate(loader, node, stage);
    read_limits(loader, node, stage);
    read_sandbox(loader, node, stage);
    read_with(loader, node, stage);
}

static struct node *find_stages(struct loader *loader)
{
    struct node *stages = weir__node_get(loader->root, "stages");
    if (stages == NULL)
        weir__complain(loader, NULL, "the file has no 'stages'");
    else if (stages->kind != NODE_LIST && !stages->faulty)
        weir__complain(loader, stages, "'stages' must be a list: each stage begins with '- '");
    else if (stages->kind == NODE_LIST && stages->child == NULL)
        weir__complain(loader, stages, "'stages' is empty");
    return stages == NULL || stages->kind != NODE_LIST ? NULL : stages;
}

void weir__read_stages(struct loader *loader)
{
    struct weir_pipeline *pipeline = loader->pipeline;
    struct node *stages = find_stages(loader);
    size_t n = 0;
    if (loader->options->workers > WORKERS_MAX)
        weir__complain(loader, NULL, "--workers must be from 1 to %d", WORKERS_MAX)->code =
            WEIR_EUSAGE;
    for (struct node *node = stages == NULL ? NULL : stages->child; node != NULL; node = node->next)
        n++;
    if (n > STAGES_MAX) {
        weir__complain(loader, stages, "more than %d stages", STAGES_MAX);
        stages = NULL;
    }
    pipeline->stage = calloc(n + 1, sizeof(*pipeline->stage));
    if (pipeline->stage == NULL || stages == NULL) {
        loader->no_memory |= pipeline->stage == NULL;
        return;
    }
    for (struct node *node = stages->child; node != NULL; node = node->next) {
        struct graph_stage *stage = &pipeline->stage[pipeline->stages++];
        *stage = (struct graph_stage){.line = node->line, .column = node->column};
        if (node->kind == NODE_MAP) {
            read_stage(loader, node, stage);
        } else if (!node->faulty) {
            struct weir_err *err =
                weir__complain(loader, node, "a stage is a map with a type, not %s",
                               node->kind == NODE_LIST ? "a list" : "a plain value");
            if (node->kind == NODE_SCALAR)
                weir__advise(err, "write - type: %.80s", node->text);
        }
    }
}
