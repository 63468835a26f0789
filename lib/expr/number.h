/*
 * number.h - numbers: exact decimals of up to 38 digits, and doubles.
 *
 * An exact number is exact / 10^scale, with 0 <= scale <= 38 and |exact| < 10^38; an integer is one
 * with scale 0. A double is always finite. Arithmetic with a double in it is done in doubles. A sum
 * has the larger scale of the two, a product the sum of the scales; see weir__number_divide for
 * quotients. Nothing wraps or loses digits in silence: a result that has no place is a reason. All
 * functions set *ret only when they return REASON_NONE.
 */
#ifndef WEIR_EXPR_NUMBER_H
#define WEIR_EXPR_NUMBER_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* expr */
#include "expr/reason.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

#define NUMBER_DIGITS     38 /* of an exact number, and the largest scale */
#define NUMBER_TEXT_BYTES 48 /* no number prints longer */

struct number {
    int128 exact;
    double real;
    uint8_t scale;
    bool is_real;
};

/* 10^n for n from 0 to 18, and from 0 to 38. */
extern const int64_t weir__power10[19];
extern const int128 weir__power10_wide[NUMBER_DIGITS + 1];

static inline struct number number_integer(int64_t value)
{
    return (struct number){.exact = value};
}

static inline struct number number_real(double value)
{
    return (struct number){.real = value, .is_real = true};
}

enum reason weir__number_add(const struct number *a, const struct number *b, struct number *ret);
enum reason weir__number_subtract(const struct number *a, const struct number *b,
                                  struct number *ret);
enum reason weir__number_multiply(const struct number *a, const struct number *b,
                                  struct number *ret);
/*
 * An exact quotient that ends within 28 significant digits is exact, with no more decimals than it
 * needs (but at least a's minus b's). Any other is rounded, half away from zero, to 6 decimals more
 * than the operand with more of them, or to as many more as make 16 significant digits, and to at
 * most 28 significant digits.
 */
enum reason weir__number_divide(const struct number *a, const struct number *b, struct number *ret);
/* The remainder of the division that truncates: it has the sign of a. */
enum reason weir__number_modulo(const struct number *a, const struct number *b, struct number *ret);

/* -1, 0, 1. Exact if both are, else as doubles. */
int weir__number_compare(const struct number *a, const struct number *b);

/* Half away from zero, to `digits` decimals (-38 to 38): an exact number then has exactly that
 * scale, or 0 if digits < 0. */
enum reason weir__number_round(const struct number *a, int digits, struct number *ret);
/* The nearest whole number below, or above. */
enum reason weir__number_floor(const struct number *a, struct number *ret);
enum reason weir__number_ceil(const struct number *a, struct number *ret);

double weir__number_to_double(const struct number *a);
/* Exactly what the double prints as. */
enum reason weir__number_to_exact(const struct number *a, struct number *ret);
bool weir__number_is_int64(const struct number *a);

/* ---- text (number_text.c) ---- */

enum number_style {
    NUMBER_ANY,   /* with an exponent it is a double, else exact */
    NUMBER_EXACT, /* an exponent moves the point */
    NUMBER_DOUBLE,
    NUMBER_INTEGER, /* digits only, 64 bits */
};

/*
 * Reads [+-]digits[.digits][e[+-]digits], with blanks and tabs around; one of the two runs of
 * digits may be missing. REASON_NOT_A_NUMBER, REASON_NOT_AN_INTEGER, REASON_INTEGER_RANGE,
 * REASON_READ_DIGITS or REASON_READ_DOUBLE.
 */
enum reason weir__number_read(const char *text, size_t n, enum number_style style,
                              struct number *ret);

/* Writes an exact number with all its decimals, a double in the fewest digits that read back as it,
 * with ".0" if it is whole. to has room for NUMBER_TEXT_BYTES; no NUL is added. Returns the length.
 */
size_t weir__number_print(const struct number *a, char *to);
/* The same for value / 10^scale, scale up to 38. */
size_t weir__number_print_short(int64_t value, uint8_t scale, char *to);

/* The common case in a few nanoseconds: [-]digits[.digits] of at most 18 digits. False: ask
 * weir__number_read. */
static inline bool number_read_short(const char *text, uint32_t n, int64_t *ret_value,
                                     uint8_t *ret_scale)
{
    if (n - 1 >= 19)
        return false;
    const char *at = text, *end = text + n, *point = end;
    bool negative = *at == '-';
    at += negative;
    uint64_t value = 0;
    for (; at < end; at++) {
        unsigned digit = (unsigned char)*at - (unsigned)'0';
        if (digit <= 9) {
            value = value * 10 + digit;
        } else if (*at == '.' && point == end) {
            point = at;
        } else {
            return false;
        }
    }
    uint32_t digits = n - negative - (point != end);
    if (digits - 1 >= 18)
        return false;
    *ret_value = negative ? -(int64_t)value : (int64_t)value;
    *ret_scale = point == end ? 0 : (uint8_t)(end - point - 1);
    return true;
}

/* Whether every byte is less than 10. */
static inline bool number_all_digits(uint64_t word)
{
    return (((word + 0x7676767676767676) | word) & 0x8080808080808080) == 0;
}

/*
 * number_read_short for n from 1 to 8, where 8 bytes can be read: all digits at once, in a word.
 * Where a byte is none, a minus in front becomes a leading zero, the first point is closed up, and
 * one leading zero more takes its place. Any other byte is still found then, so what this reads
 * number_read_short reads alike. point_allowed: else a number with a point is left to others.
 */
static inline bool number_read_eight(const char *text, uint32_t n, bool point_allowed,
                                     int64_t *ret_value, uint8_t *ret_scale)
{
    const uint64_t each = 0x0101010101010101;
    const uint32_t front = 64 - 8 * n; /* bits before the text's first byte, the lowest one */
    bool negative = false;
    uint32_t scale = 0;
    uint64_t word;
    memcpy(&word, text, sizeof(word));
    word = (le64toh(word) ^ each * '0') << front;
    if (!number_all_digits(word)) {
        negative = *text == '-';
        word &= ~((negative ? UINT64_C(0xFF) : 0) << front);
        uint64_t beside = word ^ each * ('.' ^ '0'); /* a zero where the point is */
        uint64_t point = (beside - each) & ~beside & each << 7;
        if (point != 0) {
            uint64_t before = ((point & -point) - 1) >> 7; /* all bits before that byte */
            scale = (uint32_t)__builtin_clzll(before + 1) / 8;
            word = (word & ~(before << 8 | 0xFF)) | (word & before) << 8;
        }
        if (n == (uint32_t)negative + (point != 0) || (point != 0 && !point_allowed) ||
            !number_all_digits(word))
            return false;
    }
    word = word * 10 + (word >> 8);
    word = ((word & 0x000000FF000000FF) * 0x000F424000000064 +
            (word >> 16 & 0x000000FF000000FF) * 0x0000271000000001) >>
           32;
    *ret_value = negative ? -(int64_t)word : (int64_t)word;
    *ret_scale = (uint8_t)scale;
    return true;
}

#endif
