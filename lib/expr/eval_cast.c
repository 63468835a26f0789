#include <stdlib.h>
#include <strings.h>

/* expr */
#include "expr/eval.h"
#include "expr/number_lanes.h"

/* ---- text to number ---- */

/* An untyped value that meets a number may be of any kind; a type that somebody wrote says what it
 * must be. */
static enum number_style style_of(const struct term *term)
{
    if (term->type == WEIR_INTEGER)
        return NUMBER_INTEGER;
    if (term->type == WEIR_DOUBLE)
        return NUMBER_DOUBLE;
    return term->implicit && term->child[0]->type == WEIR_UNTYPED ? NUMBER_ANY : NUMBER_EXACT;
}

static enum reason to_precision(const struct term *term, struct number *number)
{
    if (term->precision == 0)
        return REASON_NONE;
    struct number rounded;
    if (weir__number_round(number, term->scale, &rounded) != REASON_NONE)
        return REASON_PRECISION;
    int128 limit = weir__power10_wide[term->precision];
    if (rounded.exact >= limit || rounded.exact <= -limit)
        return REASON_PRECISION;
    *number = rounded;
    return REASON_NONE;
}

static void read_slow(struct run *run, struct term *term, uint32_t row, struct text text)
{
    struct number number;
    enum reason reason = weir__number_read(text.data, text.length, style_of(term), &number);
    if (reason == REASON_NONE)
        reason = to_precision(term, &number);
    if (reason == REASON_NONE) {
        number_put(run, &term->vector, row, &number);
        return;
    }
    term->vector.tag[row] = TAG_NULL;
    weir__eval_fail(run, term, row, reason, text);
}

/* Numbers that are kept as they are written may be read the short way. */
static bool keeps_digits(const struct term *term)
{
    return term->type != WEIR_DOUBLE && term->precision == 0;
}

static __attribute__((noinline)) void read_number(struct run *run, struct term *term, uint32_t row,
                                                  struct text text)
{
    struct vector *to = &term->vector;
    bool integer = term->type == WEIR_INTEGER;
    if (text.data == NULL)
        to->tag[row] = TAG_NULL;
    else if (!keeps_digits(term) ||
             !number_read_short(text.data, text.length, &to->narrow[row], &to->tag[row]) ||
             (integer && memchr(text.data, '.', text.length) != NULL))
        read_slow(run, term, row, text);
}

static void read_numbers(struct run *run, struct term *term, const struct vector *from,
                         const struct selection *sel)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        read_number(run, term, row, from->text[row & from->mask]);
    }
}

/* Whether no record is missing between the first and the last. */
static bool is_unbroken(const struct selection *sel)
{
    return sel->count > 0 && sel->row[sel->count - 1] - sel->row[0] + 1 == (int)sel->count;
}

/* The same for a column whose digits are kept, right from where its values stand. */
static void read_column(struct run *run, struct term *term, const struct selection *sel)
{
    const struct column_view column = column_view(run, term->child[0]);
    const struct selection records = *sel; /* of our own: no store can change it */
    const bool point_allowed = term->type != WEIR_INTEGER;
    const bool lanes = run->number_lanes && column.entry != NULL && is_unbroken(sel);
    int64_t *narrow = term->vector.narrow;
    uint8_t *tag = term->vector.tag;
    for (uint32_t k = 0; k < records.count; k++) {
        uint32_t row = records.row[k];
        if (lanes && records.count - k >= NUMBER_LANES &&
            weir__number_read_lanes(column.entry + row, column.heap, column.heap_bytes,
                                    point_allowed, narrow + row, tag + row)) {
            k += NUMBER_LANES - 1;
            continue;
        }
        uint64_t entry = column_entry(&column, row);
        if (!column_is_short(&column, entry, 1, 8) ||
            !number_read_eight(column.heap + weir_entry_offset(entry), weir_entry_length(entry),
                               point_allowed, &narrow[row], &tag[row]))
            read_number(run, term, row, column_text(&column, entry));
    }
}

/* ---- number to number ---- */

static enum reason convert_number(const struct term *term, struct number *number)
{
    enum reason reason = REASON_NONE;
    if (term->type == WEIR_DOUBLE) {
        *number = number_real(weir__number_to_double(number));
    } else {
        reason = weir__number_to_exact(number, number);
        if (reason == REASON_NONE && term->type == WEIR_INTEGER)
            reason = weir__number_round(number, 0, number);
        if (reason == REASON_NONE && term->type == WEIR_INTEGER && !weir__number_is_int64(number))
            reason = REASON_INTEGER_RANGE;
    }
    return reason == REASON_NONE ? to_precision(term, number) : reason;
}

static void convert_numbers(struct run *run, struct term *term, const struct vector *from,
                            const struct selection *sel)
{
    char text[NUMBER_TEXT_BYTES];
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        term->vector.tag[row] = TAG_NULL;
        if (from->tag[row & from->mask] == TAG_NULL)
            continue;
        struct number number = number_at(from, row), before = number;
        enum reason reason = convert_number(term, &number);
        if (reason == REASON_NONE) {
            number_put(run, &term->vector, row, &number);
            continue;
        }
        uint32_t length = (uint32_t)weir__number_print(&before, text);
        weir__eval_fail(run, term, row, reason, (struct text){text, length});
    }
}

/* ---- to text ---- */

static void print_numbers(struct run *run, struct term *term, const struct vector *from,
                          const struct selection *sel)
{
    struct text *text = term->vector.text;
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        text[row] = (struct text){NULL, 0};
        if (from->tag[row & from->mask] == TAG_NULL)
            continue;
        char *data = weir__eval_text(run, term, row, NUMBER_TEXT_BYTES);
        if (data == NULL)
            return;
        struct number number = number_at(from, row);
        uint32_t length = (uint32_t)weir__number_print(&number, data);
        weir__arena_shrink(&run->text, NUMBER_TEXT_BYTES - length);
        text[row] = (struct text){data, length};
    }
}

static void print_booleans(struct term *term, const struct vector *from,
                           const struct selection *sel)
{
    static const struct text texts[] = {{"false", 5}, {"true", 4}, {NULL, 0}};
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        term->vector.text[row] = texts[from->truth[row & from->mask]];
    }
}

/* ---- text to boolean ---- */

static bool is_word(struct text text, const char *word)
{
    return strlen(word) == text.length && strncasecmp(text.data, word, text.length) == 0;
}

static enum weir_truth read_boolean(struct text text)
{
    static const char *const words[][5] = {[WEIR_FALSE] = {"false", "f", "no", "off", "0"},
                                           [WEIR_TRUE] = {"true", "t", "yes", "on", "1"}};
    text = weir__utf8_trim(text, (struct text){" \t", 2}, true, true);
    for (int truth = WEIR_FALSE; truth <= WEIR_TRUE; truth++)
        for (int i = 0; i < 5; i++)
            if (is_word(text, words[truth][i]))
                return (enum weir_truth)truth;
    return WEIR_UNKNOWN;
}

static void read_booleans(struct run *run, struct term *term, const struct vector *from,
                          const struct selection *sel)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text text = from->text[row & from->mask];
        enum weir_truth truth = text.data == NULL ? WEIR_UNKNOWN : read_boolean(text);
        term->vector.truth[row] = (uint8_t)truth;
        if (truth == WEIR_UNKNOWN && text.data != NULL)
            weir__eval_fail(run, term, row, REASON_NOT_A_BOOLEAN, text);
    }
}

/* ---- all ---- */

void weir__eval_cast(struct run *run, struct term *term, const struct selection *sel)
{
    enum shape shape = term_shape(term->child[0]);
    if (type_shape(term->type) == SHAPE_NUMBER && !is_moment(term->type) && shape == SHAPE_TEXT &&
        keeps_digits(term) && term->child[0]->kind == TERM_COLUMN) {
        read_column(run, term, sel);
        return;
    }
    const struct vector *from = weir__eval(run, term->child[0], sel);
    bool from_moment = shape != SHAPE_TEXT && is_moment(term->child[0]->type);
    if (from_moment || is_moment(term->type)) {
        weir__eval_cast_moment(run, term, from, sel);
        return;
    }
    switch (type_shape(term->type)) {
    case SHAPE_NUMBER:
        if (shape == SHAPE_TEXT)
            read_numbers(run, term, from, sel);
        else
            convert_numbers(run, term, from, sel);
        break;
    case SHAPE_TRUTH: read_booleans(run, term, from, sel); break;
    case SHAPE_TEXT:
        if (shape == SHAPE_NUMBER)
            print_numbers(run, term, from, sel);
        else if (shape == SHAPE_TRUTH)
            print_booleans(term, from, sel);
        else /* text takes another name only */
            for (uint32_t k = 0; k < sel->count; k++)
                term->vector.text[sel->row[k]] = from->text[sel->row[k] & from->mask];
        break;
    }
}
