/*
 * ring.h - a producer seat's bounded queue for one of its ports.
 *
 * A ring has K slots; the payload lives in the slot, for the whole run: nothing is allocated,
 * passed on or freed. Position q (0, 1, 2, ...) stands in slot q mod K at lap q / K. All shared
 * state is two kinds of words:
 *
 *     tail    one a ring            how many positions are published, ever; only the owner stores it
 *     claim   one a slot and edge   EMPTY(lap) or TAKEN(lap, seat)
 *
 * Always true: a claim's lap never falls; positions below tail are whole; a ring is sorted by
 * (number, part). The producer may write the slot of position t, beyond tail, when its claim is
 * EMPTY(t / K) on every edge that still counts. A consumer seat may read a slot while its own TAKEN
 * stands in the claim. Never: write a slot at a position below tail; release what another seat has
 * taken.
 *
 * Why a crash is harmless behind any line: tail and EMPTY are each one store that the successor
 * repeats from the ledger; a TAKEN tells the successor what it has in hand.
 */
#ifndef WEIR_RING_H
#define WEIR_RING_H

#include <stddef.h>

/* shm */
#include "shm/word.h"

/* ---- the number of a batch: n (40 bits), part (23 bits), whether it is the last part of n ---- */

enum { NUMBER_PART_BITS = 23 };

struct number {
    uint64_t n;
    uint32_t part;
    bool last;
};

static inline uint64_t number_pack(struct number number)
{
    return number.n << 24 | (uint64_t)number.part << 1 | (number.last ? 1u : 0u);
}

static inline struct number number_unpack(uint64_t word)
{
    return (struct number){.n = word >> 24,
                           .part = (uint32_t)(word >> 1) & ((1u << NUMBER_PART_BITS) - 1),
                           .last = (word & 1) != 0};
}

/* ---- claims: lap (48 bits), seat (15 bits), whether it is TAKEN ---- */

static inline uint64_t claim_empty(uint64_t lap)
{
    return lap << 16;
}

static inline uint64_t claim_taken(uint64_t lap, uint32_t seat)
{
    return lap << 16 | (uint64_t)seat << 1 | 1;
}

static inline uint64_t claim_lap(uint64_t claim)
{
    return claim >> 16;
}

/* Of a claim that is TAKEN. */
static inline uint32_t claim_seat(uint64_t claim)
{
    return (uint32_t)(claim >> 1) & 0x7FFF;
}

static inline bool claim_is_taken(uint64_t claim)
{
    return (claim & 1) != 0;
}

/* ---- what stands in the segment ---- */

/* What a slot holds. Written by the owner before tail passes it, read by who has taken it; checked
 * when read. */
struct slot_facts {
    uint32_t bytes;
    uint32_t records;
    uint32_t file;
    uint32_t oversize; /* 1: the payload is in the ring's large area, not in the slot */
    uint64_t offset, line;
    uint64_t whole_bytes;
};

/* Behind its claim stand those of the port's further edges, if it has any. */
struct slot {
    _Alignas(WORD_APART) struct word number;
    struct slot_facts facts;
    struct lone_word claim[1];
};
_Static_assert(sizeof(struct slot) == (size_t)WORD_APART * 2, "claims stand apart");

/* What one slot takes in the segment, of a port that so many edges read. */
static inline size_t slot_bytes_of(uint32_t edges)
{
    return sizeof(struct slot) + (edges - 1) * sizeof(struct lone_word);
}

/* A process's view of a ring: pointers into its mapping of the segment. */
struct ring {
    struct word *tail;
    struct slot *slot; /* the first of them */
    uint32_t edges;    /* that read it: claims a slot */
    uint32_t edge;     /* a reader's own: which of these it is */
    char *payload;     /* slots times slot_bytes */
    char *area;        /* one record larger than a slot; NULL: the port has none */
    uint32_t slots;
    uint32_t slot_bytes;
    uint32_t area_bytes;
    uint32_t owner_group, owner_port, owner; /* who writes it: a seat, for a port of its group */
    uint64_t head;                           /* a reader's own hint: nothing below is to be had */
};

static inline struct slot *ring_slot(const struct ring *ring, uint64_t position)
{
    char *first = (char *)ring->slot;
    return (struct slot *)(void *)(first + position % ring->slots * slot_bytes_of(ring->edges));
}

/* The claim of an edge on a position. */
static inline struct word *ring_claim(const struct ring *ring, uint64_t position, uint32_t edge)
{
    struct lone_word *first = ring_slot(ring, position)->claim;
    return &first[edge].word;
}

static inline uint64_t ring_lap(const struct ring *ring, uint64_t position)
{
    return position / ring->slots;
}

static inline char *ring_payload(const struct ring *ring, uint64_t position)
{
    return ring->payload + position % ring->slots * (size_t)ring->slot_bytes;
}

/* Producer: has this edge given the slot of this position back, so that it may be written? pairs
 * with the release in ring_release(). */
bool weir__ring_writable(const struct ring *ring, uint32_t edge, uint64_t position);

/* Producer: has the edge released a position that was published? However long ago. */
bool weir__ring_released(const struct ring *ring, uint32_t edge, uint64_t position);

/* Consumer: takes a position below tail, if it is EMPTY. False if another seat was faster. */
bool weir__ring_take(const struct ring *ring, uint64_t position, uint32_t seat);

/* Consumer: gives the slot back, if the seat has it. Harmless when repeated. */
void weir__ring_release(const struct ring *ring, uint64_t position, uint32_t seat);

/* The position that the seat has taken in this ring and not released, and which: for a successor.
 */
bool weir__ring_find_taken(const struct ring *ring, uint32_t seat, uint64_t *ret_position);

/* How many published slots nobody has taken: a figure for progress, not for decisions. */
uint32_t weir__ring_waiting(const struct ring *ring);

#endif
