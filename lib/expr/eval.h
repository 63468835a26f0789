/*
 * eval.h - computing terms over a chunk of records.
 *
 * A chunk is up to CHUNK records of a batch, numbered from 0; small enough for its vectors to stay
 * in the core's nearest caches. Every term is given a selection, the records that it is wanted for,
 * and writes its vector at those places only: a branch of a case works on the records that reach
 * it, and nothing is gathered or scattered.
 *
 * A value that cannot be computed is null in its vector, and the record is noted as failed, once.
 * try() takes such notes back.
 */
#ifndef WEIR_EXPR_EVAL_H
#define WEIR_EXPR_EVAL_H

#include <string.h>

#include <weir/expr.h>

/* expr */
#include "expr/arena.h"
#include "expr/term.h"

#define CHUNK          1024
#define TEXT_BYTES_MAX (16u << 20) /* of one text that an expression makes */

/* Ascending. */
struct selection {
    const uint16_t *row;
    uint32_t count;
};

struct run {
    const struct weir_batch *batch; /* NULL while constants are folded */
    uint32_t base;                  /* the batch's record that is the chunk's record 0 */
    uint32_t rows;                  /* that the vectors have room for: CHUNK, or 1 for constants */
    uint64_t chunk;                 /* changes with every chunk */
    bool number_lanes;              /* numbers are read NUMBER_LANES at a time */
    struct arena *memory;           /* vectors; stays as long as the expression */
    struct arena text;              /* texts made by this evaluation */
    struct weir_expr_error *error;  /* of all chunks of this evaluation */
    size_t errors, capacity;
    uint8_t failed[CHUNK];
    int status; /* WEIR_EOS or WEIR_EDATA: the evaluation as a whole has failed */
};

/* Gives term and all below it vectors for run->rows records. False when memory ran out. */
bool weir__eval_prepare(struct run *run, struct term *term);
/* The values of term for the selected records. The vector is the term's own or that of one below.
 */
const struct vector *weir__eval(struct run *run, struct term *term, const struct selection *sel);

/* Notes that a record failed in term. value (data NULL: none) is copied, cut if it is long. */
void weir__eval_fail(struct run *run, const struct term *term, uint32_t row, enum reason reason,
                     struct text value);
/* Room for n bytes of text. NULL, with the record or the run failed, when there is none. */
char *weir__eval_text(struct run *run, const struct term *term, uint32_t row, size_t n);
/* Puts a number that has no short form. False when memory ran out. */
bool weir__eval_put_wide(struct run *run, struct vector *vector, uint32_t row,
                         const struct number *number);

/* One kind of terms each; what they write to is term->vector. eval_number.c */
void weir__eval_arithmetic(struct run *run, struct term *term, const struct selection *sel);
void weir__eval_minus(struct run *run, struct term *term, const struct selection *sel);
void weir__eval_compare(struct run *run, struct term *term, const struct selection *sel);
void weir__eval_distinct(struct run *run, struct term *term, const struct selection *sel);
void weir__eval_in(struct run *run, struct term *term, const struct selection *sel);
/* eval_text.c */
void weir__eval_join(struct run *run, struct term *term, const struct selection *sel);
void weir__eval_like(struct run *run, struct term *term, const struct selection *sel);
/* eval_cast.c */
void weir__eval_cast(struct run *run, struct term *term, const struct selection *sel);
/* eval_moment.c: casts from and to dates and timestamps */
void weir__eval_cast_moment(struct run *run, struct term *term, const struct vector *from,
                            const struct selection *sel);
/* to has room for NUMBER_TEXT_BYTES. Returns the length. */
size_t weir__moment_print(enum weir_type type, int64_t value, char *to);

/* Orders two values of one shape, neither null: -1, 0, 1. */
int weir__eval_order(const struct vector *a, uint32_t i, const struct vector *b, uint32_t j,
                     enum shape shape);

/* What a term that is a column looks at, in variables of the loop's own: no store can change it. */
struct column_view {
    const uint64_t *entry; /* of the chunk's record 0 */
    const char *heap;
    uint32_t heap_bytes;
};

static inline struct column_view column_view(const struct run *run, const struct term *term)
{
    const struct weir_column *column = &run->batch->column[term->column];
    return (struct column_view){.entry = column->entry == NULL ? NULL : column->entry + run->base,
                                .heap = column->heap == NULL ? "" : column->heap,
                                .heap_bytes = column->heap_bytes};
}

/* volatile: loaded once, not again behind a check. */
static inline uint64_t column_entry(const struct column_view *column, uint32_t row)
{
    return column->entry == NULL ? weir_entry_null()
                                 : *(const volatile uint64_t *)&column->entry[row];
}

/* As weir_value: what stands in shared memory is not trusted. */
static inline struct text column_text(const struct column_view *column, uint64_t entry)
{
    uint32_t offset = weir_entry_offset(entry), length = weir_entry_length(entry);
    bool null = weir_entry_is_null(entry) || offset + length > column->heap_bytes;
    return (struct text){null ? NULL : column->heap + offset, length};
}

/* Whether the value is not null, of min to max bytes, and stands where 8 bytes can be read. */
static inline bool column_is_short(const struct column_view *column, uint64_t entry, uint32_t min,
                                   uint32_t max)
{
    return (entry >> WEIR_ENTRY_BITS) - min <= max - min && /* and no flag is set */
           weir_entry_offset(entry) + 8 <= column->heap_bytes;
}

static inline bool value_is_null(const struct vector *vector, uint32_t row, enum shape shape)
{
    uint32_t i = row & vector->mask;
    switch (shape) {
    case SHAPE_TEXT: return vector->text[i].data == NULL;
    case SHAPE_NUMBER: return vector->tag[i] == TAG_NULL;
    case SHAPE_TRUTH: break;
    }
    return vector->truth[i] == WEIR_UNKNOWN;
}

static inline void value_set_null(struct vector *vector, uint32_t row, enum shape shape)
{
    switch (shape) {
    case SHAPE_TEXT: vector->text[row] = (struct text){NULL, 0}; break;
    case SHAPE_NUMBER: vector->tag[row] = TAG_NULL; break;
    case SHAPE_TRUTH: vector->truth[row] = WEIR_UNKNOWN; break;
    }
}

static inline double real_bits(int64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* The number at a row, which is not null. */
static inline struct number number_at(const struct vector *vector, uint32_t row)
{
    uint32_t i = row & vector->mask;
    uint8_t tag = vector->tag[i];
    if (tag == TAG_REAL)
        return number_real(real_bits(vector->narrow[i]));
    if (tag >= TAG_WIDE)
        return (struct number){.exact = vector->wide[i], .scale = (uint8_t)(tag - TAG_WIDE)};
    return (struct number){.exact = vector->narrow[i], .scale = tag};
}

static inline void number_put(struct run *run, struct vector *vector, uint32_t row,
                              const struct number *number)
{
    if (number->is_real) {
        memcpy(&vector->narrow[row], &number->real, sizeof(double));
        vector->tag[row] = TAG_REAL;
    } else if (number->exact >= INT64_MIN && number->exact <= INT64_MAX) {
        vector->narrow[row] = (int64_t)number->exact;
        vector->tag[row] = number->scale;
    } else if (!weir__eval_put_wide(run, vector, row, number)) {
        vector->tag[row] = TAG_NULL;
    }
}

#endif
