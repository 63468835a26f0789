/*
 * function.h - the functions of the language: a table for each subject, which also drive `pipeline
 * functions`.
 *
 * A plain function is given the vectors of its arguments and writes to its term's vector. The
 * others are forms that look like functions; the check makes other terms of them.
 */
#ifndef WEIR_EXPR_FUNCTION_H
#define WEIR_EXPR_FUNCTION_H

#include <weir/function.h>

/* expr */
#include "expr/eval.h"

#define FUNCTION_ARGUMENTS_MAX 32

enum function_form {
    FORM_PLAIN,
    FORM_IF,
    FORM_COALESCE,
    FORM_NULLIF,
    FORM_EXTREME, /* least, greatest: arguments of one type, which is the result's */
    FORM_TRY,
    FORM_DATE_ADD, /* x + interval */
    FORM_CAST,     /* parsed by itself; in the table for its help */
};

enum function_result {
    RESULT_TEXT,
    RESULT_INTEGER,
    RESULT_BOOLEAN,
    RESULT_DOUBLE,
    RESULT_DECIMAL,
    RESULT_DATE,
    RESULT_TIMESTAMP,
    RESULT_LAST,    /* the type of the last argument */
    RESULT_SAME,    /* the type of the first argument */
    RESULT_WIDEST,  /* the number type that all arguments are read as */
    RESULT_ROUNDED, /* integer stays integer without a number of digits, double stays double; else
                       decimal */
};

struct weir_call;

/*
 * The arguments of a plain function, one letter each; where there may be more, all others are as
 * the last.
 *
 *     t text                            n a number          m a timestamp, or a date as one
 *     a any value, written as text      r one as a double   k a timestamp or a date
 *     c a constant text                 i an integer
 *     j a constant path within JSON
 *     p, u the constant name of a part of a date, of a unit of time; f, F the constant format of strptime, of strftime
 */
struct function {
    struct weir_function_help help;
    enum function_form form;
    uint8_t least, most;   /* arguments */
    const char *arguments; /* of a PLAIN one, see above */
    enum function_result result;
    void (*eval)(struct run *run, struct term *term, const struct vector *const *argument,
                 const struct selection *sel);
    void (*row)(struct weir_call *call);    /* of an eval that is weir__function_rows */
    const struct weir_function *registered; /* that it stands for; NULL: one of our own */
};

/* Upper and lower case are one. NULL if there is none. */
const struct function *weir__function_find(struct text name);
/* What to write instead of a function that other languages have, or "did you mean ...", into to; ""
 * if nothing is known. */
void weir__function_hint(struct text name, char *to, size_t n);

/* ---- what a plain function is given, one record at a time ---- */

struct weir_call {
    struct run *run;
    struct term *term;
    const struct vector *const *argument;
    uint32_t row;
};

static inline struct text text_at(const struct vector *vector, uint32_t row)
{
    return vector->text[row & vector->mask];
}

/* An integer argument, which is not null. */
static inline int64_t integer_at(const struct vector *vector, uint32_t row)
{
    return vector->narrow[row & vector->mask];
}

static inline bool any_null(const struct term *term, const struct vector *const *argument,
                            uint32_t row)
{
    for (uint32_t i = 0; i < term->children; i++)
        if (value_is_null(argument[i], row, term_shape(term->child[i])))
            return true;
    return false;
}

static inline bool call_has(const struct weir_call *call, uint32_t i)
{
    return i < call->term->children;
}

static inline struct text call_text(const struct weir_call *call, uint32_t i)
{
    return text_at(call->argument[i], call->row);
}

static inline int64_t call_integer(const struct weir_call *call, uint32_t i)
{
    return integer_at(call->argument[i], call->row);
}

static inline struct number call_number(const struct weir_call *call, uint32_t i)
{
    return number_at(call->argument[i], call->row);
}

static inline void call_give_text(struct weir_call *call, const char *data, size_t length)
{
    call->term->vector.text[call->row] = (struct text){data, (uint32_t)length};
}

static inline void call_give_integer(struct weir_call *call, int64_t value)
{
    call->term->vector.narrow[call->row] = value;
    call->term->vector.tag[call->row] = 0;
}

static inline void call_give_truth(struct weir_call *call, bool truth)
{
    call->term->vector.truth[call->row] = truth;
}

/* Room for a text of n bytes that the function makes; NULL when there is none, which has been noted
 * then. */
static inline char *call_room(struct weir_call *call, size_t n)
{
    return weir__eval_text(call->run, call->term, call->row, n);
}

/* The number, if reason is REASON_NONE and it has a place in the result's type; else the record has
 * failed. */
void weir__call_give_number(struct weir_call *call, enum reason reason,
                            const struct number *number);
/* The record has failed: `'VALUE' WHY`, or WHY alone for a value without data. why is static. */
void weir__call_fail(struct weir_call *call, struct text value, const char *why);

#define NO_VALUE ((struct text){NULL, 0})

/* The eval of functions with a row: the result is null where an argument is. */
void weir__function_rows(struct run *run, struct term *term, const struct vector *const *argument,
                         const struct selection *sel);

/* ---- the tables, one a file; the name of the last is NULL ---- */

extern const struct function weir__functions_choice[];
extern const struct function weir__functions_text[];
extern const struct function weir__functions_text_made[];
extern const struct function weir__functions_number[];
extern const struct function weir__functions_math[];
extern const struct function weir__functions_date[];
extern const struct function weir__functions_date_text[];
extern const struct function weir__functions_code[];
extern const struct function weir__functions_json[];

/* What + and - of dates and timestamps become: (x, n, unit), (date, days). */
extern const struct function weir__function_add_interval;
extern const struct function weir__function_add_days;

#define FUNCTIONS_END                                                                              \
    {                                                                                              \
        .help = {.name = NULL }                                                                    \
    }

/* A row; how it is computed stands at the end. */
#define PLAIN(called, of, at_least, at_most, gives, usage, text, examples, ...)                    \
    {                                                                                              \
        .help = {called, SUBJECT, usage, text, examples}, .form = FORM_PLAIN, .least = at_least,   \
        .most = at_most, .arguments = of, .result = RESULT_##gives, __VA_ARGS__                    \
    }

/* A function over a selection, and its row of a table whose file defines SUBJECT. */
#define FUNCTION_EVAL(name)                                                                        \
    static void eval_##name(struct run *run, struct term *term,                                    \
                            const struct vector *const *argument, const struct selection *sel)
#define LOOP(name, arguments, least, result, usage, help, examples)                                \
    PLAIN(#name, arguments, least, sizeof(arguments) - 1, result, usage, help, examples,           \
          .eval = eval_##name)
/* A function of one record whose arguments are not null, and its row. */
#define FUNCTION(name) static void call_##name(struct weir_call *call)
#define ROW(name, arguments, least, result, usage, help, examples)                                 \
    PLAIN(#name, arguments, least, sizeof(arguments) - 1, result, usage, help, examples,           \
          .eval = weir__function_rows, .row = call_##name)

#endif
