#include "look.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

static const struct look ascii = {
    .separator = ", ",
    .full = "#",
    .empty = ".",
    .slowest = "<- slowest",
};
static const struct look utf8 = {
    .utf8 = true,
    .separator = " · ",
    .full = "█",
    .empty = "░",
    .slowest = "← slowest",
};

/* The locale whose character widths are used for UTF-8, made once. */
static locale_t user_locale(void)
{
    static locale_t locale;
    if (locale == (locale_t)0)
        locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    return locale;
}

const struct look *look_of_user(void)
{
    locale_t locale = user_locale();
    if (locale == (locale_t)0)
        return &ascii;
    return strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0 ? &utf8 : &ascii;
}

/* The bytes of text that fit into `columns`; *ret_columns is what they take. */
static size_t measure(const struct look *look, const char *text, unsigned columns,
                      unsigned *ret_columns)
{
    locale_t before = look->utf8 ? uselocale(user_locale()) : (locale_t)0;
    mbstate_t state = {0};
    size_t length = strlen(text), at = 0;
    unsigned taken = 0;
    while (at < length) {
        wchar_t c = 0;
        size_t step = look->utf8 ? mbrtowc(&c, text + at, length - at, &state) : 1;
        int width = look->utf8 ? wcwidth(c) : 1;
        if (step == 0 || step > length - at) {
            state = (mbstate_t){0};
            step = 1;
            width = 1;
        }
        unsigned wanted = width < 0 ? 1 : (unsigned)width;
        if (taken + wanted > columns)
            break;
        taken += wanted;
        at += step;
    }
    if (before != (locale_t)0)
        uselocale(before);
    *ret_columns = taken;
    return at;
}

unsigned look_columns(const struct look *look, const char *text)
{
    unsigned columns;
    measure(look, text, ~0u, &columns);
    return columns;
}

void look_clip(const struct look *look, char *text, unsigned columns)
{
    unsigned taken;
    text[measure(look, text, columns, &taken)] = '\0';
}

void look_clean(char *to, size_t size, const char *text)
{
    size_t i = 0;
    for (; i + 1 < size && text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)text[i];
        to[i] = c < 0x20 || c == 0x7F ? '?' : text[i];
    }
    to[i] = '\0';
}
