/*
 * function.h - the functions of the language: one table, which also drives `pipeline functions`.
 *
 * A plain function is given the vectors of its arguments and writes to its term's vector. The
 * others are forms that look like functions; the check makes other terms of them.
 */
#ifndef WEIR_EXPR_FUNCTION_H
#define WEIR_EXPR_FUNCTION_H

#include <weir/weir.h>

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
    FORM_CAST, /* parsed by itself; in the table for its help */
};

enum function_result {
    RESULT_TEXT,
    RESULT_INTEGER,
    RESULT_BOOLEAN,
    RESULT_SAME,    /* the type of the first argument */
    RESULT_ROUNDED, /* integer stays integer without a number of digits, double stays double; else
                       decimal */
};

struct function {
    struct weir_function_help help;
    enum function_form form;
    uint8_t least, most;   /* arguments */
    const char *arguments; /* PLAIN: t text, n a number, i an integer */
    enum function_result result;
    void (*eval)(struct run *run, struct term *term, const struct vector *const *argument,
                 const struct selection *sel);
};

/* Upper and lower case are one. NULL if there is none. */
const struct function *weir__function_find(struct text name);
/* What to write instead of a function that other languages have, or "did you mean ...", into to; ""
 * if nothing is known. */
void weir__function_hint(struct text name, char *to, size_t n);

/* function_text.c and function_number.c */
#define FUNCTION_EVAL(name)                                                                        \
    void weir__function_##name(struct run *run, struct term *term,                                 \
                               const struct vector *const *argument, const struct selection *sel)
FUNCTION_EVAL(contains);
FUNCTION_EVAL(ends_with);
FUNCTION_EVAL(length);
FUNCTION_EVAL(lower);
FUNCTION_EVAL(ltrim);
FUNCTION_EVAL(replace);
FUNCTION_EVAL(rtrim);
FUNCTION_EVAL(split_part);
FUNCTION_EVAL(starts_with);
FUNCTION_EVAL(substr);
FUNCTION_EVAL(trim);
FUNCTION_EVAL(upper);
FUNCTION_EVAL(abs);
FUNCTION_EVAL(ceil);
FUNCTION_EVAL(floor);
FUNCTION_EVAL(greatest);
FUNCTION_EVAL(least);
FUNCTION_EVAL(round);

#endif
