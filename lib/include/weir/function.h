/*
 * function.h - the functions of the expression language, and how to add some.
 *
 * A function that needs a library of its own is registered, as a stage type is: one struct
 * weir_function, in a table of its subject. It is given one record at a time. A run that is done
 * again must give the same, so a function may depend on its arguments only.
 */
#ifndef WEIR_FUNCTION_H
#define WEIR_FUNCTION_H

#include <weir/batch.h>
#include <weir/err.h>

/* What is said about a function by `pipeline functions` and in docs/functions.md. */
struct weir_function_help {
    const char *name;
    const char *subject;  /* "text": functions of a subject stand together in lists */
    const char *usage;    /* "round(x [, digits])" */
    const char *help;     /* one line */
    const char *examples; /* lines "round(2.5) -> 3"; a null is written null */
};

/* The i-th function, by subject and then by name; NULL behind the last. */
WEIR_PUBLIC const struct weir_function_help *weir_function_at(size_t i);

/* ---- functions of your own ---- */

struct weir_call; /* of a function, with the arguments of one record */

/* A function of expressions. */
struct weir_function {
    struct weir_function_help help;
    /* One letter each: t text, c a text that is the same for all records, i an integer, m a
     * timestamp: the microseconds since 1970-01-01, an integer too. */
    const char *arguments;
    uint8_t least;         /* that must be given */
    enum weir_type result; /* WEIR_TEXT, WEIR_INTEGER, WEIR_BOOLEAN or WEIR_TIMESTAMP */
    /*
     * Once for each call that an expression has, when it is compiled; may be NULL. constant has the
     * values of the arguments c, data NULL for all others. 0 with *ret_state set, which release is
     * given in the end, or a negative code with err filled: the expression is refused.
     */
    int (*prepare)(const struct weir_value *constant, void **ret_state, struct weir_err *err);
    void (*release)(void *state);
    /* Gives one result or fails; else the result is null. Not called where an argument is null. */
    void (*call)(struct weir_call *call);
};

/* Tables, the last name in each being NULL, and NULL behind the last table. They stay. Before
 * anything else runs; a table that is there already is passed over. 0, or WEIR_EOS, or
 * WEIR_EINTERNAL for a name that is taken. */
WEIR_PUBLIC int weir_register_functions(const struct weir_function *const *tables,
                                        struct weir_err *err);

/* What prepare has made for this call of the expression; NULL if there is none. */
WEIR_PUBLIC void *weir_call_state(const struct weir_call *call);
/* The i-th argument: whether it was given, and what it is. Borrowed until call returns. */
WEIR_PUBLIC bool weir_call_has(const struct weir_call *call, uint32_t i);
WEIR_PUBLIC struct weir_value weir_call_text(const struct weir_call *call, uint32_t i);
WEIR_PUBLIC int64_t weir_call_integer(const struct weir_call *call, uint32_t i);

/* Room for a text of n bytes to be given; NULL where there is none, and the record has failed. */
WEIR_PUBLIC char *weir_call_room(struct weir_call *call, size_t n);
/* The text is from weir_call_room, a part of an argument, or static. */
WEIR_PUBLIC void weir_call_give_text(struct weir_call *call, const char *data, size_t length);
/* An integer, or a timestamp. */
WEIR_PUBLIC void weir_call_give_integer(struct weir_call *call, int64_t value);
/* What a function whose result is WEIR_BOOLEAN gives. */
WEIR_PUBLIC void weir_call_give_boolean(struct weir_call *call, bool value);
/* The record cannot be computed. The message is static; the i-th argument, a text, is quoted in
 * front of it unless i < 0. */
WEIR_PUBLIC void weir_call_fail(struct weir_call *call, int i, const char *message);

#endif
