/*
 * number.h - numbers as expressions have them, for stages that compute: exact decimals of up to 38
 * digits, and doubles.
 */
#ifndef WEIR_NUMBER_H
#define WEIR_NUMBER_H

#include <weir/batch.h>

/* exact / 10^scale; or real, which is finite. */
struct weir_number {
    __extension__ __int128 exact;
    double real;
    uint8_t scale; /* at most 38 */
    bool is_real;
};

/* Reads a value of a column of that type; what is neither integer nor double is read as an exact
 * decimal. False: it is not a number, or not one of that type. */
WEIR_PUBLIC bool weir_number_read(const char *text, size_t n, enum weir_type type,
                                  struct weir_number *ret);
/* False: the result has no place in 38 digits, or in a double; *ret is untouched. */
WEIR_PUBLIC bool weir_number_add(const struct weir_number *a, const struct weir_number *b,
                                 struct weir_number *ret);
/* As `/` of expressions; false for a zero b too. */
WEIR_PUBLIC bool weir_number_divide(const struct weir_number *a, const struct weir_number *b,
                                    struct weir_number *ret);
/* The same as a double. */
WEIR_PUBLIC double weir_number_to_double(const struct weir_number *a);
/* Whether it is whole, and of 64 bits. */
WEIR_PUBLIC bool weir_number_is_integer(const struct weir_number *a);

#define WEIR_NUMBER_TEXT 48 /* bytes: no number prints longer */
/* Without a NUL. Returns the length. */
WEIR_PUBLIC size_t weir_number_print(const struct weir_number *a, char *to);

#endif
