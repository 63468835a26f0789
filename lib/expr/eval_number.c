#include <stdlib.h>

/* expr */
#include "expr/eval.h"
#include "expr/set.h"

#define NO_VALUE ((struct text){NULL, 0})

/* ---- arithmetic ---- */

static void put_result(struct run *run, struct term *term, uint32_t row, enum reason reason,
                       const struct number *number)
{
    /* Integers stay integers: what does not fit is not made a decimal behind the reader's back. */
    if (reason == REASON_NONE && term->type == WEIR_INTEGER && !weir__number_is_int64(number))
        reason = REASON_INTEGER_RESULT;
    if (reason == REASON_NONE) {
        number_put(run, &term->vector, row, number);
        return;
    }
    if (reason == REASON_DECIMAL_RESULT && term->type == WEIR_INTEGER)
        reason = REASON_INTEGER_RESULT;
    term->vector.tag[row] = TAG_NULL;
    weir__eval_fail(run, term, row, reason, NO_VALUE);
}

static void arithmetic_slow(struct run *run, struct term *term, uint32_t row,
                            const struct vector *a, const struct vector *b)
{
    struct number x = number_at(a, row), y = number_at(b, row), result = {0};
    enum reason reason = REASON_NONE;
    switch (term->op) {
    case TOKEN_PLUS: reason = weir__number_add(&x, &y, &result); break;
    case TOKEN_MINUS: reason = weir__number_subtract(&x, &y, &result); break;
    case TOKEN_TIMES: reason = weir__number_multiply(&x, &y, &result); break;
    case TOKEN_DIVIDE: reason = weir__number_divide(&x, &y, &result); break;
    case TOKEN_MODULO: reason = weir__number_modulo(&x, &y, &result); break;
    default: abort();
    }
    put_result(run, term, row, reason, &result);
}

/* Both with the larger scale, if they stay within 64 bits. */
static inline bool align_short(int64_t *x, uint8_t s, int64_t *y, uint8_t t)
{
    if (s == t)
        return true;
    if (s < t)
        return t - s <= 18 && !__builtin_mul_overflow(*x, weir__power10[t - s], x);
    return s - t <= 18 && !__builtin_mul_overflow(*y, weir__power10[s - t], y);
}

/* The result, if it is one of 64 bits and found without a division. */
static inline bool arithmetic_short(enum token_kind op, int64_t x, uint8_t s, int64_t y, uint8_t t,
                                    int64_t *ret, uint8_t *ret_scale)
{
    *ret_scale = s > t ? s : t;
    switch (op) {
    case TOKEN_PLUS: return align_short(&x, s, &y, t) && !__builtin_add_overflow(x, y, ret);
    case TOKEN_MINUS: return align_short(&x, s, &y, t) && !__builtin_sub_overflow(x, y, ret);
    case TOKEN_TIMES:
        *ret_scale = (uint8_t)(s + t);
        return s + t <= NUMBER_DIGITS && !__builtin_mul_overflow(x, y, ret);
    default: return false;
    }
}

static inline __attribute__((always_inline)) void
arithmetic_loop(struct run *run, struct term *term, enum token_kind op, const struct vector *a,
                const struct vector *b, const struct selection *sel)
{
    const struct vector x = *a, y = *b; /* of our own: no store can change them */
    const struct selection records = *sel;
    int64_t *narrow = term->vector.narrow;
    uint8_t *tag = term->vector.tag;
    for (uint32_t k = 0; k < records.count; k++) {
        uint32_t row = records.row[k], i = row & x.mask, j = row & y.mask;
        uint8_t s = x.tag[i], t = y.tag[j];
        if ((s | t) < TAG_WIDE &&
            arithmetic_short(op, x.narrow[i], s, y.narrow[j], t, &narrow[row], &tag[row]))
            continue;
        if (s == TAG_NULL || t == TAG_NULL)
            tag[row] = TAG_NULL;
        else
            arithmetic_slow(run, term, row, a, b);
    }
}

void weir__eval_arithmetic(struct run *run, struct term *term, const struct selection *sel)
{
    const struct vector *a = weir__eval(run, term->child[0], sel);
    const struct vector *b = weir__eval(run, term->child[1], sel);
    switch (term->op) {
    case TOKEN_PLUS: arithmetic_loop(run, term, TOKEN_PLUS, a, b, sel); break;
    case TOKEN_MINUS: arithmetic_loop(run, term, TOKEN_MINUS, a, b, sel); break;
    case TOKEN_TIMES: arithmetic_loop(run, term, TOKEN_TIMES, a, b, sel); break;
    default: arithmetic_loop(run, term, TOKEN_DIVIDE, a, b, sel); break;
    }
}

void weir__eval_minus(struct run *run, struct term *term, const struct selection *sel)
{
    const struct vector *a = weir__eval(run, term->child[0], sel);
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        if (a->tag[row & a->mask] == TAG_NULL) {
            term->vector.tag[row] = TAG_NULL;
            continue;
        }
        struct number x = number_at(a, row);
        x.exact = -x.exact;
        x.real = -x.real;
        put_result(run, term, row, REASON_NONE, &x);
    }
}

/* ---- order ---- */

static int order_text(const struct text *a, const struct text *b)
{
    uint32_t n = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->data, b->data, n);
    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a->length > b->length) - (a->length < b->length);
}

static inline int order_number(const struct vector *a, uint32_t i, const struct vector *b,
                               uint32_t j)
{
    uint8_t s = a->tag[i & a->mask], t = b->tag[j & b->mask];
    if ((s | t) < TAG_WIDE) {
        int64_t x = a->narrow[i & a->mask], y = b->narrow[j & b->mask];
        if (align_short(&x, s, &y, t))
            return (x > y) - (x < y);
    }
    struct number p = number_at(a, i), q = number_at(b, j);
    return weir__number_compare(&p, &q);
}

int weir__eval_order(const struct vector *a, uint32_t i, const struct vector *b, uint32_t j,
                     enum shape shape)
{
    switch (shape) {
    case SHAPE_TEXT: return order_text(&a->text[i & a->mask], &b->text[j & b->mask]);
    case SHAPE_NUMBER: return order_number(a, i, b, j);
    case SHAPE_TRUTH: break;
    }
    return (int)a->truth[i & a->mask] - (int)b->truth[j & b->mask];
}

/* Which of less, equal, greater (1, 2, 4) make the operator true. */
static unsigned accepted(enum token_kind op)
{
    switch (op) {
    case TOKEN_EQUAL: return 2;
    case TOKEN_UNEQUAL: return 1 | 4;
    case TOKEN_LESS: return 1;
    case TOKEN_LESS_EQUAL: return 1 | 2;
    case TOKEN_GREATER: return 4;
    case TOKEN_GREATER_EQUAL: return 4 | 2;
    default: abort();
    }
}

static bool same_text(struct text a, struct text b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* = and <> of texts: most pairs differ in length or in their first byte. */
static void compare_equal_text(uint8_t *truth, const struct vector *a, const struct vector *b,
                               const struct selection *sel, bool equal)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text x = a->text[row & a->mask], y = b->text[row & b->mask];
        if (x.data == NULL || y.data == NULL)
            truth[row] = WEIR_UNKNOWN;
        else
            truth[row] = equal == same_text(x, y);
    }
}

/*
 * = and <> of a column with a constant: lengths and the first 8 bytes, all of them without a jump.
 * The word of a shorter constant is compared in its own bytes only.
 */
static void compare_equal_column(struct run *run, const struct term *term,
                                 const struct term *column_term, struct text constant,
                                 const struct selection *sel)
{
    const struct column_view column = column_view(run, column_term);
    const struct selection records = *sel;
    const bool equal = term->op == TOKEN_EQUAL;
    const uint32_t head = constant.length < 8 ? constant.length : 8;
    uint64_t mask = 0, word = 0;
    memset(&mask, 0xFF, head);
    memcpy(&word, constant.data, head);
    uint8_t *truth = term->vector.truth;
    for (uint32_t k = 0; k < records.count; k++) {
        uint32_t row = records.row[k];
        uint64_t entry = column_entry(&column, row), bytes;
        if (!column_is_short(&column, entry, 0, WEIR_ENTRY_MAX)) {
            struct text text = column_text(&column, entry);
            truth[row] =
                text.data == NULL ? (uint8_t)WEIR_UNKNOWN : equal == same_text(text, constant);
            continue;
        }
        memcpy(&bytes, column.heap + weir_entry_offset(entry), sizeof(bytes));
        bool same = (weir_entry_length(entry) == constant.length) & (((bytes ^ word) & mask) == 0);
        if (constant.length > 8 && same)
            same = same_text(column_text(&column, entry), constant);
        truth[row] = equal == same;
    }
}

/* The child that is a column compared to a text that is not null; NULL if there is none. */
static const struct term *column_beside_text(const struct term *term, struct text *ret_constant)
{
    for (int i = 0; i < 2; i++) {
        const struct term *column = term->child[i], *constant = term->child[1 - i];
        if (column->kind == TERM_COLUMN && is_constant(constant) && !constant->is_null) {
            *ret_constant = constant->vector.text[0];
            return column;
        }
    }
    return NULL;
}

static inline __attribute__((always_inline)) void
compare_loop(uint8_t *truth, unsigned accept, enum shape shape, const struct vector *a,
             const struct vector *b, const struct selection *sel)
{
    const struct vector x = *a, y = *b; /* of our own: no store can change them */
    const struct selection records = *sel;
    for (uint32_t k = 0; k < records.count; k++) {
        uint32_t row = records.row[k], i = row & x.mask, j = row & y.mask;
        if (shape == SHAPE_NUMBER && x.tag[i] == y.tag[j] && x.tag[i] < TAG_WIDE) {
            int64_t p = x.narrow[i], q = y.narrow[j];
            truth[row] = (uint8_t)(accept >> ((p > q) - (p < q) + 1) & 1);
            continue;
        }
        if (value_is_null(&x, row, shape) || value_is_null(&y, row, shape)) {
            truth[row] = WEIR_UNKNOWN;
            continue;
        }
        int order = shape == SHAPE_NUMBER ? order_number(&x, row, &y, row)
                                          : weir__eval_order(a, row, b, row, shape);
        truth[row] = (uint8_t)(accept >> (order + 1) & 1);
    }
}

void weir__eval_compare(struct run *run, struct term *term, const struct selection *sel)
{
    enum shape shape = term_shape(term->child[0]);
    bool of_equality =
        shape == SHAPE_TEXT && (term->op == TOKEN_EQUAL || term->op == TOKEN_UNEQUAL);
    struct text constant;
    const struct term *column = of_equality ? column_beside_text(term, &constant) : NULL;
    if (column != NULL) {
        compare_equal_column(run, term, column, constant, sel);
        return;
    }
    const struct vector *a = weir__eval(run, term->child[0], sel);
    const struct vector *b = weir__eval(run, term->child[1], sel);
    uint8_t *truth = term->vector.truth;
    unsigned accept = accepted(term->op);
    if (shape == SHAPE_NUMBER)
        compare_loop(truth, accept, SHAPE_NUMBER, a, b, sel);
    else if (of_equality)
        compare_equal_text(truth, a, b, sel, term->op == TOKEN_EQUAL);
    else
        compare_loop(truth, accept, shape, a, b, sel);
}

void weir__eval_distinct(struct run *run, struct term *term, const struct selection *sel)
{
    const struct vector *a = weir__eval(run, term->child[0], sel);
    const struct vector *b = weir__eval(run, term->child[1], sel);
    enum shape shape = term_shape(term->child[0]);
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        bool no_a = value_is_null(a, row, shape), no_b = value_is_null(b, row, shape);
        bool distinct = no_a || no_b ? no_a != no_b : weir__eval_order(a, row, b, row, shape) != 0;
        term->vector.truth[row] = distinct;
    }
}

/* ---- in ---- */

void weir__eval_in(struct run *run, struct term *term, const struct selection *sel)
{
    const struct vector *x = weir__eval(run, term->child[0], sel);
    const struct set *set = term->set;
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        if (value_is_null(x, row, set->shape))
            term->vector.truth[row] = WEIR_UNKNOWN;
        else if (weir__set_has(set, x, row))
            term->vector.truth[row] = WEIR_TRUE;
        else
            term->vector.truth[row] = set->has_null ? WEIR_UNKNOWN : WEIR_FALSE;
    }
}
