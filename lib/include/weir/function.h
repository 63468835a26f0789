/*
 * function.h - the functions of the expression language.
 */
#ifndef WEIR_FUNCTION_H
#define WEIR_FUNCTION_H

#include <weir/batch.h>

struct weir_function_help {
    const char *name;
    const char *subject;  /* "text": functions of a subject stand together in lists */
    const char *usage;    /* "round(x [, digits])" */
    const char *help;     /* one line */
    const char *examples; /* lines "round(2.5) -> 3"; a null is written null */
};

/* The i-th function, by subject and then by name; NULL behind the last. */
WEIR_PUBLIC const struct weir_function_help *weir_function_at(size_t i);

#endif
