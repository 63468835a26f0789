#include "web/css.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One simple selector's value; longer ones are refused. */
enum { WORD = 256 };

struct css {
    const char *at;
    struct bytes *to;
    const char *wrong;
};

static bool is_blank(char c)
{
    return c != '\0' && strchr(" \t\n\r\f", c) != NULL;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (unsigned char)c >= 0x80;
}

static bool refuse(struct css *css, const char *why)
{
    if (css->wrong == NULL)
        css->wrong = why;
    return false;
}

static void skip_blanks(struct css *css)
{
    while (is_blank(*css->at))
        css->at++;
}

static bool take(struct css *css, const char *text)
{
    size_t n = strlen(text);
    if (strncasecmp(css->at, text, n) != 0)
        return false;
    css->at += n;
    return true;
}

/* A name; a backslash takes the next byte for a part of it. */
static bool read_name(struct css *css, char word[WORD])
{
    size_t n = 0;
    while (is_name(*css->at) || (*css->at == '\\' && css->at[1] != '\0')) {
        css->at += *css->at == '\\';
        if (n + 1 == WORD)
            return refuse(css, "this name is too long");
        word[n++] = *css->at++;
    }
    word[n] = '\0';
    return n > 0 || refuse(css, "a name should stand here");
}

static bool read_value(struct css *css, char word[WORD])
{
    char quote = *css->at;
    if (quote != '"' && quote != '\'')
        return read_name(css, word);
    size_t n = 0;
    for (css->at++; *css->at != quote; css->at++) {
        if (*css->at == '\0')
            return refuse(css, "the quote is not closed");
        if (n + 1 == WORD)
            return refuse(css, "this value is too long");
        word[n++] = *css->at;
    }
    word[n] = '\0';
    css->at++;
    return true;
}

static void lower(char *word)
{
    for (; *word != '\0'; word++)
        if (*word >= 'A' && *word <= 'Z')
            *word = (char)(*word + 'a' - 'A');
}

/* In format, @ stands for the attribute and $ for the value as a literal of XPath. */
static bool say(struct css *css, const char *format, const char *name, const char *value)
{
    const char *quote = strchr(value, '"') == NULL ? "\"" : "'";
    if (strchr(value, *quote) != NULL)
        return refuse(css, "a value with both kinds of quotes has no form in XPath");
    for (; *format != '\0'; format++) {
        if (*format == '@') {
            weir__bytes_say(css->to, "@");
            weir__bytes_say(css->to, name);
        } else if (*format == '$') {
            weir__bytes_say(css->to, quote);
            weir__bytes_say(css->to, value);
            weir__bytes_say(css->to, quote);
        } else {
            weir__bytes_add(css->to, format, 1);
        }
    }
    return true;
}

static bool has_word(struct css *css, const char *name, const char *value)
{
    if (*value == '\0' || strpbrk(value, " \t\n\r\f") != NULL)
        return say(css, "false()", name, value);
    return say(css, "contains(concat(' ',normalize-space(@),' '),concat(' ',$,' '))", name, value);
}

/* ---- simple selectors, each a condition ---- */

static bool add_attribute(struct css *css)
{
    static const struct {
        const char *sign, *format;
    } kinds[] = {
        {"=", "@=$"},
        {"|=", "(@=$ or starts-with(@,concat($,'-')))"},
        {"^=", "starts-with(@,$)"},
        {"*=", "contains(@,$)"},
        {"$=", "substring(@,string-length(@)-string-length($)+1)=$"},
    };
    char name[WORD], value[WORD];
    skip_blanks(css);
    if (!read_name(css, name))
        return false;
    lower(name);
    skip_blanks(css);
    if (take(css, "]"))
        return say(css, "@", name, "");
    bool word = take(css, "~=");
    size_t kind = 0;
    while (!word && kind < sizeof(kinds) / sizeof(kinds[0]) && !take(css, kinds[kind].sign))
        kind++;
    if (kind == sizeof(kinds) / sizeof(kinds[0]))
        return refuse(css, "no operator of attributes");
    skip_blanks(css);
    if (!read_value(css, value))
        return false;
    skip_blanks(css);
    if (!take(css, "]"))
        return refuse(css, "']' should stand here");
    if (word)
        return has_word(css, name, value);
    if (*value == '\0' && kind >= 2)
        return say(css, "false()", name, value);
    return say(css, kinds[kind].format, name, value);
}

/* "an+b", odd, even. */
static bool add_nth(struct css *css)
{
    static const char place[] = "(count(preceding-sibling::*)+1)";
    char text[160], *end;
    long step = 0, first;
    skip_blanks(css);
    if (take(css, "odd")) {
        step = 2, first = 1;
    } else if (take(css, "even")) {
        step = 2, first = 0;
    } else {
        bool bare = *css->at == 'n' || (strchr("+-", *css->at) != NULL && css->at[1] == 'n');
        first = bare ? (*css->at == '-' ? -1 : 1) : strtol(css->at, &end, 10);
        if (bare)
            css->at += *css->at != 'n';
        else if (end == css->at)
            return refuse(css, "a number, odd, even or 2n+1 should stand here");
        else
            css->at = end;
        if (take(css, "n")) {
            step = first;
            skip_blanks(css);
            char sign = *css->at;
            first = 0;
            if (sign == '+' || sign == '-') {
                css->at++;
                skip_blanks(css);
                first = strtol(css->at, &end, 10);
                if (end == css->at)
                    return refuse(css, "a number should stand here");
                css->at = end;
                first = sign == '-' ? -first : first;
            }
        }
    }
    skip_blanks(css);
    if (!take(css, ")"))
        return refuse(css, "')' should stand here");
    if (labs(step) > 1000000 || labs(first) > 1000000)
        return refuse(css, "this number is too large");
    if (step == 0)
        snprintf(text, sizeof(text), "%s=%ld", place, first);
    else
        snprintf(text, sizeof(text), "%s%s%ld and (%s - %ld) mod %ld = 0", place,
                 step > 0 ? ">=" : "<=", first, place, first, labs(step));
    weir__bytes_say(css->to, text);
    return true;
}

static bool add_condition(struct css *css);

static bool add_pseudo_class(struct css *css)
{
    static const struct {
        const char *name, *xpath;
    } classes[] = {
        {"first-child", "not(preceding-sibling::*)"},
        {"last-child", "not(following-sibling::*)"},
        {"only-child", "not(preceding-sibling::* or following-sibling::*)"},
        {"empty", "not(node())"},
    };
    if (take(css, "nth-child("))
        return add_nth(css);
    if (take(css, "not(")) {
        weir__bytes_say(css->to, "not(");
        skip_blanks(css);
        if (!add_condition(css))
            return false;
        skip_blanks(css);
        weir__bytes_say(css->to, ")");
        return take(css, ")") || refuse(css, "')' should stand here");
    }
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (take(css, classes[i].name) && !is_name(*css->at)) {
            weir__bytes_say(css->to, classes[i].xpath);
            return true;
        }
    return refuse(css, "this pseudo-class is not known");
}

static bool add_condition(struct css *css)
{
    char word[WORD];
    if (take(css, "."))
        return read_name(css, word) && has_word(css, "class", word);
    if (take(css, "#"))
        return read_name(css, word) && say(css, "@=$", "id", word);
    if (take(css, "["))
        return add_attribute(css);
    if (take(css, ":"))
        return add_pseudo_class(css);
    if (!read_name(css, word))
        return false;
    lower(word);
    weir__bytes_say(css->to, "self::");
    weir__bytes_say(css->to, word);
    return true;
}

/* ---- the whole ---- */

static bool is_condition(const struct css *css)
{
    return *css->at != '\0' && strchr(".#[:", *css->at) != NULL && strncmp(css->at, "::", 2) != 0;
}

static bool add_compound(struct css *css)
{
    char word[WORD] = "*";
    if (!take(css, "*") && !is_condition(css) && !read_name(css, word))
        return false;
    lower(word);
    weir__bytes_say(css->to, word);
    while (is_condition(css)) {
        weir__bytes_say(css->to, "[");
        if (!add_condition(css))
            return false;
        weir__bytes_say(css->to, "]");
    }
    return true;
}

static bool add_pseudo_element(struct css *css)
{
    char word[WORD];
    if (take(css, "text")) {
        weir__bytes_say(css->to, "/text()");
        return true;
    }
    if (!take(css, "attr("))
        return refuse(css, "only ::text and ::attr(NAME) are known");
    if (!read_name(css, word))
        return false;
    lower(word);
    weir__bytes_say(css->to, "/@");
    weir__bytes_say(css->to, word);
    return take(css, ")") || refuse(css, "')' should stand here");
}

/* Up to a comma or the end. */
static bool add_selector(struct css *css)
{
    const char *axis = "/descendant::";
    for (;;) {
        skip_blanks(css);
        weir__bytes_say(css->to, axis);
        if (!add_compound(css))
            return false;
        bool last = take(css, "::");
        if (last && !add_pseudo_element(css))
            return false;
        bool blank = is_blank(*css->at);
        skip_blanks(css);
        if (*css->at == '\0' || *css->at == ',')
            return true;
        if (last)
            return refuse(css, "nothing can stand behind ::text and ::attr()");
        if (take(css, ">"))
            axis = "/child::";
        else if (take(css, "+"))
            axis = "/following-sibling::*[1]/self::";
        else if (take(css, "~"))
            axis = "/following-sibling::";
        else if (blank)
            axis = "/descendant::";
        else
            return refuse(css, "this is no part of a selector");
    }
}

const char *weir__css_translate(const char *selector, struct bytes *to, size_t *ret_offset)
{
    struct css css = {.at = selector, .to = to};
    while (add_selector(&css) && take(&css, ","))
        weir__bytes_say(to, "|");
    *ret_offset = (size_t)(css.at - selector);
    return css.wrong;
}
