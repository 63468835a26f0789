#include "expr/check.h"
#include "expr/moment.h"

static const char forms[] = "date + 3, date - date, and x + interval 3 day are known";

bool weir__as_moment(struct check *c, struct term **slot, const char *who)
{
    char wanted[64], note[128];
    enum weir_type type = (*slot)->type;
    int n;
    if (is_moment(type))
        return weir__convert(c, slot, type);
    if (type == WEIR_UNTYPED)
        return weir__convert(c, slot, WEIR_TIMESTAMP);
    const char *source = weir__term_source(c, *slot, &n);
    snprintf(wanted, sizeof(wanted), "%s takes a date or a timestamp", who);
    snprintf(note, sizeof(note), "write %.*s::date", n, source);
    return weir__type_fault(c, *slot, type == WEIR_TEXT ? note : NULL, wanted);
}

static struct text constant_text(const struct term *term)
{
    bool is_text = is_constant(term) && !term->is_null && type_shape(term->type) == SHAPE_TEXT;
    return is_text ? term->vector.text[0] : NO_VALUE;
}

bool weir__check_part(struct check *c, const struct term *term, bool is_unit)
{
    enum moment_part part;
    struct text name = constant_text(term);
    if (name.data != NULL && weir__part_find(name, &part) && (!is_unit || part <= PART_YEAR))
        return true;
    return weir__fault(
        c->fault, term->offset, term->span,
        is_unit ? "'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', "
                  "'millisecond' or 'microsecond'"
                : "a unit, as 'year', or 'dow', 'isodow', 'doy', 'isoyear'",
        "the name of a %s is wanted here, in quotes", is_unit ? "unit of time" : "part of a date");
}

bool weir__check_format(struct check *c, const struct term *term, bool is_read)
{
    struct text format = constant_text(term);
    if (format.data == NULL)
        return weir__fault(c->fault, term->offset, term->span, "'%d.%m.%Y %H:%M:%S'",
                           "the format is a text in quotes");
    if (weir__format_is_known(format, is_read))
        return true;
    return weir__fault(c->fault, term->offset, term->span,
                       is_read
                           ? "%Y %y %m %b %B %d %j %a %A %H %I %p %M %S %f %z %%"
                           : "%Y %y %m %b %B %d %j %a %A %u %w %G %V %H %I %p %M %S %f %g %z %%",
                       "the format has a %% with something unknown behind it");
}

/* ---- sums of dates and numbers ---- */

static bool not_known(struct check *c, const struct term *term)
{
    return weir__fault(c->fault, term->offset, term->span, forms, "'%c' does not take %s and %s",
                       c->text[term->token.offset], weir__type_noun(term->child[0]->type),
                       weir__type_noun(term->child[1]->type));
}

/* Makes a call of the function over these children of it. */
static bool call(struct check *c, struct term **slot, const struct function *function,
                 enum weir_type type, uint32_t n, struct term *const *child)
{
    struct term *term = weir__term_over(c, *slot, TERM_CALL, type, n, child);
    if (term == NULL)
        return false;
    term->function = function;
    *slot = term;
    return true;
}

static bool negate(struct check *c, struct term **slot)
{
    struct term *minus = weir__term_over(c, *slot, TERM_MINUS, WEIR_INTEGER, 1, slot);
    if (minus == NULL)
        return false;
    *slot = minus;
    return weir__fold(c, slot);
}

bool weir__check_moment_arithmetic(struct check *c, struct term **slot)
{
    struct term *term = *slot, **x = &term->child[0], **y = &term->child[1];
    bool minus = term->op == TOKEN_MINUS;
    if (minus && (*x)->type == WEIR_DATE && (*y)->type == WEIR_DATE) {
        term->type = WEIR_INTEGER;
        return weir__convert_all(c, term->child, 2, WEIR_DATE);
    }
    if (minus && is_moment((*x)->type) && is_moment((*y)->type))
        return weir__fault(c->fault, term->offset, term->span,
                           "write date_diff('second', from, to), or another unit",
                           "the time between timestamps has no type of its own");
    if (term->op == TOKEN_PLUS && (*x)->type == WEIR_INTEGER) {
        x = &term->child[1];
        y = &term->child[0];
    }
    if ((!minus && term->op != TOKEN_PLUS) || (*x)->type != WEIR_DATE || (*y)->type != WEIR_INTEGER)
        return not_known(c, term);
    if (!weir__convert(c, x, WEIR_DATE) || !weir__convert(c, y, WEIR_INTEGER) ||
        (minus && !negate(c, y)))
        return false;
    return call(c, slot, &weir__function_add_days, WEIR_DATE, 2, (struct term *const[]){*x, *y});
}

/* ---- intervals ---- */

bool weir__adds_interval(const struct term *term)
{
    return term->child[0]->kind == TERM_INTERVAL || term->child[1]->kind == TERM_INTERVAL;
}

bool weir__check_interval(struct check *c, struct term *term)
{
    return weir__fault(c->fault, term->offset, term->span, forms,
                       "an interval is added to a date or a timestamp, or taken from it");
}

static bool wrong_interval(struct check *c, const struct term *interval)
{
    return weir__fault(c->fault, interval->offset, interval->span,
                       "interval 3 day, interval (n) month, interval '2 hours'",
                       "an interval is a whole number and a unit from microsecond to year");
}

/* A count in quotes, and its unit if that stands within them too. */
static bool read_quoted(struct check *c, const struct term *interval, struct term **count,
                        struct text *unit)
{
    struct text text = constant_text(*count);
    const char *space = memchr(text.data, ' ', text.length);
    uint32_t digits = space == NULL ? text.length : (uint32_t)(space - text.data);
    struct number number;
    if (weir__number_read(text.data, digits, NUMBER_INTEGER, &number) != REASON_NONE)
        return wrong_interval(c, interval);
    if (space != NULL)
        *unit = (struct text){space + 1, text.length - digits - 1};
    *count = weir__constant_new(c, interval, WEIR_INTEGER);
    if (*count == NULL)
        return false;
    (*count)->vector.narrow[0] = (int64_t)number.exact;
    return true;
}

/* An interval's count as an integer, and its unit as a constant. */
static bool read_interval(struct check *c, const struct term *interval, struct term **ret_count,
                          struct term **ret_unit)
{
    enum moment_part part;
    struct text unit = {c->text + interval->token.offset, (uint32_t)interval->token.length};
    *ret_count = interval->child[0];
    if (!weir__check(c, ret_count))
        return false;
    bool ok = constant_text(*ret_count).data != NULL ? read_quoted(c, interval, ret_count, &unit)
                                                     : weir__as_integer(c, ret_count, "interval");
    if (!ok)
        return false;
    if (!weir__part_find(unit, &part) || part > PART_YEAR)
        return wrong_interval(c, interval);
    *ret_unit = weir__constant_new(c, interval, WEIR_TEXT);
    if (*ret_unit != NULL)
        (*ret_unit)->vector.text[0] = unit;
    return *ret_unit != NULL;
}

bool weir__check_interval_sum(struct check *c, struct term **slot)
{
    struct term *term = *slot, **x = &term->child[0], *interval = term->child[1];
    struct term *count, *unit;
    bool minus = term->op == TOKEN_MINUS;
    if (interval->kind != TERM_INTERVAL && term->op == TOKEN_PLUS) {
        x = &term->child[1];
        interval = term->child[0];
    }
    if (interval->kind != TERM_INTERVAL && (*x)->kind == TERM_INTERVAL)
        return weir__check_interval(c, *x);
    if (interval->kind != TERM_INTERVAL)
        return weir__fault(c->fault, interval->offset, interval->span, forms,
                           "an interval is wanted here");
    if (term->kind == TERM_ARITHMETIC && term->op != TOKEN_PLUS && !minus)
        return weir__check_interval(c, interval);
    if (!weir__check(c, x) || !weir__as_moment(c, x, "an interval") ||
        !weir__convert(c, x, WEIR_TIMESTAMP) || !read_interval(c, interval, &count, &unit) ||
        (minus && !negate(c, &count)))
        return false;
    return call(c, slot, &weir__function_add_interval, WEIR_TIMESTAMP, 3,
                (struct term *const[]){*x, count, unit});
}
