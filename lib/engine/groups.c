/* Seats and fusion: from the bound drafts to the blueprint's groups, ports and edges. */
#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/processors.h"

/* ---- seats ---- */

static bool one_seat(const struct draft *draft)
{
    return draft->splits == 0 && (draft->handle.type->traits & (WEIR_ONE_SEAT | WEIR_SOURCE)) != 0;
}

static bool isolated(const struct draft *draft)
{
    return draft->from != NULL && draft->from->isolate;
}

/* A one-seat stage between parallel ones divides them into layers that run at the same time and
 * share the processors. */
static uint32_t parallel_layers(const struct weir_plan *plan)
{
    uint32_t layers = 0, most = 1;
    bool inside = false;
    for (uint32_t d = 0; d < plan->chain; d++) {
        const struct draft *draft = &plan->draft[d], *before = d > 0 ? draft - 1 : NULL;
        bool parallel = !one_seat(draft);
        bool apart =
            before != NULL && before->from != draft->from && (isolated(draft) || isolated(before));
        layers += parallel && (!inside || apart);
        most = layers > most ? layers : most;
        inside = parallel;
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
        draft->seats = seats > GROUP_SEATS ? GROUP_SEATS : seats;
    }
}

/* ---- fusion ---- */

/* The same place for both: as many seats, and neither wants a process of its own. Stages of one
 * user's stage are never isolated from each other. */
static bool fuses(const struct draft *before, const struct draft *draft, const struct group *group)
{
    uint32_t apart = draft->handle.type->traits & WEIR_NO_FUSE;
    /* A seat has one file to keep. */
    if ((draft->handle.type->traits & WEIR_KEEPS) != 0 && weir__group_keeps(group))
        return false;
    if (before->splits == 0)
        apart |= before->handle.type->traits & WEIR_NO_FUSE;
    if (apart != 0 || group->members == GROUP_MEMBERS || before->seats != draft->seats)
        return false;
    bool unordered = draft->from->unordered && draft->from != before->from;
    return before->from == draft->from || (!isolated(before) && !isolated(draft) && !unordered);
}

static int add_member(struct group *group, struct draft *draft)
{
    struct member *member = &group->member[group->members++];
    group->irreplaceable = group->irreplaceable || draft->handle.irreplaceable;
    uint64_t memory = draft->from == NULL ? 0 : draft->from->worker_memory;
    if (memory > 0 && (group->worker_memory == 0 || memory < group->worker_memory))
        group->worker_memory = memory;
    *member = (struct member){.outer = draft->outer,
                              .type = draft->handle.type,
                              .stage = draft->stage,
                              .with = draft->with == NULL ? NULL : weir__node_copy(draft->with),
                              .on_error = draft->runtime.on_error,
                              .record_timeout_ms =
                                  draft->from == NULL ? 0 : draft->from->record_timeout_ms,
                              .memory_bytes = draft->handle.memory_bytes,
                              .reject_port = -1,
                              .raw_out = draft->out.raw,
                              .needed_count = draft->out.columns};
    if (draft->with != NULL && member->with == NULL)
        return WEIR_EOS;
    if (draft->runtime.probed != NULL && (member->probed = strdup(draft->runtime.probed)) == NULL)
        return WEIR_EOS;
    member->needed = calloc(draft->out.columns + 1, sizeof(bool));
    if (member->needed == NULL)
        return WEIR_EOS;
    memcpy(member->needed, draft->needed, draft->out.columns);
    return group->members > 1 ? 0 : weir_schema_copy(&member->in, &draft->in);
}

static int add_chain(struct weir_plan *plan)
{
    struct blueprint *blueprint = &plan->blueprint;
    struct group *group = NULL;
    bool ordered = true;
    for (uint32_t d = 0; d < plan->chain; d++) {
        struct draft *draft = &plan->draft[d];
        if (group == NULL || !fuses(draft - 1, draft, group)) {
            group = weir__blueprint_add_group(blueprint);
            if (group == NULL)
                return WEIR_EOS;
            group->seats = draft->seats;
            group->splits = draft->splits;
            /* What comes out of an unordered stage has no order to keep further on. Nor have sums,
             * but what one seat makes of them has: it gives numbers of its own. */
            bool sums = d > 0 && weir__group_totals(&group[-1]);
            ordered = (ordered || sums) && !draft->from->unordered;
            group->ordered = (ordered && !sums) || group->splits > 0; /* those always are */
        }
        draft->group = blueprint->groups - 1;
        draft->ordered = ordered;
        if (add_member(group, draft) < 0)
            return WEIR_EOS;
    }
    return 0;
}

/* ---- ports ---- */

static bool rejects_later(const struct weir_plan *plan, uint32_t group)
{
    for (uint32_t d = 0; d < plan->chain; d++)
        if (plan->draft[d].group > group && plan->draft[d].rejects_to >= 0)
            return true;
    return false;
}

static void add_main_ports(struct weir_plan *plan)
{
    struct blueprint *blueprint = &plan->blueprint;
    for (uint32_t d = 0; d + 1 < plan->chain; d++) {
        const struct draft *draft = &plan->draft[d], *next = draft + 1;
        if (next->group == draft->group)
            continue;
        struct group *group = &blueprint->group[draft->group];
        group->has_main = true;
        group->packs = !draft->out.raw;
        group->packs_raw = group->packs && rejects_later(plan, draft->group);
        /* Formatted text may be cut anywhere; raw input and packed records may not. */
        bool formatted = draft->out.raw && (draft->handle.type->traits & WEIR_SOURCE) == 0;
        group->port[group->ports++] = (struct port){.consumer = next->group,
                                                    .oversize = !formatted,
                                                    .apart = !formatted,
                                                    .seldom = weir__group_totals(group)};
    }
}

static int add_rejects_groups(struct weir_plan *plan)
{
    struct blueprint *blueprint = &plan->blueprint;
    for (uint32_t d = 0; d < plan->chain; d++) {
        struct draft *draft = &plan->draft[d];
        if (draft->rejects_to < 0)
            continue;
        struct draft *sink = &plan->draft[draft->rejects_to];
        struct group *group = weir__blueprint_add_group(blueprint);
        if (group == NULL)
            return WEIR_EOS;
        struct group *producer = &blueprint->group[draft->group];
        group->seats = 1;
        group->ordered = draft->ordered;
        sink->group = blueprint->groups - 1;
        for (uint32_t m = 0; m < producer->members; m++)
            if (producer->member[m].type == draft->handle.type &&
                producer->member[m].stage == draft->stage)
                producer->member[m].reject_port = (int)producer->ports;
        producer->port[producer->ports++] = (struct port){.consumer = sink->group, .apart = true};
        if (add_member(group, sink) < 0)
            return WEIR_EOS;
    }
    return 0;
}

/* A record can be told apart in columns, and in raw bytes if the type knows how. */
static bool divides(const struct group *group)
{
    const struct member *first = &group->member[group->splits > 0];
    bool source = (first->type->traits & WEIR_SOURCE) != 0;
    bool raw = group->splits > 0 || first->in.raw;
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
    group->seats = 1;
    group->ordered = false;
    group->lazy = true;
    sink->group = groups;
    for (uint32_t g = 0, feeds = 0; g < groups && feeds < GROUP_FEEDS; g++) {
        struct group *producer = &blueprint->group[g];
        if (!divides(producer))
            continue;
        producer->aside_port = (int)producer->ports;
        producer->port[producer->ports++] = (struct port){.consumer = groups, .seldom = true};
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
    uint64_t columns = group->member[0].in.columns;
    uint64_t holds = 0;
    for (uint32_t m = 0; m < group->members; m++) {
        columns += group->member[m].needed_count;
        holds += group->member[m].memory_bytes;
    }
    /* A split is read into memory of the worker's own, and its values may be copied once more. */
    uint64_t split = group->splits > 0 ? 3 * (uint64_t)blueprint->slot_bytes : 0;
    return ((uint64_t)(alone ? 4 : 16) << 20) + split + columns * COLUMN_BYTES + holds;
}

int weir__plan_groups(struct weir_plan *plan)
{
    give_seats(plan);
    if (add_chain(plan) < 0)
        return WEIR_EOS;
    add_main_ports(plan);
    if (add_rejects_groups(plan) < 0 || add_aside_group(plan) < 0)
        return WEIR_EOS;
    for (uint32_t g = 0; g < plan->blueprint.groups; g++) {
        const struct group *group = &plan->blueprint.group[g];
        plan->private_bytes += group->seats * weir__plan_private_bytes(&plan->blueprint, group);
    }
    /* Its text, its values, and what is made of it. One seat that produces has one at a time. */
    const struct group *first = &plan->blueprint.group[0];
    plan->oversize_bytes = 3 * (uint64_t)plan->blueprint.max_record;
    plan->oversize_count = first->seats;
    return 0;
}
