/* From a pipeline's stages to drafts: stage types expanded into their inner ones, inputs joined, and
 * what nobody wrote down: merges, and sinks for what is rejected or set aside. */
#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/nearest.h"
/* stage */
#include "stage/option.h"

_Static_assert((int)GROUP_INPUTS >= (int)GRAPH_INPUTS && (int)GROUP_INPUTS == (int)STAGE_INPUTS,
               "an input of the file is one of a group");

static struct draft *add_draft(struct weir_plan *plan, uint32_t stage,
                               const struct weir_stage_type *outer,
                               const struct weir_stage_type *type)
{
    struct draft *draft = &plan->draft[plan->drafts++];
    *draft = (struct draft){.stage = stage, .outer = outer, .rejects_to = -1, .head_fd = -1};
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

/* A draft with settings of its own, of which `path` is all that is said. NULL: none. */
static int settle_draft(struct draft *draft, const char *path)
{
    struct node *with = weir__node_map();
    struct settings *settings = NULL;
    struct weir_errors ignored = {0};
    bool file = draft->handle.type != draft->outer && (draft->handle.type->traits & WEIR_SINK) != 0;
    int code = path == NULL ? 0 : weir__node_append(with, "path", weir__node_scalar(path));
    if (code == 0 && file) /* what is rejected comes as text, past what would compress it */
        code = weir__node_append(with, "compression", weir__node_scalar("none"));
    if (code == 0)
        code = weir__settings_read(draft->outer->options, with, &ignored, &settings);
    weir_errors_release(&ignored);
    draft_settings(draft, with, settings);
    draft->owns = true;
    return code;
}

static bool wanted(struct draft *draft)
{
    const struct weir_stage_type *type = draft->handle.type;
    return type->wanted == NULL || type->wanted(&draft->handle);
}

/* ---- what is read ---- */

static const struct weir_stage_type *inner_with(const struct weir_stage_type *outer, uint32_t trait)
{
    for (int i = 0; outer != NULL && outer->inner != NULL && outer->inner[i] != NULL; i++)
        if ((outer->inner[i]->traits & trait) != 0)
            return outer->inner[i];
    return NULL;
}

/* One that does a stage's own work: not who merges its inputs, or parses what others have rejected. */
static bool rejects(const struct draft *draft)
{
    return (draft->handle.type->traits & WEIR_REJECTS) != 0 && (!draft->owns || draft->asked_for);
}

/* Rejected records travel as rows of the rejects file: who reads them parses these. */
static int add_rejects_reader(struct weir_plan *plan, const struct graph_stage *from,
                              uint32_t stage, uint32_t of)
{
    uint32_t end = plan->drafts;
    const struct weir_stage_type *outer = weir_stage_type("csv.read");
    const struct weir_stage_type *type = inner_with(outer, WEIR_REJECTS);
    if (type == NULL)
        return WEIR_EINTERNAL;
    struct draft *draft = add_draft(plan, stage, outer, type);
    draft->from = from;
    draft->one_seat = true;
    for (uint32_t d = 0; d < end && draft->inputs < GROUP_INPUTS; d++)
        if (plan->draft[d].stage == of && rejects(&plan->draft[d]))
            draft->input[draft->inputs++] = (struct draft_input){d, OUTPUT_REJECTS};
    return settle_draft(draft, "-");
}

int weir__rejects_schema(struct weir_schema *ret)
{
    static const char *const name[] = {WEIR_REJECTS_COLUMNS};
    ret->raw = true;
    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
        if (weir_schema_add(ret, name[i], WEIR_UNTYPED) < 0)
            return WEIR_EOS;
    return 0;
}

/* The draft through which a stage puts out what another one reads: its last, or for rejects the one
 * that rejects. */
static uint32_t draft_of(const struct weir_plan *plan, uint32_t stage, bool rejects)
{
    uint32_t found = UINT32_MAX;
    for (uint32_t d = 0; d < plan->drafts; d++) {
        const struct draft *draft = &plan->draft[d];
        bool fits = !rejects || (draft->handle.type->traits & WEIR_REJECTS) != 0;
        if (draft->stage == stage && fits && draft->outer == plan->blueprint.stage[stage].type)
            found = d;
    }
    return found;
}

static bool reads_rejects(const struct graph_input *input)
{
    return input->port != NULL && strcmp(input->port, "rejects") == 0;
}

/* Input i of a stage; 0 or a code. The file's stages are the blueprint's first. */
static int find_input(struct weir_plan *plan, const struct graph_stage *from, uint32_t stage,
                      uint32_t i, struct draft_input *ret)
{
    const struct graph_input *input = &from->input[i];
    *ret = (struct draft_input){draft_of(plan, input->stage, reads_rejects(input)), OUTPUT_STREAM};
    if (ret->draft == UINT32_MAX)
        return WEIR_EINTERNAL;
    if (!reads_rejects(input))
        return 0;
    int code = add_rejects_reader(plan, from, stage, input->stage);
    ret->draft = plan->drafts - 1;
    return code;
}

static int add_merge(struct weir_plan *plan, const struct graph_stage *from, uint32_t stage,
                     struct draft_input *input, uint32_t *inputs)
{
    const struct weir_stage_type *type = weir_stage_type("merge");
    if (type == NULL)
        return WEIR_EINTERNAL;
    struct draft *draft = add_draft(plan, stage, type, type);
    draft->from = from;
    memcpy(draft->input, input, *inputs * sizeof(*input));
    draft->inputs = *inputs;
    *input = (struct draft_input){plan->drafts - 1, OUTPUT_STREAM};
    *inputs = 1;
    return settle_draft(draft, NULL);
}

/* ---- the stages of the file ---- */

/* The stages that options ask for, which come before the one that has them. */
static int add_asked_for(struct weir_plan *plan, const struct graph_stage *from, uint32_t stage,
                         struct draft_input *input, uint32_t *inputs)
{
    size_t n = weir__settings_stages(from->settings);
    for (size_t i = 0; i < n; i++) {
        const struct weir_stage_type *type;
        struct weir_errors ignored = {0};
        struct settings *settings = NULL;
        struct node *with = weir__settings_stage(from->settings, i, &type);
        if (with == NULL)
            return WEIR_EOS;
        struct draft *draft = add_draft(plan, stage, type, type);
        draft->from = from;
        draft->runtime.on_error = from->on_error;
        draft->runtime.workers = from->workers;
        memcpy(draft->input, input, *inputs * sizeof(*input));
        draft->inputs = *inputs;
        int code = weir__settings_read(type->options, with, &ignored, &settings);
        weir_errors_release(&ignored);
        draft_settings(draft, with, settings);
        draft->owns = draft->asked_for = true;
        if (code < 0)
            return code;
        *input = (struct draft_input){plan->drafts - 1, OUTPUT_STREAM};
        *inputs = 1;
    }
    return 0;
}

static int expand(struct weir_plan *plan, const struct graph_stage *from)
{
    struct draft_input input[GRAPH_INPUTS];
    uint32_t inputs = 0;
    bool spread = false;
    int stage = add_blueprint_stage(plan, from->id, from->type, false), code = stage;
    for (uint32_t i = 0; i < from->inputs && code >= 0; i++)
        code = find_input(plan, from, (uint32_t)stage, i, &input[inputs++]);
    if (code >= 0 && inputs > 1 && from->type->inputs == NULL)
        code = add_merge(plan, from, (uint32_t)stage, input, &inputs);
    if (code >= 0)
        code = add_asked_for(plan, from, (uint32_t)stage, input, &inputs);
    if (code < 0)
        return code;
    const struct weir_stage_type *alone[] = {from->type, NULL};
    const struct weir_stage_type *const *inner =
        from->type->inner != NULL ? from->type->inner : alone;
    for (; *inner != NULL; inner++) {
        struct draft *draft = add_draft(plan, (uint32_t)stage, from->type, *inner);
        draft->from = from;
        draft->runtime.on_error = from->on_error;
        draft->runtime.workers = from->workers;
        draft_settings(draft, from->with, from->settings);
        if (!wanted(draft)) {
            plan->drafts--;
            continue;
        }
        memcpy(draft->input, input, inputs * sizeof(*input));
        draft->inputs = inputs;
        draft->spread = spread;
        spread = ((*inner)->traits & WEIR_SPREADS) != 0;
        inputs = spread ? from->workers : 1;
        if (inputs > GRAPH_INPUTS)
            inputs = GRAPH_INPUTS; /* which the type refuses */
        for (uint32_t i = 0; i < inputs; i++)
            input[i] = (struct draft_input){plan->drafts - 1, spread ? (int)i + 1 : OUTPUT_STREAM};
    }
    return 0;
}

/* ---- sinks that nobody wrote down ---- */

/* Its index, or a code. */
static int add_implicit(struct weir_plan *plan, const char *id, const struct weir_stage_type *outer,
                        const struct weir_stage_type *type, const char *path)
{
    int stage = type == NULL ? WEIR_EINTERNAL : add_blueprint_stage(plan, id, outer, true);
    if (stage < 0)
        return stage;
    struct draft *draft = add_draft(plan, (uint32_t)stage, outer, type);
    draft->in[0].raw = true;
    int code = settle_draft(draft, path);
    return code < 0 ? code : (int)plan->drafts - 1;
}

/* One for all of a stage's drafts that reject. */
static int add_rejects_file(struct weir_plan *plan, struct draft *of)
{
    for (const struct draft *other = plan->draft; other != of; other++)
        if (other->stage == of->stage && other->rejects_to >= 0) {
            of->rejects_to = other->rejects_to;
            return 0;
        }
    const struct weir_stage_type *outer = weir_stage_type("csv.write");
    char id[128];
    snprintf(id, sizeof(id), "%s.rejects", of->from->id);
    of->rejects_to =
        add_implicit(plan, id, outer, inner_with(outer, WEIR_SINK), of->from->rejects_path);
    if (of->rejects_to < 0)
        return of->rejects_to;
    struct weir_schema *in = &plan->draft[of->rejects_to].in[0];
    in->preamble = strdup(WEIR_REJECTS_HEADER);
    in->preamble_bytes = strlen(WEIR_REJECTS_HEADER);
    return in->preamble == NULL ? WEIR_EOS : 0;
}

static int add_rejects_files(struct weir_plan *plan)
{
    for (uint32_t d = 0; d < plan->chain; d++) {
        struct draft *draft = &plan->draft[d];
        if (!rejects(draft) || draft->from->rejects_path == NULL)
            continue;
        int code = add_rejects_file(plan, draft);
        if (code < 0)
            return code;
    }
    return 0;
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

int weir__plan_expand(struct weir_plan *plan)
{
    const struct weir_pipeline *pipeline = plan->pipeline;
    /* The inner types of each stage, a merge, who parses the rejects that it reads, and its own
     * rejects file. */
    size_t most = pipeline->stages * (GROUP_MEMBERS + GRAPH_INPUTS + 2) + 1;
    for (size_t s = 0; s < pipeline->stages; s++)
        most += weir__settings_stages(pipeline->stage[s].settings);
    plan->draft = calloc(most + 1, sizeof(*plan->draft));
    if (plan->draft == NULL)
        return WEIR_EOS;
    for (size_t s = 0; s < pipeline->stages; s++) {
        int code = expand(plan, &pipeline->stage[s]);
        if (code < 0)
            return code;
    }
    plan->chain = plan->drafts;
    int code = add_rejects_files(plan);
    return code < 0 ? code : add_quarantine(plan);
}

/* ---- ports ---- */

static int list_outputs(struct draft *draft)
{
    const char *const *name = NULL;
    const struct weir_stage_type *type = draft->handle.type;
    draft->others = type->outputs == NULL ? 0 : type->outputs(&draft->handle, &name);
    if (draft->others > STAGE_OUTPUTS)
        return WEIR_EINTERNAL;
    for (uint32_t i = 0; i < draft->others; i++)
        draft->other[i].name = name[i];
    return 0;
}

static void place_at_input(const struct graph_input *input, const struct graph_stage *stage,
                           struct weir_err *err)
{
    err->line = input->line > 0 ? input->line : stage->line;
    err->column = input->line > 0 ? input->column : stage->column;
    err->span = input->span;
}

static int no_such_port(const struct weir_plan *plan, const struct draft *of,
                        const struct graph_input *input, const struct graph_stage *stage,
                        struct weir_errors *errors)
{
    struct nearest nearest;
    struct weir_err *err = weir_errors_add(errors);
    weir__nearest_begin(&nearest, input->port);
    for (uint32_t d = 0; d < plan->chain; d++)
        for (uint32_t i = 0; i < plan->draft[d].others && plan->draft[d].stage == of->stage; i++)
            weir__nearest_offer(&nearest, plan->draft[d].other[i].name);
    weir_err_set(err, WEIR_ECONFIG, "'%s' (%s) has no port '%.100s'", of->handle.id,
                 of->outer->name, input->port);
    if (nearest.best != NULL)
        snprintf(err->note, sizeof(err->note), "did you mean '%s.%s'?", of->handle.id,
                 nearest.best);
    place_at_input(input, stage, err);
    return WEIR_ECONFIG;
}

static int find_port(struct weir_plan *plan, struct draft_input *ret,
                     const struct graph_input *input, const struct graph_stage *stage,
                     struct weir_errors *errors)
{
    struct draft *of = &plan->draft[ret->draft];
    uint32_t stage_of = of->stage;
    if (input->port == NULL) {
        bool routes = (of->handle.type->traits & WEIR_ROUTES) != 0;
        of->readers++;
        if (!routes)
            return 0;
        struct weir_err *err = weir_errors_add(errors);
        weir_err_set(err, WEIR_ECONFIG, "'%s' (%s) has ports only: which of them?", of->handle.id,
                     of->outer->name);
        snprintf(err->note, sizeof(err->note), "read '%s.%s', for one", of->handle.id,
                 of->others > 0 ? of->other[0].name : "else");
        place_at_input(input, stage, err);
        return WEIR_ECONFIG;
    }
    for (uint32_t d = 0; d < plan->chain; d++)
        for (uint32_t i = 0; i < plan->draft[d].others && plan->draft[d].stage == stage_of; i++)
            if (strcmp(plan->draft[d].other[i].name, input->port) == 0) {
                plan->draft[d].other[i].read = true;
                *ret = (struct draft_input){d, (int)i + 1};
                return 0;
            }
    return no_such_port(plan, of, input, stage, errors);
}

/* The inputs of a stage as the file names them: of its merge, or of its first draft. */
static int find_ports_of(struct weir_plan *plan, struct draft *draft, struct weir_errors *errors)
{
    int worst = 0;
    for (uint32_t i = 0; i < draft->inputs; i++) {
        struct draft_input *input = &draft->input[i];
        const struct draft *of = &plan->draft[input->draft];
        bool named = of->stage != draft->stage;
        if (!named && input->output == OUTPUT_STREAM)
            plan->draft[input->draft].readers++;
        if (!named && input->output > 0)
            plan->draft[input->draft].other[input->output - 1].read = true;
        if (!named || input->output == OUTPUT_REJECTS)
            continue;
        int code = find_port(plan, input, &draft->from->input[i], draft->from, errors);
        worst = code < 0 ? code : worst;
    }
    return worst;
}

int weir__plan_find_ports(struct weir_plan *plan, struct weir_errors *errors)
{
    int worst = 0;
    for (uint32_t d = 0; d < plan->chain; d++)
        if (list_outputs(&plan->draft[d]) < 0)
            return WEIR_EINTERNAL;
    for (uint32_t d = 0; d < plan->chain; d++) {
        int code = find_ports_of(plan, &plan->draft[d], errors);
        worst = code < 0 ? code : worst;
    }
    return worst;
}
