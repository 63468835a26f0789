#include "expr/parse.h"

#include <string.h>

#define DEPTH_MAX 200 /* of parentheses and the like: parsing them recurses */

struct parser {
    const char *text;
    struct token token; /* the next one, not yet taken */
    size_t end;         /* of the last one taken */
    int depth;
    struct arena *memory;
    struct weir_expr_fault *fault;
};

static struct term *parse_any(struct parser *p);
static struct term *parse_unary(struct parser *p);

/* ---- tokens ---- */

static bool advance(struct parser *p)
{
    p->end = p->token.offset + p->token.length;
    return weir__lex(p->text, p->end, &p->token, p->fault);
}

static bool at_word(const struct parser *p, const char *word)
{
    return weir__lex_is(p->text, &p->token, word);
}

/* Takes the word if it is next. */
static bool take_word(struct parser *p, const char *word, bool *ret_taken)
{
    *ret_taken = at_word(p, word);
    return *ret_taken ? advance(p) : true;
}

static bool is_reserved(const struct parser *p)
{
    static const char *const words[] = {"and",  "or",   "not",  "in",   "is",   "like", "ilike",
                                        "case", "when", "then", "else", "end",  "between"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (at_word(p, words[i]))
            return true;
    return false;
}

static void *fail(struct parser *p, const char *note, const char *what)
{
    int n = (int)(p->token.length > 60 ? 60 : p->token.length);
    if (p->token.kind == TOKEN_END)
        weir__fault(p->fault, p->token.offset, 1, note, "the expression ends too early: %s", what);
    else
        weir__fault(p->fault, p->token.offset, p->token.length, note, "%s before '%.*s'", what, n,
                    p->text + p->token.offset);
    return NULL;
}

static bool expect(struct parser *p, enum token_kind kind, const char *note, const char *what)
{
    if (p->token.kind == kind)
        return advance(p);
    fail(p, note, what);
    return false;
}

static bool expect_word(struct parser *p, const char *word, const char *note, const char *what)
{
    if (at_word(p, word))
        return advance(p);
    fail(p, note, what);
    return false;
}

struct text weir__token_text(const char *text, const struct token *token, struct arena *memory)
{
    bool quoted = token->kind == TOKEN_TEXT || token->kind == TOKEN_QUOTED;
    const char *from = text + token->offset + quoted;
    size_t n = token->length - (quoted ? 2 : 0), used = 0;
    char *to = weir__arena_alloc(memory, n + 1);
    if (to == NULL)
        return (struct text){NULL, 0};
    for (size_t i = 0; i < n; i++) {
        to[used++] = from[i];
        if (quoted && from[i] == from[-1] && i + 1 < n)
            i++;
    }
    to[used] = '\0';
    return (struct text){to, (uint32_t)used};
}

/* ---- terms ---- */

struct term *weir__term_new(struct arena *memory, enum term_kind kind, uint32_t children)
{
    struct term *term = weir__arena_zeroed(memory, sizeof(*term));
    if (term == NULL)
        return NULL;
    term->child = weir__arena_zeroed(memory, (children + 1) * sizeof(struct term *));
    if (term->child == NULL)
        return NULL;
    term->kind = kind;
    term->children = children;
    term->column = -1;
    term->blame = BLAME_NONE;
    return term;
}

static bool too_deep(struct parser *p, size_t offset)
{
    weir__fault(p->fault, offset, 1, "compute a part of it in a column of its own (set)",
                "the expression is nested too deeply");
    return true;
}

/* The term from offset to the last token taken, over its children. */
static struct term *finish(struct parser *p, struct term *term, size_t offset)
{
    if (term == NULL)
        return NULL;
    term->offset = offset;
    term->span = p->end - offset;
    for (uint32_t i = 0; i < term->children; i++)
        if (term->height <= term->child[i]->height)
            term->height = (uint16_t)(term->child[i]->height + 1);
    return term->height > TERM_HEIGHT_MAX && too_deep(p, offset) ? NULL : term;
}

static struct term *make(struct parser *p, enum term_kind kind, struct token op, size_t offset,
                         uint32_t n, struct term *const *child)
{
    struct term *term = weir__term_new(p->memory, kind, n);
    if (term == NULL)
        return NULL;
    if (n > 0)
        memcpy(term->child, child, n * sizeof(*child));
    term->op = op.kind;
    term->token = op;
    return finish(p, term, offset);
}

static struct term *negate(struct parser *p, struct term *term, struct token op, bool negated)
{
    return negated && term != NULL ? make(p, TERM_NOT, op, term->offset, 1, &term) : term;
}

/* A growing list of terms, before their number is known. */
struct list {
    struct term **item;
    uint32_t count;
};

static bool list_add(struct parser *p, struct list *list, struct term *term)
{
    uint32_t n = list->count;
    if (term == NULL)
        return false;
    /* Capacity doubles at each power of two, so the count alone tells it. */
    if ((n & (n - 1)) == 0) {
        struct term **item = weir__arena_alloc(p->memory, (n == 0 ? 1 : 2 * n) * sizeof(*item));
        if (item == NULL)
            return false;
        if (n > 0)
            memcpy(item, list->item, n * sizeof(*item));
        list->item = item;
    }
    list->item[list->count++] = term;
    return true;
}

static struct term *make_list(struct parser *p, enum term_kind kind, struct token op, size_t offset,
                              const struct list *list)
{
    return make(p, kind, op, offset, list->count, list->item);
}

/* item, item ... ) with the opening parenthesis taken. */
static bool parse_items(struct parser *p, struct list *list)
{
    for (;;) {
        if (!list_add(p, list, parse_any(p)))
            return false;
        if (p->token.kind != TOKEN_COMMA)
            break;
        if (!advance(p))
            return false;
    }
    return expect(p, TOKEN_CLOSE, NULL, "')' is missing");
}

/* ---- primaries ---- */

static struct term *parse_leaf(struct parser *p, enum term_kind kind)
{
    struct token token = p->token;
    return advance(p) ? make(p, kind, token, token.offset, 0, NULL) : NULL;
}

static struct term *parse_case(struct parser *p)
{
    struct token token = p->token;
    struct list list = {0};
    bool taken, with_value;
    if (!advance(p))
        return NULL;
    with_value = !at_word(p, "when");
    if (with_value && !list_add(p, &list, parse_any(p)))
        return NULL;
    if (!at_word(p, "when"))
        return fail(p, "case when condition then value else value end", "'when' is missing");
    while (at_word(p, "when")) {
        if (!advance(p) || !list_add(p, &list, parse_any(p)) ||
            !expect_word(p, "then", "case when condition then value else value end",
                         "'then' is missing") ||
            !list_add(p, &list, parse_any(p)))
            return NULL;
    }
    if (!take_word(p, "else", &taken) || (taken && !list_add(p, &list, parse_any(p))) ||
        !expect_word(p, "end", "a case is closed by end", "'end' is missing"))
        return NULL;
    return make_list(p, with_value ? TERM_SWITCH : TERM_CASE, token, token.offset, &list);
}

/* Type names may have a precision: decimal(10, 2). The term's token is the type's name. */
static bool parse_type(struct parser *p, struct term *cast)
{
    struct term *number[2] = {NULL, NULL};
    if (p->token.kind != TOKEN_NAME) {
        fail(p, "text, integer, decimal, double or boolean", "a type is missing");
        return false;
    }
    cast->token = p->token;
    if (!advance(p))
        return false;
    if (p->token.kind != TOKEN_OPEN)
        return true;
    if (!advance(p))
        return false;
    for (int i = 0; i < 2; i++) {
        if (p->token.kind != TOKEN_NUMBER) {
            fail(p, "decimal(precision, scale), as in decimal(10, 2)", "a number is missing");
            return false;
        }
        number[i] = parse_leaf(p, TERM_CONSTANT);
        if (number[i] == NULL || p->token.kind != TOKEN_COMMA)
            break;
        if (!advance(p))
            return false;
    }
    for (uint32_t i = 0; i < 2 && number[i] != NULL; i++) {
        cast->child[1 + i] = number[i];
        cast->children = 2 + i;
    }
    return number[0] != NULL && expect(p, TOKEN_CLOSE, NULL, "')' is missing");
}

/* x::type and cast(x as type): a TERM_CAST with room for precision and scale as second and third child. */
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
    if (!advance(p) || !expect(p, TOKEN_OPEN, form, "'(' is missing"))
        return NULL;
    struct term *cast = new_cast(p, parse_any(p));
    if (cast == NULL || !expect_word(p, "as", form, "'as' is missing") || !parse_type(p, cast) ||
        !expect(p, TOKEN_CLOSE, form, "')' is missing"))
        return NULL;
    return finish(p, cast, offset);
}

static struct term *parse_call(struct parser *p)
{
    struct token name = p->token;
    struct list list = {0};
    if (!advance(p) || !advance(p)) /* the name and the parenthesis, which has been seen */
        return NULL;
    if (p->token.kind == TOKEN_CLOSE)
        return advance(p) ? make(p, TERM_CALL, name, name.offset, 0, NULL) : NULL;
    if (!parse_items(p, &list))
        return NULL;
    return make_list(p, TERM_CALL, name, name.offset, &list);
}

static bool call_follows(const struct parser *p)
{
    const char *at = p->text + p->token.offset + p->token.length;
    return *(at + strspn(at, " \t\r\n")) == '(';
}

static struct term *parse_word(struct parser *p)
{
    if (at_word(p, "case"))
        return parse_case(p);
    if (at_word(p, "null") || at_word(p, "true") || at_word(p, "false"))
        return parse_leaf(p, TERM_CONSTANT);
    if (is_reserved(p))
        return fail(p, "a column of that name is written in double quotes", "a value is missing");
    if (at_word(p, "cast") && call_follows(p))
        return parse_cast_call(p);
    return call_follows(p) ? parse_call(p) : parse_leaf(p, TERM_COLUMN);
}

static struct term *parse_parentheses(struct parser *p)
{
    size_t offset = p->token.offset;
    if (!advance(p))
        return NULL;
    struct term *term = parse_any(p);
    if (term == NULL)
        return NULL;
    if (p->token.kind == TOKEN_COMMA)
        return fail(p, "a list stands only after in", "')' is missing");
    if (!expect(p, TOKEN_CLOSE, NULL, "')' is missing"))
        return NULL;
    term->offset = offset;
    term->span = p->end - offset;
    return term;
}

static struct term *parse_primary(struct parser *p)
{
    switch (p->token.kind) {
    case TOKEN_NUMBER:
    case TOKEN_TEXT: return parse_leaf(p, TERM_CONSTANT);
    case TOKEN_QUOTED: return parse_leaf(p, TERM_COLUMN);
    case TOKEN_NAME: return parse_word(p);
    case TOKEN_OPEN: return parse_parentheses(p);
    default: return fail(p, NULL, "a value is missing");
    }
}

static struct term *parse_casts(struct parser *p)
{
    struct term *term = parse_primary(p);
    while (term != NULL && p->token.kind == TOKEN_CAST) {
        struct term *cast = new_cast(p, term);
        if (cast == NULL || !advance(p) || !parse_type(p, cast))
            return NULL;
        term = finish(p, cast, term->offset);
    }
    return term;
}

/* ---- operators, from the tightest to the loosest ---- */

static struct term *parse_sign(struct parser *p)
{
    struct token token = p->token;
    if (!advance(p))
        return NULL;
    struct term *term = parse_unary(p);
    if (term == NULL || token.kind == TOKEN_PLUS)
        return term;
    return make(p, TERM_MINUS, token, token.offset, 1, &term);
}

static struct term *parse_unary(struct parser *p)
{
    struct term *term = NULL;
    if (p->token.kind != TOKEN_MINUS && p->token.kind != TOKEN_PLUS)
        return parse_casts(p);
    if (++p->depth > DEPTH_MAX)
        too_deep(p, p->token.offset);
    else
        term = parse_sign(p);
    p->depth--;
    return term;
}

static int binding(enum token_kind kind)
{
    switch (kind) {
    case TOKEN_TIMES:
    case TOKEN_DIVIDE:
    case TOKEN_MODULO: return 3;
    case TOKEN_PLUS:
    case TOKEN_MINUS: return 2;
    case TOKEN_JOIN: return 1;
    default: return 0;
    }
}

/* || + - * / %, by precedence climbing. */
static struct term *parse_arithmetic(struct parser *p, int least)
{
    struct term *pair[2] = {parse_unary(p), NULL};
    while (pair[0] != NULL && binding(p->token.kind) >= least) {
        struct token op = p->token;
        if (!advance(p))
            return NULL;
        pair[1] = parse_arithmetic(p, binding(op.kind) + 1);
        if (pair[1] == NULL)
            return NULL;
        pair[0] = make(p, op.kind == TOKEN_JOIN ? TERM_JOIN : TERM_ARITHMETIC, op, pair[0]->offset,
                       2, pair);
    }
    return pair[0];
}

static struct term *parse_between(struct parser *p, struct term *x, struct token op)
{
    static const char form[] = "x between low and high";
    struct term *child[3] = {x, NULL, NULL};
    if (!advance(p) || (child[1] = parse_arithmetic(p, 1)) == NULL ||
        !expect_word(p, "and", form, "'and' is missing") ||
        (child[2] = parse_arithmetic(p, 1)) == NULL)
        return NULL;
    return make(p, TERM_BETWEEN, op, x->offset, 3, child);
}

static struct term *parse_in(struct parser *p, struct term *x, struct token op)
{
    static const char form[] = "write x in ('a', 'b')";
    struct list list = {0};
    if (!list_add(p, &list, x) || !advance(p) || !expect(p, TOKEN_OPEN, form, "'(' is missing"))
        return NULL;
    if (p->token.kind == TOKEN_CLOSE)
        return fail(p, form, "the list is empty");
    if (!parse_items(p, &list))
        return NULL;
    return make_list(p, TERM_IN, op, x->offset, &list);
}

static struct term *parse_like(struct parser *p, struct term *x, struct token op)
{
    struct term *child[3] = {x, NULL, NULL};
    bool escape;
    if (!advance(p) || (child[1] = parse_arithmetic(p, 1)) == NULL ||
        !take_word(p, "escape", &escape))
        return NULL;
    if (escape && (child[2] = parse_arithmetic(p, 1)) == NULL)
        return NULL;
    struct term *term = make(p, TERM_LIKE, op, x->offset, escape ? 3 : 2, child);
    if (term != NULL && weir__lex_is(p->text, &op, "like"))
        term->op = TOKEN_EQUAL;
    return term;
}

/* between, in, like and ilike, each with not before it or without. */
static struct term *parse_range(struct parser *p)
{
    struct term *x = parse_arithmetic(p, 1);
    struct token op = p->token;
    bool negated;
    if (x == NULL || !take_word(p, "not", &negated))
        return NULL;
    if (at_word(p, "between"))
        return negate(p, parse_between(p, x, p->token), op, negated);
    if (at_word(p, "in"))
        return negate(p, parse_in(p, x, p->token), op, negated);
    if (at_word(p, "like") || at_word(p, "ilike"))
        return negate(p, parse_like(p, x, p->token), op, negated);
    return negated ? fail(p, NULL, "in, like or between is missing after not") : x;
}

static bool is_comparison(enum token_kind kind)
{
    return kind >= TOKEN_EQUAL && kind <= TOKEN_GREATER_EQUAL;
}

static struct term *parse_comparison(struct parser *p)
{
    struct term *pair[2] = {parse_range(p), NULL};
    struct token op = p->token;
    if (pair[0] == NULL || !is_comparison(op.kind))
        return pair[0];
    if (!advance(p) || (pair[1] = parse_range(p)) == NULL)
        return NULL;
    if (is_comparison(p->token.kind)) {
        weir__fault(p->fault, p->token.offset, p->token.length, "write a < b and b < c",
                    "comparisons cannot be chained");
        return NULL;
    }
    return make(p, TERM_COMPARE, op, pair[0]->offset, 2, pair);
}

static struct term *parse_distinct(struct parser *p, struct term *x, struct token op)
{
    static const char form[] = "x is distinct from y";
    struct term *pair[2] = {x, NULL};
    if (!advance(p) || !expect_word(p, "from", form, "'from' is missing") ||
        (pair[1] = parse_range(p)) == NULL)
        return NULL;
    return make(p, TERM_DISTINCT, op, x->offset, 2, pair);
}

/* What follows `is [not]`. x is true: x is not distinct from true. */
static struct term *parse_is(struct parser *p, struct term *x, struct token op)
{
    struct term *pair[2] = {x, NULL};
    bool negated;
    if (!advance(p) || !take_word(p, "not", &negated))
        return NULL;
    if (at_word(p, "distinct"))
        return negate(p, parse_distinct(p, x, op), op, negated);
    if (at_word(p, "null"))
        return advance(p) ? negate(p, make(p, TERM_IS_NULL, op, x->offset, 1, &x), op, negated)
                          : NULL;
    if (!at_word(p, "true") && !at_word(p, "false")) {
        weir__fault(p->fault, op.offset, op.length, "to compare write =",
                    "after 'is' comes null, true, false or distinct from");
        return NULL;
    }
    if ((pair[1] = parse_leaf(p, TERM_CONSTANT)) == NULL)
        return NULL;
    return negate(p, make(p, TERM_DISTINCT, op, x->offset, 2, pair), op, !negated);
}

static struct term *parse_test(struct parser *p)
{
    struct term *x = parse_comparison(p);
    while (x != NULL && at_word(p, "is"))
        x = parse_is(p, x, p->token);
    return x;
}

static struct term *parse_not(struct parser *p)
{
    struct token token = p->token;
    struct term *x;
    if (!at_word(p, "not"))
        return parse_test(p);
    if (++p->depth > DEPTH_MAX && too_deep(p, token.offset))
        return NULL;
    if (!advance(p) || (x = parse_not(p)) == NULL)
        return NULL;
    p->depth--;
    return make(p, TERM_NOT, token, token.offset, 1, &x);
}

/* a and b and c is one term with three children, so that a long chain is not a deep tree. */
static struct term *parse_chain(struct parser *p, const char *word, enum term_kind kind,
                                struct term *(*parse)(struct parser *p))
{
    struct term *first = parse(p);
    struct token op = p->token;
    struct list list = {0};
    if (first == NULL || !at_word(p, word))
        return first;
    list_add(p, &list, first);
    while (at_word(p, word))
        if (!advance(p) || !list_add(p, &list, parse(p)))
            return NULL;
    return make_list(p, kind, op, first->offset, &list);
}

static struct term *parse_and(struct parser *p)
{
    return parse_chain(p, "and", TERM_AND, parse_not);
}

static struct term *parse_any(struct parser *p)
{
    struct term *term = NULL;
    if (++p->depth > DEPTH_MAX)
        too_deep(p, p->token.offset);
    else
        term = parse_chain(p, "or", TERM_OR, parse_and);
    p->depth--;
    return term;
}

/* ---- the whole ---- */

static struct term *left_over(struct parser *p)
{
    if (at_word(p, "if"))
        return fail(p, "write if(condition, a, b)", "an operator is missing");
    if (at_word(p, "as"))
        return fail(p, "the column's name is the key: set: {name: expression}",
                    "the expression has ended");
    if (p->token.kind == TOKEN_CLOSE)
        return fail(p, NULL, "'(' is missing");
    return fail(p, NULL, "an operator is missing");
}

struct term *weir__parse(const char *text, struct arena *memory, struct weir_expr_fault *fault)
{
    struct parser p = {.text = text, .memory = memory, .fault = fault};
    fault->text[0] = '\0';
    if (strnlen(text, WEIR_EXPR_MAX_BYTES + 1) > WEIR_EXPR_MAX_BYTES) {
        weir__fault(fault, 0, 1, NULL, "the expression is longer than 1 MiB");
        return NULL;
    }
    if (!weir__lex(text, 0, &p.token, fault))
        return NULL;
    if (p.token.kind == TOKEN_END) {
        weir__fault(fault, 0, 1, NULL, "the expression is empty");
        return NULL;
    }
    struct term *term = parse_any(&p);
    return term == NULL || p.token.kind == TOKEN_END ? term : left_over(&p);
}
