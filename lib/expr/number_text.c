#include "expr/number.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOUBLE_TEXT_BYTES 512 /* a double written longer than this is refused */
#define EXPONENT_MOST     100000

/* ---- reading ---- */

/* The parts of a number's text. Leading zeros are not counted among the digits. */
struct literal {
    bool negative, has_exponent, has_point;
    int128 value;
    int digits;   /* significant, of value; NUMBER_DIGITS + 1: more than there is room for */
    int decimals; /* behind the point */
    int exponent;
};

static void take_digit(struct literal *literal, unsigned digit)
{
    if (literal->digits == 0 && digit == 0)
        return;
    if (literal->digits <= NUMBER_DIGITS)
        literal->digits++;
    if (literal->digits <= NUMBER_DIGITS)
        literal->value = literal->value * 10 + (int)digit;
}

static const char *take_digits(struct literal *literal, const char *at, const char *end,
                               int *ret_count)
{
    const char *begin = at;
    for (; at < end && isdigit((unsigned char)*at); at++)
        take_digit(literal, (unsigned)(*at - '0'));
    ptrdiff_t count = at - begin;
    *ret_count = count > EXPONENT_MOST ? EXPONENT_MOST : (int)count;
    return at;
}

static const char *take_exponent(struct literal *literal, const char *at, const char *end)
{
    const char *begin = at++;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || !isdigit((unsigned char)*at))
        return begin; /* the e is left over: not a number */
    for (; at < end && isdigit((unsigned char)*at); at++)
        if (literal->exponent < EXPONENT_MOST)
            literal->exponent = literal->exponent * 10 + (*at - '0');
    if (negative)
        literal->exponent = -literal->exponent;
    literal->has_exponent = true;
    return at;
}

static bool take_literal(struct literal *literal, const char *at, const char *end)
{
    int whole = 0;
    *literal = (struct literal){0};
    if (at < end && (*at == '-' || *at == '+'))
        literal->negative = *at++ == '-';
    at = take_digits(literal, at, end, &whole);
    if (at < end && *at == '.') {
        literal->has_point = true;
        at = take_digits(literal, at + 1, end, &literal->decimals);
    }
    if (whole + literal->decimals == 0)
        return false;
    if (at < end && (*at == 'e' || *at == 'E'))
        at = take_exponent(literal, at, end);
    return at == end;
}

/* glibc hands out one C locale for ever: nothing is made or freed here. */
static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static enum reason read_double(const char *text, size_t n, struct number *ret)
{
    char copy[DOUBLE_TEXT_BYTES];
    if (n >= sizeof(copy))
        return REASON_READ_DOUBLE;
    memcpy(copy, text, n);
    copy[n] = '\0';
    double value = strtod_l(copy, NULL, c_locale());
    if (!isfinite(value))
        return REASON_READ_DOUBLE;
    *ret = number_real(value);
    return REASON_NONE;
}

static enum reason make_exact(const struct literal *literal, struct number *ret)
{
    int128 value = literal->value;
    int scale = literal->decimals - literal->exponent;
    if (literal->digits == 0) /* zero, whatever its exponent */
        scale = scale < 0 || literal->has_exponent ? 0 : scale;
    if (literal->digits > NUMBER_DIGITS || scale > NUMBER_DIGITS ||
        (scale < 0 && literal->digits - scale > NUMBER_DIGITS))
        return REASON_READ_DIGITS;
    if (scale < 0) {
        value *= weir__power10_wide[-scale];
        scale = 0;
    }
    *ret = (struct number){.exact = literal->negative ? -value : value, .scale = (uint8_t)scale};
    return REASON_NONE;
}

static enum reason make_integer(const struct literal *literal, struct number *ret)
{
    struct number number;
    if (literal->has_point || literal->has_exponent)
        return REASON_NOT_AN_INTEGER;
    if (make_exact(literal, &number) != REASON_NONE || !weir__number_is_int64(&number))
        return REASON_INTEGER_RANGE;
    *ret = number;
    return REASON_NONE;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

enum reason weir__number_read(const char *text, size_t n, enum number_style style,
                              struct number *ret)
{
    struct literal literal;
    while (n > 0 && is_blank(text[0])) {
        text++;
        n--;
    }
    while (n > 0 && is_blank(text[n - 1]))
        n--;
    if (!take_literal(&literal, text, text + n))
        return style == NUMBER_INTEGER ? REASON_NOT_AN_INTEGER : REASON_NOT_A_NUMBER;
    switch (style) {
    case NUMBER_INTEGER: return make_integer(&literal, ret);
    case NUMBER_DOUBLE: return read_double(text, n, ret);
    case NUMBER_EXACT: return make_exact(&literal, ret);
    case NUMBER_ANY: break;
    }
    return literal.has_exponent ? read_double(text, n, ret) : make_exact(&literal, ret);
}

/* ---- printing ---- */

static char *digits_before(char *end, uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    while (value >= 100) {
        end -= 2;
        memcpy(end, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        end -= 2;
        memcpy(end, pairs + value * 2, 2);
    } else {
        *--end = (char)('0' + value);
    }
    return end;
}

/* digits (n of them, at least one) as a number with that many decimals. */
static size_t place_point(const char *digits, size_t n, size_t scale, bool negative, char *to)
{
    char *at = to;
    if (negative)
        *at++ = '-';
    size_t whole = n > scale ? n - scale : 0;
    if (whole == 0)
        *at++ = '0';
    memcpy(at, digits, whole);
    at += whole;
    if (scale > 0) {
        *at++ = '.';
        for (size_t i = n - whole; i < scale; i++)
            *at++ = '0';
        memcpy(at, digits + whole, n - whole);
        at += n - whole;
    }
    return (size_t)(at - to);
}

/* How many digits value has, which is less than 10^8; 0 for zero. */
static uint32_t count_digits(uint32_t value)
{
    uint32_t bits = 32 - (uint32_t)__builtin_clz(value | 1);
    uint32_t least = bits * 1233 >> 12; /* by the logarithm of 2: what 2^(bits - 1) has at least */
    return least + (value >= weir__power10[least]);
}

/*
 * The same for less than 10^8 with less than 8 decimals: all digits at once, in a word. It is split
 * in halves, quarters and single digits, side by side; the products with 10486 / 2^20 and 103 /
 * 2^10 are the quotients by 100 and 10 for all values that come there.
 */
static size_t print_eight(uint32_t value, bool negative, uint32_t scale, char *to)
{
    uint32_t digits = count_digits(value);
    digits = digits > scale ? digits : scale + 1; /* a zero before the point */
    uint32_t whole = digits - scale;
    uint64_t word = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t upper = word * 10486 >> 20 & 0x0000007F0000007F;
    word = upper | (word - upper * 100) << 16;
    upper = word * 103 >> 10 & 0x000F000F000F000F;
    word = (upper | (word - upper * 10) << 8) + 0x3030303030303030;
    word >>= 64 - 8 * digits;
    *to = '-';
    to += negative;
    uint64_t text = htole64(word);
    memcpy(to, &text, sizeof(text));
    if (scale > 0) {
        to[whole] = '.';
        text = htole64(word >> 8 * whole);
        memcpy(to + whole + 1, &text, sizeof(text));
    }
    return negative + digits + (scale > 0);
}

size_t weir__number_print_short(int64_t value, uint8_t scale, char *to)
{
    char digits[24], *end = digits + sizeof(digits);
    bool negative = value < 0;
    uint64_t size = negative ? -(uint64_t)value : (uint64_t)value;
    if (size < 100000000 && scale < 8)
        return print_eight((uint32_t)size, negative, scale, to);
    char *begin = digits_before(end, size);
    return place_point(begin, (size_t)(end - begin), scale, negative, to);
}

static size_t print_wide(const struct number *a, char *to)
{
    char digits[NUMBER_TEXT_BYTES], *end = digits + sizeof(digits), *begin = end;
    uint128 value = a->exact < 0 ? -(uint128)a->exact : (uint128)a->exact;
    const uint128 base = (uint128)weir__power10[18];
    while (value >= base) {
        char *limit = begin - 18;
        begin = digits_before(begin, (uint64_t)(value % base));
        while (begin > limit)
            *--begin = '0';
        value /= base;
    }
    begin = digits_before(begin, (uint64_t)value);
    return place_point(begin, (size_t)(end - begin), a->scale, a->exact < 0, to);
}

/* The fewest digits that read back as the same double. A host's locale must not turn the point into
 * a comma. */
static size_t print_double(double value, char *to)
{
    char text[NUMBER_TEXT_BYTES];
    locale_t locale = c_locale(), before = uselocale(locale);
    int n = 0;
    for (int precision = 15; precision <= 17; precision++) {
        n = snprintf(text, sizeof(text), "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    uselocale(before);
    if (strpbrk(text, ".e") == NULL)
        n += snprintf(text + n, sizeof(text) - (size_t)n, ".0");
    memcpy(to, text, (size_t)n);
    return (size_t)n;
}

size_t weir__number_print(const struct number *a, char *to)
{
    if (a->is_real)
        return print_double(a->real, to);
    if (a->exact >= INT64_MIN && a->exact <= INT64_MAX)
        return weir__number_print_short((int64_t)a->exact, a->scale, to);
    return print_wide(a, to);
}
