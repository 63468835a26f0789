/* expr */
#include "expr/eval.h"
#include "expr/like.h"

/* ---- || ---- */

void weir__eval_join(struct run *run, struct term *term, const struct selection *sel)
{
    const struct vector *a = weir__eval(run, term->child[0], sel);
    const struct vector *b = weir__eval(run, term->child[1], sel);
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text x = a->text[row & a->mask], y = b->text[row & b->mask];
        term->vector.text[row] = (struct text){NULL, 0};
        if (x.data == NULL || y.data == NULL)
            continue;
        char *to = weir__eval_text(run, term, row, (size_t)x.length + y.length);
        if (to == NULL)
            continue;
        memcpy(to, x.data, x.length);
        memcpy(to + x.length, y.data, y.length);
        term->vector.text[row] = (struct text){to, x.length + y.length};
    }
}

/* ---- like ---- */

static void like_constant(struct term *term, const struct vector *x, const struct selection *sel)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text text = x->text[row & x->mask];
        term->vector.truth[row] =
            text.data == NULL ? (uint8_t)WEIR_UNKNOWN : weir__like_matches(term->like, text);
    }
}

/* The pattern comes from the record too. The escape, if there is one, is a constant: like->escape.
 */
static void like_any(struct term *term, const struct vector *x, const struct vector *pattern,
                     const struct selection *sel)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text text = x->text[row & x->mask], by = pattern->text[row & pattern->mask];
        term->vector.truth[row] = WEIR_UNKNOWN;
        if (text.data == NULL || by.data == NULL)
            continue;
        struct like like = weir__like_make(by, term->like->escape, term->like->ignore_case);
        term->vector.truth[row] = weir__like_matches(&like, text);
    }
}

void weir__eval_like(struct run *run, struct term *term, const struct selection *sel)
{
    const struct vector *x = weir__eval(run, term->child[0], sel);
    if (is_constant(term->child[1]) && !term->child[1]->is_null)
        like_constant(term, x, sel);
    else
        like_any(term, x, weir__eval(run, term->child[1], sel), sel);
}
