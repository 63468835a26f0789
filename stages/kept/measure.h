/*
 * measure.h - what an aggregate makes of the records of a group: count(*), sum(total), ...
 *
 * A group has an account for each measure. Accounts of the same group made from different records
 * are added to each other, with the same result in whatever order.
 */
#ifndef WEIR_STAGES_KEPT_MEASURE_H
#define WEIR_STAGES_KEPT_MEASURE_H

#include <weir/expr.h>
#include <weir/number.h>
#include <weir/stage.h>

#include "kept/bytes.h"
#include "kept/wide.h"

enum measure_kind {
    MEASURE_COUNT_ALL,
    MEASURE_COUNT,
    MEASURE_SUM,
    MEASURE_AVG,
    MEASURE_STDDEV,
    MEASURE_MIN,
    MEASURE_MAX,
    MEASURE_FIRST,
    MEASURE_LAST,
    /* These have a row for each value, beside the group's. */
    MEASURE_COUNT_DISTINCT,
    MEASURE_STRING_AGG,
};

struct measure {
    enum measure_kind kind;
    const char *name; /* the column that it makes; the option's */
    const char *text; /* as it was written */
    char *argument;   /* owned; NULL: none */
    char *separator;  /* owned; of string_agg */
    struct weir_expr *expr;
    enum weir_type argument_type, type;
    bool real; /* it adds up doubles */
};

/* Reads the option `set`. Says every mistake. *ret is to be released with its count. */
int weir__measures_read(struct weir_stage *stage, struct measure **ret, size_t *ret_count);
/* Compiles the arguments for records of that schema, which gives the types. */
int weir__measures_compile(struct weir_stage *stage, struct measure *measure, size_t count,
                           const struct weir_schema *schema);
/* The same where only the result's type is known. */
void weir__measure_restore(struct measure *measure, enum weir_type type);
void weir__measures_release(struct measure *measure, size_t count);

/* Whether it wants its argument's values as numbers. */
static inline bool measure_wants_numbers(const struct measure *measure)
{
    return measure->kind >= MEASURE_SUM && measure->kind <= MEASURE_STDDEV;
}

/* Whether it keeps one of the values: that with the lowest or highest key. */
static inline bool measure_chooses(const struct measure *measure)
{
    return measure->kind >= MEASURE_MIN && measure->kind <= MEASURE_LAST;
}

static inline bool measure_has_rows(const struct measure *measure)
{
    return measure->kind >= MEASURE_COUNT_DISTINCT;
}

struct account {
    __extension__ __int128 exact;
    uint64_t count;
    struct wide *wide; /* owned: one, or two for stddev */
    struct bytes key, value;
    uint8_t scale;
    bool has, is_null; /* a value was chosen, which is null */
};

/* Zeroed at first. Sets it back, keeping its memory. */
void weir__account_clear(struct account *account);
void weir__account_release(struct account *account);
/* False: the sum is too large, or memory ran out. */
bool weir__account_add_number(const struct measure *measure, struct account *account,
                              const struct weir_number *number);
bool weir__account_choose(const struct measure *measure, struct account *account, const char *key,
                          size_t key_bytes, struct weir_value value);

/* To bytes, and added from them; *at is moved on. merge: 0, WEIR_EINTERNAL for what write does not
 * write, WEIR_EDATA for a sum that is too large, or WEIR_EOS. */
void weir__account_write(const struct measure *measure, const struct account *account,
                         struct bytes *to);
int weir__account_merge(const struct measure *measure, struct account *account, const char **at,
                        const char *end);

/* Appends the result as text. 1: it is null. A negative code after weir_fail: it has no place in
 * its type. */
int weir__account_result(struct weir_stage *stage, const struct measure *measure,
                         const struct account *account, struct bytes *to);

#endif
