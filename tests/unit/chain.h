/*
 * chain.h - a run's memory made by hand: groups in a row, each reading the one before it. No
 * stages, no plan, no files.
 */
#ifndef TEST_CHAIN_H
#define TEST_CHAIN_H

/* engine */
#include "engine/seat.h"

#include "unit/rings.h"

struct chain {
    struct blueprint blueprint;
    struct run_view view;
};

struct chain_shape {
    uint32_t groups, slots, slot_bytes;
    uint32_t seats[6];
    bool unordered;  /* all edges but that of the last group */
    uint32_t splits; /* that the first group reads; 0: it makes its output by itself */
};

/* A segment of its own, all zeros: the run has not begun. */
static inline void chain_map(struct chain *chain)
{
    chain->view.segment = (struct segment){.fd = -1,
                                           .base = shared_memory(chain->blueprint.segment_bytes),
                                           .bytes = chain->blueprint.segment_bytes};
    chain->view.blueprint = &chain->blueprint;
    chain->view.words = (struct run_words *)(void *)chain->view.segment.base;
}

static inline void chain_make(struct chain *chain, const struct chain_shape *shape)
{
    *chain = (struct chain){.blueprint = {.slots = shape->slots,
                                          .slot_bytes = shape->slot_bytes,
                                          .max_record = shape->slot_bytes}};
    for (uint32_t g = 0; g < shape->groups; g++) {
        struct group *group = weir__blueprint_add_group(&chain->blueprint);
        bool last = g + 1 == shape->groups;
        ck_assert_ptr_nonnull(group);
        group->seats = shape->seats[g];
        group->splits = g == 0 ? shape->splits : 0;
        group->ordered = last || !shape->unordered;
        group->members = 1;
        group->has_main = !last;
        group->ports = last ? 0 : 1;
        group->inputs = g > 0;
        group->input[0].ordered = group->ordered;
        group->port[0] = (struct port){
            .kind = PORT_BYTES, .readers = 1, .reader = {{.group = g + 1}}, .oversize = g == 0};
    }
    weir__blueprint_layout(&chain->blueprint, 0);
    chain_map(chain);
}

/* The group takes whatever comes, and numbers anew. */
static inline void chain_unordered(struct chain *chain, uint32_t g)
{
    chain->blueprint.group[g].ordered = chain->blueprint.group[g].input[0].ordered = false;
}

static inline void chain_release(struct chain *chain)
{
    munmap(chain->view.segment.base, chain->view.segment.bytes);
    weir__blueprint_release(&chain->blueprint);
}

#endif
