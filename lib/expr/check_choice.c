#include "expr/check.h"
#include "expr/set.h"

struct term *weir__term_over(struct check *c, const struct term *at, enum term_kind kind,
                             enum weir_type type, uint32_t n, struct term *const *child)
{
    struct term *term = weir__term_new(c->memory, kind, n);
    if (term == NULL)
        return NULL;
    memcpy(term->child, child, n * sizeof(*child));
    term->type = type;
    term->offset = at->offset;
    term->span = at->span;
    term->token = at->token;
    weir__blame(term);
    return term;
}

/* A term that several others will have as a child. */
static bool share(struct check *c, struct term **slot)
{
    if (is_constant(*slot))
        return true;
    struct term *once = weir__term_over(c, *slot, TERM_ONCE, (*slot)->type, 1, slot);
    if (once == NULL)
        return false;
    once->raw = (*slot)->raw;
    *slot = once;
    return true;
}

/* a op b, both of one type already. */
static bool compare(struct check *c, const struct term *at, enum token_kind op, struct term *a,
                    struct term *b, struct term **ret)
{
    *ret = weir__term_over(c, at, TERM_COMPARE, WEIR_BOOLEAN, 2, (struct term *const[]){a, b});
    if (*ret == NULL)
        return false;
    (*ret)->op = op;
    return weir__fold(c, ret);
}

static bool check_children(struct check *c, struct term *term)
{
    for (uint32_t i = 0; i < term->children; i++)
        if (!weir__check(c, &term->child[i]))
            return false;
    return true;
}

/* ---- choosing among values: they become of one type, and stay text if they are all of one and
 * nobody looks inside ---- */

static bool all_raw(struct term *const *value, uint32_t n, enum weir_type type)
{
    for (uint32_t i = 0; i < n; i++)
        if (!weir__is_bare_null(value[i]) && (!value[i]->raw || value[i]->type != type))
            return false;
    return type_shape(type) != SHAPE_TEXT;
}

static bool branches_differ(struct check *c, const struct term *const odd[2])
{
    char note[128];
    int n, m;
    const char *a = weir__term_source(c, odd[0], &n), *b = weir__term_source(c, odd[1], &m);
    snprintf(note, sizeof(note), "write %.*s::text", odd[1]->type == WEIR_TEXT ? n : m,
             odd[1]->type == WEIR_TEXT ? a : b);
    return weir__fault(c->fault, odd[1]->offset, odd[1]->span, note,
                       "the result is either %s or %s: %.*s and %.*s differ in type",
                       weir__type_noun(odd[0]->type), weir__type_noun(odd[1]->type), n, a, m, b);
}

static bool one_type(struct check *c, struct term *term, struct term **value, uint32_t n)
{
    const struct term *odd[2];
    if (!weir__common_type(value, n, &term->type, odd))
        return branches_differ(c, odd);
    term->raw = all_raw(value, n, term->type);
    for (uint32_t i = 0; i < n; i++) {
        if (term->raw && weir__is_bare_null(value[i])) /* null has the shape of text already */
            continue;
        if (!term->raw && !weir__convert(c, &value[i], term->type))
            return false;
    }
    return true;
}

/* The results of a case, in place: every second child from 1 on, and the else. */
static bool unify_results(struct check *c, struct term *term)
{
    uint32_t pairs = term->children / 2, n = 0;
    struct term **value = weir__arena_alloc(c->memory, (pairs + 1) * sizeof(*value));
    if (value == NULL)
        return false;
    for (uint32_t i = 0; i < pairs; i++)
        value[n++] = term->child[2 * i + 1];
    if (term->children % 2 != 0)
        value[n++] = term->child[term->children - 1];
    c->lazy++;
    bool ok = one_type(c, term, value, n);
    c->lazy--;
    for (uint32_t i = 0; i < pairs; i++)
        term->child[2 * i + 1] = value[i];
    if (term->children % 2 != 0)
        term->child[term->children - 1] = value[n - 1];
    weir__blame(term);
    return ok;
}

bool weir__check_case(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    for (uint32_t i = 0; i < term->children; i++) {
        bool condition = i % 2 == 0 && i + 1 < term->children;
        bool ok = i == 0 ? weir__check(c, &term->child[i]) : weir__check_lazily(c, &term->child[i]);
        if (!ok || (condition && !weir__as_condition(c, &term->child[i])))
            return false;
    }
    return unify_results(c, term);
}

/* case x when a then r ... : x and the values to compare it with become of one type, then it is a
 * plain case. */
static bool switch_conditions(struct check *c, struct term *term, uint32_t pairs)
{
    struct term **side = weir__arena_alloc(c->memory, (pairs + 1) * sizeof(*side));
    if (side == NULL)
        return false;
    side[0] = term->child[0];
    for (uint32_t i = 0; i < pairs; i++)
        side[1 + i] = term->child[1 + 2 * i];
    if (!weir__check_comparable(c, term, side, pairs + 1, false) || !share(c, &side[0]))
        return false;
    for (uint32_t i = 0; i < pairs; i++)
        if (!compare(c, side[1 + i], TOKEN_EQUAL, side[0], side[1 + i], &term->child[1 + 2 * i]))
            return false;
    return true;
}

bool weir__check_switch(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    uint32_t pairs = (term->children - 1) / 2;
    if (!weir__check(c, &term->child[0]))
        return false;
    for (uint32_t i = 1; i < term->children; i++)
        if (!weir__check_lazily(c, &term->child[i]))
            return false;
    if (!switch_conditions(c, term, pairs))
        return false;
    term->kind = TERM_CASE;
    term->child++; /* x is now within the conditions */
    term->children--;
    return unify_results(c, term);
}

bool weir__check_between(struct check *c, struct term **slot)
{
    struct term *term = *slot, *pair[2];
    struct term **x = &term->child[0];
    if (!check_children(c, term))
        return false;
    if (!weir__check_comparable(c, term, x, 3, true) || !share(c, x) ||
        !compare(c, term, TOKEN_GREATER_EQUAL, *x, term->child[1], &pair[0]) ||
        !compare(c, term, TOKEN_LESS_EQUAL, *x, term->child[2], &pair[1]))
        return false;
    *slot = weir__term_over(c, term, TERM_AND, WEIR_BOOLEAN, 2, pair);
    return *slot != NULL;
}

/* ---- in ---- */

static bool in_computed(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    uint32_t n = term->children - 1;
    if (!share(c, &term->child[0]))
        return false;
    for (uint32_t i = 1; i <= n; i++)
        if (!compare(c, term, TOKEN_EQUAL, term->child[0], term->child[i], &term->child[i]))
            return false;
    *slot = n == 1 ? term->child[1]
                   : weir__term_over(c, term, TERM_OR, WEIR_BOOLEAN, n, &term->child[1]);
    return *slot != NULL;
}

bool weir__check_in(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    bool constant = true;
    if (!check_children(c, term) ||
        !weir__check_comparable(c, term, term->child, term->children, false))
        return false;
    for (uint32_t i = 1; i < term->children; i++)
        constant = constant && is_constant(term->child[i]);
    if (!constant)
        return in_computed(c, slot);
    term->type = WEIR_BOOLEAN;
    term->set =
        weir__set_new(c->memory, &term->child[1], term->children - 1, term_shape(term->child[0]));
    term->children = 1;
    weir__blame(term);
    return term->set != NULL;
}

/* ---- functions ---- */

static bool argument_count(struct check *c, const struct term *term)
{
    const struct function *f = term->function;
    char takes[32];
    uint32_t n = term->children;
    if (n >= f->least && (n <= f->most || f->most == UINT8_MAX))
        return true;
    if (f->least == f->most)
        snprintf(takes, sizeof(takes), "%u", f->least);
    else if (n < f->least)
        snprintf(takes, sizeof(takes), "at least %u", f->least);
    else
        snprintf(takes, sizeof(takes), "at most %u", f->most);
    return weir__fault(c->fault, term->offset, term->span, f->help.usage,
                       "%s takes %s argument%s, not %u", f->help.name, takes,
                       takes[strlen(takes) - 1] == '1' ? "" : "s", n);
}

static bool check_extreme(struct check *c, struct term *term)
{
    enum weir_type type;
    const struct term *odd[2];
    if (!weir__common_type(term->child, term->children, &type, odd))
        return branches_differ(c, odd);
    if (!weir__check_comparable(c, term, term->child, term->children, true))
        return false;
    term->type = type;
    return true;
}

/* nullif(x, y): case when x = y then null else x end. x as it is, though it may be compared as
 * something else. */
static bool check_nullif(struct check *c, struct term **slot)
{
    struct term *term = *slot, *choice[3] = {NULL, NULL, NULL};
    if (!share(c, &term->child[0]))
        return false;
    struct term *side[2] = {term->child[0], term->child[1]};
    if (!weir__check_comparable(c, term, side, 2, false) ||
        !compare(c, term, TOKEN_EQUAL, side[0], side[1], &choice[0]))
        return false;
    struct term *x = choice[2] = choice[1] = term->child[0];
    enum weir_type null_type = x->raw ? WEIR_UNTYPED : x->type;
    if (!weir__constant_null(c, &choice[1], null_type))
        return false;
    *slot = weir__term_over(c, term, TERM_CASE, x->type, 3, choice);
    if (*slot == NULL)
        return false;
    (*slot)->raw = x->raw;
    return true;
}

/* The argument of try, and those of coalesce and if but the first, may never be reached. */
static bool check_arguments(struct check *c, struct term *term)
{
    enum function_form form = term->function->form;
    bool lazy = form == FORM_COALESCE || form == FORM_IF;
    for (uint32_t i = 0; i < term->children; i++) {
        bool ok = form == FORM_TRY || (lazy && i > 0) ? weir__check_lazily(c, &term->child[i])
                                                      : weir__check(c, &term->child[i]);
        if (!ok)
            return false;
    }
    weir__blame(term);
    return true;
}

static bool check_form(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    switch (term->function->form) {
    case FORM_IF:
        term->kind = TERM_CASE;
        return weir__as_condition(c, &term->child[0]) && unify_results(c, term);
    case FORM_COALESCE:
        term->kind = TERM_COALESCE;
        return one_type(c, term, term->child, term->children);
    case FORM_TRY:
        term->kind = TERM_TRY;
        term->type = term->child[0]->type;
        term->raw = term->child[0]->raw;
        return true;
    case FORM_NULLIF: return check_nullif(c, slot);
    case FORM_EXTREME: return check_extreme(c, term);
    case FORM_PLAIN:
    case FORM_DATE_ADD:
    case FORM_CAST: break;
    }
    return weir__check_plain_call(c, term);
}

static bool unknown_function(struct check *c, const struct term *term, struct text name)
{
    char note[sizeof(c->fault->note)];
    weir__function_hint(name, note, sizeof(note));
    if (note[0] == '\0')
        snprintf(note, sizeof(note), "pipeline functions lists them all");
    return weir__fault(c->fault, term->token.offset, term->token.length, note,
                       "no function '%.80s'", name.data);
}

bool weir__check_call(struct check *c, struct term **slot)
{
    struct term *term = *slot;
    struct text name = weir__token_text(c->text, &term->token, c->memory);
    if (name.data == NULL)
        return false;
    term->function = weir__function_find(name);
    if (term->function == NULL)
        return unknown_function(c, term, name);
    if (!argument_count(c, term))
        return false;
    if (term->function->form == FORM_DATE_ADD)
        return weir__check_interval_sum(c, slot);
    return check_arguments(c, term) && check_form(c, slot);
}
