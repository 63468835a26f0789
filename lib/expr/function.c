#include "expr/function.h"

#include <stdlib.h>
#include <strings.h>

/* base */
#include "base/nearest.h"

/* In the order of the lists that are shown. */
static const struct function *const tables[] = {
    weir__functions_choice,    weir__functions_text, weir__functions_text_made,
    weir__functions_number,    weir__functions_math, weir__functions_date,
    weir__functions_date_text, weir__functions_code, weir__functions_json,
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* What weir_register_functions was given, behind ours. */
static struct function *registered;
static size_t registered_count;

/* The i-th of all, or NULL. */
static const struct function *function_at(size_t i)
{
    for (size_t t = 0; t < TABLES; t++)
        for (const struct function *f = tables[t]; f->help.name != NULL; f++)
            if (i-- == 0)
                return f;
    return i < registered_count ? &registered[i] : NULL;
}

const struct weir_function_help *weir_function_at(size_t i)
{
    const struct function *f = function_at(i);
    return f == NULL ? NULL : &f->help;
}

static bool is_name(struct text name, const char *candidate)
{
    return strlen(candidate) == name.length && strncasecmp(name.data, candidate, name.length) == 0;
}

const struct function *weir__function_find(struct text name)
{
    const struct function *f;
    for (size_t i = 0; (f = function_at(i)) != NULL; i++)
        if (is_name(name, f->help.name))
            return f;
    return NULL;
}

/* What other languages call it. */
static const struct {
    const char *name, *cure;
} elsewhere[] = {
    {"ascii", "write unicode(x)"},
    {"bool", "write x::boolean"},
    {"ceiling", "write ceil(x)"},
    {"char_length", "write length(x)"},
    {"current_date", "give the day to the run: --var today=2026-01-31, and write date '${today}'"},
    {"current_timestamp", "give the time to the run: --var now=..., and write timestamp '${now}'"},
    {"dateadd", "write x + interval 3 day"},
    {"datediff", "write date_diff('day', from, to)"},
    {"datepart", "write date_part('month', x)"},
    {"datetrunc", "write date_trunc('month', x)"},
    {"dow", "write dayofweek(x) (Sunday is 0) or isodow(x) (7)"},
    {"doy", "write dayofyear(x)"},
    {"endswith", "write ends_with(x, 'a')"},
    {"extract", "write year(x), month(x), ... or date_part('year', x)"},
    {"float", "write x::double"},
    {"ifnull", "write coalesce(x, y)"},
    {"iif", "write if(condition, x, y)"},
    {"instr", "write strpos(x, 'a')"},
    {"int", "write x::integer"},
    {"isnull", "write x is null"},
    {"lcase", "write lower(x)"},
    {"len", "write length(x)"},
    {"max", "of several values of a record: greatest(x, y)"},
    {"min", "of several values of a record: least(x, y)"},
    {"now", "give the time to the run: --var now=..., and write timestamp '${now}'"},
    {"nvl", "write coalesce(x, y)"},
    {"ord", "write unicode(x)"},
    {"position", "write strpos(x, 'a')"},
    {"pow", "write power(x, y)"},
    {"random", "a run that is done again must give the same"},
    {"startswith", "write starts_with(x, 'a')"},
    {"str", "write x::text"},
    {"strip", "write trim(x)"},
    {"substring", "write substr(x, start, count)"},
    {"timezone", "write from_utc(x, 'Europe/Berlin') or to_utc(x, 'Europe/Berlin')"},
    {"title", "write initcap(x)"},
    {"to_char", "write strftime(x, '%d.%m.%Y')"},
    {"to_date", "write strptime(x, '%d.%m.%Y')::date"},
    {"to_number", "write x::decimal"},
    {"today", "give the day to the run: --var today=2026-01-31, and write date '${today}'"},
    {"try_cast", "write try(x::integer)"},
    {"try_strptime", "write try(strptime(x, format))"},
    {"ucase", "write upper(x)"},
    {"weekofyear", "write week(x)"},
};

void weir__function_hint(struct text name, char *to, size_t n)
{
    struct nearest nearest;
    to[0] = '\0';
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
        if (is_name(name, elsewhere[i].name)) {
            snprintf(to, n, "%s", elsewhere[i].cure);
            return;
        }
    weir__nearest_begin(&nearest, name.data);
    for (size_t i = 0; function_at(i) != NULL; i++)
        weir__nearest_offer(&nearest, function_at(i)->help.name);
    if (nearest.best != NULL)
        snprintf(to, n, "did you mean '%s'?", nearest.best);
}

/* ---- registered functions ---- */

static enum function_result result_of(enum weir_type type)
{
    switch (type) {
    case WEIR_INTEGER: return RESULT_INTEGER;
    case WEIR_BOOLEAN: return RESULT_BOOLEAN;
    case WEIR_TIMESTAMP: return RESULT_TIMESTAMP;
    default: return RESULT_TEXT;
    }
}

static int add_function(const struct weir_function *f, struct weir_err *err)
{
    const char *name = f->help.name;
    const struct function *there = weir__function_find((struct text){name, (uint32_t)strlen(name)});
    if (there != NULL && there->registered == f)
        return 0;
    if (there != NULL)
        return weir_err_set(err, WEIR_EINTERNAL, "two functions have the name '%s'", name);
    void *grown = realloc(registered, (registered_count + 1) * sizeof(*registered));
    if (grown == NULL)
        return weir_err_set(err, WEIR_EOS, "out of memory");
    registered = grown;
    registered[registered_count++] = (struct function){.help = f->help,
                                                       .form = FORM_PLAIN,
                                                       .least = f->least,
                                                       .most = (uint8_t)strlen(f->arguments),
                                                       .arguments = f->arguments,
                                                       .result = result_of(f->result),
                                                       .eval = weir__function_rows,
                                                       .row = f->call,
                                                       .registered = f};
    return 0;
}

int weir_register_functions(const struct weir_function *const *list, struct weir_err *err)
{
    for (; *list != NULL; list++)
        for (const struct weir_function *f = *list; f->help.name != NULL; f++) {
            int code = add_function(f, err);
            if (code < 0)
                return code;
        }
    return 0;
}

/* ---- calls ---- */

void weir__function_rows(struct run *run, struct term *term, const struct vector *const *argument,
                         const struct selection *sel)
{
    struct weir_call call = {run, term, argument, 0};
    enum shape shape = term_shape(term);
    for (uint32_t k = 0; k < sel->count; k++) {
        call.row = sel->row[k];
        value_set_null(&term->vector, call.row, shape);
        if (!any_null(term, argument, call.row))
            term->function->row(&call);
    }
}

void weir__call_give_number(struct weir_call *call, enum reason reason, const struct number *number)
{
    if (reason == REASON_NONE && call->term->type == WEIR_INTEGER && !weir__number_is_int64(number))
        reason = REASON_INTEGER_RESULT;
    if (reason == REASON_NONE) {
        number_put(call->run, &call->term->vector, call->row, number);
        return;
    }
    call->term->vector.tag[call->row] = TAG_NULL;
    weir__eval_fail(call->run, call->term, call->row, reason, NO_VALUE);
}

void weir__call_fail(struct weir_call *call, struct text value, const char *why)
{
    size_t before = call->run->errors;
    weir__eval_fail(call->run, call->term, call->row, REASON_NONE, value);
    if (call->run->errors == before)
        return;
    call->run->error[before].why = why;
    call->run->error[before].why_quotes = value.data != NULL;
}

void *weir_call_state(const struct weir_call *call)
{
    return call->term->state;
}

bool weir_call_has(const struct weir_call *call, uint32_t i)
{
    return call_has(call, i);
}

struct weir_value weir_call_text(const struct weir_call *call, uint32_t i)
{
    struct text text = call_text(call, i);
    return (struct weir_value){text.data, text.length};
}

int64_t weir_call_integer(const struct weir_call *call, uint32_t i)
{
    return call_integer(call, i);
}

char *weir_call_room(struct weir_call *call, size_t n)
{
    return call_room(call, n);
}

void weir_call_give_text(struct weir_call *call, const char *data, size_t length)
{
    call_give_text(call, data, length);
}

void weir_call_give_integer(struct weir_call *call, int64_t value)
{
    call_give_integer(call, value);
}

void weir_call_give_boolean(struct weir_call *call, bool value)
{
    call_give_truth(call, value);
}

void weir_call_fail(struct weir_call *call, int i, const char *message)
{
    weir__call_fail(call, i < 0 ? NO_VALUE : call_text(call, (uint32_t)i), message);
}
