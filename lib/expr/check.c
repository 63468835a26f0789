#include "expr/check.h"

#include <stdlib.h>

/* ---- columns ---- */

/* The columns that there are, as many as have room. */
static void list_columns(const struct weir_schema *schema, const char *before, char *to, size_t n)
{
    size_t used = (size_t)snprintf(to, n, "%s", before);
    for (uint32_t i = 0; i < schema->columns; i++) {
        const char *name = schema->column[i].name;
        if (used + strlen(name) + 8 > n) {
            snprintf(to + used, n - used, " ...");
            return;
        }
        used += (size_t)snprintf(to + used, n - used, "%s%s", i == 0 ? "" : ", ", name);
    }
}

static bool unknown_column(struct check *c, const struct term *term, const char *name)
{
    char note[sizeof(c->fault->note)] = "";
    const struct token *token = &term->token;
    int n = (int)(token->length > 80 ? 80 : token->length);
    const char *quote = token->kind == TOKEN_QUOTED ? "" : "'";
    const char *nearest = weir_schema_nearest(c->schema, name);
    if (c->text[token->offset] == '"' && nearest == NULL)
        snprintf(note, sizeof(note), "double quotes name a column; for the text write '%.60s'",
                 name);
    else if (c->text[token->offset] == '"')
        snprintf(note, sizeof(note), "did you mean \"%.60s\"? For the text write '%.60s'", nearest,
                 name);
    else if (nearest != NULL)
        snprintf(note, sizeof(note), "did you mean '%s'?", nearest);
    else if (weir__lex_is(c->text, token, "none") || weir__lex_is(c->text, token, "nil"))
        snprintf(note, sizeof(note), "write null; to compare with it: x is null");
    else if (weir__lex_is(c->text, token, "current_date") ||
             weir__lex_is(c->text, token, "current_timestamp"))
        weir__function_hint((struct text){name, (uint32_t)strlen(name)}, note, sizeof(note));
    else
        list_columns(c->schema, "text stands in single quotes. The columns are ", note,
                     sizeof(note));
    return weir__fault(c->fault, token->offset, token->length, note, "no column %s%.*s%s", quote, n,
                       c->text + token->offset, quote);
}

static bool note_column(struct check *c, uint32_t found)
{
    uint32_t *column = c->column;
    size_t n = c->columns;
    /* Capacity doubles at each power of two, so the count alone tells it. */
    if ((n & (n - 1)) == 0)
        column = realloc(column, (n == 0 ? 1 : 2 * n) * sizeof(*column));
    if (column == NULL)
        return false;
    c->column = column;
    column[c->columns++] = found;
    return true;
}

static bool check_column(struct check *c, struct term *term)
{
    struct text name = weir__token_text(c->text, &term->token, c->memory);
    if (name.data == NULL)
        return false;
    int found = weir_schema_find(c->schema, name.data);
    if (found < 0)
        return unknown_column(c, term, name.data);
    term->column = term->blame = found;
    term->type = c->schema->column[found].type;
    term->raw = type_shape(term->type) != SHAPE_TEXT;
    return note_column(c, (uint32_t)found);
}

/* ---- operators ---- */

static enum weir_type arithmetic_type(const struct term *term)
{
    enum weir_type a = term->child[0]->type, b = term->child[1]->type;
    if (a == WEIR_DOUBLE || b == WEIR_DOUBLE)
        return WEIR_DOUBLE;
    if (a == WEIR_INTEGER && b == WEIR_INTEGER && term->op != TOKEN_DIVIDE)
        return WEIR_INTEGER;
    return WEIR_DECIMAL;
}

static bool check_arithmetic(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    char who[8];
    if (is_moment(term->child[0]->type) || is_moment(term->child[1]->type))
        return weir__check_moment_arithmetic(c, slot);
    snprintf(who, sizeof(who), "'%c'", c->text[term->token.offset]);
    for (uint32_t i = 0; i < 2; i++)
        if (!weir__as_number(c, &term->child[i], who, term->op == TOKEN_PLUS))
            return false;
    term->type = arithmetic_type(term);
    bool divides = term->op == TOKEN_DIVIDE || term->op == TOKEN_MODULO;
    if (divides && term->child[1]->blame >= 0)
        term->blame = term->child[1]->blame;
    return true;
}

/* -9223372036854775808: without its sign it is a decimal. */
static bool check_minus(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    if (!weir__as_number(c, &term->child[0], "'-'", false))
        return false;
    term->type = term->child[0]->type;
    bool literal = is_constant(term->child[0]) && !term->child[0]->is_null;
    if (!weir__fold(c, slot))
        return false;
    if (literal && is_constant(*slot) && (*slot)->type == WEIR_DECIMAL &&
        (*slot)->vector.tag[0] == 0 && (*slot)->vector.narrow[0] == INT64_MIN)
        (*slot)->type = WEIR_INTEGER;
    return true;
}

static bool check_join(struct check *c, struct term *term)
{
    if (term->child[0]->type == WEIR_BOOLEAN && term->child[1]->type == WEIR_BOOLEAN)
        return weir__fault(c->fault, term->token.offset, term->token.length, "write or",
                           "'||' joins text");
    term->type = WEIR_TEXT;
    return weir__as_any_text(c, &term->child[0]) && weir__as_any_text(c, &term->child[1]);
}

/* ---- comparisons ---- */

static bool null_compared(struct check *c, struct term *at, struct term *const *child)
{
    char note[128];
    const struct term *other = weir__is_bare_null(child[0]) ? child[1] : child[0];
    int n;
    const char *source = weir__term_source(c, other, &n);
    snprintf(note, sizeof(note), "write %.*s is %snull", n, source,
             at->op == TOKEN_UNEQUAL ? "not " : "");
    return weir__fault(c->fault, at->offset, at->span, note,
                       "a comparison with null is never true");
}

static bool untyped_order(struct check *c, struct term *at, struct term *const *child)
{
    char note[sizeof(c->fault->note)];
    int n, m, o = (int)at->token.length;
    const char *a = weir__term_source(c, child[0], &n), *b = weir__term_source(c, child[1], &m);
    const char *op = c->text + at->token.offset;
    bool columns =
        at->kind == TERM_COMPARE && child[0]->kind == TERM_COLUMN && child[1]->kind == TERM_COLUMN;
    if (columns)
        snprintf(note, sizeof(note),
                 "write %.*s::decimal %.*s %.*s::decimal, or give csv.read types: {%.*s: decimal, "
                 "%.*s: decimal}",
                 n, a, o, op, m, b, n, a, m, b);
    else
        snprintf(note, sizeof(note), "write %.*s::decimal, or ::text where text is meant", n, a);
    return weir__fault(c->fault, at->offset, at->span, note,
                       "'%.*s' and '%.*s' are both untyped: as text, '9' > '10'", n, a, m, b);
}

/* What to read a term as that meets the other one. */
static const char *cure_type(const struct term *term, const struct term *other)
{
    if (term->type != WEIR_TEXT)
        return "text";
    return is_moment(other->type) ? weir_type_name(other->type) : "decimal";
}

static bool not_comparable(struct check *c, const struct term *const odd[2])
{
    char note[192];
    int n, m;
    const char *a = weir__term_source(c, odd[0], &n), *b = weir__term_source(c, odd[1], &m);
    const char *left = cure_type(odd[0], odd[1]), *right = cure_type(odd[1], odd[0]);
    snprintf(note, sizeof(note), "write %.*s::%s, or %.*s::%s", n, a, left, m, b, right);
    return weir__fault(c->fault, odd[1]->offset, odd[1]->span, note,
                       "%.*s is %s and %.*s is %s: they cannot be compared", n, a,
                       weir__type_noun(odd[0]->type), m, b, weir__type_noun(odd[1]->type));
}

/* The order of its text is not one of its values. */
static bool no_order(struct check *c, struct term *const *child, uint32_t n)
{
    char note[128];
    for (uint32_t i = 0; i < n; i++) {
        if (child[i]->type != WEIR_JSON)
            continue;
        int length;
        const char *source = weir__term_source(c, child[i], &length);
        snprintf(note, sizeof(note), "write %.*s::text to go by the order of the text", length,
                 source);
        return !weir__type_fault(c, child[i], note, "json has no order");
    }
    return false;
}

bool weir__check_comparable(struct check *c, struct term *at, struct term **slot, uint32_t n,
                            bool order)
{
    enum weir_type type;
    const struct term *odd[2];
    if (!weir__read_literals(c, slot, n))
        return false;
    if (!weir__common_type(slot, n, &type, odd))
        return not_comparable(c, odd);
    if (order && no_order(c, slot, n))
        return false;
    for (uint32_t i = 1; order && type == WEIR_UNTYPED && i < n; i++)
        if (!weir__is_bare_null(slot[0]) && !weir__is_bare_null(slot[i]))
            return untyped_order(c, at, (struct term *const[]){slot[0], slot[i]});
    return weir__convert_all(c, slot, n, type);
}

static bool check_compare(struct check *c, struct term *term)
{
    term->type = WEIR_BOOLEAN;
    if (weir__is_bare_null(term->child[0]) || weir__is_bare_null(term->child[1]))
        return null_compared(c, term, term->child);
    bool order = term->op != TOKEN_EQUAL && term->op != TOKEN_UNEQUAL;
    return weir__check_comparable(c, term, term->child, 2, order);
}

static bool check_distinct(struct check *c, struct term *term)
{
    term->type = WEIR_BOOLEAN;
    return weir__check_comparable(c, term, term->child, 2, false);
}

/* ---- like ---- */

static bool read_escape(struct check *c, const struct term *term, uint32_t *ret)
{
    *ret = UTF8_BROKEN;
    if (term->children < 3)
        return true;
    const struct term *given = term->child[2];
    struct text text = given->vector.text != NULL && is_constant(given) ? given->vector.text[0]
                                                                        : (struct text){NULL, 0};
    if (text.data == NULL || text.length == 0 ||
        weir__utf8_decode(text.data, text.length, ret) != text.length)
        return weir__fault(c->fault, given->offset, given->span, "x like '10!%' escape '!'",
                           "escape takes one character in quotes");
    return true;
}

static bool check_like(struct check *c, struct term *term)
{
    uint32_t escape;
    term->type = WEIR_BOOLEAN;
    if (!weir__as_text(c, &term->child[0], "like") || !weir__as_text(c, &term->child[1], "like") ||
        !read_escape(c, term, &escape))
        return false;
    bool constant = is_constant(term->child[1]) && !term->child[1]->is_null;
    struct text pattern = constant ? term->child[1]->vector.text[0] : (struct text){"", 0};
    term->like = weir__arena_alloc(c->memory, sizeof(*term->like));
    if (term->like == NULL)
        return false;
    *term->like = weir__like_make(pattern, escape, term->op != TOKEN_EQUAL);
    term->children = 2;
    return true;
}

/* ---- the tree ---- */

void weir__blame(struct term *term)
{
    for (uint32_t i = 0; i < term->children; i++) {
        int32_t blame = term->child[i]->blame;
        if (blame == BLAME_NONE || blame == term->blame)
            continue;
        term->blame = term->blame == BLAME_NONE ? blame : BLAME_SEVERAL;
    }
}

static bool check_conditions(struct check *c, struct term *term)
{
    term->type = WEIR_BOOLEAN;
    for (uint32_t i = 0; i < term->children; i++)
        if (!weir__as_condition(c, &term->child[i]))
            return false;
    return true;
}

/* Terms whose children are checked first and always reached. */
static bool check_plain(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    for (uint32_t i = 0; i < term->children; i++)
        if (!weir__check(c, &term->child[i]))
            return false;
    weir__blame(term);
    switch (term->kind) {
    case TERM_ARITHMETIC: return check_arithmetic(c, slot);
    case TERM_MINUS: return check_minus(c, slot);
    case TERM_JOIN: return check_join(c, term);
    case TERM_COMPARE: return check_compare(c, term);
    case TERM_DISTINCT: return check_distinct(c, term);
    case TERM_LIKE: return check_like(c, term);
    case TERM_IS_NULL: term->type = WEIR_BOOLEAN; return true;
    default: return check_conditions(c, term); /* not */
    }
}

/* and, or: what stands behind the first may not be reached. */
static bool check_chain(struct check *c, struct term *term)
{
    if (!weir__check(c, &term->child[0]))
        return false;
    for (uint32_t i = 1; i < term->children; i++)
        if (!weir__check_lazily(c, &term->child[i]))
            return false;
    weir__blame(term);
    return check_conditions(c, term);
}

static bool check_kind(struct check *c, struct term **slot)
{
    switch ((*slot)->kind) {
    case TERM_INTERVAL: return weir__check_interval(c, *slot);
    case TERM_ARITHMETIC:
        return weir__adds_interval(*slot) ? weir__check_interval_sum(c, slot)
                                          : check_plain(c, slot);
    case TERM_CONSTANT: return weir__check_literal(c, *slot);
    case TERM_COLUMN: return check_column(c, *slot);
    case TERM_AND:
    case TERM_OR: return check_chain(c, *slot);
    case TERM_CAST: return weir__check_cast(c, slot);
    case TERM_CASE: return weir__check_case(c, slot);
    case TERM_SWITCH: return weir__check_switch(c, slot);
    case TERM_BETWEEN: return weir__check_between(c, slot);
    case TERM_IN: return weir__check_in(c, slot);
    case TERM_CALL: return weir__check_call(c, slot);
    default: return check_plain(c, slot);
    }
}

bool weir__check(struct check *c, struct term **slot)
{
    return check_kind(c, slot) && weir__fold(c, slot);
}

bool weir__check_lazily(struct check *c, struct term **slot)
{
    c->lazy++;
    bool ok = weir__check(c, slot);
    c->lazy--;
    return ok;
}
