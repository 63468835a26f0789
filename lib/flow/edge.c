#include "flow/edge.h"

enum look { LOOK_NONE, LOOK_READY, LOOK_TAKEN, LOOK_STALE };

static uint64_t head_of(struct ring *ring, uint64_t tail)
{
    if (ring->head + ring->slots < tail)
        ring->head = tail - ring->slots; /* older positions have been reused */
    return ring->head;
}

/* What `next` is compared with: the number, or number and part. */
static uint64_t key_of(const struct edge *edge, struct number number)
{
    return edge->by_part ? number.n << NUMBER_PART_BITS | number.part : number.n;
}

/* What comes behind: the next part, or the first of the next number. */
static uint64_t key_behind(const struct edge *edge, struct number number)
{
    if (edge->by_part && !number.last)
        return key_of(edge, number) + 1;
    return key_of(edge, (struct number){.n = number.n + 1});
}

/* Looks in ring r for what has the key, the first part of a number. The slot's number is loaded before its claim, and
 * counts only if the claim has the lap of the position: else the slot has been written again in
 * between. */
static enum look look_for(struct edge *edge, uint32_t r, uint64_t key, struct taken *ret)
{
    struct ring *ring = &edge->ring[r];
    uint64_t tail = word_load(ring->tail, STEP_TAIL_LOAD); /* pairs with the release in publish */
    for (uint64_t q = head_of(ring, tail); q < tail; q++) {
        struct slot *slot = ring_slot(ring, q);
        struct number number = number_unpack(word_load(&slot->number, STEP_NUMBER_LOAD));
        uint64_t claim = word_load(ring_claim(ring, q, ring->edge), STEP_CLAIM_LOAD);
        if (claim_lap(claim) != ring_lap(ring, q) || key_of(edge, number) < key) {
            ring->head = q + 1; /* released, or started before */
            continue;
        }
        if (key_of(edge, number) > key)
            return LOOK_NONE;
        if (!edge->by_part && number.part != 0)
            return LOOK_STALE; /* its first part is gone: next has moved on */
        *ret = (struct taken){.ring = r, .position = q, .number = number};
        return claim == claim_empty(ring_lap(ring, q)) ? LOOK_READY : LOOK_TAKEN;
    }
    return LOOK_NONE;
}

static enum look look_for_split(const struct edge *edge, uint64_t n, struct taken *ret)
{
    const struct ring *ring = &edge->ring[edge->first];
    if (n >= edge->splits)
        return LOOK_NONE;
    uint64_t claim = word_load(ring_claim(ring, n, ring->edge), STEP_CLAIM_LOAD);
    *ret = (struct taken){.ring = edge->first, .position = n, .number = {.n = n, .last = true}};
    if (claim_lap(claim) != ring_lap(ring, n))
        return LOOK_NONE; /* in use by an earlier one; or released, and next has moved on */
    return claim_is_taken(claim) ? LOOK_TAKEN : LOOK_READY;
}

/* Looks for what comes next on an ordered edge. */
static enum look look(struct edge *edge, uint64_t key, struct taken *ret)
{
    enum look found = LOOK_NONE;
    if (edge->splits > 0)
        return look_for_split(edge, key, ret);
    for (uint32_t r = edge->first; r < edge->first + edge->producers && found == LOOK_NONE; r++)
        found = look_for(edge, r, key, ret);
    return found;
}

static void advance(struct edge *edge, struct number past, enum step step)
{
    uint64_t expected = key_of(edge, past);
    word_cas(edge->next, &expected, key_behind(edge, past), step);
}

static bool take_ordered(struct edge *edge, uint32_t seat, struct taken *ret)
{
    uint64_t key = word_load(edge->next, STEP_NEXT_LOAD);
    for (;;) {
        enum look found = look(edge, key, ret);
        if (found == LOOK_READY && weir__ring_take(&edge->ring[ret->ring], ret->position, seat)) {
            advance(edge, ret->number, STEP_NEXT_ADVANCE);
            return true;
        }
        if (found == LOOK_TAKEN)
            advance(edge, ret->number, STEP_NEXT_HELP);
        uint64_t now = word_load(edge->next, STEP_NEXT_LOAD);
        /* A stale part before next has moved on is none of ours: damage, not to be waited for. */
        if ((found == LOOK_NONE || found == LOOK_STALE) && now == key)
            return false;
        key = now;
    }
}

/* order: none. Whatever is EMPTY will do. */
static bool take_any(struct edge *edge, uint32_t seat, struct taken *ret)
{
    for (uint32_t r = edge->first; r < edge->first + edge->producers; r++) {
        struct ring *ring = &edge->ring[r];
        uint64_t tail = word_load(ring->tail, STEP_TAIL_LOAD);
        for (uint64_t q = head_of(ring, tail); q < tail; q++) {
            struct slot *slot = ring_slot(ring, q);
            struct number number = number_unpack(word_load(&slot->number, STEP_NUMBER_LOAD));
            if (weir__ring_take(ring, q, seat)) {
                *ret = (struct taken){.ring = r, .position = q, .number = number};
                return true;
            }
            if (q == ring->head)
                ring->head++;
        }
    }
    return false;
}

bool weir__edge_take(struct edge *edge, uint32_t seat, struct taken *ret)
{
    return edge->ordered ? take_ordered(edge, seat, ret) : take_any(edge, seat, ret);
}

bool weir__edge_has_more(struct edge *edge)
{
    struct taken ignored;
    if (edge->ordered)
        return look(edge, word_load(edge->next, STEP_NEXT_LOAD), &ignored) == LOOK_READY;
    for (uint32_t r = edge->first; r < edge->first + edge->producers; r++)
        if (weir__ring_waiting(&edge->ring[r]) > 0)
            return true;
    return false;
}

bool weir__edge_take_part(struct edge *edge, uint32_t seat, uint32_t ring, uint64_t position,
                          struct taken *ret)
{
    const struct ring *from = &edge->ring[ring];
    if (position >= word_load(from->tail, STEP_TAIL_LOAD) || !weir__ring_take(from, position, seat))
        return false;
    uint64_t number = word_load(&ring_slot(from, position)->number, STEP_NUMBER_LOAD);
    *ret = (struct taken){.ring = ring, .position = position, .number = number_unpack(number)};
    return true;
}

bool weir__edge_find_taken(struct edge *edge, uint32_t seat, struct taken *ret)
{
    for (uint32_t r = edge->first; r < edge->first + edge->producers; r++) {
        uint64_t position;
        if (!weir__ring_find_taken(&edge->ring[r], seat, &position))
            continue;
        struct number number = {.n = position, .last = true};
        if (edge->splits == 0)
            number = number_unpack(
                word_load(&ring_slot(&edge->ring[r], position)->number, STEP_NUMBER_LOAD));
        *ret = (struct taken){.ring = r, .position = position, .number = number};
        if (edge->ordered && (edge->by_part || ret->number.part == 0))
            advance(edge, ret->number, STEP_NEXT_HELP);
        return true;
    }
    return false;
}
