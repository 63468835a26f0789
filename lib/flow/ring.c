#include "flow/ring.h"

bool weir__ring_writable(const struct ring *ring, uint32_t edge, uint64_t position)
{
    return word_load(ring_claim(ring, position, edge), STEP_CLAIM_LOAD) ==
           claim_empty(ring_lap(ring, position));
}

bool weir__ring_released(const struct ring *ring, uint32_t edge, uint64_t position)
{
    uint64_t claim = word_load(ring_claim(ring, position, edge), STEP_CLAIM_LOAD);
    return claim_lap(claim) > ring_lap(ring, position);
}

bool weir__ring_take(const struct ring *ring, uint64_t position, uint32_t seat)
{
    uint64_t lap = ring_lap(ring, position);
    uint64_t expected = claim_empty(lap);
    /* The lap in the claim makes this safe however long the caller slept since its look: a slot
     * that was reused has another lap. */
    return word_cas(ring_claim(ring, position, ring->edge), &expected, claim_taken(lap, seat),
                    STEP_CLAIM_TAKE);
}

void weir__ring_release(const struct ring *ring, uint64_t position, uint32_t seat)
{
    uint64_t lap = ring_lap(ring, position);
    struct word *claim = ring_claim(ring, position, ring->edge);
    if (word_load(claim, STEP_CLAIM_LOAD) != claim_taken(lap, seat))
        return;
    /* pairs with the acquire in ring_writable(): the producer overwrites only after our last read
     */
    word_store(claim, claim_empty(lap + 1), STEP_CLAIM_RELEASE);
}

bool weir__ring_find_taken(const struct ring *ring, uint32_t seat, uint64_t *ret_position)
{
    for (uint32_t i = 0; i < ring->slots; i++) {
        uint64_t claim = word_load(ring_claim(ring, i, ring->edge), STEP_CLAIM_LOAD);
        uint64_t lap = claim_lap(claim);
        if (claim == claim_taken(lap, seat)) {
            *ret_position = lap * ring->slots + i;
            return true;
        }
    }
    return false;
}

uint32_t weir__ring_waiting(const struct ring *ring)
{
    uint64_t tail = word_load(ring->tail, STEP_TAIL_LOAD);
    uint32_t waiting = 0;
    for (uint64_t q = tail > ring->slots ? tail - ring->slots : 0; q < tail; q++)
        waiting += word_load(ring_claim(ring, q, ring->edge), STEP_CLAIM_LOAD) ==
                   claim_empty(ring_lap(ring, q));
    return waiting;
}
