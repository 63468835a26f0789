#include "expr/parser.h"

#include <string.h>

static struct term *parse_unary(struct parser *p);

static struct term *negate(struct parser *p, struct term *term, struct token op, bool negated)
{
    return negated && term != NULL ? weir__parse_make(p, TERM_NOT, op, term->offset, 1, &term)
                                   : term;
}

/* ---- operators, from the tightest to the loosest ---- */

static struct term *parse_sign(struct parser *p)
{
    struct token token = p->token;
    if (!weir__parse_advance(p))
        return NULL;
    struct term *term = parse_unary(p);
    if (term == NULL || token.kind == TOKEN_PLUS)
        return term;
    return weir__parse_make(p, TERM_MINUS, token, token.offset, 1, &term);
}

static struct term *parse_unary(struct parser *p)
{
    struct term *term = NULL;
    if (p->token.kind != TOKEN_MINUS && p->token.kind != TOKEN_PLUS)
        return weir__parse_casts(p);
    if (++p->depth > DEPTH_MAX)
        weir__parse_too_deep(p, p->token.offset);
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
        if (!weir__parse_advance(p))
            return NULL;
        pair[1] = parse_arithmetic(p, binding(op.kind) + 1);
        if (pair[1] == NULL)
            return NULL;
        pair[0] = weir__parse_make(p, op.kind == TOKEN_JOIN ? TERM_JOIN : TERM_ARITHMETIC, op,
                                   pair[0]->offset, 2, pair);
    }
    return pair[0];
}

static struct term *parse_between(struct parser *p, struct term *x, struct token op)
{
    static const char form[] = "x between low and high";
    struct term *child[3] = {x, NULL, NULL};
    if (!weir__parse_advance(p) || (child[1] = parse_arithmetic(p, 1)) == NULL ||
        !weir__parse_expect_word(p, "and", form, "'and' is missing") ||
        (child[2] = parse_arithmetic(p, 1)) == NULL)
        return NULL;
    return weir__parse_make(p, TERM_BETWEEN, op, x->offset, 3, child);
}

static struct term *parse_in(struct parser *p, struct term *x, struct token op)
{
    static const char form[] = "write x in ('a', 'b')";
    struct term_list list = {0};
    if (!weir__parse_list_add(p, &list, x) || !weir__parse_advance(p) ||
        !weir__parse_expect(p, TOKEN_OPEN, form, "'(' is missing"))
        return NULL;
    if (p->token.kind == TOKEN_CLOSE)
        return weir__parse_fail(p, form, "the list is empty");
    if (!weir__parse_items(p, &list))
        return NULL;
    return weir__parse_make_list(p, TERM_IN, op, x->offset, &list);
}

static struct term *parse_like(struct parser *p, struct term *x, struct token op)
{
    struct term *child[3] = {x, NULL, NULL};
    bool escape;
    if (!weir__parse_advance(p) || (child[1] = parse_arithmetic(p, 1)) == NULL ||
        !weir__parse_take_word(p, "escape", &escape))
        return NULL;
    if (escape && (child[2] = parse_arithmetic(p, 1)) == NULL)
        return NULL;
    struct term *term = weir__parse_make(p, TERM_LIKE, op, x->offset, escape ? 3 : 2, child);
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
    if (x == NULL || !weir__parse_take_word(p, "not", &negated))
        return NULL;
    if (weir__parse_at_word(p, "between"))
        return negate(p, parse_between(p, x, p->token), op, negated);
    if (weir__parse_at_word(p, "in"))
        return negate(p, parse_in(p, x, p->token), op, negated);
    if (weir__parse_at_word(p, "like") || weir__parse_at_word(p, "ilike"))
        return negate(p, parse_like(p, x, p->token), op, negated);
    return negated ? weir__parse_fail(p, NULL, "in, like or between is missing after not") : x;
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
    if (!weir__parse_advance(p) || (pair[1] = parse_range(p)) == NULL)
        return NULL;
    if (is_comparison(p->token.kind)) {
        weir__fault(p->fault, p->token.offset, p->token.length, "write a < b and b < c",
                    "comparisons cannot be chained");
        return NULL;
    }
    return weir__parse_make(p, TERM_COMPARE, op, pair[0]->offset, 2, pair);
}

static struct term *parse_distinct(struct parser *p, struct term *x, struct token op)
{
    static const char form[] = "x is distinct from y";
    struct term *pair[2] = {x, NULL};
    if (!weir__parse_advance(p) || !weir__parse_expect_word(p, "from", form, "'from' is missing") ||
        (pair[1] = parse_range(p)) == NULL)
        return NULL;
    return weir__parse_make(p, TERM_DISTINCT, op, x->offset, 2, pair);
}

/* What follows `is [not]`. x is true: x is not distinct from true. */
static struct term *parse_is(struct parser *p, struct term *x, struct token op)
{
    struct term *pair[2] = {x, NULL};
    bool negated;
    if (!weir__parse_advance(p) || !weir__parse_take_word(p, "not", &negated))
        return NULL;
    if (weir__parse_at_word(p, "distinct"))
        return negate(p, parse_distinct(p, x, op), op, negated);
    if (weir__parse_at_word(p, "null"))
        return weir__parse_advance(p)
                   ? negate(p, weir__parse_make(p, TERM_IS_NULL, op, x->offset, 1, &x), op, negated)
                   : NULL;
    if (!weir__parse_at_word(p, "true") && !weir__parse_at_word(p, "false")) {
        weir__fault(p->fault, op.offset, op.length,
                    "to compare write =", "after 'is' comes null, true, false or distinct from");
        return NULL;
    }
    if ((pair[1] = weir__parse_leaf(p, TERM_CONSTANT)) == NULL)
        return NULL;
    return negate(p, weir__parse_make(p, TERM_DISTINCT, op, x->offset, 2, pair), op, !negated);
}

static struct term *parse_test(struct parser *p)
{
    struct term *x = parse_comparison(p);
    while (x != NULL && weir__parse_at_word(p, "is"))
        x = parse_is(p, x, p->token);
    return x;
}

static struct term *parse_not(struct parser *p)
{
    struct token token = p->token;
    struct term *x;
    if (!weir__parse_at_word(p, "not"))
        return parse_test(p);
    if (++p->depth > DEPTH_MAX && weir__parse_too_deep(p, token.offset))
        return NULL;
    if (!weir__parse_advance(p) || (x = parse_not(p)) == NULL)
        return NULL;
    p->depth--;
    return weir__parse_make(p, TERM_NOT, token, token.offset, 1, &x);
}

/* a and b and c is one term with three children, so that a long chain is not a deep tree. */
static struct term *parse_chain(struct parser *p, const char *word, enum term_kind kind,
                                struct term *(*parse)(struct parser *p))
{
    struct term *first = parse(p);
    struct token op = p->token;
    struct term_list list = {0};
    if (first == NULL || !weir__parse_at_word(p, word))
        return first;
    weir__parse_list_add(p, &list, first);
    while (weir__parse_at_word(p, word))
        if (!weir__parse_advance(p) || !weir__parse_list_add(p, &list, parse(p)))
            return NULL;
    return weir__parse_make_list(p, kind, op, first->offset, &list);
}

static struct term *parse_and(struct parser *p)
{
    return parse_chain(p, "and", TERM_AND, parse_not);
}

struct term *weir__parse_any(struct parser *p)
{
    struct term *term = NULL;
    if (++p->depth > DEPTH_MAX)
        weir__parse_too_deep(p, p->token.offset);
    else
        term = parse_chain(p, "or", TERM_OR, parse_and);
    p->depth--;
    return term;
}

/* ---- the whole ---- */

static struct term *left_over(struct parser *p)
{
    if (weir__parse_at_word(p, "if"))
        return weir__parse_fail(p, "write if(condition, a, b)", "an operator is missing");
    if (weir__parse_at_word(p, "as"))
        return weir__parse_fail(p, "the column's name is the key: set: {name: expression}",
                                "the expression has ended");
    if (weir__parse_at_word(p, "at"))
        return weir__parse_fail(p, "from_utc(x, zone) and to_utc(x, zone) know time zones",
                                "an operator is missing");
    if (p->token.kind == TOKEN_CLOSE)
        return weir__parse_fail(p, NULL, "'(' is missing");
    return weir__parse_fail(p, NULL, "an operator is missing");
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
    struct term *term = weir__parse_any(&p);
    return term == NULL || p.token.kind == TOKEN_END ? term : left_over(&p);
}
