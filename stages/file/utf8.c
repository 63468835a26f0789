#include "file/utf8.h"

#include <stdint.h>
#include <string.h>

size_t weir__text_character(const char *bytes, size_t n)
{
    const unsigned char *text = (const unsigned char *)bytes;
    unsigned char first = text[0];
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 0 || length > n || first > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, what is above U+10FFFF. */
    bool wrong = (first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
                 (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f);
    return wrong ? 0 : length;
}

/* Passes over the ASCII at the beginning, eight bytes at a time. */
static size_t skip_ascii(const char *text, size_t n)
{
    size_t at = 0;
    for (uint64_t eight; n - at >= sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, text + at, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    return at;
}

bool weir__text_is_utf8(const char *text, size_t n)
{
    for (size_t at = skip_ascii(text, n), bytes; at < n; at += bytes) {
        bytes = weir__text_character(text + at, n - at);
        if (bytes == 0)
            return false;
        if (bytes == 1)
            at += skip_ascii(text + at + 1, n - at - 1);
    }
    return true;
}
