#include "expr/lex.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

bool weir__fault(struct weir_expr_fault *fault, size_t offset, size_t span, const char *note,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault->offset = offset;
    fault->span = span;
    vsnprintf(fault->text, sizeof(fault->text), format, args);
    snprintf(fault->note, sizeof(fault->note), "%s", note != NULL ? note : "");
    va_end(args);
    return false;
}

bool weir__lex_is(const char *text, const struct token *token, const char *word)
{
    return token->kind == TOKEN_NAME && strlen(word) == token->length &&
           strncasecmp(text + token->offset, word, token->length) == 0;
}

static bool begins_name(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool in_name(char c)
{
    return begins_name(c) || isdigit((unsigned char)c) || c == '$';
}

static size_t digits(const char *text, size_t at)
{
    while (isdigit((unsigned char)text[at]))
        at++;
    return at;
}

static bool lex_number(const char *text, struct token *token, struct weir_expr_fault *fault)
{
    size_t at = digits(text, token->offset);
    if (text[at] == '.')
        at = digits(text, at + 1);
    if (text[at] == 'e' || text[at] == 'E') {
        size_t sign = at + 1 + (text[at + 1] == '-' || text[at + 1] == '+');
        if (isdigit((unsigned char)text[sign]))
            at = digits(text, sign);
    }
    token->length = at - token->offset;
    if (!in_name(text[at]))
        return true;
    while (in_name(text[at]))
        at++;
    int n = (int)(at - token->offset > 60 ? 60 : at - token->offset);
    return weir__fault(fault, token->offset, at - token->offset,
                       "a column whose name begins with a digit is written in double quotes",
                       "'%.*s' is not a number", n, text + token->offset);
}

static bool lex_quoted(const char *text, struct token *token, struct weir_expr_fault *fault)
{
    char quote = text[token->offset];
    size_t at = token->offset + 1;
    for (;;) {
        if (text[at] == '\0')
            return weir__fault(fault, token->offset, 1, "a quote inside is written twice: 'it''s'",
                               "the quote %c is never closed", quote);
        if (text[at++] != quote)
            continue;
        if (text[at] != quote)
            break;
        at++;
    }
    token->length = at - token->offset;
    if (quote != '\'' && token->length == 2)
        return weir__fault(fault, token->offset, 2, "for empty text write ''",
                           "a column has a name");
    return true;
}

/* Longer ones before those that they begin with. cure: the text is not of this language, and what
 * to write. */
static const struct symbol {
    const char *text;
    enum token_kind kind;
    const char *cure;
} symbols[] = {
    {"::", TOKEN_CAST, NULL},
    {":=", TOKEN_END, "to compare write ="},
    {"||", TOKEN_JOIN, NULL},
    {"&&", TOKEN_END, "write and"},
    {"|", TOKEN_END, "write or; to join text write ||"},
    {"&", TOKEN_END, "write and; to join text write ||"},
    {"==", TOKEN_EQUAL, NULL},
    {"=~", TOKEN_END, "write x like '%a%', or contains(x, 'a')"},
    {"=", TOKEN_EQUAL, NULL},
    {"!=", TOKEN_UNEQUAL, NULL},
    {"!~", TOKEN_END, "write x not like '%a%', or not contains(x, 'a')"},
    {"!", TOKEN_END, "write not"},
    {"~", TOKEN_END, "write x like '%a%', or contains(x, 'a')"},
    {"<>", TOKEN_UNEQUAL, NULL},
    {"<=>", TOKEN_END, "write a is not distinct from b"},
    {"<=", TOKEN_LESS_EQUAL, NULL},
    {"<", TOKEN_LESS, NULL},
    {">=", TOKEN_GREATER_EQUAL, NULL},
    {">", TOKEN_GREATER, NULL},
    {"(", TOKEN_OPEN, NULL},
    {")", TOKEN_CLOSE, NULL},
    {",", TOKEN_COMMA, NULL},
    {"+", TOKEN_PLUS, NULL},
    {"--", TOKEN_END, "there are no comments in an expression; for minus minus write - (-x)"},
    {"-", TOKEN_MINUS, NULL},
    {"**", TOKEN_END, "there is no power operator; write x * x"},
    {"*", TOKEN_TIMES, NULL},
    {"//", TOKEN_END, "for whole division write floor(a / b)"},
    {"/*", TOKEN_END, "there are no comments in an expression"},
    {"/", TOKEN_DIVIDE, NULL},
    {"%", TOKEN_MODULO, NULL},
    {"^", TOKEN_END, "there is no power operator; write x * x"},
    {"?", TOKEN_END, "write if(condition, a, b)"},
    {"[", TOKEN_END, "for a part of a text write substr(x, 1, 3) or split_part(x, ',', 1)"},
    {"{", TOKEN_END, "a column's name stands by itself, without braces"},
    {"$", TOKEN_END, "a column's name stands by itself, without a dollar"},
    {"@", TOKEN_END, "a column's name stands by itself"},
    {";", TOKEN_END, "an expression has no semicolon"},
    {"\xE2\x80\x98", TOKEN_END, "text stands in straight quotes: 'text'"},
    {"\xE2\x80\x99", TOKEN_END, "text stands in straight quotes: 'text'"},
    {"\xE2\x80\x9C", TOKEN_END, "text stands in straight quotes: 'text'"},
    {"\xE2\x80\x9D", TOKEN_END, "text stands in straight quotes: 'text'"},
    {"\xC2\xA0", TOKEN_END, "this is a no-break space: write a plain one"},
};

static const struct symbol *find_symbol(const char *text)
{
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
        if (strncmp(text, symbols[i].text, strlen(symbols[i].text)) == 0)
            return &symbols[i];
    return NULL;
}

static bool lex_symbol(const struct symbol *symbol, struct token *token,
                       struct weir_expr_fault *fault)
{
    token->kind = symbol->kind;
    token->length = strlen(symbol->text);
    if (symbol->cure == NULL)
        return true;
    return weir__fault(fault, token->offset, token->length, symbol->cure,
                       "'%s' has no meaning here", symbol->text[0] == '\xC2' ? " " : symbol->text);
}

static void lex_name(const char *text, struct token *token)
{
    size_t at = token->offset;
    token->kind = TOKEN_NAME;
    /* A typographic quote or space ends a name, so that it is seen for what it is. */
    while (in_name(text[at]) && ((unsigned char)text[at] < 0xC2 || find_symbol(text + at) == NULL))
        at++;
    token->length = at - token->offset;
}

bool weir__lex(const char *text, size_t offset, struct token *ret, struct weir_expr_fault *fault)
{
    while (text[offset] != '\0' && strchr(" \t\r\n", text[offset]) != NULL)
        offset++;
    const char *at = text + offset;
    *ret = (struct token){.kind = TOKEN_END, .offset = offset};
    if (*at == '\0')
        return true;
    if (isdigit((unsigned char)at[0]) || (at[0] == '.' && isdigit((unsigned char)at[1]))) {
        ret->kind = TOKEN_NUMBER;
        return lex_number(text, ret, fault);
    }
    if (*at == '\'' || *at == '"' || *at == '`') {
        ret->kind = *at == '\'' ? TOKEN_TEXT : TOKEN_QUOTED;
        return lex_quoted(text, ret, fault);
    }
    const struct symbol *symbol = find_symbol(at);
    if (symbol != NULL)
        return lex_symbol(symbol, ret, fault);
    if (begins_name(*at)) {
        lex_name(text, ret);
        return true;
    }
    if (isprint((unsigned char)*at))
        return weir__fault(fault, offset, 1, NULL, "'%c' has no meaning here", *at);
    return weir__fault(fault, offset, 1, NULL, "the byte 0x%02X has no meaning here",
                       (unsigned)(unsigned char)*at);
}
