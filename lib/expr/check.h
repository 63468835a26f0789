/*
 * check.h - from what was written to what can be computed.
 *
 * The check goes through the tree from below: it finds columns and functions, gives each term its
 * type, puts in the conversions that the types ask for, makes simpler terms of between, switch and
 * the forms that look like functions, and computes what does not depend on a record. Functions
 * return false with the fault filled in; its text is "" when memory ran out.
 */
#ifndef WEIR_EXPR_CHECK_H
#define WEIR_EXPR_CHECK_H

/* expr */
#include "expr/eval.h"
#include "expr/function.h"
#include "expr/like.h"
#include "expr/parse.h"

/* What a registered function has prepared, to be released with the expression. */
struct prepared {
    struct prepared *next;
    void (*release)(void *state);
    void *state;
};

struct check {
    const char *text;
    const struct weir_schema *schema;
    struct arena *memory;
    struct weir_expr_fault *fault;
    uint32_t *column; /* those that are looked at, owned by the caller */
    size_t columns;
    int lazy; /* > 0: what is checked may never be reached, so a constant may fail at run time only
               */
    struct prepared *prepared;
    struct run run; /* computes constants */
};

/* Checks the term in *slot, which may become another. */
bool weir__check(struct check *c, struct term **slot);
/* The same for what may never be reached: its constants may fail when they are. */
bool weir__check_lazily(struct check *c, struct term **slot);

/* ---- check_type.c: types and conversions ---- */

/* "an integer", "text" */
const char *weir__type_noun(enum weir_type type);
/* The term's text for a message, cut if it is long; *ret_length bytes. */
const char *weir__term_source(const struct check *c, const struct term *term, int *ret_length);
/* At the term: what it is, and why that will not do. */
bool weir__type_fault(struct check *c, const struct term *term, const char *note,
                      const char *what_is_wanted);

/* True for a null that has no type of its own. */
bool weir__is_bare_null(const struct term *term);

/* The type that all of them can be read as. False, with the two that cannot, if there is none. Bare
 * nulls have no say. */
bool weir__common_type(struct term *const *term, uint32_t n, enum weir_type *ret,
                       const struct term *ret_odd[2]);
/* Puts in what reads the term as that type, which must be possible. */
bool weir__convert(struct check *c, struct term **slot, enum weir_type type);
/* The texts in quotes, if others of the terms are dates or timestamps, read as these. */
bool weir__read_literals(struct check *c, struct term **slot, uint32_t n);
bool weir__convert_all(struct check *c, struct term **slot, uint32_t n, enum weir_type type);

/* For an operator or a function: the term read as what it needs, or a fault. */
bool weir__as_number(struct check *c, struct term **slot, const char *who, bool adds);
bool weir__as_integer(struct check *c, struct term **slot, const char *who);
bool weir__as_text(struct check *c, struct term **slot, const char *who);
bool weir__as_constant_text(struct check *c, struct term **slot, const char *who);
/* Any value, written as text where it is none. */
bool weir__as_any_text(struct check *c, struct term **slot);
bool weir__as_condition(struct check *c, struct term **slot);

/* x::type as it was written. */
bool weir__check_cast(struct check *c, struct term **slot);

/* ---- check_constant.c ---- */

struct term *weir__constant_new(struct check *c, const struct term *at, enum weir_type type);
bool weir__constant_null(struct check *c, struct term **slot, enum weir_type type);
bool weir__check_literal(struct check *c, struct term *term);
/* Replaces a term whose children are all constants by its value. */
bool weir__fold(struct check *c, struct term **slot);

/* ---- check_choice.c: case, if, coalesce, nullif, between, in and the functions ---- */

/* A term over checked children, at the place of `at`. NULL when memory ran out. */
struct term *weir__term_over(struct check *c, const struct term *at, enum term_kind kind,
                             enum weir_type type, uint32_t n, struct term *const *child);
/* The only column that the children use. */
void weir__blame(struct term *term);
bool weir__check_case(struct check *c, struct term **slot);
bool weir__check_switch(struct check *c, struct term **slot);
bool weir__check_between(struct check *c, struct term **slot);
bool weir__check_in(struct check *c, struct term **slot);
bool weir__check_call(struct check *c, struct term **slot);

/* ---- check_moment.c: arithmetic with dates and timestamps ---- */

/* For a function: a date or a timestamp; what is untyped is read as a timestamp. */
bool weir__as_moment(struct check *c, struct term **slot, const char *who);
/* The constant name of a part; is_unit: of one that time is counted in. */
bool weir__check_part(struct check *c, const struct term *term, bool is_unit);
/* The constant format of strptime (is_read) or strftime. */
bool weir__check_format(struct check *c, const struct term *term, bool is_read);
/* Both operands are checked, and one is a date or a timestamp. */
bool weir__check_moment_arithmetic(struct check *c, struct term **slot);
/* Whether an operand is an interval. */
bool weir__adds_interval(const struct term *term);
/* x + interval, x - interval, interval + x, date_add(x, interval): the operands are not checked yet. */
bool weir__check_interval_sum(struct check *c, struct term **slot);
/* Of an interval that stands anywhere else. */
bool weir__check_interval(struct check *c, struct term *term);

/* check_call.c: a plain function's arguments have been checked; makes them what it takes. */
bool weir__check_plain_call(struct check *c, struct term *term);

/* check.c: the children of a comparison have been checked; makes them of one type. order: the
 * operator asks which is larger. */
bool weir__check_comparable(struct check *c, struct term *at, struct term **slot, uint32_t n,
                            bool order);

#endif
