#include "kept/sort_key.h"

enum { PRESENT = 1, NULL_LAST = 0xFF };
enum { NEGATIVE = 1, ZERO = 2, POSITIVE = 3 };
enum { EXPONENT_BIAS = 1 << 20 };

static void add_text(struct bytes *to, struct weir_value value)
{
    const char *at = value.data, *end = value.data + value.length;
    while (at < end) {
        const char *zero = memchr(at, '\0', (size_t)(end - at));
        bytes_add(to, at, (size_t)((zero == NULL ? end : zero) - at));
        if (zero == NULL)
            break;
        bytes_add(to, "\0\xFF", 2);
        at = zero + 1;
    }
    bytes_add(to, "\0", 2);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The value of "[+-]digits" at the end of a number; what is beyond any double stays there. */
static long exponent_of(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    long exponent = 0;
    at += at < end && (*at == '-' || *at == '+');
    for (; at < end && is_digit(*at) && exponent < EXPONENT_BIAS / 16; at++)
        exponent = exponent * 10 + (*at - '0');
    return negative ? -exponent : exponent;
}

/*
 * The sign, how many digits stand before the point, and all digits from the first to the last that
 * is not zero. Those of negative numbers are turned round. What columns of numbers hold has the
 * form [+-]digits[.digits][e[+-]digits].
 */
static void add_number(struct bytes *to, struct weir_value value)
{
    const char *at = value.data, *end = value.data + value.length;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    bool point = false;
    long before = 0, seen = 0;
    size_t start = to->used, last = 0;
    bytes_add_byte(to, POSITIVE);
    bytes_add_high_first(to, 0, 4); /* room for the exponent */
    for (; at < end && (is_digit(*at) || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        before += !point && (seen > 0 || *at != '0');
        before -= point && seen == 0 && *at == '0';
        if (seen == 0 && *at == '0')
            continue;
        seen++;
        bytes_add_byte(to, (unsigned char)*at);
        last = *at == '0' ? last : to->used;
    }
    if (to->failed)
        return;
    if (seen == 0) {
        to->data[start] = ZERO;
        to->used = start + 1;
        return;
    }
    to->used = last;
    if (at < end && (*at == 'e' || *at == 'E'))
        before += exponent_of(at + 1, end);
    bytes_add_byte(to, 0);
    if (to->failed)
        return;
    uint32_t exponent = (uint32_t)(before + EXPONENT_BIAS);
    for (unsigned i = 0; i < 4; i++)
        to->data[start + 1 + i] = (char)(exponent >> (24 - 8 * i));
    for (size_t i = start + 1; negative && i < to->used; i++)
        to->data[i] = (char)~to->data[i];
    to->data[start] = negative ? NEGATIVE : POSITIVE;
}

void weir__sort_key_add(struct bytes *to, enum weir_type type, bool descending,
                        struct weir_value value)
{
    if (value.data == NULL) {
        bytes_add_byte(to, NULL_LAST);
        return;
    }
    bytes_add_byte(to, PRESENT);
    size_t start = to->used;
    if (sort_key_is_number(type))
        add_number(to, value);
    else
        add_text(to, value);
    for (size_t i = start; descending && i < to->used; i++)
        to->data[i] = (char)~to->data[i];
}
