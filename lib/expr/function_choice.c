#include "expr/function.h"

#define SUBJECT "choice"

/* ---- least and greatest ---- */

static void copy_value(struct run *run, struct vector *to, const struct vector *from, uint32_t row,
                       enum shape shape)
{
    uint32_t i = row & from->mask;
    struct number number;
    switch (shape) {
    case SHAPE_TEXT: to->text[row] = from->text[i]; break;
    case SHAPE_TRUTH: to->truth[row] = from->truth[i]; break;
    case SHAPE_NUMBER:
        number = number_at(from, row);
        number_put(run, to, row, &number);
        break;
    }
}

/* The first of the arguments that no other is beyond; sign -1: below, 1: above. */
static void extreme(struct run *run, struct term *term, const struct vector *const *argument,
                    const struct selection *sel, int sign)
{
    enum shape shape = term_shape(term);
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        const struct vector *best = NULL;
        for (uint32_t i = 0; i < term->children; i++)
            if (!value_is_null(argument[i], row, shape) &&
                (best == NULL || weir__eval_order(argument[i], row, best, row, shape) * sign > 0))
                best = argument[i];
        if (best == NULL)
            value_set_null(&term->vector, row, shape);
        else
            copy_value(run, &term->vector, best, row, shape);
    }
}

FUNCTION_EVAL(least)
{
    extreme(run, term, argument, sel, -1);
}

FUNCTION_EVAL(greatest)
{
    extreme(run, term, argument, sel, 1);
}

/* ---- the table ---- */

#define FORM(called, made, at_least, at_most, usage, text, examples)                               \
    {                                                                                              \
        .help = {called, SUBJECT, usage, text, examples}, .form = FORM_##made, .least = at_least,  \
        .most = at_most                                                                            \
    }
#define EXTREME(name, text, examples)                                                              \
    {                                                                                              \
        .help = {#name, SUBJECT, #name "(x, y, ...)", text, examples}, .form = FORM_EXTREME,       \
        .least = 1, .most = FUNCTION_ARGUMENTS_MAX, .eval = eval_##name                            \
    }

const struct function weir__functions_choice[] = {
    FORM("cast", CAST, 1, 1, "cast(x as type)", "x read as another type; the same as x::type",
         "cast('12' as integer) + 1 -> 13"),
    FORM("coalesce", COALESCE, 1, UINT8_MAX, "coalesce(x, y, ...)",
         "the first of its arguments that is not null", "coalesce(null, 'none') -> none"),
    EXTREME(greatest, "the largest of its arguments that are not null",
            "greatest(3, null, 7) -> 7"),
    FORM("if", IF, 2, 3, "if(condition, x, y)",
         "x where condition is true, else y (null without a y)", "if(2 > 1, 'yes', 'no') -> yes"),
    EXTREME(least, "the smallest of its arguments that are not null", "least(3, null, 7) -> 3"),
    FORM("nullif", NULLIF, 2, 2, "nullif(x, y)", "null where x = y, else x",
         "nullif('n/a', 'n/a') -> null"),
    FORM("try", TRY, 1, 1, "try(x)", "x, or null where x cannot be computed",
         "try('twelve'::integer) -> null"),
    FUNCTIONS_END,
};
