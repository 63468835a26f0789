#include "expr/utf8.h"

#include <string.h>

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

static uint32_t broken(const char *text, uint32_t *ret_point)
{
    *ret_point = UTF8_BROKEN | (unsigned char)*text;
    return 1;
}

uint32_t weir__utf8_decode(const char *text, uint32_t n, uint32_t *ret_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*text;
    if (first < 0x80) {
        *ret_point = first;
        return 1;
    }
    uint32_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || length > n)
        return broken(text, ret_point);
    uint32_t point = first & (0xFFu >> (length + 1));
    for (uint32_t i = 1; i < length; i++) {
        if (!is_tail(text[i]))
            return broken(text, ret_point);
        point = point << 6 | ((unsigned char)text[i] & 0x3F);
    }
    if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        return broken(text, ret_point);
    *ret_point = point;
    return length;
}

/* The bytes at the front of text that are ASCII, in steps of eight. */
static uint32_t ascii_run(const char *text, uint32_t n)
{
    uint32_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        if ((word & 0x8080808080808080) != 0)
            break;
    }
    return i;
}

uint32_t weir__utf8_count(struct text text)
{
    uint32_t i = ascii_run(text.data, text.length), count = i, point;
    for (; i < text.length; count++)
        i += weir__utf8_decode(text.data + i, text.length - i, &point);
    return count;
}

uint32_t weir__utf8_skip(struct text text, uint64_t characters)
{
    uint32_t i = 0, point;
    for (; i < text.length && characters > 0; characters--)
        i += weir__utf8_decode(text.data + i, text.length - i, &point);
    return i;
}

/* ---- case ---- */

/*
 * Capital letters from first to last, in steps of `step`; the small letter is `distance` further.
 * Taken from UnicodeData.txt (simple mappings) where they come in regular runs.
 */
static const struct range {
    uint16_t first, last;
    uint16_t step, distance;
} ranges[] = {
    {0x0041, 0x005A, 1, 32},                          /* A Z */
    {0x00C0, 0x00D6, 1, 32}, {0x00D8, 0x00DE, 1, 32}, /* Latin-1 */
    {0x0100, 0x012E, 2, 1},  {0x0132, 0x0136, 2, 1},  {0x0139, 0x0147, 2, 1},
    {0x014A, 0x0176, 2, 1},  {0x0179, 0x017D, 2, 1}, /* Extended-A, but for the Turkish I */
    {0x0386, 0x0386, 1, 38}, {0x0388, 0x038A, 1, 37}, {0x038C, 0x038C, 1, 64},
    {0x038E, 0x038F, 1, 63}, {0x0391, 0x03A1, 1, 32}, {0x03A3, 0x03AB, 1, 32}, /* Greek */
    {0x0400, 0x040F, 1, 80}, {0x0410, 0x042F, 1, 32}, {0x0460, 0x0480, 2, 1},
    {0x048A, 0x04BE, 2, 1},  {0x04C0, 0x04C0, 1, 15}, {0x04C1, 0x04CD, 2, 1},
    {0x04D0, 0x052E, 2, 1},                          /* Cyrillic */
    {0x0531, 0x0556, 1, 48},                         /* Armenian */
    {0x1E00, 0x1E94, 2, 1},  {0x1EA0, 0x1EFE, 2, 1}, /* Latin Additional */
    {0xFF21, 0xFF3A, 1, 32},                         /* fullwidth */
};

uint32_t weir__utf8_lower(uint32_t point)
{
    if (point == 0x0178)
        return 0x00FF;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const struct range *range = &ranges[i];
        if (point >= range->first && point <= range->last &&
            (point - range->first) % range->step == 0)
            return point + range->distance;
    }
    return point;
}

uint32_t weir__utf8_upper(uint32_t point)
{
    if (point == 0x00FF)
        return 0x0178;
    if (point == 0x03C2) /* the sigma at a word's end */
        return 0x03A3;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const struct range *range = &ranges[i];
        uint32_t capital = point - range->distance;
        if (capital >= range->first && capital <= range->last &&
            (capital - range->first) % range->step == 0)
            return capital;
    }
    return point;
}

uint32_t weir__utf8_encode(uint32_t point, char *to)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    uint32_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (uint32_t i = n - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    to[0] = (char)((0xF00u >> n & 0xF0) | point);
    return n;
}

uint32_t weir__utf8_fold(struct text text, uint32_t (*fold)(uint32_t point), char *to)
{
    uint32_t used = 0, point;
    for (uint32_t i = 0; i < text.length;) {
        uint32_t n = weir__utf8_decode(text.data + i, text.length - i, &point);
        uint32_t folded = fold(point);
        if (point < 0x80) {
            to[used++] = (char)folded;
        } else if (folded == point) {
            memcpy(to + used, text.data + i, n);
            used += n;
        } else {
            used += weir__utf8_encode(folded, to + used);
        }
        i += n;
    }
    return used;
}

/* ---- trimming ---- */

static bool has_character(struct text of, const char *character, uint32_t n)
{
    uint32_t point;
    for (uint32_t i = 0; i < of.length;) {
        uint32_t length = weir__utf8_decode(of.data + i, of.length - i, &point);
        if (length == n && memcmp(of.data + i, character, n) == 0)
            return true;
        i += length;
    }
    return false;
}

/* The bytes of the last character of text, which is not empty. */
static uint32_t last_character(struct text text)
{
    uint32_t point, most = text.length < 4 ? text.length : 4;
    for (uint32_t n = 2; n <= most; n++)
        if (weir__utf8_decode(text.data + text.length - n, n, &point) == n)
            return n;
    return 1;
}

struct text weir__utf8_trim(struct text text, struct text of, bool left, bool right)
{
    uint32_t n, point;
    while (left && text.length > 0) {
        n = weir__utf8_decode(text.data, text.length, &point);
        if (!has_character(of, text.data, n))
            break;
        text.data += n;
        text.length -= n;
    }
    while (right && text.length > 0) {
        n = last_character(text);
        if (!has_character(of, text.data + text.length - n, n))
            break;
        text.length -= n;
    }
    return text;
}
