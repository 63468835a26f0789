#include "expr/function.h"

#define SUBJECT "numbers"

static void put(struct run *run, struct term *term, uint32_t row, enum reason reason,
                const struct number *number)
{
    struct weir_call call = {run, term, NULL, row};
    weir__call_give_number(&call, reason, number);
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

/* ---- the table ---- */

const struct function weir__functions_number[] = {
    LOOP(abs, "n", 1, SAME, "abs(x)", "x without its sign", "abs(-12.50) -> 12.50"),
    LOOP(ceil, "n", 1, ROUNDED, "ceil(x)", "the next whole number that is not below x",
         "ceil(2.1) -> 3"),
    LOOP(floor, "n", 1, ROUNDED, "floor(x)", "the next whole number that is not above x",
         "floor(-2.1) -> -3"),
    LOOP(round, "ni", 1, ROUNDED, "round(x [, digits])",
         "x to that many decimals (0), half away from zero",
         "round(2.5) -> 3\nround(12.345, 2) -> 12.35\nround(1234, -2) -> 1200"),
    FUNCTIONS_END,
};
