/* version:, name: and run: - what concerns the run as a whole. */
#include "config/loader.h"

#include <stdlib.h>
#include <string.h>

/* config */
#include "config/keys.h"
/* stage */
#include "stage/option.h"

#define NAME_BYTES_MAX 63
#define SLOT_UNIT      4096

const struct weir_option weir__run_keys[] = {
    {"memory", WEIR_OPT_BYTES, NULL, "1MiB..", false,
     "the most memory that the run's processes may use together; a plan above it is refused"},
    {"slot", WEIR_OPT_BYTES, "256KiB", "64KiB..16MiB", false, "the size of a slot of a queue"},
    {"slots", WEIR_OPT_COUNT, "16", "1..1024", false, "the number of slots of a queue"},
    {"max_record", WEIR_OPT_BYTES, "16MiB", "64KiB..128MiB", false,
     "the largest record; a larger one is rejected"},
    {"max_rejected", WEIR_OPT_STRING, "0", NULL, false,
     "how many records, or what share of them, may be rejected before the exit code is 1"},
    {"max_failed", WEIR_OPT_STRING, "0", NULL, false,
     "how many records, or what share of them, may fail before the exit code is 1"},
    {"order", WEIR_OPT_ENUM, "preserve", "preserve|none", false,
     "whether records keep their order, in stages that do not say it themselves"},
    {"on_stop", WEIR_OPT_ENUM, "discard", "discard|publish", false,
     "what becomes of the outputs when a signal stops the run"},
    {"timeout", WEIR_OPT_DURATION, NULL, "1ms..", false,
     "the run is stopped after this time and publishes nothing"},
    {"restarts", WEIR_OPT_COUNT, "5", "0..1000", false,
     "how often one worker may die without getting on before the run gives up"},
    {NULL, 0, NULL, NULL, false, NULL},
};

const struct weir_option weir__quarantine_keys[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, false,
     "where records go that kill their workers (NAME.quarantine.jsonl); their bytes beside it, in "
     "PATH.raw"},
    {"max", WEIR_OPT_COUNT, "1000", "0..", false,
     "how many records may be set aside before the run stops"},
    {"poison_after", WEIR_OPT_COUNT, "2", "1..20", false,
     "how many workers may die of one record before it is set aside"},
    {NULL, 0, NULL, NULL, false, NULL},
};

static void read_version(struct loader *loader)
{
    struct node *node = weir__node_get(loader->root, "version");
    if (node == NULL) {
        struct weir_err *err = weir__complain(loader, NULL, "the file does not say its version");
        weir__advise(err, "begin it with: version: 1");
    } else if (node->kind != NODE_SCALAR && !node->faulty) {
        weir__complain(loader, node, "'version' must be 1");
    } else if (!node->faulty && strcmp(node->text, "1") != 0) {
        weir__complain(loader, node, "version '%.40s' is not known: this program reads version 1",
                       node->text);
    }
}

static bool is_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t n = strlen(name);
    return n > 0 && n <= NAME_BYTES_MAX && strspn(name, letters) == n;
}

/* The file's own name without its folders and its last ending. */
static char *name_of_file(const char *file)
{
    const char *base = strrchr(file, '/');
    base = base == NULL ? file : base + 1;
    const char *dot = strrchr(base, '.');
    size_t n = dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base);
    char *name = strndup(base, n > NAME_BYTES_MAX ? NAME_BYTES_MAX : n);
    for (char *c = name; c != NULL && *c != '\0'; c++)
        if (!is_name((char[]){*c, '\0'}))
            *c = '-';
    if (name == NULL || (is_name(name) && name[0] != '-'))
        return name;
    free(name);
    return strdup("pipeline");
}

static void read_name(struct loader *loader)
{
    struct node *node = weir__node_get(loader->root, "name");
    struct weir_pipeline *pipeline = loader->pipeline;
    bool usable = node != NULL && !node->faulty && node->kind == NODE_SCALAR && is_name(node->text);
    if (node != NULL && !usable && !node->faulty)
        weir__complain(loader, node,
                       "'name' must be made of letters, digits, '_', '.' and '-', at most %d",
                       NAME_BYTES_MAX);
    pipeline->name = usable ? strdup(node->text) : name_of_file(pipeline->file);
    loader->no_memory |= pipeline->name == NULL;
}

/* "100" or "5%". */
static struct limit read_limit(struct loader *loader, const struct settings *run, const char *key)
{
    const char *text = weir__settings_string(run, key), *message;
    struct node *node = weir__node_get(weir__node_get(loader->root, "run"), key);
    struct limit limit = {0};
    int64_t value = 0;
    size_t n = text == NULL ? 0 : strlen(text);
    limit.percent = n > 0 && text[n - 1] == '%';
    if (text != NULL && weir__option_number(limit.percent ? WEIR_OPT_PERCENT : WEIR_OPT_COUNT, text,
                                            &value, &message) < 0)
        weir__complain(loader, node, "'%s' must be a number like 100 or a percentage like 5%%",
                       key);
    limit.value = (uint64_t)value;
    return limit;
}

/* A number of run:, 0 if there is none. */
static uint64_t number(const struct settings *run, const char *key)
{
    int64_t value = weir__settings_number(run, key);
    return value < 0 ? 0 : (uint64_t)value;
}

static void check_sizes(struct loader *loader, struct node *run)
{
    struct weir_pipeline *pipeline = loader->pipeline;
    if (pipeline->slot_bytes % SLOT_UNIT != 0)
        weir__complain(loader, weir__node_get(run, "slot"), "'slot' must be a multiple of 4KiB");
    if (pipeline->max_record_bytes < pipeline->slot_bytes) {
        struct node *node = weir__node_get(run, "max_record");
        weir__complain(loader, node != NULL ? node : weir__node_get(run, "slot"),
                       "'max_record' must not be smaller than 'slot', which is %u KiB",
                       pipeline->slot_bytes >> 10);
    }
}

/* The settings of one of the file's maps; NULL when memory ran out. */
static struct settings *read_map(struct loader *loader, const char *key, const char *example,
                                 const struct weir_option *table, struct node **ret_node)
{
    struct settings *settings = NULL;
    struct node *node = weir__node_get(loader->root, key);
    if (node != NULL && node->kind != NODE_MAP) {
        if (!node->faulty)
            weir__complain(loader, node, "'%s' must be a map like %s", key, example);
        node = NULL;
    }
    *ret_node = node;
    if (weir__settings_read(table, node, loader->errors, &settings) == WEIR_EOS)
        loader->no_memory = true;
    return settings;
}

static void read_quarantine(struct loader *loader)
{
    struct weir_pipeline *pipeline = loader->pipeline;
    struct node *node;
    struct settings *settings =
        read_map(loader, "quarantine", "{max: 10, path: bad.jsonl}", weir__quarantine_keys, &node);
    if (settings == NULL)
        return;
    const char *path = weir__settings_string(settings, "path");
    int failed = 0;
    if (path != NULL)
        pipeline->quarantine.path = strdup(path);
    else if (pipeline->name != NULL)
        failed = asprintf(&pipeline->quarantine.path, "%s.quarantine.jsonl", pipeline->name);
    if (failed < 0)
        pipeline->quarantine.path = NULL;
    loader->no_memory |= pipeline->quarantine.path == NULL;
    pipeline->quarantine.max = number(settings, "max");
    if (loader->options->excerpt == NULL) /* which writes no file */
        pipeline->quarantine.poison_after = (uint32_t)number(settings, "poison_after");
    weir__settings_free(settings);
}

void weir__read_run(struct loader *loader)
{
    struct weir_pipeline *pipeline = loader->pipeline;
    struct node *node;
    read_version(loader);
    read_name(loader);
    read_quarantine(loader);
    struct settings *run = read_map(loader, "run", "{memory: 64MiB}", weir__run_keys, &node);
    if (run == NULL)
        return;
    pipeline->memory_bytes = number(run, "memory");
    pipeline->slot_bytes = (uint32_t)number(run, "slot");
    pipeline->slots = (uint32_t)number(run, "slots");
    pipeline->max_record_bytes = (uint32_t)number(run, "max_record");
    pipeline->max_rejected = read_limit(loader, run, "max_rejected");
    pipeline->max_failed = read_limit(loader, run, "max_failed");
    pipeline->unordered = weir__settings_number(run, "order") == 1;
    pipeline->stop_publishes = weir__settings_number(run, "on_stop") == 1;
    pipeline->timeout_ms = number(run, "timeout");
    pipeline->restarts = (uint32_t)number(run, "restarts");
    weir__settings_free(run);
    check_sizes(loader, node);
}
