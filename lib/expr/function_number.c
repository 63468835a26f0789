#include "expr/function.h"

#define NO_VALUE ((struct text){NULL, 0})

static void put(struct run *run, struct term *term, uint32_t row, enum reason reason,
                const struct number *number)
{
    if (reason == REASON_NONE && term->type == WEIR_INTEGER && !weir__number_is_int64(number))
        reason = REASON_INTEGER_RESULT;
    if (reason == REASON_NONE) {
        number_put(run, &term->vector, row, number);
        return;
    }
    term->vector.tag[row] = TAG_NULL;
    weir__eval_fail(run, term, row, reason, NO_VALUE);
}

FUNCTION_EVAL(abs)
{
    const struct vector *x = argument[0];
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        if (value_is_null(x, row, SHAPE_NUMBER)) {
            term->vector.tag[row] = TAG_NULL;
            continue;
        }
        struct number number = number_at(x, row);
        if (number.is_real ? number.real < 0 : number.exact < 0) {
            number.exact = -number.exact;
            number.real = -number.real;
        }
        put(run, term, row, REASON_NONE, &number);
    }
}

static void whole(struct run *run, struct term *term, const struct vector *x,
                  const struct selection *sel,
                  enum reason (*convert)(const struct number *a, struct number *ret))
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        if (value_is_null(x, row, SHAPE_NUMBER)) {
            term->vector.tag[row] = TAG_NULL;
            continue;
        }
        struct number number = number_at(x, row);
        enum reason reason = convert(&number, &number);
        put(run, term, row, reason, &number);
    }
}

FUNCTION_EVAL(floor)
{
    whole(run, term, argument[0], sel, weir__number_floor);
}

FUNCTION_EVAL(ceil)
{
    whole(run, term, argument[0], sel, weir__number_ceil);
}

/* ---- round ---- */

/* A short number of more decimals than wanted, which is what round is for. */
static inline bool round_short(int64_t value, uint8_t scale, int64_t digits, int64_t *ret)
{
    if (digits < 0 || scale < digits || scale - digits > 18)
        return false;
    int64_t by = weir__power10[scale - digits], quotient = value / by, rest = value % by;
    if (rest < 0)
        rest = -rest;
    quotient += rest >= by - rest ? (value < 0 ? -1 : 1) : 0;
    *ret = quotient;
    return true;
}

static void round_slow(struct run *run, struct term *term, uint32_t row, const struct vector *x,
                       int64_t digits)
{
    struct number number = number_at(x, row);
    enum reason reason = REASON_DIGITS_RANGE;
    if (digits >= -NUMBER_DIGITS && digits <= NUMBER_DIGITS)
        reason = weir__number_round(&number, (int)digits, &number);
    put(run, term, row, reason, &number);
}

FUNCTION_EVAL(round)
{
    static const int64_t no_digits[1] = {0};
    static const uint8_t no_scale[1] = {0};
    static const struct vector zero = {
        .narrow = (int64_t *)no_digits, .tag = (uint8_t *)no_scale, .mask = 0};
    /* Of our own: no store can change them. */
    const struct vector x = *argument[0], digits = term->children > 1 ? *argument[1] : zero;
    const struct selection records = *sel;
    int64_t *narrow = term->vector.narrow;
    uint8_t *tag = term->vector.tag;
    for (uint32_t k = 0; k < records.count; k++) {
        uint32_t row = records.row[k], i = row & x.mask, j = row & digits.mask;
        if (x.tag[i] == TAG_NULL || digits.tag[j] == TAG_NULL) {
            tag[row] = TAG_NULL;
        } else if (x.tag[i] < TAG_WIDE &&
                   round_short(x.narrow[i], x.tag[i], digits.narrow[j], &narrow[row])) {
            tag[row] = (uint8_t)digits.narrow[j];
        } else {
            round_slow(run, term, row, argument[0], digits.narrow[j]);
        }
    }
}

/* ---- least and greatest ---- */

static void copy_value(struct run *run, struct vector *to, const struct vector *from, uint32_t row,
                       enum shape shape)
{
    uint32_t i = row & from->mask;
    struct number number;
    switch (shape) {
    case SHAPE_TEXT: to->text[row] = from->text[i]; break;
    case SHAPE_TRUTH: to->truth[row] = from->truth[i]; break;
    case SHAPE_NUMBER:
        number = number_at(from, row);
        number_put(run, to, row, &number);
        break;
    }
}

/* The first of the arguments that no other is beyond; sign -1: below, 1: above. */
static void extreme(struct run *run, struct term *term, const struct vector *const *argument,
                    const struct selection *sel, int sign)
{
    enum shape shape = term_shape(term);
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        const struct vector *best = NULL;
        for (uint32_t i = 0; i < term->children; i++)
            if (!value_is_null(argument[i], row, shape) &&
                (best == NULL || weir__eval_order(argument[i], row, best, row, shape) * sign > 0))
                best = argument[i];
        if (best == NULL)
            value_set_null(&term->vector, row, shape);
        else
            copy_value(run, &term->vector, best, row, shape);
    }
}

FUNCTION_EVAL(least)
{
    extreme(run, term, argument, sel, -1);
}

FUNCTION_EVAL(greatest)
{
    extreme(run, term, argument, sel, 1);
}
