#include "hash/name.h"

#include <stdlib.h>
#include <string.h>

/* A byte and the letter behind the backslash that stands for it. */
static const char plain[] = "\\\n\r", letter[] = "\\nr";
enum { PAIRS = sizeof(plain) - 1 };

static int find(const char *in, char c)
{
    const char *at = memchr(in, c, PAIRS);
    return at == NULL ? -1 : (int)(at - in);
}

bool weir__name_is_escaped(const char *name, size_t bytes)
{
    for (int i = 0; i < PAIRS; i++)
        if (bytes > 0 && memchr(name, plain[i], bytes) != NULL)
            return true;
    return false;
}

size_t weir__name_escape(const char *name, size_t bytes, char *to)
{
    char *at = to;
    for (size_t i = 0; i < bytes; i++) {
        int pair = find(plain, name[i]);
        if (pair >= 0)
            *at++ = '\\';
        *at++ = pair >= 0 ? letter[pair] : name[i];
    }
    return (size_t)(at - to);
}

long weir__name_unescape(char *name, size_t bytes)
{
    char *to = name;
    for (size_t i = 0; i < bytes; i++) {
        if (name[i] != '\\') {
            *to++ = name[i];
            continue;
        }
        int pair = i + 1 < bytes ? find(letter, name[++i]) : -1;
        if (pair < 0)
            return -1;
        *to++ = plain[pair];
    }
    return to - name;
}

char *weir__name_text(const char *name, size_t bytes)
{
    char *text = malloc(2 * bytes + 2), *at = text;
    if (text == NULL)
        return NULL;
    if (weir__name_is_escaped(name, bytes))
        *at++ = '\\';
    at += weir__name_escape(name, bytes, at);
    *at = '\0';
    return text;
}
