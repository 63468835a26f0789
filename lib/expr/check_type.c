#include "expr/check.h"

#include <strings.h>

#define SOURCE_MOST 40 /* bytes of a term in a message */

const char *weir__type_noun(enum weir_type type)
{
    static const char *const nouns[] = {
        [WEIR_UNTYPED] = "untyped",    [WEIR_TEXT] = "text",
        [WEIR_INTEGER] = "an integer", [WEIR_DECIMAL] = "a decimal",
        [WEIR_DOUBLE] = "a double",    [WEIR_BOOLEAN] = "a boolean",
        [WEIR_DATE] = "a date",        [WEIR_TIMESTAMP] = "a timestamp",
        [WEIR_JSON] = "json"};
    return nouns[type];
}

const char *weir__term_source(const struct check *c, const struct term *term, int *ret_length)
{
    size_t n = term->span;
    if (n > SOURCE_MOST) {
        n = SOURCE_MOST;
        while (n > 0 && ((unsigned char)c->text[term->offset + n] & 0xC0) == 0x80)
            n--;
    }
    *ret_length = (int)n;
    return c->text + term->offset;
}

bool weir__type_fault(struct check *c, const struct term *term, const char *note,
                      const char *what_is_wanted)
{
    int n;
    const char *source = weir__term_source(c, term, &n);
    return weir__fault(c->fault, term->offset, term->span, note, "%s, and %.*s is %s",
                       what_is_wanted, n, source, weir__type_noun(term->type));
}

/* As weir__type_fault, with a note that writes the term in front of cure. */
static bool type_fault_cure(struct check *c, const struct term *term, const char *cure,
                            const char *what_is_wanted)
{
    char note[128];
    int n;
    const char *source = weir__term_source(c, term, &n);
    snprintf(note, sizeof(note), "write %.*s%s", n, source, cure);
    return weir__type_fault(c, term, note, what_is_wanted);
}

bool weir__is_bare_null(const struct term *term)
{
    return is_constant(term) && term->is_null && term->type == WEIR_UNTYPED;
}

/* ---- the common type ---- */

static bool is_number(enum weir_type type)
{
    return type == WEIR_INTEGER || type == WEIR_DECIMAL || type == WEIR_DOUBLE;
}

/* The type of both, or -1. Untyped values meeting integers may turn out to be decimals. */
static int merge(enum weir_type a, enum weir_type b)
{
    if (a == b)
        return (int)a;
    if (a == WEIR_UNTYPED || b == WEIR_UNTYPED) {
        enum weir_type other = a == WEIR_UNTYPED ? b : a;
        return (int)(other == WEIR_INTEGER ? WEIR_DECIMAL : other);
    }
    if (is_number(a) && is_number(b))
        return (int)(a > b ? a : b); /* integer, decimal, double */
    if (is_moment(a) && is_moment(b))
        return WEIR_TIMESTAMP;
    if (type_shape(a) == SHAPE_TEXT && type_shape(b) == SHAPE_TEXT)
        return WEIR_TEXT;
    return -1;
}

bool weir__common_type(struct term *const *term, uint32_t n, enum weir_type *ret,
                       const struct term *ret_odd[2])
{
    const struct term *typed = NULL;
    enum weir_type type = WEIR_UNTYPED;
    for (uint32_t i = 0; i < n; i++) {
        if (weir__is_bare_null(term[i]))
            continue;
        int both = typed == NULL ? (int)term[i]->type : merge(type, term[i]->type);
        if (both < 0) {
            ret_odd[0] = typed;
            ret_odd[1] = term[i];
            return false;
        }
        if (typed == NULL || (typed->type == WEIR_UNTYPED && term[i]->type != WEIR_UNTYPED))
            typed = term[i];
        type = (enum weir_type)both;
    }
    *ret = type;
    return true;
}

/* ---- conversions that nobody wrote ---- */

static bool cast_to(struct check *c, struct term **slot, enum weir_type type)
{
    struct term *cast = weir__term_over(c, *slot, TERM_CAST, type, 1, slot);
    if (cast == NULL)
        return false;
    cast->implicit = true;
    *slot = cast;
    return weir__fold(c, slot);
}

/* day > '2026-01-31': text in quotes that meets a date or a timestamp is read as one. */
bool weir__read_literals(struct check *c, struct term **slot, uint32_t n)
{
    enum weir_type type = WEIR_UNTYPED;
    for (uint32_t i = 0; i < n; i++)
        if (is_moment(slot[i]->type) && type != WEIR_TIMESTAMP)
            type = slot[i]->type;
    for (uint32_t i = 0; type != WEIR_UNTYPED && i < n; i++)
        if (is_constant(slot[i]) && slot[i]->type == WEIR_TEXT &&
            slot[i]->token.kind == TOKEN_TEXT && !cast_to(c, &slot[i], type))
            return false;
    return true;
}

bool weir__convert(struct check *c, struct term **slot, enum weir_type type)
{
    if (weir__is_bare_null(*slot))
        return weir__constant_null(c, slot, type);
    if ((*slot)->raw && !cast_to(c, slot, (*slot)->type))
        return false;
    if ((*slot)->type == WEIR_UNTYPED && type_shape(type) != SHAPE_TEXT)
        return cast_to(c, slot, type);
    bool widens = type == WEIR_DOUBLE || type == WEIR_TIMESTAMP;
    if (widens && (*slot)->type != type)
        return cast_to(c, slot, type);
    return true;
}

bool weir__convert_all(struct check *c, struct term **slot, uint32_t n, enum weir_type type)
{
    for (uint32_t i = 0; i < n; i++)
        if (!weir__convert(c, &slot[i], type))
            return false;
    return true;
}

/* ---- what operators and functions need ---- */

bool weir__as_number(struct check *c, struct term **slot, const char *who, bool adds)
{
    char wanted[64];
    enum weir_type type = (*slot)->type;
    if (is_number(type))
        return weir__convert(c, slot, type);
    if (type == WEIR_UNTYPED)
        return weir__convert(c, slot, WEIR_DECIMAL);
    snprintf(wanted, sizeof(wanted), "%s takes numbers", who);
    if (type == WEIR_TEXT && adds)
        return weir__type_fault(
            c, *slot, "to join text write a || b; to compute with it, a::decimal", wanted);
    if (type == WEIR_TEXT)
        return type_fault_cure(c, *slot, "::decimal", wanted);
    return weir__type_fault(c, *slot, NULL, wanted);
}

bool weir__as_integer(struct check *c, struct term **slot, const char *who)
{
    char wanted[64];
    enum weir_type type = (*slot)->type;
    if (type == WEIR_INTEGER || type == WEIR_UNTYPED)
        return weir__convert(c, slot, WEIR_INTEGER);
    snprintf(wanted, sizeof(wanted), "%s takes an integer here", who);
    return type_fault_cure(c, *slot, "::integer", wanted);
}

bool weir__as_text(struct check *c, struct term **slot, const char *who)
{
    char wanted[64];
    enum weir_type type = (*slot)->type;
    if (type_shape(type) == SHAPE_TEXT)
        return weir__convert(c, slot, WEIR_TEXT);
    snprintf(wanted, sizeof(wanted), "%s takes text", who);
    return type_fault_cure(c, *slot, "::text", wanted);
}

bool weir__as_constant_text(struct check *c, struct term **slot, const char *who)
{
    if (!weir__as_text(c, slot, who))
        return false;
    return is_constant(*slot) ||
           weir__fault(c->fault, (*slot)->offset, (*slot)->span, "a text in quotes",
                       "%s takes a constant here, the same for all records", who);
}

bool weir__as_any_text(struct check *c, struct term **slot)
{
    if (weir__is_bare_null(*slot))
        return weir__constant_null(c, slot, WEIR_TEXT);
    if (term_shape(*slot) == SHAPE_TEXT)
        return true;
    struct term *cast = weir__term_over(c, *slot, TERM_CAST, WEIR_TEXT, 1, slot);
    if (cast == NULL)
        return false;
    *slot = cast;
    return weir__fold(c, slot);
}

bool weir__as_condition(struct check *c, struct term **slot)
{
    static const char wanted[] = "a condition is true or false";
    switch ((*slot)->type) {
    case WEIR_BOOLEAN: return weir__convert(c, slot, WEIR_BOOLEAN);
    case WEIR_UNTYPED:
        if (weir__is_bare_null(*slot))
            return weir__convert(c, slot, WEIR_BOOLEAN);
        return type_fault_cure(c, *slot, "::boolean, or compare it: = 'yes'", wanted);
    case WEIR_INTEGER:
    case WEIR_DECIMAL:
    case WEIR_DOUBLE: return type_fault_cure(c, *slot, " <> 0", wanted);
    case WEIR_DATE:
    case WEIR_TIMESTAMP: return type_fault_cure(c, *slot, " is not null", wanted);
    default: return type_fault_cure(c, *slot, " <> ''", wanted);
    }
}

/* ---- casts ---- */

static const struct {
    const char *name;
    enum weir_type type;
} type_names[] = {
    {"text", WEIR_TEXT},       {"varchar", WEIR_TEXT},    {"string", WEIR_TEXT},
    {"char", WEIR_TEXT},       {"integer", WEIR_INTEGER}, {"int", WEIR_INTEGER},
    {"bigint", WEIR_INTEGER},  {"int8", WEIR_INTEGER},    {"decimal", WEIR_DECIMAL},
    {"numeric", WEIR_DECIMAL}, {"double", WEIR_DOUBLE},   {"float", WEIR_DOUBLE},
    {"float8", WEIR_DOUBLE},   {"real", WEIR_DOUBLE},     {"boolean", WEIR_BOOLEAN},
    {"bool", WEIR_BOOLEAN},    {"date", WEIR_DATE},       {"timestamp", WEIR_TIMESTAMP},
    {"json", WEIR_JSON},
};

static bool find_type(struct check *c, const struct token *token, enum weir_type *ret)
{
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (weir__lex_is(c->text, token, type_names[i].name)) {
            *ret = type_names[i].type;
            return true;
        }
    int n = (int)(token->length > 60 ? 60 : token->length);
    return weir__fault(c->fault, token->offset, token->length,
                       "the types are text, integer, decimal, double, boolean, date and timestamp",
                       "there is no type '%.*s'", n, c->text + token->offset);
}

/* decimal(precision, scale): the parser has left the two numbers as children. */
static bool read_precision(struct check *c, struct term *cast)
{
    struct number number[2] = {number_integer(NUMBER_DIGITS), number_integer(0)};
    for (uint32_t i = 1; i < cast->children; i++) {
        const struct term *given = cast->child[i];
        if (weir__number_read(c->text + given->offset, given->span, NUMBER_INTEGER,
                              &number[i - 1]) != REASON_NONE)
            number[i - 1] = number_integer(NUMBER_DIGITS + 1);
    }
    bool given = cast->children > 1;
    cast->children = 1;
    if (!given)
        return true;
    if (cast->type != WEIR_DECIMAL)
        return weir__fault(c->fault, cast->token.offset, cast->token.length,
                           "for the first characters of a text write substr(x, 1, n)",
                           "only decimal takes a precision");
    if (number[0].exact < 1 || number[0].exact > NUMBER_DIGITS || number[1].exact > number[0].exact)
        return weir__fault(c->fault, cast->token.offset, cast->token.length,
                           "decimal(10, 2) has 10 digits, 2 of them behind the point",
                           "a decimal has 1 to 38 digits, and no more of them behind the point");
    cast->precision = (uint8_t)number[0].exact;
    cast->scale = (uint8_t)number[1].exact;
    return true;
}

static bool castable(struct check *c, const struct term *cast)
{
    const struct term *x = cast->child[0];
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "there is no cast to %s", weir_type_name(cast->type));
    if (cast->type == WEIR_JSON)
        return weir__fault(c->fault, cast->token.offset, cast->token.length,
                           "json_extract_string(x, '$.name') looks into a text as it is", "%s",
                           wanted);
    if (x->type == cast->type || x->type == WEIR_UNTYPED || x->type == WEIR_TEXT ||
        cast->type == WEIR_TEXT || (is_number(x->type) && is_number(cast->type)) ||
        (is_moment(x->type) && is_moment(cast->type)))
        return true;
    if (is_moment(x->type))
        return weir__type_fault(c, x, "epoch(x) is a number of seconds, year(x) the year", wanted);
    if (is_number(x->type) && is_moment(cast->type))
        return weir__type_fault(
            c, x, "to_timestamp(x) takes seconds since 1970, make_date(y, m, d) numbers", wanted);
    if (is_number(x->type))
        return type_fault_cure(c, x, " <> 0", wanted);
    if (x->type == WEIR_BOOLEAN)
        return weir__type_fault(c, x, "write if(condition, 1, 0)", wanted);
    return weir__type_fault(c, x, NULL, wanted);
}

bool weir__check_cast(struct check *c, struct term **slot)
{
    struct term *cast = *slot;
    struct term **x = &cast->child[0];
    if (!find_type(c, &cast->token, &cast->type) || !read_precision(c, cast) ||
        !weir__check(c, x) || !castable(c, cast))
        return false;
    if (weir__is_bare_null(*x))
        return weir__constant_null(c, slot, cast->type);
    bool number_to_number = is_number((*x)->type) && is_number(cast->type);
    bool moment_to_moment = is_moment((*x)->type) && is_moment(cast->type);
    if ((*x)->raw && (number_to_number || moment_to_moment) && (*x)->type != cast->type &&
        !weir__convert(c, x, (*x)->type))
        return false;
    weir__blame(cast);
    if (!(*x)->raw && (*x)->type == cast->type && cast->precision == 0)
        *slot = *x;
    return true;
}
