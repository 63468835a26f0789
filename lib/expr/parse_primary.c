#include "expr/parser.h"

#include <string.h>

static bool is_reserved(const struct parser *p)
{
    static const char *const words[] = {"and",  "or",   "not",  "in",   "is",  "like",   "ilike",
                                        "case", "when", "then", "else", "end", "between"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (weir__parse_at_word(p, words[i]))
            return true;
    return false;
}

/* item, item ... ) with the opening parenthesis taken. */
bool weir__parse_items(struct parser *p, struct term_list *list)
{
    for (;;) {
        if (!weir__parse_list_add(p, list, weir__parse_any(p)))
            return false;
        if (p->token.kind != TOKEN_COMMA)
            break;
        if (!weir__parse_advance(p))
            return false;
    }
    return weir__parse_expect(p, TOKEN_CLOSE, NULL, "')' is missing");
}

struct term *weir__parse_leaf(struct parser *p, enum term_kind kind)
{
    struct token token = p->token;
    return weir__parse_advance(p) ? weir__parse_make(p, kind, token, token.offset, 0, NULL) : NULL;
}

static struct term *parse_primary(struct parser *p);

static struct term *parse_case(struct parser *p)
{
    struct token token = p->token;
    struct term_list list = {0};
    bool taken, with_value;
    if (!weir__parse_advance(p))
        return NULL;
    with_value = !weir__parse_at_word(p, "when");
    if (with_value && !weir__parse_list_add(p, &list, weir__parse_any(p)))
        return NULL;
    if (!weir__parse_at_word(p, "when"))
        return weir__parse_fail(p, "case when condition then value else value end",
                                "'when' is missing");
    while (weir__parse_at_word(p, "when")) {
        if (!weir__parse_advance(p) || !weir__parse_list_add(p, &list, weir__parse_any(p)) ||
            !weir__parse_expect_word(p, "then", "case when condition then value else value end",
                                     "'then' is missing") ||
            !weir__parse_list_add(p, &list, weir__parse_any(p)))
            return NULL;
    }
    if (!weir__parse_take_word(p, "else", &taken) ||
        (taken && !weir__parse_list_add(p, &list, weir__parse_any(p))) ||
        !weir__parse_expect_word(p, "end", "a case is closed by end", "'end' is missing"))
        return NULL;
    return weir__parse_make_list(p, with_value ? TERM_SWITCH : TERM_CASE, token, token.offset,
                                 &list);
}

/* Type names may have a precision: decimal(10, 2). The term's token is the type's name. */
static bool parse_type(struct parser *p, struct term *cast)
{
    struct term *number[2] = {NULL, NULL};
    if (p->token.kind != TOKEN_NAME) {
        weir__parse_fail(p, "text, integer, decimal, double or boolean", "a type is missing");
        return false;
    }
    cast->token = p->token;
    if (!weir__parse_advance(p))
        return false;
    if (p->token.kind != TOKEN_OPEN)
        return true;
    if (!weir__parse_advance(p))
        return false;
    for (int i = 0; i < 2; i++) {
        if (p->token.kind != TOKEN_NUMBER) {
            weir__parse_fail(p, "decimal(precision, scale), as in decimal(10, 2)",
                             "a number is missing");
            return false;
        }
        number[i] = weir__parse_leaf(p, TERM_CONSTANT);
        if (number[i] == NULL || p->token.kind != TOKEN_COMMA)
            break;
        if (!weir__parse_advance(p))
            return false;
    }
    for (uint32_t i = 0; i < 2 && number[i] != NULL; i++) {
        cast->child[1 + i] = number[i];
        cast->children = 2 + i;
    }
    return number[0] != NULL && weir__parse_expect(p, TOKEN_CLOSE, NULL, "')' is missing");
}

/* x::type and cast(x as type): a TERM_CAST with room for precision and scale as second and third
 * child. */
static struct term *new_cast(struct parser *p, struct term *x)
{
    struct term *cast = x == NULL ? NULL : weir__term_new(p->memory, TERM_CAST, 3);
    if (cast == NULL)
        return NULL;
    cast->children = 1;
    cast->child[0] = x;
    return cast;
}

static struct term *parse_cast_call(struct parser *p)
{
    static const char form[] = "cast(x as type), or x::type";
    size_t offset = p->token.offset;
    if (!weir__parse_advance(p) || !weir__parse_expect(p, TOKEN_OPEN, form, "'(' is missing"))
        return NULL;
    struct term *cast = new_cast(p, weir__parse_any(p));
    if (cast == NULL || !weir__parse_expect_word(p, "as", form, "'as' is missing") ||
        !parse_type(p, cast) || !weir__parse_expect(p, TOKEN_CLOSE, form, "')' is missing"))
        return NULL;
    return weir__parse_finish(p, cast, offset);
}

static struct term *parse_call(struct parser *p)
{
    struct token name = p->token;
    struct term_list list = {0};
    if (!weir__parse_advance(p) ||
        !weir__parse_advance(p)) /* the name and the parenthesis, which has been seen */
        return NULL;
    if (p->token.kind == TOKEN_CLOSE)
        return weir__parse_advance(p) ? weir__parse_make(p, TERM_CALL, name, name.offset, 0, NULL)
                                      : NULL;
    if (!weir__parse_items(p, &list))
        return NULL;
    return weir__parse_make_list(p, TERM_CALL, name, name.offset, &list);
}

static char character_behind(const struct parser *p)
{
    const char *at = p->text + p->token.offset + p->token.length;
    return at[strspn(at, " \t\r\n")];
}

/* date '2026-01-31': a cast. */
static struct term *parse_moment(struct parser *p)
{
    struct token type = p->token;
    if (!weir__parse_advance(p))
        return NULL;
    struct term *cast = new_cast(p, weir__parse_leaf(p, TERM_CONSTANT));
    if (cast == NULL)
        return NULL;
    cast->token = type;
    return weir__parse_finish(p, cast, type.offset);
}

/* interval 3 day, interval (n + 1) day, interval '3 days'. */
static struct term *parse_interval(struct parser *p)
{
    struct token word = p->token, unit;
    if (!weir__parse_advance(p))
        return NULL;
    unit = p->token;
    bool is_whole =
        unit.kind == TOKEN_TEXT && memchr(p->text + unit.offset, ' ', unit.length) != NULL;
    struct term *count = parse_primary(p);
    if (count == NULL)
        return NULL;
    if (!is_whole) {
        if (p->token.kind != TOKEN_NAME)
            return weir__parse_fail(p, "interval 3 day", "a unit is missing");
        unit = p->token;
        if (!weir__parse_advance(p))
            return NULL;
    }
    return weir__parse_make(p, TERM_INTERVAL, unit, word.offset, 1, &count);
}

static struct term *parse_word(struct parser *p)
{
    char next = character_behind(p);
    if (next == '\'' && (weir__parse_at_word(p, "date") || weir__parse_at_word(p, "timestamp")))
        return parse_moment(p);
    if (weir__parse_at_word(p, "interval") &&
        (next == '\'' || next == '(' || next == '.' || (next >= '0' && next <= '9')))
        return parse_interval(p);
    if (weir__parse_at_word(p, "case"))
        return parse_case(p);
    if (weir__parse_at_word(p, "null") || weir__parse_at_word(p, "true") ||
        weir__parse_at_word(p, "false"))
        return weir__parse_leaf(p, TERM_CONSTANT);
    if (is_reserved(p))
        return weir__parse_fail(p, "a column of that name is written in double quotes",
                                "a value is missing");
    if (weir__parse_at_word(p, "cast") && next == '(')
        return parse_cast_call(p);
    return next == '(' ? parse_call(p) : weir__parse_leaf(p, TERM_COLUMN);
}

static struct term *parse_parentheses(struct parser *p)
{
    size_t offset = p->token.offset;
    if (!weir__parse_advance(p))
        return NULL;
    struct term *term = weir__parse_any(p);
    if (term == NULL)
        return NULL;
    if (p->token.kind == TOKEN_COMMA)
        return weir__parse_fail(p, "a list stands only after in", "')' is missing");
    if (!weir__parse_expect(p, TOKEN_CLOSE, NULL, "')' is missing"))
        return NULL;
    term->offset = offset;
    term->span = p->end - offset;
    return term;
}

static struct term *parse_primary(struct parser *p)
{
    switch (p->token.kind) {
    case TOKEN_NUMBER:
    case TOKEN_TEXT: return weir__parse_leaf(p, TERM_CONSTANT);
    case TOKEN_QUOTED: return weir__parse_leaf(p, TERM_COLUMN);
    case TOKEN_NAME: return parse_word(p);
    case TOKEN_OPEN: return parse_parentheses(p);
    default: return weir__parse_fail(p, NULL, "a value is missing");
    }
}

struct term *weir__parse_casts(struct parser *p)
{
    struct term *term = parse_primary(p);
    while (term != NULL && p->token.kind == TOKEN_CAST) {
        struct term *cast = new_cast(p, term);
        if (cast == NULL || !weir__parse_advance(p) || !parse_type(p, cast))
            return NULL;
        term = weir__parse_finish(p, cast, term->offset);
    }
    return term;
}
