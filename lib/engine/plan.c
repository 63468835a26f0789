#include "engine/plan.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- drafts: the pipeline with its stage types expanded ---- */

static struct draft *add_draft(struct weir_plan *plan, uint32_t stage,
                               const struct weir_stage_type *outer,
                               const struct weir_stage_type *type)
{
    struct draft *draft = &plan->draft[plan->drafts++];
    *draft = (struct draft){.stage = stage, .outer = outer, .rejects_to = -1};
    draft->runtime = (struct stage_runtime){.facts = &plan->facts, .head_fd = -1, .fresh = true};
    draft->handle = (struct weir_stage){
        .type = type, .id = plan->blueprint.stage[stage].id, .runtime = &draft->runtime};
    return draft;
}

static void draft_settings(struct draft *draft, struct node *with, struct settings *settings)
{
    draft->with = with;
    draft->settings = settings;
    draft->runtime.settings = settings;
}

static int add_blueprint_stage(struct weir_plan *plan, const char *id,
                               const struct weir_stage_type *type, bool implicit)
{
    struct blueprint_stage *stage = weir__blueprint_add_stage(&plan->blueprint);
    if (stage == NULL || (stage->id = strdup(id)) == NULL)
        return WEIR_EOS;
    stage->type = type;
    stage->implicit = implicit;
    return (int)plan->blueprint.stages - 1;
}

static bool wanted(struct draft *draft)
{
    const struct weir_stage_type *type = draft->handle.type;
    return type->wanted == NULL || type->wanted(&draft->handle);
}

static int expand(struct weir_plan *plan, const struct graph_stage *from)
{
    int stage = add_blueprint_stage(plan, from->id, from->type, false);
    if (stage < 0)
        return stage;
    const struct weir_stage_type *alone[] = {from->type, NULL};
    const struct weir_stage_type *const *inner =
        from->type->inner != NULL ? from->type->inner : alone;
    for (; *inner != NULL; inner++) {
        struct draft *draft = add_draft(plan, (uint32_t)stage, from->type, *inner);
        draft->from = from;
        draft->runtime.on_error = from->on_error;
        draft_settings(draft, from->with, from->settings);
        if (!wanted(draft))
            plan->drafts--;
    }
    return 0;
}

static int expand_all(struct weir_plan *plan)
{
    const struct weir_pipeline *pipeline = plan->pipeline;
    size_t most = pipeline->stages * (GROUP_MEMBERS + 1) + 1;
    plan->draft = calloc(most + 1, sizeof(*plan->draft));
    if (plan->draft == NULL)
        return WEIR_EOS;
    for (size_t s = 0; s < pipeline->stages; s++)
        if (expand(plan, &pipeline->stage[s]) < 0)
            return WEIR_EOS;
    plan->chain = plan->drafts;
    return 0;
}

/* ---- rejects files: one-seat sinks that nobody wrote down ---- */

static const struct weir_stage_type *file_sink(const struct weir_stage_type *outer)
{
    for (int i = 0; outer != NULL && outer->inner != NULL && outer->inner[i] != NULL; i++)
        if ((outer->inner[i]->traits & WEIR_SINK) != 0)
            return outer->inner[i];
    return NULL;
}

/* A sink that nobody wrote down. Its index, or a code. */
static int add_implicit(struct weir_plan *plan, const char *id, const struct weir_stage_type *outer,
                        const struct weir_stage_type *type, const char *path)
{
    int stage = type == NULL ? WEIR_EINTERNAL : add_blueprint_stage(plan, id, outer, true);
    if (stage < 0)
        return stage;
    struct draft *draft = add_draft(plan, (uint32_t)stage, outer, type);
    struct node *with = weir__node_map();
    struct settings *settings = NULL;
    struct weir_errors ignored = {0};
    int code = weir__node_append(with, "path", weir__node_scalar(path));
    if (code == 0)
        code = weir__settings_read(outer->options, with, &ignored, &settings);
    weir_errors_release(&ignored);
    draft_settings(draft, with, settings);
    draft->in.raw = true;
    return code < 0 ? code : (int)plan->drafts - 1;
}

static int add_rejects_file(struct weir_plan *plan, struct draft *of)
{
    const struct weir_stage_type *outer = weir_stage_type("csv.write");
    char id[128];
    snprintf(id, sizeof(id), "%s.rejects", of->from->id);
    of->rejects_to = add_implicit(plan, id, outer, file_sink(outer), of->from->rejects_path);
    if (of->rejects_to < 0)
        return of->rejects_to;
    struct draft *draft = &plan->draft[of->rejects_to];
    draft->in.preamble = strdup(WEIR_REJECTS_HEADER);
    draft->in.preamble_bytes = strlen(WEIR_REJECTS_HEADER);
    return draft->in.preamble == NULL ? WEIR_EOS : 0;
}

/* Where there is no such type, a record that kills its workers ends the run. */
static int add_quarantine(struct weir_plan *plan)
{
    const struct weir_pipeline *pipeline = plan->pipeline;
    const struct weir_stage_type *type = weir_stage_type("quarantine.write");
    plan->aside = -1;
    if (type == NULL || pipeline->quarantine.path == NULL || pipeline->quarantine.poison_after == 0)
        return 0;
    plan->aside = add_implicit(plan, "quarantine", type, type, pipeline->quarantine.path);
    return plan->aside < 0 ? plan->aside : 0;
}

static int add_rejects_files(struct weir_plan *plan)
{
    for (uint32_t d = 0; d < plan->chain; d++) {
        struct draft *draft = &plan->draft[d];
        if ((draft->handle.type->traits & WEIR_REJECTS) == 0 || draft->from->rejects_path == NULL)
            continue;
        int code = add_rejects_file(plan, draft);
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- places of errors ---- */

/* Errors from `before` on that have no place get that of the stage's entry. */
static void place_at_stage(const struct draft *draft, struct weir_errors *errors, size_t before)
{
    for (size_t e = before; e < errors->count && draft->from != NULL; e++) {
        struct weir_err *err = &errors->list[e];
        if (err->line != 0)
            continue;
        err->line = draft->from->line;
        err->column = draft->from->column;
    }
}

/* True if text has the name as a word of its own, in quotes or not. */
static bool names(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at != NULL && at > text && strchr("' ", at[-1]) != NULL &&
           strchr("' :", at[strlen(name)]) != NULL;
}

/* An input that cannot be used: the item of `path` that the error names, else the option, else the
 * stage. */
static void place_at_path(const struct draft *source, struct weir_err *err)
{
    const char *const *path;
    const char *named = NULL;
    size_t paths = weir__settings_list(source->settings, "path", &path);
    for (size_t i = 0; i < paths; i++)
        if (names(err->text, path[i]))
            named = path[i];
    const struct node *node = weir__settings_node(source->settings, "path", named);
    err->line = source->from->line;
    err->column = source->from->column;
    if (node != NULL)
        weir__node_place(node, 0, 0, err);
}

/* ---- configure and bind ---- */

static int configure(struct draft *draft, struct weir_errors *errors)
{
    const struct weir_stage_type *outer = draft->outer, *type = draft->handle.type;
    draft->runtime.errors = errors;
    size_t before = errors->count;
    int code = 0;
    /* An expanding type's own cross rules are looked at once, with its first inner stage. */
    if (outer != type && outer->configure != NULL && outer->inner[0] == type)
        code = outer->configure(&draft->handle);
    if (type->configure != NULL && code == 0)
        code = type->configure(&draft->handle);
    place_at_stage(draft, errors, before);
    return code;
}

static int configure_all(struct weir_plan *plan, struct weir_errors *errors)
{
    int worst = 0;
    for (uint32_t d = 0; d < plan->drafts; d++) {
        int code = configure(&plan->draft[d], errors);
        if (code < 0)
            worst = code;
    }
    return worst;
}

static int bind(struct draft *draft, struct weir_errors *errors)
{
    struct weir_stage *stage = &draft->handle;
    struct weir_err err = {0};
    size_t before = errors->count;
    stage->in = (stage->type->traits & WEIR_SOURCE) != 0 ? NULL : &draft->in;
    stage->out = &draft->out;
    draft->runtime.err = &err;
    draft->runtime.errors = errors;
    int code = stage->type->bind == NULL ? 0 : stage->type->bind(stage, &draft->out);
    if (code < 0 && errors->count == before)
        *weir_errors_add(errors) = err;
    place_at_stage(draft, errors, before);
    draft->runtime.err = NULL;
    draft->needed = calloc(draft->out.columns + 1, sizeof(bool));
    stage->needed = draft->needed;
    if (code == 0 && draft->needed == NULL)
        code = WEIR_EOS;
    draft->bound = code == 0;
    return code;
}

/* From the source on; what follows a stage that failed has no schema to bind to. */
static int bind_all(struct weir_plan *plan, struct weir_errors *errors)
{
    int worst = 0;
    for (uint32_t d = 0; d < plan->chain; d++) {
        struct draft *draft = &plan->draft[d];
        const struct weir_schema *from = d == 0 ? &plan->probe.schema : &plan->draft[d - 1].out;
        int code = weir_schema_copy(&draft->in, from);
        if (code == 0 && d == 0)
            code = weir_schema_copy(&draft->out, from);
        if (code == 0)
            code = bind(draft, errors);
        worst = code < 0 ? code : worst;
        /* A stage that knows its columns in spite of a mistake lets the next one be checked too. */
        if (code < 0 && draft->out.columns == 0)
            break;
    }
    for (uint32_t d = plan->chain; d < plan->drafts && worst == 0; d++)
        worst = bind(&plan->draft[d], errors);
    return worst;
}

/* From the sink back: which columns does somebody use? */
static void mark_needed(struct weir_plan *plan)
{
    for (uint32_t d = plan->chain; d-- > 1;) {
        struct draft *draft = &plan->draft[d];
        bool *in_needed = plan->draft[d - 1].needed;
        if (draft->handle.type->needs != NULL)
            draft->handle.type->needs(&draft->handle, in_needed);
        else
            memset(in_needed, 1, plan->draft[d - 1].out.columns);
    }
}

/* ---- inputs and outputs ---- */

struct place {
    dev_t device;
    ino_t inode;
    char directory[512], name[256];
    bool exists;
};

static bool place_of(const char *path, struct place *ret)
{
    char a[4096], b[4096];
    struct stat status;
    if (path == NULL || strcmp(path, "-") == 0 || strlen(path) >= sizeof(a))
        return false;
    *ret = (struct place){0};
    if (stat(path, &status) == 0) {
        ret->exists = true;
        ret->device = status.st_dev;
        ret->inode = status.st_ino;
        return S_ISREG(status.st_mode);
    }
    snprintf(a, sizeof(a), "%s", path);
    snprintf(b, sizeof(b), "%s", path);
    char *real = realpath(dirname(a), NULL);
    snprintf(ret->directory, sizeof(ret->directory), "%s", real == NULL ? "" : real);
    snprintf(ret->name, sizeof(ret->name), "%s", basename(b));
    free(real);
    return true;
}

static bool same_place(const struct place *a, const struct place *b)
{
    if (a->exists || b->exists)
        return a->exists && b->exists && a->device == b->device && a->inode == b->inode;
    return strcmp(a->directory, b->directory) == 0 && strcmp(a->name, b->name) == 0;
}

static bool is_sink(const struct draft *draft)
{
    return (draft->handle.type->traits & WEIR_SINK) != 0;
}

static const char *output_path(const struct draft *draft)
{
    for (const struct weir_option *row = draft->outer->options; row != NULL && row->name != NULL;
         row++)
        if (is_sink(draft) && row->type == WEIR_OPT_PATH && strcmp(row->name, "path") == 0)
            return weir_option_string(&draft->handle, "path");
    return NULL;
}

/* The draft whose records go to draft d: itself, or the one whose rejects it takes. */
static const struct draft *writer_of(const struct weir_plan *plan, uint32_t d)
{
    for (uint32_t e = 0; e < plan->chain; e++)
        if (plan->draft[e].rejects_to == (int)d)
            return &plan->draft[e];
    return &plan->draft[d];
}

static int check_output(struct weir_plan *plan, uint32_t d, struct weir_errors *errors)
{
    struct place out, other;
    struct draft *draft = &plan->draft[d];
    const char *path = output_path(draft);
    draft->runtime.errors = errors;
    for (uint32_t e = 0; e < d && path != NULL && strcmp(path, "-") == 0; e++) {
        const char *earlier = output_path(&plan->draft[e]);
        if (earlier != NULL && strcmp(earlier, "-") == 0)
            return weir_option_error(&draft->handle, "path", NULL, 0, 0, NULL,
                                     "standard output is written by stage '%s' as well",
                                     plan->draft[e].handle.id);
    }
    if (!place_of(path, &out))
        return 0;
    if (place_of(plan->pipeline->file, &other) && same_place(&out, &other))
        return weir_option_error(&draft->handle, "path", NULL, 0, 0, NULL,
                                 "'%s' is the pipeline file itself", path);
    for (size_t f = 0; f < plan->probe.files; f++)
        if (place_of(plan->probe.file[f], &other) && same_place(&out, &other))
            return weir_option_error(&draft->handle, "path", NULL, 0, 0, NULL,
                                     "'%s' is an input of this run as well", path);
    for (uint32_t e = 0; e < d; e++)
        if (place_of(output_path(&plan->draft[e]), &other) && same_place(&out, &other))
            return weir_option_error(&draft->handle, "path", NULL, 0, 0, NULL,
                                     "'%s' is written by stage '%s' as well", path,
                                     plan->draft[e].handle.id);
    return 0;
}

static int check_outputs(struct weir_plan *plan, struct weir_errors *errors)
{
    int worst = 0;
    for (uint32_t d = 0; d < plan->drafts; d++) {
        size_t before = errors->count;
        if (check_output(plan, d, errors) < 0)
            worst = WEIR_ECONFIG;
        place_at_stage(writer_of(plan, d), errors, before);
    }
    return worst;
}

/* ---- memory ---- */

static uint64_t read_number(const char *path)
{
    FILE *file = fopen(path, "re");
    uint64_t number = 0;
    if (file == NULL)
        return 0;
    if (fscanf(file, "%" SCNu64, &number) != 1)
        number = 0; /* "max" */
    fclose(file);
    return number;
}

static int check_memory(struct weir_plan *plan, struct weir_errors *errors)
{
    uint64_t ceiling = plan->pipeline->memory_bytes, bound = weir_plan_bytes(plan);
    uint64_t group_limit = read_number("/sys/fs/cgroup/memory.max");
    const char *whose = "'memory:' of the pipeline file";
    if (group_limit != 0 && (ceiling == 0 || group_limit < ceiling)) {
        ceiling = group_limit;
        whose = "the memory limit of this control group";
    }
    if (ceiling == 0 || bound <= ceiling)
        return 0;
    const struct blueprint *blueprint = &plan->blueprint;
    struct weir_err *err = weir_errors_add(errors);
    weir_err_set(err, WEIR_EOS,
                 "the plan needs up to %" PRIu64 " MiB, above the %" PRIu64 " MiB of %s",
                 (bound >> 20) + 1, ceiling >> 20, whose);
    snprintf(err->note, sizeof(err->note),
             "%" PRIu64 " MiB are slots (%u x %u KiB a ring), %" PRIu64
             " MiB the workers' own, %" PRIu64
             " MiB for records of max_record: give fewer workers, slots or a smaller max_record",
             blueprint->slot_total_bytes >> 20, blueprint->slots, blueprint->slot_bytes >> 10,
             plan->private_bytes >> 20, plan->oversize_count * plan->oversize_bytes >> 20);
    return WEIR_EOS;
}

/* ---- making ---- */

static int probe_source(struct weir_plan *plan, bool lenient, struct weir_errors *errors)
{
    struct draft *source = &plan->draft[0];
    struct weir_err err = {0};
    int code;
    if (!lenient && plan->pipeline->from_standard_input && source->handle.irreplaceable) {
        code =
            weir_option_error(&source->handle, "path", "-", 0, 0, "give one of the two as a file",
                              "standard input is the pipeline file: it cannot be the data too");
        place_at_stage(source, errors, errors->count - 1);
        return code;
    }
    if (lenient && source->handle.irreplaceable)
        code = weir_err_set(&err, WEIR_ENOINPUT, "standard input is not read while checking");
    else
        code = weir__plan_probe(plan, source, &err);
    if (code < 0 && lenient && code == WEIR_ENOINPUT) {
        plan->not_yet = err;
        return 0;
    }
    if (code == WEIR_ENOINPUT || code == WEIR_EDATA)
        place_at_path(source, &err);
    if (code < 0)
        *weir_errors_add(errors) = err;
    plan->facts.file = plan->probe.file;
    plan->facts.files = plan->probe.files;
    source->splits = plan->probe.splits;
    /* Every inner stage of the source: the parser wants to know what was found as well. */
    for (uint32_t d = 0; d < plan->chain; d++)
        if (plan->draft[d].stage == source->stage)
            plan->draft[d].runtime.probed = plan->probe.text;
    return code;
}

static int name_run(struct weir_plan *plan)
{
    plan->blueprint.name = strdup(weir_pipeline_name(plan->pipeline));
    plan->blueprint.run_id = strdup(plan->pipeline->run_id);
    plan->blueprint.slots = plan->pipeline->slots;
    plan->blueprint.slot_bytes = plan->pipeline->slot_bytes;
    plan->blueprint.max_record = plan->pipeline->max_record_bytes;
    plan->facts.run_id = plan->blueprint.run_id;
    plan->facts.max_record = plan->blueprint.max_record;
    plan->facts.split_bytes = plan->blueprint.slot_bytes;
    return plan->blueprint.name == NULL || plan->blueprint.run_id == NULL ? WEIR_EOS : 0;
}

/* The file list and the total go from the probe to the blueprint. */
static int hand_over_files(struct weir_plan *plan)
{
    struct blueprint *blueprint = &plan->blueprint;
    blueprint->input_bytes = plan->probe.bytes;
    blueprint->file = calloc(plan->probe.files + 1, sizeof(char *));
    if (blueprint->file == NULL)
        return WEIR_EOS;
    for (size_t f = 0; f < plan->probe.files; f++)
        if ((blueprint->file[blueprint->files++] = strdup(plan->probe.file[f])) == NULL)
            return WEIR_EOS;
    return 0;
}

static int lay_out(struct weir_plan *plan)
{
    struct buf text;
    int code = hand_over_files(plan);
    if (code == 0)
        code = weir__plan_groups(plan);
    if (code < 0)
        return code;
    weir__buf_init(&text);
    weir__blueprint_write(&plan->blueprint, &text);
    size_t bytes = text.len;
    plan->text = weir__buf_detach(&text);
    if (plan->text == NULL)
        return WEIR_EOS;
    weir__blueprint_layout(&plan->blueprint, bytes);
    return 0;
}

static int make(struct weir_plan *plan, bool lenient, struct weir_errors *errors)
{
    int code = name_run(plan);
    if (code == 0)
        code = expand_all(plan);
    if (code == 0)
        code = add_rejects_files(plan);
    if (code == 0)
        code = add_quarantine(plan);
    if (code == 0)
        code = configure_all(plan, errors);
    if (code == 0)
        code = probe_source(plan, lenient, errors);
    if (code < 0 || plan->not_yet.code != 0)
        return code;
    if ((code = bind_all(plan, errors)) < 0)
        return code;
    mark_needed(plan);
    if ((code = check_outputs(plan, errors)) < 0)
        return code;
    code = lay_out(plan);
    return code == 0 ? check_memory(plan, errors) : code;
}

int weir_plan_make(struct weir_pipeline *pipeline, bool lenient, struct weir_plan **ret,
                   struct weir_errors *errors)
{
    struct weir_plan *plan = calloc(1, sizeof(*plan));
    size_t before = errors->count;
    if (plan == NULL)
        return weir_err_set(weir_errors_add(errors), WEIR_EOS, "out of memory");
    plan->pipeline = pipeline;
    plan->head_fd = -1;
    int code = make(plan, lenient, errors);
    if (code < 0) {
        if (errors->count == before)
            weir_err_set(weir_errors_add(errors), code, "cannot plan the run: %s",
                         code == WEIR_EOS ? "out of memory" : "an error of our own");
        for (size_t e = before; e < errors->count; e++)
            weir__pipeline_locate(pipeline, &errors->list[e]);
        code = errors->list[before].code;
        weir_plan_free(plan);
        return code;
    }
    *ret = plan;
    return 0;
}

static void free_probe(struct weir_probe *probe)
{
    weir_schema_release(&probe->schema);
    for (size_t f = 0; f < probe->files; f++)
        free(probe->file[f]);
    free(probe->file);
    free(probe->text);
}

void weir_plan_free(struct weir_plan *plan)
{
    if (plan == NULL)
        return;
    for (uint32_t d = 0; d < plan->drafts; d++) {
        struct draft *draft = &plan->draft[d];
        if (draft->handle.type->close != NULL)
            draft->handle.type->close(&draft->handle);
        weir_schema_release(&draft->in);
        weir_schema_release(&draft->out);
        free(draft->needed);
        if (draft->from == NULL) {
            weir__settings_free(draft->settings);
            weir__node_free(draft->with);
        }
    }
    free(plan->draft);
    free_probe(&plan->probe);
    weir__blueprint_release(&plan->blueprint);
    if (plan->head_fd >= 0)
        close(plan->head_fd);
    free(plan->text);
    free(plan);
}

uint64_t weir_plan_bytes(const struct weir_plan *plan)
{
    return plan->blueprint.segment_bytes + plan->private_bytes +
           plan->oversize_count * plan->oversize_bytes;
}

uint32_t weir_plan_processes(const struct weir_plan *plan)
{
    uint32_t processes = 1; /* the supervisor */
    for (uint32_t g = 0; g < plan->blueprint.groups; g++)
        processes += plan->blueprint.group[g].lazy ? 0 : plan->blueprint.group[g].seats;
    return processes;
}

bool weir_plan_writes_stdout(const struct weir_plan *plan)
{
    for (uint32_t d = 0; d < plan->drafts; d++) {
        const char *path = output_path(&plan->draft[d]);
        if (path != NULL && strcmp(path, "-") == 0)
            return true;
    }
    return false;
}

bool weir_plan_uses(const struct weir_plan *plan, const char *path)
{
    struct place place, other;
    if (!place_of(path, &place))
        return false;
    bool uses = place_of(plan->pipeline->file, &other) && same_place(&place, &other);
    for (size_t f = 0; f < plan->probe.files && !uses; f++)
        uses = place_of(plan->probe.file[f], &other) && same_place(&place, &other);
    for (uint32_t d = 0; d < plan->drafts && !uses; d++)
        uses = place_of(output_path(&plan->draft[d]), &other) && same_place(&place, &other);
    return uses;
}
