/* What `pipeline plan` prints. */
#include "engine/plan.h"

#include <inttypes.h>

/* engine */
#include "engine/sandbox.h"

static void schema_text(struct buf *to, const struct draft *draft)
{
    weir__buf_puts(to, "\n     ");
    if (draft->out.raw && draft->out.columns == 0)
        weir__buf_puts(to, " bytes");
    for (uint32_t c = 0; c < draft->out.columns; c++) {
        const struct weir_field *column = &draft->out.column[c];
        if (c == 12 && draft->out.columns > 16) {
            weir__buf_printf(to, " ... and %u more", draft->out.columns - c);
            break;
        }
        bool used = draft->needed != NULL && draft->needed[c];
        weir__buf_printf(to, "%s %s%s %s%s", c > 0 ? "," : "", used ? "" : "(", column->name,
                         weir_type_name(column->type), used ? "" : ")");
    }
}

/* Where a stage's records come from, as the file has it. */
static void inputs_text(struct buf *to, const struct weir_plan *plan, const struct draft *draft)
{
    const struct graph_stage *stage = draft->from;
    for (uint32_t i = 0; i < stage->inputs; i++) {
        const struct graph_input *input = &stage->input[i];
        weir__buf_printf(to, "%s%s%s%s", i == 0 ? ", reads " : ", ",
                         plan->pipeline->stage[input->stage].id, input->port == NULL ? "" : ".",
                         input->port == NULL ? "" : input->port);
    }
}

/* The last draft of each of the user's stages shows what the stage emits. */
static void stages_text(struct buf *to, const struct weir_plan *plan)
{
    weir__buf_puts(to, "stages (columns in brackets are used by nobody and not passed on)\n");
    for (uint32_t d = 0; d < plan->chain; d++) {
        const struct draft *draft = &plan->draft[d];
        bool last = d + 1 == plan->chain || plan->draft[d + 1].stage != draft->stage;
        bool first = d == 0 || plan->draft[d - 1].stage != draft->stage;
        if (first) {
            weir__buf_printf(to, "  %-12s %s", draft->handle.id, draft->from->type->name);
            inputs_text(to, plan, draft);
        }
        if (last && (draft->handle.type->traits & WEIR_SINK) == 0)
            schema_text(to, draft);
        if (last)
            weir__buf_putc(to, '\n');
    }
}

static void group_text(struct buf *to, const struct weir_plan *plan, uint32_t g)
{
    const struct group *group = &plan->blueprint.group[g];
    weir__buf_printf(to, "  %2u x ", group->seats);
    for (uint32_t m = 0; m < group->members; m++)
        weir__buf_printf(to, "%s%s", m > 0 ? " + " : "", group->member[m].type->name);
    weir__buf_printf(to, "  (%s", plan->blueprint.stage[group->member[0].stage].id);
    for (uint32_t m = 1; m < group->members; m++)
        if (group->member[m].stage != group->member[m - 1].stage)
            weir__buf_printf(to, ", %s", plan->blueprint.stage[group->member[m].stage].id);
    weir__buf_puts(to, ")");
    if (group->inputs > 0)
        weir__buf_printf(to, ", reads %s", group->input[0].ordered ? "in order" : "in any order");
    if (group->sandbox != 0)
        weir__buf_printf(to, ", sandbox %s", weir__sandbox_name(group->sandbox));
    weir__buf_putc(to, '\n');
}

static void processes_text(struct buf *to, const struct weir_plan *plan)
{
    weir__buf_printf(to, "processes: %u, the supervisor and\n", weir_plan_processes(plan));
    for (uint32_t g = 0; g < plan->blueprint.groups; g++)
        if (!plan->blueprint.group[g].lazy)
            group_text(to, plan, g);
    if (weir__sandbox_gap() != NULL)
        weir__buf_printf(to, "  this kernel %s\n", weir__sandbox_gap());
}

static void rings_text(struct buf *to, const struct weir_plan *plan)
{
    const struct blueprint *blueprint = &plan->blueprint;
    uint32_t rings = 0, areas = 0;
    for (uint32_t g = 0; g < blueprint->groups; g++)
        for (uint32_t p = 0; p < blueprint->group[g].ports; p++) {
            if (blueprint->group[g].port[p].seldom)
                continue;
            rings += blueprint->group[g].seats;
            areas += blueprint->group[g].port[p].oversize ? blueprint->group[g].seats : 0;
        }
    weir__buf_printf(to,
                     "memory: at most %" PRIu64 " MiB\n"
                     "  %4" PRIu64 " MiB shared: %u rings of %u slots of %u KiB",
                     (weir_plan_bytes(plan) + (1 << 20) - 1) >> 20, blueprint->segment_bytes >> 20,
                     rings, blueprint->slots, blueprint->slot_bytes >> 10);
    if (areas > 0)
        weir__buf_printf(to, ", %u area%s for a record of up to %u MiB", areas,
                         areas == 1 ? "" : "s", blueprint->max_record >> 20);
    weir__buf_printf(to,
                     "\n  %4" PRIu64 " MiB of the workers' own\n"
                     "  %4" PRIu64
                     " MiB more for %u record%s at a time that %s larger than a slot\n",
                     plan->private_bytes >> 20, plan->oversize_count * plan->oversize_bytes >> 20,
                     plan->oversize_count, plan->oversize_count == 1 ? "" : "s",
                     plan->oversize_count == 1 ? "is" : "are");
}

static const char *const fates[] = {[ON_ERROR_STOP] = "stops the run; nothing is published",
                                    [ON_ERROR_REJECT] = "is counted as rejected",
                                    [ON_ERROR_DROP] = "is dropped",
                                    [ON_ERROR_SET_NULL] = "has the bad value set to null"};

/* The stages that read an output of a draft: how many are told. */
static uint32_t readers_text(struct buf *to, const struct weir_plan *plan, uint32_t d, int output,
                             const char *before)
{
    uint32_t told = 0, stage = UINT32_MAX;
    for (uint32_t e = 0; e < plan->chain; e++)
        for (uint32_t i = 0; i < plan->draft[e].inputs; i++) {
            const struct draft *reader = &plan->draft[e];
            if (reader->input[i].draft != d || reader->input[i].output != output ||
                reader->stage == stage || reader->stage == plan->draft[d].stage)
                continue;
            stage = reader->stage;
            weir__buf_printf(to, "%s%s", told++ == 0 ? before : ", ", reader->handle.id);
        }
    return told;
}

/* What is rejected in a draft. */
static void rejects_text(struct buf *to, const struct weir_plan *plan, uint32_t d)
{
    const struct draft *draft = &plan->draft[d];
    weir__buf_printf(to, "  %-12s a bad record %s", draft->handle.id,
                     fates[draft->runtime.on_error]);
    readers_text(to, plan, d, OUTPUT_REJECTS, " and goes to ");
    if (draft->from->rejects_path != NULL)
        weir__buf_printf(to, " and goes to %s", draft->from->rejects_path);
    weir__buf_putc(to, '\n');
}

/* What a draft puts out beside its stream. */
static void others_text(struct buf *to, const struct weir_plan *plan, uint32_t d)
{
    const struct draft *draft = &plan->draft[d];
    for (uint32_t i = 0; i < draft->others; i++) {
        weir__buf_printf(to, "  %-12s what is '%s' ", draft->handle.id, draft->other[i].name);
        if (readers_text(to, plan, d, (int)i + 1, "goes to ") == 0)
            weir__buf_puts(to, "is dropped");
        weir__buf_putc(to, '\n');
    }
}

static void stream_text(struct buf *to, const struct weir_plan *plan, uint32_t d)
{
    const struct draft *draft = &plan->draft[d];
    bool sink = (draft->handle.type->traits & WEIR_SINK) != 0;
    if (d + 1 < plan->chain && plan->draft[d + 1].stage == draft->stage)
        return;
    if ((draft->handle.type->traits & WEIR_ROUTES) != 0)
        return;
    weir__buf_printf(to, "  %-12s the rest ", draft->handle.id);
    if (sink)
        weir__buf_puts(to, "ends here");
    else
        readers_text(to, plan, d, OUTPUT_STREAM, "goes to ");
    weir__buf_putc(to, '\n');
}

static void fates_text(struct buf *to, const struct weir_plan *plan)
{
    weir__buf_puts(to, "where every record goes\n");
    uint32_t told = UINT32_MAX;
    for (uint32_t d = 0; d < plan->chain; d++) {
        const struct draft *draft = &plan->draft[d];
        bool rejects = (draft->handle.type->traits & WEIR_REJECTS) != 0 && !draft->owns;
        if (rejects && draft->stage != told) {
            told = draft->stage;
            rejects_text(to, plan, d);
        }
        others_text(to, plan, d);
        stream_text(to, plan, d);
    }
    if (plan->aside >= 0)
        weir__buf_printf(
            to, "  %-12s what kills %u worker%s is set aside in %s, at most %" PRIu64 " records\n",
            "", plan->pipeline->quarantine.poison_after,
            plan->pipeline->quarantine.poison_after == 1 ? "" : "s",
            plan->pipeline->quarantine.path, plan->pipeline->quarantine.max);
}

char *weir_plan_text(const struct weir_plan *plan)
{
    struct buf text;
    weir__buf_init(&text);
    weir__buf_printf(&text, "%s\n", weir_pipeline_name(plan->pipeline));
    if (plan->not_yet.code != 0) {
        weir__buf_printf(&text, "not checked: what depends on the input, because %s\n",
                         plan->not_yet.text);
        return weir__buf_detach(&text);
    }
    stages_text(&text, plan);
    processes_text(&text, plan);
    rings_text(&text, plan);
    fates_text(&text, plan);
    return weir__buf_detach(&text);
}
