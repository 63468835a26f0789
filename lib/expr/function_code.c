#include "expr/function.h"

#define SUBJECT "encodings"

/* ---- hexadecimal ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits; -1 if they are none. */
static int hex_byte(const char *at)
{
    int high = hex_value(at[0]), low = hex_value(at[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static char *put_hex(char *to, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 0xF];
    return to;
}

FUNCTION(hex)
{
    struct text x = call_text(call, 0);
    char *to = call_room(call, 2 * (size_t)x.length), *at = to;
    if (to == NULL)
        return;
    for (uint32_t i = 0; i < x.length; i++)
        at = put_hex(at, (unsigned char)x.data[i]);
    call_give_text(call, to, (size_t)(at - to));
}

FUNCTION(unhex)
{
    struct text x = call_text(call, 0);
    char *to = x.length % 2 == 0 ? call_room(call, x.length / 2) : NULL;
    bool is_hex = x.length % 2 == 0;
    for (uint32_t i = 0; to != NULL && is_hex && i < x.length; i += 2) {
        int byte = hex_byte(x.data + i);
        is_hex = byte >= 0;
        to[i / 2] = (char)byte;
    }
    if (!is_hex)
        weir__call_fail(call, x, "is not hexadecimal");
    else if (to != NULL)
        call_give_text(call, to, x.length / 2);
}

/* ---- base64 (RFC 4648) ---- */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

FUNCTION(to_base64)
{
    struct text x = call_text(call, 0);
    size_t length = ((size_t)x.length + 2) / 3 * 4;
    char *to = call_room(call, length);
    if (to == NULL)
        return;
    for (uint32_t i = 0, j = 0; i < x.length; i += 3, j += 4) {
        uint32_t left = x.length - i, bits = 0;
        for (uint32_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < left ? (unsigned char)x.data[i + k] : 0);
        for (uint32_t k = 0; k < 4; k++)
            to[j + k] = k <= left ? base64_digits[bits >> (18 - 6 * k) & 0x3F] : '=';
    }
    call_give_text(call, to, length);
}

/* Up to three bytes of four digits; 0 if they are none. */
static uint32_t read_quantum(const char *at, bool is_last, char *to)
{
    uint32_t bits = 0, digits = 4;
    while (is_last && digits > 2 && at[digits - 1] == '=')
        digits--;
    for (uint32_t k = 0; k < 4; k++) {
        const char *digit = k < digits && at[k] != '\0' ? strchr(base64_digits, at[k]) : NULL;
        if (k < digits && digit == NULL)
            return 0;
        bits = bits << 6 | (digit == NULL ? 0 : (uint32_t)(digit - base64_digits));
    }
    if ((bits & (digits == 2 ? 0xFFFFu : digits == 3 ? 0xFFu : 0)) != 0)
        return 0; /* bits that belong to no byte */
    for (uint32_t k = 0; k < digits - 1; k++)
        to[k] = (char)(bits >> (16 - 8 * k));
    return digits - 1;
}

FUNCTION(from_base64)
{
    struct text x = call_text(call, 0);
    char *to = call_room(call, (size_t)x.length / 4 * 3);
    uint32_t length = 0, n = 1;
    if (to == NULL)
        return;
    for (uint32_t i = 0; x.length % 4 == 0 && n > 0 && i < x.length; i += 4) {
        n = read_quantum(x.data + i, i + 4 == x.length, to + length);
        length += n;
    }
    if (x.length % 4 != 0 || n == 0)
        weir__call_fail(call, x, "is not base64");
    else
        call_give_text(call, to, length);
}

/* ---- URLs (RFC 3986) ---- */

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

FUNCTION(url_encode)
{
    struct text x = call_text(call, 0);
    size_t length = 0;
    for (uint32_t i = 0; i < x.length; i++)
        length += is_unreserved(x.data[i]) ? 1 : 3;
    char *to = call_room(call, length), *at = to;
    for (uint32_t i = 0; to != NULL && i < x.length; i++) {
        if (is_unreserved(x.data[i])) {
            *at++ = x.data[i];
        } else {
            *at++ = '%';
            at = put_hex(at, (unsigned char)x.data[i]);
        }
    }
    if (to != NULL)
        call_give_text(call, to, length);
}

/* A % without two digits behind it stands for itself. */
FUNCTION(url_decode)
{
    struct text x = call_text(call, 0);
    char *to = call_room(call, x.length);
    size_t length = 0;
    for (uint32_t i = 0; to != NULL && i < x.length; i++) {
        int byte = x.data[i] == '%' && x.length - i > 2 ? hex_byte(x.data + i + 1) : -1;
        to[length++] = byte < 0 ? x.data[i] : (char)byte;
        i += byte < 0 ? 0 : 2;
    }
    if (to != NULL)
        call_give_text(call, to, length);
}

/* ---- the table ---- */

const struct function weir__functions_code[] = {
    ROW(from_base64, "t", 1, TEXT, "from_base64(x)", "the bytes that x is the base64 of",
        "from_base64('TcO8bGxlcg==') -> Müller"),
    ROW(hex, "t", 1, TEXT, "hex(x)", "the bytes of x in hexadecimal", "hex('Mü') -> 4DC3BC"),
    ROW(to_base64, "t", 1, TEXT, "to_base64(x)", "the bytes of x in base64",
        "to_base64('Müller') -> TcO8bGxlcg=="),
    ROW(unhex, "t", 1, TEXT, "unhex(x)", "the bytes that x is the hexadecimal of",
        "unhex('4DC3BC') -> Mü"),
    ROW(url_decode, "t", 1, TEXT, "url_decode(x)", "x with each %20 as the byte that it stands for",
        "url_decode('M%C3%BCller%20%26%20Co') -> Müller & Co"),
    ROW(url_encode, "t", 1, TEXT, "url_encode(x)",
        "x with %20 and the like for all but letters, digits and -._~",
        "url_encode('Müller & Co') -> M%C3%BCller%20%26%20Co"),
    FUNCTIONS_END,
};
