/* choice.h - some records of a batch, for stages that leave others out. */
#ifndef WEIR_STAGES_FILE_CHOICE_H
#define WEIR_STAGES_FILE_CHOICE_H

#include <weir/stage.h>

/* Zero-initialise; release. It holds on to the batch until the next call of the stage. */
struct choice {
    const struct weir_batch *in;
    uint32_t *kept; /* which records, in order: filled in by the stage */
    uint64_t *entry;
    uint32_t capacity;
    struct weir_column *column;
};

/* Makes room for all records of the batch. 0 or a negative code. */
int weir__choice_begin(struct weir_stage *stage, struct choice *choice,
                       const struct weir_batch *in);
/* Puts out so many of choice->kept, with the columns of the input that are needed; further columns
 * of the output are left to the stage: they are zeroed, and each has room for its entries at
 * choice_entry. */
void weir__choice_put(struct weir_stage *stage, struct choice *choice, uint32_t records,
                      struct weir_output *out);
void weir__choice_release(struct choice *choice);

static inline uint64_t *choice_entry(const struct choice *choice, uint32_t column)
{
    return choice->entry + (size_t)column * choice->capacity;
}

#endif
