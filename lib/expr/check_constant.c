#include "expr/check.h"

#define FOLDED_TEXT_MAX (64u << 10) /* longer texts are made when they are needed */

struct term *weir__constant_new(struct check *c, const struct term *at, enum weir_type type)
{
    struct term *term = weir__term_new(c->memory, TERM_CONSTANT, 0);
    if (term == NULL)
        return NULL;
    term->type = type;
    term->offset = at->offset;
    term->span = at->span;
    term->token = at->token;
    term->vector.text = weir__arena_zeroed(c->memory, sizeof(*term->vector.text));
    term->vector.narrow = weir__arena_zeroed(c->memory, sizeof(*term->vector.narrow));
    term->vector.wide = weir__arena_zeroed(c->memory, sizeof(*term->vector.wide));
    term->vector.tag = weir__arena_zeroed(c->memory, 1);
    term->vector.truth = weir__arena_zeroed(c->memory, 1);
    if (term->vector.text == NULL || term->vector.narrow == NULL || term->vector.wide == NULL ||
        term->vector.tag == NULL || term->vector.truth == NULL)
        return NULL;
    return term;
}

bool weir__constant_null(struct check *c, struct term **slot, enum weir_type type)
{
    struct term *term = weir__constant_new(c, *slot, type);
    if (term == NULL)
        return false;
    term->is_null = true;
    value_set_null(&term->vector, 0, type_shape(type));
    *slot = term;
    return true;
}

/* ---- literals: the parser's TERM_CONSTANT has its token only ---- */

static bool literal_number(struct check *c, struct term *term)
{
    struct number number;
    if (weir__number_read(c->text + term->token.offset, term->token.length, NUMBER_ANY, &number) !=
        REASON_NONE)
        return weir__fault(c->fault, term->token.offset, term->token.length, NULL,
                           "the number has more than the 38 digits of a decimal, or is too large "
                           "for a double");
    bool point = memchr(c->text + term->token.offset, '.', term->token.length) != NULL;
    term->type = number.is_real                             ? WEIR_DOUBLE
                 : !point && weir__number_is_int64(&number) ? WEIR_INTEGER
                                                            : WEIR_DECIMAL;
    number_put(&c->run, &term->vector, 0, &number);
    return true;
}

bool weir__check_literal(struct check *c, struct term *term)
{
    struct term *constant = weir__constant_new(c, term, WEIR_UNTYPED);
    if (constant == NULL)
        return false;
    *term = *constant;
    if (term->token.kind == TOKEN_NUMBER)
        return literal_number(c, term);
    if (term->token.kind == TOKEN_TEXT) {
        term->type = WEIR_TEXT;
        term->vector.text[0] = weir__token_text(c->text, &term->token, c->memory);
        return term->vector.text[0].data != NULL;
    }
    if (weir__lex_is(c->text, &term->token, "null")) {
        term->is_null = true;
        return true; /* text[0] is {NULL, 0} already */
    }
    term->type = WEIR_BOOLEAN;
    term->vector.truth[0] = weir__lex_is(c->text, &term->token, "true") ? WEIR_TRUE : WEIR_FALSE;
    return true;
}

/* ---- folding ---- */

static bool foldable(const struct term *term)
{
    if (term->kind == TERM_CONSTANT || term->kind == TERM_COLUMN)
        return false;
    for (uint32_t i = 0; i < term->children; i++)
        if (!is_constant(term->child[i]))
            return false;
    return true;
}

static bool take_value(struct check *c, struct term *constant, const struct vector *value)
{
    enum shape shape = type_shape(constant->type);
    struct number number;
    constant->is_null = value_is_null(value, 0, shape);
    if (constant->is_null) {
        value_set_null(&constant->vector, 0, shape);
        return true;
    }
    switch (shape) {
    case SHAPE_NUMBER:
        number = number_at(value, 0);
        number_put(&c->run, &constant->vector, 0, &number);
        return true;
    case SHAPE_TRUTH: constant->vector.truth[0] = value->truth[0]; return true;
    case SHAPE_TEXT: break;
    }
    struct text text = value->text[0];
    char *copy = weir__arena_alloc(c->memory, text.length + 1u);
    if (copy == NULL)
        return false;
    memcpy(copy, text.data, text.length);
    constant->vector.text[0] = (struct text){copy, text.length};
    return true;
}

static bool fold_fault(struct check *c, const struct term *term)
{
    char text[sizeof(c->fault->text)];
    weir_expr_error_text(&c->run.error[0], text, sizeof(text));
    return weir__fault(c->fault, term->offset, term->span, NULL, "%s", text);
}

bool weir__fold(struct check *c, struct term **slot)
{
    static const uint16_t first[1] = {0};
    const struct selection one = {first, 1};
    struct term *term = *slot;
    if (!foldable(term))
        return true;
    c->run.chunk++;
    c->run.errors = 0;
    c->run.failed[0] = 0;
    if (!weir__eval_prepare(&c->run, term))
        return false;
    const struct vector *value = weir__eval(&c->run, term, &one);
    if (c->run.status != 0)
        return false;
    if (c->run.errors > 0)
        return c->lazy > 0 || fold_fault(c, term);
    bool is_long = term_shape(term) == SHAPE_TEXT && value->text[0].data != NULL &&
                   value->text[0].length > FOLDED_TEXT_MAX;
    struct term *constant = is_long ? term : weir__constant_new(c, term, term->type);
    if (constant == NULL || (!is_long && !take_value(c, constant, value)))
        return false;
    weir__arena_reset(&c->run.text);
    *slot = constant;
    return true;
}
