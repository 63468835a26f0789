#include "kept/wide.h"

#include <math.h>
#include <stdbool.h>

__extension__ typedef unsigned __int128 uint128;

enum {
    DIGITS = sizeof(((struct wide *)0)->digit) / sizeof(int64_t),
    LOWEST = 1088, /* the lowest digit counts 2^-1088 */
    MOST_ADDS = 1 << 29
};

/* Every digit but the highest is from 0 to 2^32 - 1. */
static void settle(struct wide *wide)
{
    int64_t carry = 0;
    for (int i = 0; i < DIGITS; i++) {
        int64_t digit = wide->digit[i] + carry;
        carry = digit >> 32;
        wide->digit[i] = i + 1 < DIGITS ? digit & 0xFFFFFFFF : digit;
    }
    wide->adds = 0;
}

void weir__wide_add(struct wide *wide, double value)
{
    int exponent;
    double fraction = frexp(fabs(value), &exponent);
    if (value == 0)
        return;
    int place = exponent - 53 + LOWEST; /* of the fraction's last bit, 0 or more */
    uint128 bits = (uint128)(uint64_t)ldexp(fraction, 53) << (place % 32);
    int64_t *digit = &wide->digit[place / 32];
    int64_t sign = value < 0 ? -1 : 1;
    digit[0] += sign * (int64_t)(bits & 0xFFFFFFFF);
    digit[1] += sign * (int64_t)(bits >> 32 & 0xFFFFFFFF);
    digit[2] += sign * (int64_t)(bits >> 64);
    if (++wide->adds == MOST_ADDS)
        settle(wide);
}

void weir__wide_add_product(struct wide *wide, double a, double b)
{
    double product = a * b;
    weir__wide_add(wide, product);
    weir__wide_add(wide, fma(a, b, -product));
}

void weir__wide_add_wide(struct wide *wide, const struct wide *more)
{
    struct wide other = *more;
    settle(&other);
    settle(wide);
    for (int i = 0; i < DIGITS; i++)
        wide->digit[i] += other.digit[i];
    wide->adds = 1;
}

double weir__wide_to_double(const struct wide *wide)
{
    struct wide sum = *wide;
    settle(&sum);
    bool negative = sum.digit[DIGITS - 1] < 0;
    for (int i = 0; i < DIGITS && negative; i++)
        sum.digit[i] = -sum.digit[i];
    settle(&sum);
    int top = DIGITS - 1;
    while (top > 2 && sum.digit[top] == 0)
        top--;
    uint128 bits = (uint128)(uint64_t)sum.digit[top] << 64 | (uint64_t)sum.digit[top - 1] << 32 |
                   (uint64_t)sum.digit[top - 2];
    for (int i = 0; i < top - 2; i++)
        bits |= sum.digit[i] != 0; /* it decides only where the rest is half way */
    double value = ldexp((double)bits, 32 * (top - 2) - LOWEST);
    return negative ? -value : value;
}
