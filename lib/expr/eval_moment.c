/* expr */
#include "expr/eval.h"
#include "expr/moment.h"

size_t weir__moment_print(enum weir_type type, int64_t value, char *to)
{
    return type == WEIR_DATE ? weir__date_print(value, to) : weir__timestamp_print(value, to);
}

static void read_moments(struct run *run, struct term *term, const struct vector *from,
                         const struct selection *sel)
{
    struct vector *to = &term->vector;
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text text = from->text[row & from->mask];
        to->tag[row] = TAG_NULL;
        if (text.data == NULL)
            continue;
        enum reason reason = term->type == WEIR_DATE ? weir__date_read(text, &to->narrow[row])
                                                     : weir__timestamp_read(text, &to->narrow[row]);
        if (reason == REASON_NONE)
            to->tag[row] = 0;
        else
            weir__eval_fail(run, term, row, reason, text);
    }
}

static void print_moments(struct run *run, struct term *term, const struct vector *from,
                          const struct selection *sel)
{
    enum weir_type type = term->child[0]->type;
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k], i = row & from->mask;
        term->vector.text[row] = (struct text){NULL, 0};
        if (from->tag[i] == TAG_NULL)
            continue;
        char *data = weir__eval_text(run, term, row, MOMENT_TEXT_BYTES);
        if (data == NULL)
            return;
        size_t length = weir__moment_print(type, from->narrow[i], data);
        term->vector.text[row] = (struct text){data, (uint32_t)length};
    }
}

/* A date as the timestamp at which it begins, a timestamp as its date. */
static void convert_moments(struct term *term, const struct vector *from,
                            const struct selection *sel)
{
    bool widens = term->type == WEIR_TIMESTAMP;
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k], i = row & from->mask;
        term->vector.tag[row] = from->tag[i];
        if (from->tag[i] != TAG_NULL)
            term->vector.narrow[row] =
                widens ? from->narrow[i] * DAY : floor_divide(from->narrow[i], DAY);
    }
}

void weir__eval_cast_moment(struct run *run, struct term *term, const struct vector *from,
                            const struct selection *sel)
{
    if (!is_moment(term->type))
        print_moments(run, term, from, sel);
    else if (term_shape(term->child[0]) == SHAPE_TEXT)
        read_moments(run, term, from, sel);
    else
        convert_moments(term, from, sel);
}
