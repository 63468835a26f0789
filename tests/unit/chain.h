/*
 * chain.h - a run's memory made by hand: groups in a row, each reading the one before it, or in one
 * of three other forms. No stages, no plan, no files.
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

enum chain_form {
    CHAIN,
    BROADCAST, /* all groups read the first one's port */
    MERGE,     /* the last group reads all the others */
    DIAMOND,   /* two groups read the first one's port, and the last reads both */
    SPREAD,    /* the first of two has a port for each seat of the other */
};

struct chain_shape {
    uint32_t groups, slots, slot_bytes;
    uint32_t seats[6];
    bool unordered;  /* all edges but that of the last group */
    uint32_t splits; /* that the first group reads; 0: it makes its output by itself */
    enum chain_form form;
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

/* Group g reads the port of another one. */
static inline void chain_join(struct chain *chain, uint32_t from, uint32_t g, bool ordered)
{
    struct group *group = &chain->blueprint.group[g], *producer = &chain->blueprint.group[from];
    struct port *port = &producer->port[0];
    *port = (struct port){.kind = PORT_BYTES,
                          .readers = port->readers,
                          .oversize = from == 0,
                          .apart = true,
                          .reader = {port->reader[0], port->reader[1]}};
    port->reader[port->readers++] = (struct reader){.group = g, .input = group->inputs};
    producer->ports = 1;
    producer->has_main = true;
    group->input[group->inputs++].ordered = ordered;
    group->ordered = group->inputs == 1 && ordered;
}

/* A second port, for the second seat. */
static inline void chain_spread(struct chain *chain)
{
    struct group *producer = &chain->blueprint.group[0], *reader = &chain->blueprint.group[1];
    producer->port[1] = producer->port[0];
    producer->port[1].reader[0].input = 1;
    producer->ports = reader->inputs = 2;
    reader->input[1] = reader->input[0];
    reader->spread = true;
    reader->ordered = false;
}

static inline bool chain_reads(const struct chain_shape *shape, uint32_t from, uint32_t g)
{
    switch (shape->form) {
    case BROADCAST: return from == 0;
    case MERGE: return g + 1 == shape->groups;
    case DIAMOND: return from == 0 ? g + 1 < shape->groups : g + 1 == shape->groups;
    default: return from + 1 == g;
    }
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
        group->members = 1;
        for (uint32_t from = 0; from < g; from++)
            if (chain_reads(shape, from, g))
                chain_join(chain, from, g, last || !shape->unordered);
    }
    if (shape->form == SPREAD)
        chain_spread(chain);
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
