#include "expr/check.h"
#include "expr/json_path.h"

/* ---- calls of plain functions: their arguments are checked, and become of the type that they are
 * to have ---- */

static enum weir_type widest_type(const struct term *term)
{
    enum weir_type widest = WEIR_INTEGER;
    for (uint32_t i = 0; i < term->children; i++)
        if (term->child[i]->type > widest)
            widest = term->child[i]->type;
    return widest; /* integer, decimal, double */
}

static enum weir_type result_type(const struct term *term)
{
    enum weir_type first = term->children > 0 ? term->child[0]->type : WEIR_UNTYPED;
    switch (term->function->result) {
    case RESULT_TEXT: return WEIR_TEXT;
    case RESULT_INTEGER: return WEIR_INTEGER;
    case RESULT_BOOLEAN: return WEIR_BOOLEAN;
    case RESULT_DOUBLE: return WEIR_DOUBLE;
    case RESULT_DECIMAL: return WEIR_DECIMAL;
    case RESULT_DATE: return WEIR_DATE;
    case RESULT_TIMESTAMP: return WEIR_TIMESTAMP;
    case RESULT_LAST: return term->child[term->children - 1]->type;
    case RESULT_SAME: return first;
    case RESULT_WIDEST: return widest_type(term);
    case RESULT_ROUNDED: break;
    }
    return first == WEIR_INTEGER && term->children > 1 ? WEIR_DECIMAL : first;
}

/* Those of a function that takes any number are all as its last one. */
static char argument_kind(const struct function *f, uint32_t i)
{
    size_t last = strlen(f->arguments) - 1;
    return f->arguments[i < last ? i : last];
}

static bool check_json_path(struct check *c, const struct term *term)
{
    return term->is_null || weir__json_path_is_known(term->vector.text[0]) ||
           weir__fault(c->fault, term->offset, term->span,
                       "'$.orders[0].id', '$.\"a b\"', '/orders/0/id', or a key alone",
                       "this is no path to a value");
}

/* What the registered function makes of its constants; nothing if one is null, since it is not
 * called then. */
static bool prepare(struct check *c, struct term *term)
{
    const struct weir_function *f = term->function->registered;
    struct weir_value constant[FUNCTION_ARGUMENTS_MAX] = {{NULL, 0}};
    const struct term *at = term;
    struct weir_err err;
    if (f == NULL || f->prepare == NULL)
        return true;
    for (uint32_t i = 0; i < term->children; i++) {
        const struct term *child = term->child[i];
        if (is_constant(child) && child->is_null)
            return true;
        if (f->arguments[i] != 'c')
            continue;
        constant[i] = (struct weir_value){child->vector.text[0].data, child->vector.text[0].length};
        at = at == term ? child : at;
    }
    struct prepared *prepared = weir__arena_zeroed(c->memory, sizeof(*prepared));
    int code = prepared == NULL ? WEIR_EOS : f->prepare(constant, &term->state, &err);
    if (code == WEIR_EOS)
        return false;
    if (code < 0)
        return weir__fault(c->fault, at->offset, at->span, err.note, "%s", err.text);
    *prepared = (struct prepared){c->prepared, f->release, term->state};
    c->prepared = prepared;
    return true;
}

/* The argument as what its letter says. */
static bool read_argument(struct check *c, struct term **x, char kind, const char *who)
{
    switch (kind) {
    case 'a': return weir__as_any_text(c, x);
    case 't': return weir__as_text(c, x, who);
    case 'c': return weir__as_constant_text(c, x, who);
    case 'j': return weir__as_constant_text(c, x, who) && check_json_path(c, *x);
    case 'n': return weir__as_number(c, x, who, false);
    case 'r': return weir__as_number(c, x, who, false) && weir__convert(c, x, WEIR_DOUBLE);
    case 'i': return weir__as_integer(c, x, who);
    case 'm': return weir__as_moment(c, x, who) && weir__convert(c, x, WEIR_TIMESTAMP);
    case 'k': return weir__as_moment(c, x, who);
    case 'p':
    case 'u': return weir__check_part(c, *x, kind == 'u');
    default: return weir__check_format(c, *x, kind == 'f');
    }
}

bool weir__check_plain_call(struct check *c, struct term *term)
{
    const struct function *f = term->function;
    for (uint32_t i = 0; i < term->children; i++)
        if (!read_argument(c, &term->child[i], argument_kind(f, i), f->help.name))
            return false;
    term->type = result_type(term);
    if (!prepare(c, term))
        return false;
    return f->result != RESULT_WIDEST ||
           weir__convert_all(c, term->child, term->children, term->type);
}
