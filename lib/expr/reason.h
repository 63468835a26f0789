/*
 * reason.h - what can be wrong with a record: one list makes the codes and the texts.
 *
 * The second field says whether the text follows the value in quotes: 'twelve' is not a number.
 */
#ifndef WEIR_EXPR_REASON_H
#define WEIR_EXPR_REASON_H

#define EXPR_REASONS(X)                                                                            \
    X(NOT_A_NUMBER, true, "is not a number")                                                       \
    X(NOT_AN_INTEGER, true, "is not an integer")                                                   \
    X(NOT_A_BOOLEAN, true, "is neither true nor false")                                            \
    X(NOT_A_DATE, true, "is not a date (2026-01-31)")                                              \
    X(NOT_A_TIMESTAMP, true, "is not a timestamp (2026-01-31 13:45:00)")                           \
    X(TIMESTAMP_ZONE, true, "is not in UTC: strptime with %z reads it")                            \
    X(INTEGER_RANGE, true, "is too large for an integer (64 bits)")                                \
    X(READ_DIGITS, true, "has more than the 38 digits of a decimal")                               \
    X(READ_DOUBLE, true, "is too large for a double")                                              \
    X(PRECISION, true, "has more digits than the decimal type it is cast to")                      \
    X(INTEGER_RESULT, false, "the result is too large for an integer (64 bits)")                   \
    X(DECIMAL_RESULT, false, "the result has more than the 38 digits of a decimal")                \
    X(DOUBLE_RESULT, false, "the result is too large for a double")                                \
    X(MOMENT_RESULT, false, "the result is not within the years 1 to 9999")                        \
    X(DIVISION_BY_ZERO, false, "division by zero")                                                 \
    X(TEXT_LENGTH, false, "the text would be longer than 16 MiB")                                  \
    X(NEGATIVE_LENGTH, false, "substr cannot take a negative number of characters")                \
    X(PART_ZERO, false, "split_part counts from 1 (or from -1, the last)")                         \
    X(DIGITS_RANGE, false, "round takes from -38 to 38 digits")

enum reason {
    REASON_NONE,
#define EXPR_REASON(name, quoted, text) REASON_##name,
    EXPR_REASONS(EXPR_REASON)
#undef EXPR_REASON
};

#endif
