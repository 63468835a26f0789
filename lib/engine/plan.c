#include "engine/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- places of errors ---- */

void weir__plan_place(const struct draft *draft, struct weir_errors *errors, size_t before)
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
    weir__plan_place(draft, errors, before);
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

/* What a draft reads, as the one before has made it. */
static int take_schemas(struct weir_plan *plan, struct draft *draft)
{
    int code = 0;
    for (uint32_t i = 0; i < draft->inputs && code == 0; i++) {
        const struct draft_input *input = &draft->input[i];
        const struct draft *of = &plan->draft[input->draft];
        draft->runtime.input[i] = &draft->in[i];
        if (input->output == OUTPUT_REJECTS)
            code = weir__rejects_schema(&draft->in[i]);
        else
            code = weir_schema_copy(&draft->in[i], input->output == OUTPUT_STREAM
                                                       ? &of->out
                                                       : &of->other[input->output - 1].schema);
    }
    draft->runtime.inputs = draft->spread ? 1 : draft->inputs;
    if (draft_is_source(draft) && code == 0)
        code = weir_schema_copy(&draft->in[0], &draft->probe.schema);
    if (draft_is_source(draft) && code == 0)
        code = weir_schema_copy(&draft->out, &draft->probe.schema);
    return code;
}

static int bind_others(struct draft *draft)
{
    const struct weir_stage_type *type = draft->handle.type;
    for (uint32_t i = 0; i < draft->others; i++) {
        struct draft_output *other = &draft->other[i];
        int code = type->bind_output != NULL ? type->bind_output(&draft->handle, i, &other->schema)
                                             : weir_schema_copy(&other->schema, &draft->in[0]);
        if (code < 0)
            return code;
        other->needed = calloc(other->schema.columns + 1, sizeof(bool));
        if (other->needed == NULL)
            return WEIR_EOS;
        draft->runtime.output_needed[i] = other->read ? other->needed : NULL;
    }
    return 0;
}

static int bind(struct weir_plan *plan, struct draft *draft, struct weir_errors *errors)
{
    struct weir_stage *stage = &draft->handle;
    struct weir_err err = {0};
    size_t before = errors->count;
    int code = take_schemas(plan, draft);
    if (code < 0)
        return code;
    stage->in = draft_is_source(draft) ? NULL : &draft->in[0];
    stage->out = &draft->out;
    draft->runtime.err = &err;
    draft->runtime.errors = errors;
    if (stage->type->bind != NULL)
        code = stage->type->bind(stage, &draft->out);
    if (code < 0 && errors->count == before)
        *weir_errors_add(errors) = err;
    if (code == 0)
        code = bind_others(draft);
    weir__plan_place(draft, errors, before);
    draft->runtime.err = NULL;
    draft->needed = calloc(draft->out.columns + 1, sizeof(bool));
    stage->needed = draft->needed;
    if (code == 0 && draft->needed == NULL)
        code = WEIR_EOS;
    draft->bound = code == 0;
    return code;
}

/* A stage that knows its columns in spite of a mistake lets the next one be checked too. */
static bool can_bind(const struct weir_plan *plan, const struct draft *draft)
{
    for (uint32_t i = 0; i < draft->inputs; i++) {
        const struct draft *of = &plan->draft[draft->input[i].draft];
        if (!of->bound && of->out.columns == 0)
            return false;
    }
    return true;
}

/* From the sources on; what follows a stage that failed has no schema to bind to. */
static int bind_all(struct weir_plan *plan, struct weir_errors *errors)
{
    int worst = 0;
    for (uint32_t d = 0; d < plan->drafts; d++) {
        struct draft *draft = &plan->draft[d];
        if (!can_bind(plan, draft) || (d >= plan->chain && worst != 0))
            continue;
        int code = bind(plan, draft, errors);
        if (code == WEIR_EOS)
            return code;
        worst = code < 0 ? code : worst;
    }
    return worst;
}

static bool *needed_of(const struct weir_plan *plan, const struct draft_input *input)
{
    const struct draft *of = &plan->draft[input->draft];
    return input->output == OUTPUT_STREAM ? of->needed : of->other[input->output - 1].needed;
}

static int mark_input(struct weir_plan *plan, struct draft *draft, uint32_t i)
{
    struct weir_stage *stage = &draft->handle;
    uint32_t columns = draft->in[i].columns;
    if (draft->input[i].output == OUTPUT_REJECTS)
        return 0;
    bool *to = needed_of(plan, &draft->input[i]), *own = calloc(columns + 1, sizeof(bool));
    if (own == NULL)
        return WEIR_EOS;
    stage->in = &draft->in[i];
    if (stage->type->needs != NULL)
        stage->type->needs(stage, own);
    else
        memset(own, 1, columns);
    stage->in = &draft->in[0];
    for (uint32_t c = 0; c < columns; c++)
        to[c] = to[c] || own[c];
    free(own);
    return 0;
}

/* From the sinks back: which columns does somebody use? */
static int mark_needed(struct weir_plan *plan)
{
    for (uint32_t d = plan->chain; d-- > 0;)
        for (uint32_t i = 0; i < plan->draft[d].inputs; i++)
            if (mark_input(plan, &plan->draft[d], i) < 0)
                return WEIR_EOS;
    return 0;
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

/* What the probe found goes to all drafts of the stage: the parser wants to know it as well. */
static int keep_found(struct weir_plan *plan, struct draft *source)
{
    struct blueprint *blueprint = &plan->blueprint;
    uint32_t first = (uint32_t)blueprint->files;
    char **file =
        realloc(blueprint->file, (blueprint->files + source->probe.files + 1) * sizeof(char *));
    if (file == NULL)
        return WEIR_EOS;
    blueprint->file = file;
    for (size_t f = 0; f < source->probe.files; f++)
        if ((file[blueprint->files++] = strdup(source->probe.file[f])) == NULL)
            return WEIR_EOS;
    blueprint->stage[source->stage].input_bytes = source->probe.bytes;
    plan->facts.file = blueprint->file;
    plan->facts.files = blueprint->files;
    for (uint32_t d = 0; d < plan->chain; d++) {
        struct stage_runtime *runtime = &plan->draft[d].runtime;
        if (plan->draft[d].stage != source->stage)
            continue;
        runtime->probed = source->probe.text;
        runtime->first_file = first;
        runtime->files = (uint32_t)source->probe.files;
    }
    return 0;
}

/* Standard input can be read once. */
static int check_standard_input(struct weir_plan *plan, struct draft *source,
                                struct weir_errors *errors)
{
    int code = 0;
    if (!draft_is_source(source) || !source->handle.irreplaceable)
        return 0;
    if (plan->pipeline->from_standard_input)
        code =
            weir_option_error(&source->handle, "path", "-", 0, 0, "give one of the two as a file",
                              "standard input is the pipeline file: it cannot be the data too");
    for (struct draft *other = plan->draft; other != source && code == 0; other++)
        if (draft_is_source(other) && other->handle.irreplaceable)
            code =
                weir_option_error(&source->handle, "path", "-", 0, 0, NULL,
                                  "standard input is read by stage '%s' as well", other->handle.id);
    if (code < 0)
        weir__plan_place(source, errors, errors->count - 1);
    return code;
}

static int probe_source(struct weir_plan *plan, struct draft *source, bool lenient,
                        struct weir_errors *errors)
{
    struct weir_err err = {0};
    int code;
    if (lenient && source->handle.irreplaceable)
        code = weir_err_set(&err, WEIR_ENOINPUT, "standard input is not read while checking");
    else
        code = weir__plan_probe(source, &err);
    if (code < 0 && lenient && code == WEIR_ENOINPUT) {
        plan->not_yet = err;
        return 0;
    }
    if (code == WEIR_ENOINPUT || code == WEIR_EDATA)
        place_at_path(source, &err);
    if (code < 0)
        *weir_errors_add(errors) = err;
    return code < 0 ? code : keep_found(plan, source);
}

static int probe_sources(struct weir_plan *plan, bool lenient, struct weir_errors *errors)
{
    int worst = 0;
    for (uint32_t d = 0; d < plan->chain && !lenient; d++) {
        int code = check_standard_input(plan, &plan->draft[d], errors);
        worst = code < 0 ? code : worst;
    }
    if (worst < 0)
        return worst;
    for (uint32_t d = 0; d < plan->chain; d++) {
        if (!draft_is_source(&plan->draft[d]))
            continue;
        int code = probe_source(plan, &plan->draft[d], lenient, errors);
        worst = code < 0 ? code : worst;
    }
    return worst;
}

static bool reads_the_one_before(const struct weir_plan *plan, uint32_t d)
{
    const struct draft *draft = &plan->draft[d];
    return draft->inputs == 1 && draft->input[0].draft + 1 == d;
}

/*
 * Two slots: the larger splits are, the less a seat waits for what its predecessor hands on, and this
 * still fits into the second cache of a processor. A stage that keeps a run of each batch (aggregate, sort) is
 * the faster the larger that is: fewer rows of one group, and fewer runs to merge. Where it is fused
 * with the source no batch has to fit a slot. Not above max_record: within a split records are not
 * measured.
 */
static uint32_t split_bytes(const struct weir_plan *plan)
{
    enum { KEEPS_RUNS = WEIR_TOTALS | WEIR_KEEPS, ENOUGH = 1 << 20 };
    uint32_t slot = plan->blueprint.slot_bytes, d = 1;
    while (d < plan->chain && reads_the_one_before(plan, d) &&
           (plan->draft[d].handle.type->traits &
            (WEIR_TOTALS | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_SINK)) == 0)
        d++;
    bool keeps = d < plan->chain && reads_the_one_before(plan, d) &&
                 (plan->draft[d].handle.type->traits & KEEPS_RUNS) == KEEPS_RUNS;
    uint32_t most = slot > ENOUGH ? slot : ENOUGH, wanted = (keeps ? 4 : 2) * slot;
    if (most > plan->blueprint.max_record)
        most = plan->blueprint.max_record;
    return wanted < most ? wanted : most;
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
    return plan->blueprint.name == NULL || plan->blueprint.run_id == NULL ? WEIR_EOS : 0;
}

static int lay_out(struct weir_plan *plan)
{
    struct buf text;
    int code = weir__plan_groups(plan);
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
        code = weir__plan_expand(plan);
    plan->facts.split_bytes = plan->blueprint.split_bytes = split_bytes(plan);
    if (code == 0)
        code = configure_all(plan, errors);
    if (code == 0)
        code = weir__plan_find_ports(plan, errors);
    if (code == 0)
        code = probe_sources(plan, lenient, errors);
    if (code < 0 || plan->not_yet.code != 0)
        return code;
    code = bind_all(plan, errors);
    if (code == 0)
        code = mark_needed(plan);
    if (code == 0)
        code = weir__plan_check_outputs(plan, errors);
    if (code == 0)
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
    plan->errors = errors;
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

const char *weir_plan_guess(const struct weir_plan *plan)
{
    for (uint32_t d = 0; d < plan->chain; d++)
        if (plan->draft[d].probe.guess != NULL)
            return plan->draft[d].probe.guess;
    return NULL;
}

static void free_probe(struct weir_probe *probe)
{
    weir_schema_release(&probe->schema);
    for (size_t f = 0; f < probe->files; f++)
        free(probe->file[f]);
    free(probe->file);
    free(probe->text);
    free(probe->guess);
}

static void release_draft(struct draft *draft)
{
    for (uint32_t i = 0; i < GROUP_INPUTS; i++)
        weir_schema_release(&draft->in[i]);
    for (uint32_t i = 0; i < draft->others; i++) {
        weir_schema_release(&draft->other[i].schema);
        free(draft->other[i].needed);
    }
    weir_schema_release(&draft->out);
    free(draft->needed);
    free_probe(&draft->probe);
    if (draft->head_fd >= 0)
        close(draft->head_fd);
    if (draft->owns) {
        weir__settings_free(draft->settings);
        weir__node_free(draft->with);
    }
}

void weir_plan_free(struct weir_plan *plan)
{
    if (plan == NULL)
        return;
    for (uint32_t d = 0; d < plan->drafts; d++) {
        struct draft *draft = &plan->draft[d];
        if (draft->handle.type->close != NULL)
            draft->handle.type->close(&draft->handle);
        release_draft(draft);
    }
    free(plan->draft);
    weir__blueprint_release(&plan->blueprint);
    free(plan->text);
    free(plan);
}

bool weir__plan_hosted(const struct weir_plan *plan, uint32_t i, struct hosted_stage *ret)
{
    for (uint32_t d = 0; d < plan->chain; d++) {
        const struct draft *draft = &plan->draft[d];
        if ((draft->handle.type->traits & WEIR_HOSTED) == 0 || i-- > 0)
            continue;
        *ret = (struct hosted_stage){draft->handle.id, draft_is_source(draft),
                                     draft_is_source(draft) ? &draft->out : &draft->in[0]};
        return true;
    }
    return false;
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
