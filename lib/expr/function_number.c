#include "expr/function.h"

#include <math.h>

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

/* ---- other ways to round ---- */

static int128 cut_toward_zero(int128 a, int128 by)
{
    return a / by;
}

static int128 cut_half_even(int128 a, int128 by)
{
    int128 quotient = a / by, rest = a % by, above;
    if (rest < 0)
        rest = -rest;
    above = rest - (by - rest);
    if (above > 0 || (above == 0 && quotient % 2 != 0))
        quotient += a < 0 ? -1 : 1;
    return quotient;
}

static enum reason cut_exact(const struct number *a, int digits,
                             int128 (*divide)(int128 a, int128 by), struct number *ret)
{
    int cut = a->scale - digits;
    if (cut <= 0)
        return weir__number_round(a, digits, ret);
    struct number quotient = {.scale = (uint8_t)(digits < 0 ? 0 : digits)}, factor = {.exact = 1};
    if (cut <= NUMBER_DIGITS)
        quotient.exact = divide(a->exact, weir__power10_wide[cut]);
    if (digits < 0)
        factor.exact = weir__power10_wide[-digits];
    return weir__number_multiply(&quotient, &factor, ret);
}

/* A double is cut as it is written: 0.29 to two decimals stays 0.29, though it is a little less. */
static enum reason cut_real(double value, int digits, int128 (*divide)(int128 a, int128 by),
                            struct number *ret)
{
    struct number exact = number_real(value);
    enum reason reason = weir__number_to_exact(&exact, &exact);
    if (reason != REASON_NONE) { /* below 1e-38 or above 1e38 */
        *ret = number_real(fabs(value) < 1 ? 0 : value);
        return REASON_NONE;
    }
    if (digits < exact.scale)
        reason = cut_exact(&exact, digits, divide, &exact);
    if (reason == REASON_NONE)
        *ret = number_real(weir__number_to_double(&exact));
    return reason;
}

static void cut(struct weir_call *call, int128 (*divide)(int128 a, int128 by))
{
    struct number x = call_number(call, 0);
    int64_t digits = call_has(call, 1) ? call_integer(call, 1) : 0;
    if (digits < -NUMBER_DIGITS || digits > NUMBER_DIGITS)
        weir__call_fail(call, NO_VALUE, "the number of digits goes from -38 to 38");
    else if (x.is_real)
        weir__call_give_number(call, cut_real(x.real, (int)digits, divide, &x), &x);
    else
        weir__call_give_number(call, cut_exact(&x, (int)digits, divide, &x), &x);
}

FUNCTION(trunc)
{
    cut(call, cut_toward_zero);
}

FUNCTION(round_even)
{
    cut(call, cut_half_even);
}

/* ---- comparing ---- */

FUNCTION(sign)
{
    struct number x = call_number(call, 0), zero = number_integer(0);
    call_give_integer(call, weir__number_compare(&x, &zero));
}

FUNCTION(clamp)
{
    struct number x = call_number(call, 0), low = call_number(call, 1), high = call_number(call, 2);
    if (weir__number_compare(&low, &high) > 0) {
        weir__call_fail(call, NO_VALUE, "the lower bound is above the upper one");
        return;
    }
    if (weir__number_compare(&x, &low) < 0)
        x = low;
    else if (weir__number_compare(&x, &high) > 0)
        x = high;
    weir__call_give_number(call, REASON_NONE, &x);
}

/* ---- dividing ---- */

FUNCTION(mod)
{
    struct number x = call_number(call, 0), y = call_number(call, 1);
    weir__call_give_number(call, weir__number_modulo(&x, &y, &x), &x);
}

static uint64_t greatest_divisor(int64_t a, int64_t b)
{
    uint64_t x = a < 0 ? -(uint64_t)a : (uint64_t)a, y = b < 0 ? -(uint64_t)b : (uint64_t)b;
    while (y != 0) {
        uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

FUNCTION(gcd)
{
    struct number divisor = {.exact =
                                 greatest_divisor(call_integer(call, 0), call_integer(call, 1))};
    weir__call_give_number(call, REASON_NONE, &divisor);
}

FUNCTION(lcm)
{
    int64_t a = call_integer(call, 0), b = call_integer(call, 1);
    uint64_t divisor = greatest_divisor(a, b);
    int128 product = divisor == 0 ? 0 : (int128)a * b;
    struct number multiple = {.exact = divisor == 0 ? 0 : product / (int128)divisor};
    if (multiple.exact < 0)
        multiple.exact = -multiple.exact;
    weir__call_give_number(call, REASON_NONE, &multiple);
}

/* ---- the table ---- */

const struct function weir__functions_number[] = {
    LOOP(abs, "n", 1, SAME, "abs(x)", "x without its sign", "abs(-12.50) -> 12.50"),
    LOOP(ceil, "n", 1, ROUNDED, "ceil(x)", "the next whole number that is not below x",
         "ceil(2.1) -> 3"),
    ROW(clamp, "nnn", 3, WIDEST, "clamp(x, low, high)", "x, or the bound that it is beyond",
        "clamp(120, 0, 100) -> 100"),
    LOOP(floor, "n", 1, ROUNDED, "floor(x)", "the next whole number that is not above x",
         "floor(-2.1) -> -3"),
    ROW(gcd, "ii", 2, INTEGER, "gcd(x, y)", "the greatest common divisor", "gcd(42, 56) -> 14"),
    ROW(lcm, "ii", 2, INTEGER, "lcm(x, y)", "the least common multiple", "lcm(4, 6) -> 12"),
    ROW(mod, "nn", 2, WIDEST, "mod(x, y)",
        "the rest of x / y, with the sign of x; the same as x % y", "mod(-7.5, 2) -> -1.5"),
    LOOP(round, "ni", 1, ROUNDED, "round(x [, digits])",
         "x to that many decimals (0), half away from zero",
         "round(2.5) -> 3\nround(12.345, 2) -> 12.35\nround(1234, -2) -> 1200"),
    ROW(round_even, "ni", 1, ROUNDED, "round_even(x [, digits])",
        "x to that many decimals (0), half to the even digit",
        "round_even(2.5) -> 2\nround_even(12.345, 2) -> 12.34"),
    ROW(sign, "n", 1, INTEGER, "sign(x)", "-1, 0 or 1", "sign(-12.5) -> -1"),
    ROW(trunc, "ni", 1, ROUNDED, "trunc(x [, digits])", "x without the decimals beyond so many (0)",
        "trunc(-2.9) -> -2\ntrunc(12.349, 2) -> 12.34"),
    FUNCTIONS_END,
};
