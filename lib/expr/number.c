#include "expr/number.h"

#include <math.h>

#define QUOTIENT_MOST  28 /* significant digits of a quotient */
#define QUOTIENT_LEAST 16
#define QUOTIENT_MORE  6 /* decimals beyond those of the operands */

const int64_t weir__power10[19] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

#define E18     1000000000000000000
#define WIDE(n) ((int128)E18 * (n))
const int128 weir__power10_wide[NUMBER_DIGITS + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    WIDE(1),
    WIDE(10),
    WIDE(100),
    WIDE(1000),
    WIDE(10000),
    WIDE(100000),
    WIDE(1000000),
    WIDE(10000000),
    WIDE(100000000),
    WIDE(1000000000),
    WIDE(10000000000),
    WIDE(100000000000),
    WIDE(1000000000000),
    WIDE(10000000000000),
    WIDE(100000000000000),
    WIDE(1000000000000000),
    WIDE(10000000000000000),
    WIDE(100000000000000000),
    WIDE(E18),
    WIDE(E18) * 10,
    WIDE(E18) * 100,
};

/* ---- 128 bits ---- */

static uint128 magnitude(int128 a)
{
    return a < 0 ? -(uint128)a : (uint128)a;
}

static int128 with_sign(uint128 a, bool negative)
{
    return (int128)(negative ? -a : a);
}

static bool fits(uint128 a)
{
    return a < (uint128)weir__power10_wide[NUMBER_DIGITS];
}

/* __builtin_mul_overflow on 128 bits needs a function that libgcc lacks when clang compiles. */
static bool multiply(uint128 a, uint128 b, uint128 *ret)
{
    if (a >> 64 != 0) {
        uint128 swap = a;
        a = b;
        b = swap;
    }
    if (a >> 64 != 0)
        return false;
    uint128 high = (b >> 64) * a;
    uint128 low = (uint128)(uint64_t)b * a;
    uint128 sum = (high << 64) + low;
    if (high >> 64 != 0 || sum < low)
        return false;
    *ret = sum;
    return fits(sum);
}

static bool multiply_signed(int128 a, int128 b, int128 *ret)
{
    uint128 product;
    if (!multiply(magnitude(a), magnitude(b), &product))
        return false;
    *ret = with_sign(product, (a < 0) != (b < 0));
    return true;
}

static int digits_of(uint128 a)
{
    int n = 0;
    while (n < NUMBER_DIGITS && a >= (uint128)weir__power10_wide[n])
        n++;
    return n;
}

static int128 divide_half_away(int128 a, int128 by)
{
    int128 quotient = a / by, rest = a % by;
    if (rest < 0)
        rest = -rest;
    if (rest >= by - rest)
        quotient += a < 0 ? -1 : 1;
    return quotient;
}

/* ---- doubles ---- */

static enum reason real_result(double value, struct number *ret)
{
    if (!isfinite(value))
        return REASON_DOUBLE_RESULT;
    *ret = number_real(value);
    return REASON_NONE;
}

static enum reason exact_result(int128 value, int scale, struct number *ret)
{
    if (!fits(magnitude(value)))
        return REASON_DECIMAL_RESULT;
    *ret = (struct number){.exact = value, .scale = (uint8_t)scale};
    return REASON_NONE;
}

/* ---- sums ---- */

/* Both as multiples of 10^-scale, the larger scale of the two. */
static bool align(const struct number *a, const struct number *b, int128 *x, int128 *y)
{
    *x = a->exact;
    *y = b->exact;
    if (a->scale < b->scale)
        return multiply_signed(*x, weir__power10_wide[b->scale - a->scale], x);
    return multiply_signed(*y, weir__power10_wide[a->scale - b->scale], y);
}

static int larger_scale(const struct number *a, const struct number *b)
{
    return a->scale > b->scale ? a->scale : b->scale;
}

enum reason weir__number_add(const struct number *a, const struct number *b, struct number *ret)
{
    int128 x, y;
    if (a->is_real || b->is_real)
        return real_result(weir__number_to_double(a) + weir__number_to_double(b), ret);
    if (!align(a, b, &x, &y))
        return REASON_DECIMAL_RESULT;
    int128 sum;
    if (__builtin_add_overflow(x, y, &sum))
        return REASON_DECIMAL_RESULT;
    return exact_result(sum, larger_scale(a, b), ret);
}

enum reason weir__number_subtract(const struct number *a, const struct number *b,
                                  struct number *ret)
{
    struct number minus = *b;
    minus.exact = -minus.exact;
    minus.real = -minus.real;
    return weir__number_add(a, &minus, ret);
}

/* ---- products ---- */

static enum reason strip_to(int128 value, int scale, int most, struct number *ret)
{
    while (scale > most && value % 10 == 0) {
        value /= 10;
        scale--;
    }
    return scale > most ? REASON_DECIMAL_RESULT : exact_result(value, scale, ret);
}

enum reason weir__number_multiply(const struct number *a, const struct number *b,
                                  struct number *ret)
{
    int128 product;
    if (a->is_real || b->is_real)
        return real_result(weir__number_to_double(a) * weir__number_to_double(b), ret);
    if (!multiply_signed(a->exact, b->exact, &product))
        return REASON_DECIMAL_RESULT;
    return strip_to(product, a->scale + b->scale, NUMBER_DIGITS, ret);
}

/* ---- quotients ---- */

/* One more decimal digit of rest / by where rest * 10 may pass 128 bits. */
static unsigned next_digit(uint128 *rest, uint128 by)
{
    uint128 sum = 0;
    unsigned digit = 0;
    for (int i = 0; i < 10; i++) {
        sum += *rest;
        if (sum >= by) {
            sum -= by;
            digit++;
        }
    }
    *rest = sum;
    return digit;
}

/* Appends `digits` decimal digits of rest / by to quotient. Many at once where they have room. */
static void extend(uint128 *quotient, uint128 *rest, uint128 by, int digits)
{
    while (digits > 0) {
        int step = digits < 18 ? digits : 18;
        uint128 factor = (uint128)weir__power10[step];
        if (by >> 64 == 0) {
            uint128 part = (uint128)(*rest * factor);
            *quotient = (uint128)(*quotient * factor) + part / by;
            *rest = part % by;
        } else {
            *quotient = *quotient * 10 + next_digit(rest, by);
            step = 1;
        }
        digits -= step;
    }
}

struct quotient {
    uint128 value, rest;
    int scale;
};

/* a / b with as many digits as there may be; false if even the whole part has too many. */
static bool long_division(uint128 a, uint128 b, int scale, struct quotient *ret)
{
    uint128 value = a / b, rest = a % b;
    int known = digits_of(value);
    int more = scale < 0 ? -scale : 0;
    if (value != 0 && known + more > NUMBER_DIGITS)
        return false;
    extend(&value, &rest, b, more);
    scale += more;
    /* Zeros in front are not significant, so it may take two rounds. */
    while (rest != 0 && scale < NUMBER_DIGITS && digits_of(value) < QUOTIENT_MOST) {
        int room = QUOTIENT_MOST - digits_of(value);
        int step = room < NUMBER_DIGITS - scale ? room : NUMBER_DIGITS - scale;
        extend(&value, &rest, b, step);
        scale += step;
    }
    *ret = (struct quotient){value, rest, scale};
    return fits(value);
}

static enum reason divide_exact(const struct number *a, const struct number *b, struct number *ret)
{
    struct quotient q;
    if (!long_division(magnitude(a->exact), magnitude(b->exact), a->scale - b->scale, &q))
        return REASON_DECIMAL_RESULT;
    int128 value = with_sign(q.value, (a->exact < 0) != (b->exact < 0));
    if (q.rest == 0) {
        int least = a->scale > b->scale ? a->scale - b->scale : 0;
        while (q.scale > least && value % 10 == 0) {
            value /= 10;
            q.scale--;
        }
        return exact_result(value, q.scale, ret);
    }
    int digits = digits_of(q.value), scale = larger_scale(a, b) + QUOTIENT_MORE;
    if (digits - q.scale + scale < QUOTIENT_LEAST)
        scale = QUOTIENT_LEAST - (digits - q.scale);
    if (scale < q.scale) {
        value = divide_half_away(value, weir__power10_wide[q.scale - scale]);
        q.scale = scale;
    } else if (q.rest >= magnitude(b->exact) - q.rest) {
        value += (a->exact < 0) == (b->exact < 0) ? 1 : -1;
    }
    return exact_result(value, q.scale, ret);
}

enum reason weir__number_divide(const struct number *a, const struct number *b, struct number *ret)
{
    if (b->is_real ? b->real == 0 : b->exact == 0)
        return REASON_DIVISION_BY_ZERO;
    if (a->is_real || b->is_real)
        return real_result(weir__number_to_double(a) / weir__number_to_double(b), ret);
    return divide_exact(a, b, ret);
}

/* a mod b where b's decimals are more than a's, too many to align: digit by digit. */
static int128 modulo_long(const struct number *a, const struct number *b)
{
    uint128 by = magnitude(b->exact), rest = magnitude(a->exact) % by;
    for (int i = a->scale; i < b->scale; i++)
        next_digit(&rest, by);
    return with_sign(rest, a->exact < 0);
}

enum reason weir__number_modulo(const struct number *a, const struct number *b, struct number *ret)
{
    int128 x, y;
    if (b->is_real ? b->real == 0 : b->exact == 0)
        return REASON_DIVISION_BY_ZERO;
    if (a->is_real || b->is_real)
        return real_result(fmod(weir__number_to_double(a), weir__number_to_double(b)), ret);
    int scale = larger_scale(a, b);
    if (align(a, b, &x, &y))
        return exact_result(x % y, scale, ret);
    if (a->scale < b->scale)
        return exact_result(modulo_long(a, b), scale, ret);
    *ret = *a; /* b, written with a's decimals, passes 38 digits: it is larger than a */
    return REASON_NONE;
}

/* ---- order ---- */

int weir__number_compare(const struct number *a, const struct number *b)
{
    int128 x, y;
    if (a->is_real || b->is_real) {
        double p = weir__number_to_double(a), q = weir__number_to_double(b);
        return (p > q) - (p < q);
    }
    if (align(a, b, &x, &y))
        return (x > y) - (x < y);
    /* The one with fewer decimals, written with the other's, passes 38 digits: it is the larger
     * one. */
    if (a->scale < b->scale)
        return a->exact < 0 ? -1 : 1;
    return b->exact < 0 ? 1 : -1;
}

/* ---- rounding ---- */

static enum reason round_real(double value, int digits, struct number *ret)
{
    double factor = pow(10, digits), scaled = value * factor;
    if (!isfinite(scaled) || fabs(scaled) >= 0x1p53)
        return real_result(value, ret);
    return real_result(factor == 0 ? 0 : round(scaled) / factor, ret);
}

static enum reason round_exact(const struct number *a, int digits, struct number *ret)
{
    int128 value = a->exact;
    int scale = digits < 0 ? 0 : digits, cut = a->scale - digits;
    if (cut <= 0)
        return multiply_signed(value, weir__power10_wide[-cut], &value)
                   ? exact_result(value, scale, ret)
                   : REASON_DECIMAL_RESULT;
    if (cut > NUMBER_DIGITS)
        return exact_result(0, scale, ret);
    value = divide_half_away(value, weir__power10_wide[cut]);
    if (digits < 0 && !multiply_signed(value, weir__power10_wide[-digits], &value))
        return REASON_DECIMAL_RESULT;
    return exact_result(value, scale, ret);
}

enum reason weir__number_round(const struct number *a, int digits, struct number *ret)
{
    if (digits < -NUMBER_DIGITS || digits > NUMBER_DIGITS)
        return REASON_DIGITS_RANGE;
    return a->is_real ? round_real(a->real, digits, ret) : round_exact(a, digits, ret);
}

enum reason weir__number_floor(const struct number *a, struct number *ret)
{
    if (a->is_real)
        return real_result(floor(a->real), ret);
    int128 by = weir__power10_wide[a->scale], value = a->exact / by;
    value -= a->exact % by < 0;
    return exact_result(value, 0, ret);
}

enum reason weir__number_ceil(const struct number *a, struct number *ret)
{
    if (a->is_real)
        return real_result(ceil(a->real), ret);
    int128 by = weir__power10_wide[a->scale], value = a->exact / by;
    value += a->exact % by > 0;
    return exact_result(value, 0, ret);
}

/* ---- between the two kinds ---- */

double weir__number_to_double(const struct number *a)
{
    if (a->is_real)
        return a->real;
    /* Both operands are exact doubles here, so the quotient is the nearest one. */
    if (a->scale <= 18 && magnitude(a->exact) <= (uint128)1 << 53)
        return (double)(int64_t)a->exact / (double)weir__power10[a->scale];
    char text[NUMBER_TEXT_BYTES];
    struct number nearest = number_real(0);
    weir__number_read(text, weir__number_print(a, text), NUMBER_DOUBLE, &nearest);
    return nearest.real;
}

enum reason weir__number_to_exact(const struct number *a, struct number *ret)
{
    char text[NUMBER_TEXT_BYTES];
    if (!a->is_real) {
        *ret = *a;
        return REASON_NONE;
    }
    return weir__number_read(text, weir__number_print(a, text), NUMBER_EXACT, ret);
}

bool weir__number_is_int64(const struct number *a)
{
    return !a->is_real && a->scale == 0 && a->exact >= INT64_MIN && a->exact <= INT64_MAX;
}
