#include "web/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weir__bytes_clear(struct bytes *bytes)
{
    bytes->count = 0;
    bytes->failed = false;
    weir__bytes_add(bytes, "", 0);
}

void weir__bytes_add(struct bytes *bytes, const void *data, size_t n)
{
    if (bytes->failed)
        return;
    if (bytes->capacity - bytes->count <= n) {
        size_t capacity = 2 * (bytes->count + n) + 256;
        char *larger = realloc(bytes->data, capacity);
        if (larger == NULL) {
            bytes->failed = true;
            return;
        }
        bytes->data = larger;
        bytes->capacity = capacity;
    }
    memcpy(bytes->data + bytes->count, data, n);
    bytes->count += n;
    bytes->data[bytes->count] = '\0';
}

void weir__bytes_say(struct bytes *bytes, const char *text)
{
    weir__bytes_add(bytes, text, strlen(text));
}

void weir__bytes_cut(struct bytes *bytes, size_t count)
{
    if (count < bytes->count) {
        bytes->count = count;
        bytes->data[count] = '\0';
    }
}

void weir__bytes_character(struct bytes *bytes, uint32_t c)
{
    char utf8[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        utf8[i] = (char)(0x80 | (c & 0x3f));
    utf8[0] = (char)(lead[n] | c);
    weir__bytes_add(bytes, utf8, n);
}

void weir__bytes_json(struct bytes *bytes, const char *text, size_t n)
{
    size_t begin = 0;
    weir__bytes_say(bytes, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        char escape[8];
        const char *letter = c == '\0' ? NULL : strchr("\"\"\\\\\nn\tt\rr", c);
        if (letter != NULL)
            snprintf(escape, sizeof(escape), "\\%c", letter[1]);
        else
            snprintf(escape, sizeof(escape), "\\u%04x", c);
        weir__bytes_add(bytes, text + begin, i - begin);
        weir__bytes_say(bytes, escape);
        begin = i + 1;
    }
    weir__bytes_add(bytes, text + begin, n - begin);
    weir__bytes_say(bytes, "\"");
}

void weir__bytes_squeezed(struct bytes *bytes, const char *text, size_t n)
{
    static const char blank[] = " \t\n\r\f";
    size_t begin = bytes->count;
    for (size_t i = 0; i < n;) {
        while (i < n && memchr(blank, text[i], sizeof(blank) - 1) != NULL)
            i++;
        size_t word = i;
        while (i < n && memchr(blank, text[i], sizeof(blank) - 1) == NULL)
            i++;
        if (i > word && bytes->count > begin)
            weir__bytes_say(bytes, " ");
        weir__bytes_add(bytes, text + word, i - word);
    }
}
