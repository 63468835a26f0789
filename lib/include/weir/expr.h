/*
 * expr.h - expressions over the columns of a batch: the language of docs/expressions.md.
 *
 * An expression is compiled once against a schema; every mistake that can be seen without data is
 * found then, with its place in the text. It is evaluated over a whole batch at a time. `and`,
 * `or`, `case`, `if`, `coalesce` and `try` look only at what they need: a record that does not
 * reach a branch cannot fail in it.
 *
 * A compiled expression owns the memory of its evaluation, which grows to what a batch needs and is
 * used again. What an evaluation returns stays until the next evaluation of the same expression.
 * Not for two threads at a time.
 */
#ifndef WEIR_EXPR_H
#define WEIR_EXPR_H

#include <weir/batch.h>

#define WEIR_EXPR_MAX_BYTES (1u << 20) /* of an expression's text */

struct weir_expr;

/* What is wrong with an expression's text: the bytes [offset, offset + span) of it. note says what
 * to do, or is "". */
struct weir_expr_fault {
    size_t offset, span;
    char text[256];
    char note[256];
};

/* Compiles text for records of that schema, which is not needed afterwards. 0 with *ret to be
 * freed; WEIR_ECONFIG with fault filled in; WEIR_EOS when memory ran out. */
WEIR_PUBLIC int weir_expr_compile(const char *text, const struct weir_schema *schema,
                                  struct weir_expr **ret, struct weir_expr_fault *fault);
/* NULL is fine. */
WEIR_PUBLIC void weir_expr_free(struct weir_expr *expr);

/* The type of what it computes. */
WEIR_PUBLIC enum weir_type weir_expr_type(const struct weir_expr *expr);
/* The columns of the schema that the expression looks at, one perhaps more than once. Returns how
 * many; *ret is borrowed. */
WEIR_PUBLIC size_t weir_expr_columns(const struct weir_expr *expr, const uint32_t **ret);

/* A record that could not be computed. column is the schema's column that is to blame, -1: none, or
 * not one alone. The rest is for weir_expr_error_text. */
struct weir_expr_error {
    uint32_t record;
    int32_t column;
    const char *why; /* what a function says of it; NULL: the reason tells */
    bool why_quotes; /* the value, in front of why */
    uint8_t reason;
    uint8_t value_bytes;
    bool cut; /* the value is longer */
    char value[45];
};

/* At most one a record, in the order of the records. Borrowed. */
struct weir_expr_errors {
    const struct weir_expr_error *list;
    size_t count;
};

/* Writes "'twelve' is not a number" with a NUL, cut to n bytes. */
WEIR_PUBLIC void weir_expr_error_text(const struct weir_expr_error *error, char *to, size_t n);

enum weir_truth { WEIR_FALSE, WEIR_TRUE, WEIR_UNKNOWN };

/*
 * Evaluates a boolean expression over the records of the batch from `from` on. *ret_truth
 * (borrowed) has an enum weir_truth for every one of those, indexed by its number in the batch;
 * records with an error are WEIR_UNKNOWN. Only columns that the expression uses need entries. 0, or
 * WEIR_EOS when memory ran out, or WEIR_EDATA for more than 256 MiB of text made of one batch.
 */
WEIR_PUBLIC int weir_expr_filter(struct weir_expr *expr, const struct weir_batch *batch,
                                 uint32_t from, const uint8_t **ret_truth,
                                 struct weir_expr_errors *ret_errors);

/*
 * Evaluates an expression to a column of values as text. *ret borrows: a bare column is passed on
 * as it is, without a copy. Records with an error are null. Returns as weir_expr_filter does.
 */
WEIR_PUBLIC int weir_expr_column(struct weir_expr *expr, const struct weir_batch *batch,
                                 struct weir_column *ret, struct weir_expr_errors *ret_errors);

#endif
