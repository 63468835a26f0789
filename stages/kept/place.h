/* place.h - where records stand in the stream. */
#ifndef WEIR_STAGES_KEPT_PLACE_H
#define WEIR_STAGES_KEPT_PLACE_H

#include <weir/stage.h>

#include "kept/bytes.h"

/* Committed: part of a stage's state. A record's place is the number of the input, and which of the
 * records with that number it is. */
struct place_state {
    uint64_t number, records;
};

/* At the beginning of process; and at its end, if the batch is done. */
static inline void place_begin(const struct weir_stage *stage, struct place_state *state)
{
    if (state->number != weir_input_number(stage))
        state->records = 0;
    state->number = weir_input_number(stage);
}

static inline void place_end(struct place_state *state, const struct weir_batch *in)
{
    state->records += in->records;
}

/* In nine bytes, for keys. */
static inline void place_add(const struct place_state *state, uint32_t record, struct bytes *to)
{
    bytes_add_high_first(to, state->number, 5);
    bytes_add_high_first(to, state->records + record, 4);
}

#endif
