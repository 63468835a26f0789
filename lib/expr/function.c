#include "expr/function.h"

#include <strings.h>

/* base */
#include "base/nearest.h"

#define PLAIN(function, usage, text, least, most, arguments, result)                               \
    {                                                                                              \
        {#function, usage, text}, FORM_PLAIN, least, most, arguments, RESULT_##result,             \
            weir__function_##function                                                              \
    }
#define FORM(function, usage, text, form, least, most)                                             \
    {                                                                                              \
        {function, usage, text}, FORM_##form, least, most, NULL, RESULT_SAME, NULL                 \
    }

/* By name. */
static const struct function functions[] = {
    PLAIN(abs, "abs(x)", "x without its sign", 1, 1, "n", SAME),
    FORM("cast", "cast(x as type)", "x read as another type; the same as x::type", CAST, 1, 1),
    PLAIN(ceil, "ceil(x)", "the next whole number that is not below x", 1, 1, "n", ROUNDED),
    FORM("coalesce", "coalesce(x, y, ...)", "the first of its arguments that is not null", COALESCE,
         1, UINT8_MAX),
    PLAIN(contains, "contains(x, part)", "whether part occurs in x", 2, 2, "tt", BOOLEAN),
    PLAIN(ends_with, "ends_with(x, part)", "whether x ends with part", 2, 2, "tt", BOOLEAN),
    PLAIN(floor, "floor(x)", "the next whole number that is not above x", 1, 1, "n", ROUNDED),
    {{"greatest", "greatest(x, y, ...)", "the largest of its arguments that are not null"},
     FORM_EXTREME,
     1,
     FUNCTION_ARGUMENTS_MAX,
     NULL,
     RESULT_SAME,
     weir__function_greatest},
    FORM("if", "if(condition, x, y)", "x where condition is true, else y (null without a y)", IF, 2,
         3),
    {{"least", "least(x, y, ...)", "the smallest of its arguments that are not null"},
     FORM_EXTREME,
     1,
     FUNCTION_ARGUMENTS_MAX,
     NULL,
     RESULT_SAME,
     weir__function_least},
    PLAIN(length, "length(x)", "the number of characters in x", 1, 1, "t", INTEGER),
    PLAIN(lower, "lower(x)", "x in small letters", 1, 1, "t", TEXT),
    PLAIN(ltrim, "ltrim(x [, chars])", "x without the spaces, or those characters, at its left", 1,
          2, "tt", TEXT),
    FORM("nullif", "nullif(x, y)", "null where x = y, else x", NULLIF, 2, 2),
    PLAIN(replace, "replace(x, from, to)", "x with every from in it replaced by to", 3, 3, "ttt",
          TEXT),
    PLAIN(round, "round(x [, digits])", "x to that many decimals (0), half away from zero", 1, 2,
          "ni", ROUNDED),
    PLAIN(rtrim, "rtrim(x [, chars])", "x without the spaces, or those characters, at its right", 1,
          2, "tt", TEXT),
    PLAIN(split_part, "split_part(x, separator, n)",
          "the n-th part of x, from 1; from the end with a negative n; '' if there is none", 3, 3,
          "tti", TEXT),
    PLAIN(starts_with, "starts_with(x, part)", "whether x begins with part", 2, 2, "tt", BOOLEAN),
    PLAIN(substr, "substr(x, start [, count])",
          "count characters of x, or all, from start on; 1 is the first, -1 the last", 2, 3, "tii",
          TEXT),
    PLAIN(trim, "trim(x [, chars])", "x without the spaces, or those characters, at both ends", 1,
          2, "tt", TEXT),
    FORM("try", "try(x)", "x, or null where x cannot be computed", TRY, 1, 1),
    PLAIN(upper, "upper(x)", "x in capital letters", 1, 1, "t", TEXT),
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

const struct weir_function_help *weir_function_at(size_t i)
{
    return i < FUNCTIONS ? &functions[i].help : NULL;
}

static bool is_name(struct text name, const char *candidate)
{
    return strlen(candidate) == name.length && strncasecmp(name.data, candidate, name.length) == 0;
}

const struct function *weir__function_find(struct text name)
{
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (is_name(name, functions[i].help.name))
            return &functions[i];
    return NULL;
}

/* What other languages call it. */
static const struct {
    const char *name, *cure;
} elsewhere[] = {
    {"bool", "write x::boolean"},
    {"ceiling", "write ceil(x)"},
    {"char_length", "write length(x)"},
    {"concat", "write x || y"},
    {"endswith", "write ends_with(x, 'a')"},
    {"float", "write x::double"},
    {"ifnull", "write coalesce(x, y)"},
    {"iif", "write if(condition, x, y)"},
    {"instr", "write contains(x, 'a')"},
    {"int", "write x::integer"},
    {"isnull", "write x is null"},
    {"lcase", "write lower(x)"},
    {"len", "write length(x)"},
    {"max", "of several values of a record: greatest(x, y)"},
    {"min", "of several values of a record: least(x, y)"},
    {"mod", "write x % y"},
    {"nvl", "write coalesce(x, y)"},
    {"startswith", "write starts_with(x, 'a')"},
    {"str", "write x::text"},
    {"strip", "write trim(x)"},
    {"substring", "write substr(x, start, count)"},
    {"to_number", "write x::decimal"},
    {"trunc", "write if(x < 0, ceil(x), floor(x))"},
    {"try_cast", "write try(x::integer)"},
    {"ucase", "write upper(x)"},
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
    for (size_t i = 0; i < FUNCTIONS; i++)
        weir__nearest_offer(&nearest, functions[i].help.name);
    if (nearest.best != NULL)
        snprintf(to, n, "did you mean '%s'?", nearest.best);
}
