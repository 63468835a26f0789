/*
 * made.h - records that are made of those of the input: which of its columns stay, and what is
 * added. One record of the input may give any number.
 *
 * The columns that stay come first in the output.
 */
#ifndef WEIR_WEB_MADE_H
#define WEIR_WEB_MADE_H

#include <weir/stage.h>

#include "file/record.h"

/* A column that is added. */
struct made_column {
    const char *name;
    enum weir_type type;
};

/* Zero-initialise. */
struct made {
    struct records added;
    uint32_t keeps;
    uint32_t *kept;  /* columns of the input */
    uint64_t *entry; /* of those, column by column, as many as records */
    uint32_t *of;    /* a record: the record of the input that it is made of */
    struct weir_column *column;
    const struct weir_batch *in;
};

/* For bind: what stays, by the option keep (all but `without` if it is not given), and what is added. */
int weir__made_bind(struct weir_stage *stage, struct made *made, int without,
                    const struct made_column *added, uint32_t n, struct weir_schema *ret);
/* For needs. */
void weir__made_needs(const struct weir_stage *stage, const struct made *made, bool *in_needed);
/* For open: so many records a call at most. */
int weir__made_open(struct weir_stage *stage, struct made *made, uint32_t capacity);
/* Accepts a half-made one. */
void weir__made_release(struct made *made);

/* For process. `in` must stay until the next call. */
void weir__made_begin(struct made *made, const struct weir_batch *in);
/* Whether somebody uses what is added as number `column`. */
bool weir__made_wants(const struct weir_stage *stage, const struct made *made, uint32_t column);
/* What was set in made->added is a record, made of that one. */
void weir__made_end(struct made *made, uint32_t record);
void weir__made_batch(const struct weir_stage *stage, struct made *made, struct weir_batch *ret);

#endif
