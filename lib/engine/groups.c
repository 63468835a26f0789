/* Seats and fusion: from the bound drafts to the blueprint's groups, ports and edges. */
#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/processors.h"

/* ---- seats ---- */

static bool one_seat(const struct draft *draft)
{
    if (draft->one_seat || (draft->inputs > 1 && !draft->spread))
        return true;
    if (draft->spread)
        return false;
    return draft->probe.splits == 0 &&
           (draft->handle.type->traits & (WEIR_ONE_SEAT | WEIR_SOURCE)) != 0;
}

static bool isolated(const struct draft *draft)
{
    return draft->from != NULL && draft->from->isolate;
}

/* The draft whose stream this one alone reads, and nothing else; NULL: there is none. */
static const struct draft *sole_source(const struct weir_plan *plan, const struct draft *draft)
{
    if (draft->inputs != 1 || draft->input[0].output != OUTPUT_STREAM)
        return NULL;
    const struct draft *of = &plan->draft[draft->input[0].draft];
    return of->readers == 1 ? of : NULL;
}

/* How many parallel layers run at the same time, to share the processors. One-seat stages and
 * branches divide them. */
static uint32_t parallel_layers(const struct weir_plan *plan)
{
    uint32_t layers = 0, most = 1;
    for (uint32_t d = 0; d < plan->chain; d++) {
        const struct draft *draft = &plan->draft[d], *before = sole_source(plan, draft);
        bool parallel = !one_seat(draft), inside = before != NULL && !one_seat(before);
        bool apart =
            before != NULL && before->from != draft->from && (isolated(draft) || isolated(before));
        layers += parallel && (!inside || apart);
        most = layers > most ? layers : most;
        /* What comes behind sums begins when those before have ended. */
        if ((draft->handle.type->traits & WEIR_TOTALS) != 0)
            layers = 0;
    }
    return most;
}

static void give_seats(struct weir_plan *plan)
{
    uint32_t processors = weir__processors();
    uint32_t share = processors / parallel_layers(plan);
    for (uint32_t d = 0; d < plan->drafts; d++) {
        struct draft *draft = &plan->draft[d];
        uint32_t seats = share > 0 ? share : 1;
        if (draft->from != NULL && draft->from->workers > 0)
            seats = draft->from->workers;
        if (one_seat(draft))
            seats = 1;
        if (draft->spread)
            seats = draft->inputs;
        draft->seats = seats > GROUP_SEATS ? GROUP_SEATS : seats;
    }
}

/* ---- fusion ---- */

static uint32_t sandbox_of(const struct draft *draft)
{
    bool given = draft->from != NULL && draft->from->confined;
    return given ? draft->from->sandbox : draft->handle.type->traits & WEIR_SANDBOX_STRICT;
}

static bool is_confined(const struct draft *draft)
{
    return (draft->from != NULL && draft->from->confined) ||
           (draft->handle.type->traits & WEIR_CONFINED) != 0;
}

/* Neither would get more than it may have. */
static bool shares_sandbox(const struct group *group, const struct draft *draft)
{
    uint32_t both = group->sandbox & sandbox_of(draft);
    return (!group->confined || both == group->sandbox) &&
           (!is_confined(draft) || both == sandbox_of(draft));
}

/* The same place for both: as many seats, and neither wants a process of its own. Stages of one
 * user's stage are never isolated from each other. */
static bool fuses(const struct draft *before, const struct draft *draft, const struct group *group)
{
    uint32_t apart = draft->handle.type->traits & WEIR_NO_FUSE;
    /* A seat has one file to keep. */
    if ((draft->handle.type->traits & WEIR_KEEPS) != 0 && weir__group_keeps(group))
        return false;
    if (before->probe.splits == 0)
        apart |= before->handle.type->traits & WEIR_NO_FUSE;
    if (apart != 0 || group->members == GROUP_MEMBERS || before->seats != draft->seats ||
        !shares_sandbox(group, draft))
        return false;
    bool unordered = draft->from->unordered && draft->from != before->from;
    return before->from == draft->from || (!isolated(before) && !isolated(draft) && !unordered);
}

static int copy_columns(struct columns *to, const bool *needed, uint32_t count)
{
    to->count = count;
    to->needed = calloc(count + 1, sizeof(bool));
    if (to->needed == NULL)
        return WEIR_EOS;
    memcpy(to->needed, needed, count);
    return 0;
}

/* What strangers wrote may keep its parser busy for hours. */
static uint64_t record_timeout_ms(const struct draft *draft)
{
    enum { CONFINED_MS = 60000 };
    if (draft->from == NULL || draft->from->record_timeout_ms > 0)
        return draft->from == NULL ? 0 : draft->from->record_timeout_ms;
    return (draft->handle.type->traits & WEIR_CONFINED) != 0 ? CONFINED_MS : 0;
}

static int add_member(struct group *group, struct draft *draft)
{
    draft->member = group->members++;
    struct member *member = &group->member[draft->member];
    group->irreplaceable = group->irreplaceable || draft->handle.irreplaceable;
    group->sandbox =
        sandbox_of(draft) & (group->members > 1 ? group->sandbox : WEIR_SANDBOX_STRICT);
    group->confined = group->confined || is_confined(draft);
    uint64_t memory = draft->from == NULL ? 0 : draft->from->worker_memory;
    if (memory > 0 && (group->worker_memory == 0 || memory < group->worker_memory))
        group->worker_memory = memory;
    *member = (struct member){.outer = draft->outer,
                              .type = draft->handle.type,
                              .stage = draft->stage,
                              .with = draft->with == NULL ? NULL : weir__node_copy(draft->with),
                              .on_error = draft->runtime.on_error,
                              .record_timeout_ms = record_timeout_ms(draft),
                              .memory_bytes = draft->handle.memory_bytes,
                              .reject_port = -1,
                              .raw_out = draft->out.raw,
                              .workers = draft->runtime.workers,
                              .first_file = draft->runtime.first_file,
                              .files = draft->runtime.files};
    if (draft->with != NULL && member->with == NULL)
        return WEIR_EOS;
    if (draft->runtime.probed != NULL && (member->probed = strdup(draft->runtime.probed)) == NULL)
        return WEIR_EOS;
    return copy_columns(&member->out, draft->needed, draft->out.columns);
}

/* A group of its first member. */
static struct group *add_group(struct blueprint *blueprint, const struct draft *draft)
{
    struct group *group = weir__blueprint_add_group(blueprint);
    if (group == NULL)
        return NULL;
    group->seats = draft->seats;
    group->splits = draft->probe.splits;
    group->head_fd = draft->head_fd;
    group->inputs = draft->inputs;
    group->spread = draft->spread;
    for (uint32_t i = 0; i == 0 || i < draft->inputs; i++)
        if (weir_schema_copy(&group->input[i].schema, &draft->in[i]) < 0)
            return NULL;
    return group;
}

/* What comes out of an unordered stage has no order to keep further on. Nor have sums, but what one
 * seat makes of them has: it gives numbers of its own, and so does who takes from several inputs. */
static void set_order(struct weir_plan *plan, struct draft *draft, struct group *group)
{
    bool keeps = !draft->from->unordered, sums = false;
    for (uint32_t i = 0; i < draft->inputs; i++) {
        const struct draft *of = &plan->draft[draft->input[i].draft];
        sums = weir__group_totals(&plan->blueprint.group[of->group]);
        group->input[i].ordered = keeps && of->ordered && !sums;
    }
    group->ordered = (draft->inputs == 1 && group->input[0].ordered) || group->splits > 0;
    draft->ordered =
        keeps && !draft->spread && (draft->inputs != 1 || sums || group->input[0].ordered);
}

static int place_draft(struct weir_plan *plan, struct draft *draft)
{
    struct blueprint *blueprint = &plan->blueprint;
    const struct draft *before = sole_source(plan, draft);
    struct group *group = before == NULL ? NULL : &blueprint->group[before->group];
    if (group != NULL && fuses(before, draft, group)) {
        draft->group = before->group;
        draft->ordered = before->ordered && !draft->from->unordered;
        return add_member(group, draft);
    }
    group = add_group(blueprint, draft);
    if (group == NULL)
        return WEIR_EOS;
    draft->group = blueprint->groups - 1;
    set_order(plan, draft, group);
    return add_member(group, draft);
}

/* ---- ports ---- */

/* Whether somebody takes what a draft rejects: a file, or a stage. */
static bool takes_rejects(const struct weir_plan *plan, uint32_t d)
{
    for (uint32_t e = 0; e < plan->chain; e++)
        for (uint32_t i = 0; i < plan->draft[e].inputs; i++)
            if (plan->draft[e].input[i].draft == d &&
                plan->draft[e].input[i].output == OUTPUT_REJECTS)
                return true;
    return plan->draft[d].rejects_to >= 0;
}

/* Who reads the output of a draft in another group. False: more than a port can have. */
static bool find_readers(const struct weir_plan *plan, uint32_t d, int output, struct port *port)
{
    for (uint32_t e = 0; e < plan->chain; e++) {
        const struct draft *reader = &plan->draft[e];
        for (uint32_t i = 0; i < reader->inputs; i++) {
            if (reader->input[i].draft != d || reader->input[i].output != output ||
                reader->group == plan->draft[d].group)
                continue;
            if (port->readers == PORT_READERS)
                return false;
            port->reader[port->readers++] = (struct reader){.group = reader->group, .input = i};
        }
    }
    return true;
}

static int too_many_ports(struct weir_plan *plan, uint32_t d)
{
    size_t before = plan->errors->count;
    struct weir_err *err = weir_errors_add(plan->errors);
    weir_err_set(err, WEIR_ECONFIG,
                 "stage '%s' has more than %d ports with those that share its workers, or one with "
                 "more than %d readers",
                 plan->draft[d].handle.id, GROUP_PORTS, PORT_READERS);
    snprintf(err->note, sizeof(err->note), "isolate: true gives a stage workers of its own");
    weir__plan_place(&plan->draft[d], plan->errors, before);
    return WEIR_ECONFIG;
}

/* The port of an output, to be filled in; *ret is NULL if nobody reads it. */
static int add_port(struct weir_plan *plan, uint32_t d, int output, struct port **ret)
{
    struct group *group = &plan->blueprint.group[plan->draft[d].group];
    struct port port = {.member = plan->draft[d].member};
    *ret = NULL;
    if (!find_readers(plan, d, output, &port) || group->ports == GROUP_PORTS)
        return too_many_ports(plan, d);
    if (port.readers == 0)
        return 0;
    *ret = &group->port[group->ports++];
    **ret = port;
    return 0;
}

static bool rejects_later(const struct weir_plan *plan, uint32_t group)
{
    for (uint32_t d = 0; d < plan->chain; d++)
        if (plan->draft[d].group > group && takes_rejects(plan, d))
            return true;
    return false;
}

static int add_stream(struct weir_plan *plan, uint32_t d)
{
    const struct draft *draft = &plan->draft[d];
    struct group *group = &plan->blueprint.group[draft->group];
    struct port *port;
    int code = add_port(plan, d, OUTPUT_STREAM, &port);
    if (code < 0 || port == NULL)
        return code;
    group->has_main = true;
    port->kind = draft->out.raw ? PORT_BYTES : PORT_RECORDS;
    /* Formatted text may be cut anywhere; raw input and packed records may not. */
    bool formatted = draft->out.raw && !draft_is_source(draft);
    port->oversize = port->apart = !formatted;
    port->seldom = weir__group_totals(group);
    port->raw = !draft->out.raw && rejects_later(plan, draft->group);
    return draft->out.raw ? 0 : copy_columns(&port->columns, draft->needed, draft->out.columns);
}

static int add_others(struct weir_plan *plan, uint32_t d)
{
    struct draft *draft = &plan->draft[d];
    for (uint32_t i = 0; i < draft->others; i++) {
        struct port *port;
        int code = add_port(plan, d, (int)i + 1, &port);
        if (code < 0)
            return code;
        if (port == NULL)
            continue;
        port->kind = PORT_RECORDS;
        port->output = i + 1;
        port->name = strdup(draft->other[i].name);
        if (port->name == NULL)
            return WEIR_EOS;
        port->oversize = port->apart = true;
        port->raw = rejects_later(plan, draft->group);
        code = copy_columns(&port->columns, draft->other[i].needed, draft->other[i].schema.columns);
        if (code < 0)
            return code;
    }
    return 0;
}

/* The sink of a stage's rejects: one group, though several of its members may reject. */
static int place_rejects_file(struct weir_plan *plan, struct draft *of)
{
    struct draft *sink = &plan->draft[of->rejects_to];
    if (sink->group != 0)
        return 0; /* group 0 is a source's */
    struct group *group = add_group(&plan->blueprint, sink);
    if (group == NULL)
        return WEIR_EOS;
    uint32_t feeds = 0;
    for (uint32_t d = 0; d < plan->chain; d++)
        feeds += plan->draft[d].rejects_to == of->rejects_to;
    group->seats = group->inputs = 1;
    group->input[0].ordered = group->ordered = of->ordered && feeds == 1;
    sink->group = plan->blueprint.groups - 1;
    return add_member(group, sink);
}

static int add_rejects(struct weir_plan *plan, uint32_t d)
{
    struct draft *draft = &plan->draft[d];
    if (!takes_rejects(plan, d))
        return 0;
    if (draft->rejects_to >= 0 && place_rejects_file(plan, draft) < 0)
        return WEIR_EOS;
    struct group *group = &plan->blueprint.group[draft->group];
    struct port port = {.kind = PORT_REJECTS, .apart = true, .member = draft->member};
    if (draft->rejects_to >= 0)
        port.reader[port.readers++] =
            (struct reader){.group = plan->draft[draft->rejects_to].group};
    if (group->ports == GROUP_PORTS || !find_readers(plan, d, OUTPUT_REJECTS, &port))
        return too_many_ports(plan, d);
    group->member[port.member].reject_port = (int)group->ports;
    group->port[group->ports++] = port;
    return 0;
}

static int add_ports(struct weir_plan *plan)
{
    int code = 0;
    for (uint32_t d = 0; d < plan->chain && code == 0; d++)
        code = add_stream(plan, d);
    for (uint32_t d = 0; d < plan->chain && code == 0; d++)
        code = add_others(plan, d);
    for (uint32_t d = 0; d < plan->chain && code == 0; d++)
        code = add_rejects(plan, d);
    return code;
}

/* A record can be told apart in columns, and in raw bytes if the type knows how. */
static bool divides(const struct group *group)
{
    uint32_t reader = group->splits > 0; /* behind who reads splits */
    const struct member *first = &group->member[reader];
    if (reader == group->members) /* it is in another group */
        return false;
    bool source = (first->type->traits & WEIR_SOURCE) != 0;
    bool raw = group->splits > 0 || group->input[0].schema.raw;
    return !source && (!raw || first->type->first_record != NULL);
}

static int add_aside_group(struct weir_plan *plan)
{
    struct blueprint *blueprint = &plan->blueprint;
    if (plan->aside < 0)
        return 0;
    struct draft *sink = &plan->draft[plan->aside];
    uint32_t groups = blueprint->groups;
    struct group *group = weir__blueprint_add_group(blueprint);
    if (group == NULL)
        return WEIR_EOS;
    group->seats = group->inputs = 1;
    group->ordered = false;
    group->lazy = true;
    sink->group = groups;
    if (weir_schema_copy(&group->input[0].schema, &sink->in[0]) < 0)
        return WEIR_EOS;
    for (uint32_t g = 0, feeds = 0; g < groups && feeds < GROUP_FEEDS; g++) {
        struct group *producer = &blueprint->group[g];
        if (!divides(producer) || producer->ports == GROUP_PORTS)
            continue;
        producer->aside_port = (int)producer->ports;
        producer->port[producer->ports++] = (struct port){
            .kind = PORT_ASIDE, .readers = 1, .reader = {{.group = groups}}, .seldom = true};
        feeds++;
    }
    return add_member(group, sink);
}

uint64_t weir__plan_private_bytes(const struct blueprint *blueprint, const struct group *group)
{
    /* What computes holds columns and their heaps beside the slot; every column has a name and a
     * place in each member. */
    enum { COLUMN_BYTES = 256 };
    bool alone = group->splits == 0 && (group->member[0].type->traits & WEIR_NO_FUSE) != 0;
    if (group->worker_memory > 0)
        return group->worker_memory;
    uint64_t columns = 0;
    uint64_t holds = 0;
    for (uint32_t i = 0; i == 0 || i < group->inputs; i++)
        columns += group->input[i].schema.columns;
    for (uint32_t m = 0; m < group->members; m++) {
        columns += group->member[m].out.count;
        holds += group->member[m].memory_bytes;
    }
    /* A split is read into memory of the worker's own, and its values may be copied once more. */
    uint64_t split = group->splits > 0 ? 3 * (uint64_t)blueprint->split_bytes : 0;
    return ((uint64_t)(alone ? 4 : 16) << 20) + split + columns * COLUMN_BYTES + holds;
}

int weir__plan_groups(struct weir_plan *plan)
{
    give_seats(plan);
    int code = 0;
    for (uint32_t d = 0; d < plan->chain && code == 0; d++)
        code = place_draft(plan, &plan->draft[d]);
    if (code == 0)
        code = add_ports(plan);
    if (code == 0)
        code = add_aside_group(plan);
    if (code < 0)
        return code;
    for (uint32_t g = 0; g < plan->blueprint.groups; g++) {
        const struct group *group = &plan->blueprint.group[g];
        plan->private_bytes += group->seats * weir__plan_private_bytes(&plan->blueprint, group);
    }
    /* Its text, its values, and what is made of it. One seat that produces has one at a time. */
    plan->oversize_bytes = 3 * (uint64_t)plan->blueprint.max_record;
    for (uint32_t d = 0; d < plan->chain; d++)
        if (draft_is_source(&plan->draft[d]))
            plan->oversize_count += plan->draft[d].seats;
    return 0;
}
