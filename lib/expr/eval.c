#include "expr/eval.h"

#include <stdlib.h>

/* expr */
#include "expr/function.h"

#define MADE_TEXT_MAX (256u << 20) /* of texts made from one batch */

/* ---- memory ---- */

static bool prepare_vector(struct run *run, struct term *term)
{
    struct vector *vector = &term->vector;
    size_t rows = run->rows;
    *vector = (struct vector){.mask = UINT32_MAX};
    switch (term_shape(term)) {
    case SHAPE_TEXT:
        vector->text = weir__arena_alloc(run->memory, rows * sizeof(*vector->text));
        return vector->text != NULL;
    case SHAPE_NUMBER:
        vector->narrow = weir__arena_alloc(run->memory, rows * sizeof(*vector->narrow));
        vector->tag = weir__arena_alloc(run->memory, rows);
        return vector->narrow != NULL && vector->tag != NULL;
    case SHAPE_TRUTH: break;
    }
    vector->truth = weir__arena_alloc(run->memory, rows);
    return vector->truth != NULL;
}

static bool chooses(const struct term *term)
{
    return term->kind == TERM_AND || term->kind == TERM_OR || term->kind == TERM_CASE ||
           term->kind == TERM_COALESCE;
}

bool weir__eval_prepare(struct run *run, struct term *term)
{
    if (is_constant(term) || term->rows == run->rows)
        return true;
    term->rows = run->rows;
    for (uint32_t i = 0; i < term->children; i++)
        if (!weir__eval_prepare(run, term->child[i]))
            return false;
    if (term->kind == TERM_ONCE)
        return true;
    for (int i = 0; i < 2 && chooses(term); i++) {
        term->scratch[i] = weir__arena_alloc(run->memory, run->rows * sizeof(uint16_t));
        if (term->scratch[i] == NULL)
            return false;
    }
    return prepare_vector(run, term);
}

bool weir__eval_put_wide(struct run *run, struct vector *vector, uint32_t row,
                         const struct number *number)
{
    if (vector->wide == NULL)
        vector->wide = weir__arena_alloc(run->memory, run->rows * sizeof(*vector->wide));
    if (vector->wide == NULL) {
        run->status = WEIR_EOS;
        return false;
    }
    vector->wide[row] = number->exact;
    vector->tag[row] = (uint8_t)(TAG_WIDE + number->scale);
    return true;
}

char *weir__eval_text(struct run *run, const struct term *term, uint32_t row, size_t n)
{
    if (n > TEXT_BYTES_MAX) {
        weir__eval_fail(run, term, row, REASON_TEXT_LENGTH, (struct text){NULL, 0});
        return NULL;
    }
    run->text.limit = MADE_TEXT_MAX;
    char *text = weir__arena_alloc(&run->text, n + 1);
    if (text == NULL)
        run->status = run->text.bytes + n >= MADE_TEXT_MAX ? WEIR_EDATA : WEIR_EOS;
    return text;
}

/* ---- failed records ---- */

static struct weir_expr_error *add_error(struct run *run)
{
    if (run->errors == run->capacity) {
        size_t capacity = run->capacity == 0 ? 16 : 2 * run->capacity;
        struct weir_expr_error *error = realloc(run->error, capacity * sizeof(*error));
        if (error == NULL) {
            run->status = WEIR_EOS;
            return NULL;
        }
        run->error = error;
        run->capacity = capacity;
    }
    return &run->error[run->errors++];
}

void weir__eval_fail(struct run *run, const struct term *term, uint32_t row, enum reason reason,
                     struct text value)
{
    if (run->failed[row])
        return;
    struct weir_expr_error *error = add_error(run);
    if (error == NULL)
        return;
    run->failed[row] = 1;
    *error = (struct weir_expr_error){.record = run->base + row, .reason = (uint8_t)reason};
    error->column = term->blame >= 0 ? term->blame : -1;
    if (value.data == NULL)
        return;
    uint32_t n = value.length;
    if (n > sizeof(error->value)) {
        n = sizeof(error->value);
        while (n > 0 && ((unsigned char)value.data[n] & 0xC0) == 0x80) /* not within a character */
            n--;
        error->cut = true;
    }
    memcpy(error->value, value.data, n);
    error->value_bytes = (uint8_t)n;
}

/* ---- columns ---- */

static void eval_column(struct run *run, struct term *term, const struct selection *sel)
{
    const struct column_view column = column_view(run, term);
    const struct selection records = *sel;
    struct text *text = term->vector.text;
    for (uint32_t k = 0; k < records.count; k++) {
        uint32_t row = records.row[k];
        text[row] = column_text(&column, column_entry(&column, row));
    }
}

/* ---- choosing ---- */

static void copy_values(struct run *run, struct vector *to, const struct vector *from,
                        const struct selection *sel, enum shape shape)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k], i = row & from->mask;
        if (shape == SHAPE_TEXT) {
            to->text[row] = from->text[i];
        } else if (shape == SHAPE_TRUTH) {
            to->truth[row] = from->truth[i];
        } else if (from->tag[i] >= TAG_WIDE && from->tag[i] < TAG_REAL) {
            struct number wide = number_at(from, row);
            number_put(run, to, row, &wide);
        } else {
            to->narrow[row] = from->narrow[i];
            to->tag[row] = from->tag[i];
        }
    }
}

/* and: the first false decides; or: the first true. A record that is decided is not looked at
 * again. */
static void eval_chain(struct run *run, struct term *term, const struct selection *sel)
{
    const uint8_t decisive = term->kind == TERM_AND ? WEIR_FALSE : WEIR_TRUE;
    uint8_t *truth = term->vector.truth;
    uint16_t *left = term->scratch[0];
    struct selection open = *sel;
    for (uint32_t c = 0; c < term->children && open.count > 0; c++) {
        const struct vector v = *weir__eval(run, term->child[c], &open);
        uint32_t n = 0;
        for (uint32_t k = 0; k < open.count; k++) {
            uint16_t row = open.row[k];
            uint8_t value = v.truth[row & v.mask];
            uint8_t so_far = c == 0 ? (uint8_t)!decisive : truth[row];
            uint8_t stays = (uint8_t)(0 - (value == (uint8_t)!decisive));
            truth[row] = (so_far & stays) | (value & (uint8_t)~stays); /* without a jump */
            left[n] = row;
            n += value != decisive;
        }
        open = (struct selection){left, n};
    }
}

static void eval_not(struct run *run, struct term *term, const struct selection *sel)
{
    static const uint8_t opposite[] = {WEIR_TRUE, WEIR_FALSE, WEIR_UNKNOWN};
    const struct vector *v = weir__eval(run, term->child[0], sel);
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        term->vector.truth[row] = opposite[v->truth[row & v->mask]];
    }
}

static void eval_is_null(struct run *run, struct term *term, const struct selection *sel)
{
    const struct vector *v = weir__eval(run, term->child[0], sel);
    enum shape shape = term_shape(term->child[0]);
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        term->vector.truth[row] = value_is_null(v, row, shape);
    }
}

static void choose(struct run *run, struct term *term, struct term *branch,
                   const struct selection *sel)
{
    if (sel->count > 0)
        copy_values(run, &term->vector, weir__eval(run, branch, sel), sel, term_shape(term));
}

static void eval_case(struct run *run, struct term *term, const struct selection *sel)
{
    uint16_t *left = term->scratch[0], *hit = term->scratch[1];
    struct selection open = *sel;
    uint32_t c = 0;
    for (; c + 1 < term->children && open.count > 0; c += 2) {
        const struct vector *v = weir__eval(run, term->child[c], &open);
        uint32_t hits = 0, n = 0;
        for (uint32_t k = 0; k < open.count; k++) {
            uint16_t row = open.row[k];
            bool is_true = v->truth[row & v->mask] == WEIR_TRUE;
            hit[hits] = row;
            hits += is_true;
            left[n] = row;
            n += !is_true;
        }
        choose(run, term, term->child[c + 1], &(struct selection){hit, hits});
        open = (struct selection){left, n};
    }
    if (term->children % 2 != 0) {
        choose(run, term, term->child[term->children - 1], &open);
        return;
    }
    for (uint32_t k = 0; k < open.count; k++)
        value_set_null(&term->vector, open.row[k], term_shape(term));
}

static void eval_coalesce(struct run *run, struct term *term, const struct selection *sel)
{
    enum shape shape = term_shape(term);
    uint16_t *left = term->scratch[0];
    struct selection open = *sel;
    for (uint32_t c = 0; c < term->children && open.count > 0; c++) {
        choose(run, term, term->child[c], &open);
        uint32_t n = 0;
        for (uint32_t k = 0; k < open.count; k++) {
            uint16_t row = open.row[k];
            left[n] = row;
            n += value_is_null(&term->vector, row, shape);
        }
        open = (struct selection){left, n};
    }
}

static const struct vector *eval_try(struct run *run, struct term *term,
                                     const struct selection *sel)
{
    size_t before = run->errors;
    const struct vector *v = weir__eval(run, term->child[0], sel);
    if (run->errors == before)
        return v;
    copy_values(run, &term->vector, v, sel, term_shape(term));
    while (run->errors > before) {
        uint32_t row = run->error[--run->errors].record - run->base;
        run->failed[row] = 0;
        value_set_null(&term->vector, row, term_shape(term));
    }
    return &term->vector;
}

/* The first of the terms that share it sees the most records: those that come later are asked for
 * fewer. */
static const struct vector *eval_once(struct run *run, struct term *term,
                                      const struct selection *sel)
{
    if (term->chunk != run->chunk) {
        term->result = weir__eval(run, term->child[0], sel);
        term->chunk = run->chunk;
    }
    return term->result;
}

static void eval_call(struct run *run, struct term *term, const struct selection *sel)
{
    const struct vector *argument[FUNCTION_ARGUMENTS_MAX];
    for (uint32_t i = 0; i < term->children; i++)
        argument[i] = weir__eval(run, term->child[i], sel);
    term->function->eval(run, term, argument, sel);
}

const struct vector *weir__eval(struct run *run, struct term *term, const struct selection *sel)
{
    switch (term->kind) {
    case TERM_CONSTANT: break;
    case TERM_ONCE: return eval_once(run, term, sel);
    case TERM_TRY: return eval_try(run, term, sel);
    case TERM_COLUMN: eval_column(run, term, sel); break;
    case TERM_ARITHMETIC: weir__eval_arithmetic(run, term, sel); break;
    case TERM_MINUS: weir__eval_minus(run, term, sel); break;
    case TERM_JOIN: weir__eval_join(run, term, sel); break;
    case TERM_COMPARE: weir__eval_compare(run, term, sel); break;
    case TERM_DISTINCT: weir__eval_distinct(run, term, sel); break;
    case TERM_AND:
    case TERM_OR: eval_chain(run, term, sel); break;
    case TERM_NOT: eval_not(run, term, sel); break;
    case TERM_IS_NULL: eval_is_null(run, term, sel); break;
    case TERM_IN: weir__eval_in(run, term, sel); break;
    case TERM_LIKE: weir__eval_like(run, term, sel); break;
    case TERM_CASE: eval_case(run, term, sel); break;
    case TERM_COALESCE: eval_coalesce(run, term, sel); break;
    case TERM_CAST: weir__eval_cast(run, term, sel); break;
    case TERM_CALL: eval_call(run, term, sel); break;
    case TERM_INTERVAL:
    case TERM_BETWEEN:
    case TERM_SWITCH: abort(); /* the check has made other terms of these */
    }
    return &term->vector;
}
