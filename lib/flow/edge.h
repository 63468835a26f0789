/*
 * edge.h - taking batches from the rings of all producers of an edge.
 *
 * An ordered edge has one more shared word, `next`: the number that its stage takes next. A seat
 * looks for that number at the heads of the producers' rings, takes it, and moves next on; who
 * finds it taken moves next on for the other (who may be dead) and looks again. So numbers are
 * started in order by however many seats, and the lowest unfinished one can always go on.
 *
 * Where one seat takes from several edges it must not wait for the rest of a number at one of them,
 * whose producer may wait for room at another. There `next` counts parts: it is the number and part
 * that come next, and each is taken for itself.
 *
 * The splits of a source are an edge too, though nobody publishes them: split n is there from the
 * beginning, and may be taken as soon as its claim, which it shares with n - K, is EMPTY.
 *
 * Always true: next passes a number only after its first part is TAKEN, or a part only after that
 * is; nobody releases what next has not passed.
 */
#ifndef WEIR_EDGE_H
#define WEIR_EDGE_H

/* flow */
#include "flow/ring.h"

struct edge {
    struct word *next; /* of an ordered edge */
    bool ordered;
    bool by_part; /* next counts parts; one seat reads */
    /* Not 0: it has so many of these, the seats' ends among them, and one ring without payload for
     * the claims. */
    uint64_t splits;
    /* One a producer seat and port. The array is that of all edges which the seat reads; a ring's
     * index is the same for all of them. */
    struct ring *ring;
    uint32_t first, producers; /* where this edge's begin, and how many they are */
};

struct taken {
    uint32_t ring;
    uint64_t position;
    struct number number;
};

/* Takes what is next for the seat. False if there is nothing to take. */
bool weir__edge_take(struct edge *edge, uint32_t seat, struct taken *ret);

/* Whether there is something to take now, for a seat that wants to know if others should be woken.
 */
bool weir__edge_has_more(struct edge *edge);

/* A seat that holds part p of a number takes part p + 1, behind it in the same ring. False if not
 * published yet. */
bool weir__edge_take_part(struct edge *edge, uint32_t seat, uint32_t ring, uint64_t position,
                          struct taken *ret);

/* A successor: what its predecessor had taken. Moves next past it first, which the dead may have
 * left undone. */
bool weir__edge_find_taken(struct edge *edge, uint32_t seat, struct taken *ret);

#endif
