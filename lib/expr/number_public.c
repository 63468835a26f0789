/* The numbers of <weir/number.h>, which are those of number.h. */
#include <weir/number.h>

/* expr */
#include "expr/number.h"

static struct number inner(const struct weir_number *a)
{
    return (struct number){
        .exact = a->exact, .real = a->real, .scale = a->scale, .is_real = a->is_real};
}

static bool outer(enum reason reason, const struct number *a, struct weir_number *ret)
{
    if (reason != REASON_NONE)
        return false;
    *ret = (struct weir_number){
        .exact = a->exact, .real = a->real, .scale = a->scale, .is_real = a->is_real};
    return true;
}

bool weir_number_read(const char *text, size_t n, enum weir_type type, struct weir_number *ret)
{
    int64_t value;
    uint8_t scale;
    struct number number = {0};
    if (type != WEIR_DOUBLE && n <= 20 && number_read_short(text, (uint32_t)n, &value, &scale) &&
        (scale == 0 || type != WEIR_INTEGER)) {
        *ret = (struct weir_number){.exact = value, .scale = scale};
        return true;
    }
    enum number_style style = type == WEIR_DOUBLE    ? NUMBER_DOUBLE
                              : type == WEIR_INTEGER ? NUMBER_INTEGER
                                                     : NUMBER_EXACT;
    return outer(weir__number_read(text, n, style, &number), &number, ret);
}

bool weir_number_add(const struct weir_number *a, const struct weir_number *b,
                     struct weir_number *ret)
{
    struct number x = inner(a), y = inner(b), sum = {0};
    return outer(weir__number_add(&x, &y, &sum), &sum, ret);
}

bool weir_number_divide(const struct weir_number *a, const struct weir_number *b,
                        struct weir_number *ret)
{
    struct number x = inner(a), y = inner(b), quotient = {0};
    return outer(weir__number_divide(&x, &y, &quotient), &quotient, ret);
}

double weir_number_to_double(const struct weir_number *a)
{
    struct number x = inner(a);
    return weir__number_to_double(&x);
}

bool weir_number_is_integer(const struct weir_number *a)
{
    struct number x = inner(a);
    return weir__number_is_int64(&x);
}

size_t weir_number_print(const struct weir_number *a, char *to)
{
    struct number x = inner(a);
    return weir__number_print(&x, to);
}
