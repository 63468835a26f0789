#include "expr/function.h"

#define SUBJECT "text"

/* ---- searching ---- */

static bool begins(struct text x, struct text part)
{
    return x.length >= part.length && memcmp(x.data, part.data, part.length) == 0;
}

static bool ends(struct text x, struct text part)
{
    return x.length >= part.length &&
           memcmp(x.data + x.length - part.length, part.data, part.length) == 0;
}

static bool has(struct text x, struct text part)
{
    return memmem(x.data, x.length, part.data, part.length) != NULL;
}

static void search(struct term *term, const struct vector *const *argument,
                   const struct selection *sel, bool (*test)(struct text x, struct text part))
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text x = text_at(argument[0], row), part = text_at(argument[1], row);
        term->vector.truth[row] =
            x.data == NULL || part.data == NULL ? (uint8_t)WEIR_UNKNOWN : test(x, part);
    }
}

FUNCTION_EVAL(starts_with)
{
    (void)run;
    search(term, argument, sel, begins);
}

FUNCTION_EVAL(ends_with)
{
    (void)run;
    search(term, argument, sel, ends);
}

FUNCTION_EVAL(contains)
{
    (void)run;
    search(term, argument, sel, has);
}

FUNCTION_EVAL(length)
{
    (void)run;
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text x = text_at(argument[0], row);
        term->vector.tag[row] = x.data == NULL ? TAG_NULL : 0;
        term->vector.narrow[row] = x.data == NULL ? 0 : weir__utf8_count(x);
    }
}

/* ---- case ---- */

static void fold(struct run *run, struct term *term, const struct vector *x,
                 const struct selection *sel, uint32_t (*letter)(uint32_t point))
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text text = text_at(x, row);
        term->vector.text[row] = (struct text){NULL, 0};
        char *to = text.data == NULL ? NULL : weir__eval_text(run, term, row, text.length);
        if (to != NULL)
            term->vector.text[row] = (struct text){to, weir__utf8_fold(text, letter, to)};
    }
}

FUNCTION_EVAL(lower)
{
    fold(run, term, argument[0], sel, weir__utf8_lower);
}

FUNCTION_EVAL(upper)
{
    fold(run, term, argument[0], sel, weir__utf8_upper);
}

/* ---- parts of a text: they point into it ---- */

static void trim(struct term *term, const struct vector *const *argument,
                 const struct selection *sel, bool left, bool right)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text x = text_at(argument[0], row), of = {" ", 1};
        if (term->children > 1)
            of = text_at(argument[1], row);
        term->vector.text[row] = x.data == NULL || of.data == NULL
                                     ? (struct text){NULL, 0}
                                     : weir__utf8_trim(x, of, left, right);
    }
}

FUNCTION_EVAL(trim)
{
    (void)run;
    trim(term, argument, sel, true, true);
}

FUNCTION_EVAL(ltrim)
{
    (void)run;
    trim(term, argument, sel, true, false);
}

FUNCTION_EVAL(rtrim)
{
    (void)run;
    trim(term, argument, sel, false, true);
}

/* The characters [start, start + count) of x, the first being 1, those that there are. */
static struct text cut(struct text x, int64_t start, int64_t count)
{
    if (start < 0)
        start += (int64_t)weir__utf8_count(x) + 1;
    bool all = count == INT64_MAX || count > INT64_MAX - (start > 0 ? start : 0);
    int64_t end = all ? INT64_MAX : start + count;
    if (start < 1)
        start = 1;
    if (end <= start)
        return (struct text){x.data, 0};
    uint32_t skip = weir__utf8_skip(x, (uint64_t)(start - 1));
    struct text rest = {x.data + skip, x.length - skip};
    rest.length = weir__utf8_skip(rest, (uint64_t)(end - start));
    return rest;
}

FUNCTION_EVAL(substr)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text *to = &term->vector.text[row];
        *to = (struct text){NULL, 0};
        if (any_null(term, argument, row))
            continue;
        int64_t count = term->children > 2 ? integer_at(argument[2], row) : INT64_MAX;
        if (count < 0)
            weir__eval_fail(run, term, row, REASON_NEGATIVE_LENGTH, *to);
        else
            *to = cut(text_at(argument[0], row), integer_at(argument[1], row), count);
    }
}

/* The n-th part from the front, n counting from 1; *ret_parts is how many there are if that is
 * fewer. */
static struct text part_of(struct text x, struct text separator, int64_t n, int64_t *ret_parts)
{
    const char *at = x.data, *end = x.data + x.length;
    for (int64_t i = 1;; i++) {
        const char *stop = separator.length == 0
                               ? NULL
                               : memmem(at, (size_t)(end - at), separator.data, separator.length);
        if (i == n)
            return (struct text){at, (uint32_t)((stop == NULL ? end : stop) - at)};
        *ret_parts = i;
        if (stop == NULL)
            return (struct text){x.data, 0};
        at = stop + separator.length;
    }
}

FUNCTION_EVAL(split_part)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        struct text *to = &term->vector.text[row];
        *to = (struct text){NULL, 0};
        if (any_null(term, argument, row))
            continue;
        struct text x = text_at(argument[0], row), separator = text_at(argument[1], row);
        int64_t n = integer_at(argument[2], row), parts = 0;
        if (n == 0) {
            weir__eval_fail(run, term, row, REASON_PART_ZERO, *to);
            continue;
        }
        if (n < 0) { /* from the end: count them first */
            part_of(x, separator, INT64_MAX, &parts);
            n += parts + 1;
        }
        *to = n < 1 ? (struct text){x.data, 0} : part_of(x, separator, n, &parts);
    }
}

/* x without its last characters as count says, which is negative, or its first count. */
static uint32_t front_bytes(struct text x, int64_t count)
{
    if (count < 0)
        count += (int64_t)weir__utf8_count(x);
    return count <= 0 ? 0 : weir__utf8_skip(x, (uint64_t)count);
}

FUNCTION(left)
{
    struct text x = call_text(call, 0);
    call_give_text(call, x.data, front_bytes(x, call_integer(call, 1)));
}

FUNCTION(right)
{
    struct text x = call_text(call, 0);
    int64_t count = call_integer(call, 1);
    uint32_t skip = count == INT64_MIN ? x.length : count == 0 ? x.length : front_bytes(x, -count);
    call_give_text(call, x.data + skip, x.length - skip);
}

FUNCTION(strpos)
{
    struct text x = call_text(call, 0), part = call_text(call, 1);
    const char *hit = memmem(x.data, x.length, part.data, part.length);
    call_give_integer(
        call,
        hit == NULL ? 0 : weir__utf8_count((struct text){x.data, (uint32_t)(hit - x.data)}) + 1);
}

FUNCTION(strlen)
{
    call_give_integer(call, call_text(call, 0).length);
}

/* ---- replace ---- */

static size_t count_of(struct text x, struct text part)
{
    size_t count = 0;
    const char *at = x.data, *end = x.data + x.length;
    while ((at = memmem(at, (size_t)(end - at), part.data, part.length)) != NULL) {
        at += part.length;
        count++;
    }
    return count;
}

static void replace_all(struct text x, struct text from, struct text by, char *to)
{
    const char *at = x.data, *end = x.data + x.length, *hit;
    while ((hit = memmem(at, (size_t)(end - at), from.data, from.length)) != NULL) {
        memcpy(to, at, (size_t)(hit - at));
        to += hit - at;
        memcpy(to, by.data, by.length);
        to += by.length;
        at = hit + from.length;
    }
    memcpy(to, at, (size_t)(end - at));
}

FUNCTION_EVAL(replace)
{
    for (uint32_t k = 0; k < sel->count; k++) {
        uint32_t row = sel->row[k];
        term->vector.text[row] = (struct text){NULL, 0};
        if (any_null(term, argument, row))
            continue;
        struct text x = text_at(argument[0], row), from = text_at(argument[1], row),
                    by = text_at(argument[2], row);
        size_t count = from.length == 0 ? 0 : count_of(x, from);
        size_t length = x.length - count * from.length + count * by.length;
        char *to = count == 0 ? NULL : weir__eval_text(run, term, row, length);
        if (to != NULL)
            replace_all(x, from, by, to);
        if (to != NULL || count == 0)
            term->vector.text[row] = (struct text){to == NULL ? x.data : to, (uint32_t)length};
    }
}

/* ---- the table ---- */

const struct function weir__functions_text[] = {
    LOOP(contains, "tt", 2, BOOLEAN, "contains(x, part)", "whether part occurs in x",
         "contains('paid late', 'late') -> true"),
    LOOP(ends_with, "tt", 2, BOOLEAN, "ends_with(x, part)", "whether x ends with part",
         "ends_with('data.csv', '.csv') -> true"),
    ROW(left, "ti", 2, TEXT, "left(x, n)",
        "the first n characters; all but the last ones with a negative n",
        "left('order-17', 5) -> order\nleft('order-17', -3) -> order"),
    LOOP(length, "t", 1, INTEGER, "length(x)", "the number of characters in x",
         "length('Müller') -> 6"),
    LOOP(lower, "t", 1, TEXT, "lower(x)", "x in small letters", "lower('ÄRGER') -> ärger"),
    LOOP(ltrim, "tt", 1, TEXT, "ltrim(x [, chars])",
         "x without the spaces, or those characters, at its left", "ltrim('007', '0') -> 7"),
    LOOP(replace, "ttt", 3, TEXT, "replace(x, from, to)", "x with every from in it replaced by to",
         "replace('1.234.567', '.', '') -> 1234567"),
    ROW(right, "ti", 2, TEXT, "right(x, n)",
        "the last n characters; all but the first ones with a negative n",
        "right('order-17', 2) -> 17\nright('order-17', -6) -> 17"),
    LOOP(rtrim, "tt", 1, TEXT, "rtrim(x [, chars])",
         "x without the spaces, or those characters, at its right",
         "rtrim('done...', '.') -> done"),
    LOOP(split_part, "tti", 3, TEXT, "split_part(x, separator, n)",
         "the n-th part of x, from 1; from the end with a negative n; '' if there is none",
         "split_part('a/b/c', '/', 2) -> b\nsplit_part('a/b/c', '/', -1) -> c"),
    LOOP(starts_with, "tt", 2, BOOLEAN, "starts_with(x, part)", "whether x begins with part",
         "starts_with('order-17', 'order') -> true"),
    ROW(strlen, "t", 1, INTEGER, "strlen(x)", "the number of bytes in x", "strlen('Müller') -> 7"),
    ROW(strpos, "tt", 2, INTEGER, "strpos(x, part)",
        "the place of the first part in x, in characters from 1; 0 if there is none",
        "strpos('paid late', 'late') -> 6\nstrpos('paid', 'late') -> 0"),
    LOOP(substr, "tii", 2, TEXT, "substr(x, start [, count])",
         "count characters of x, or all, from start on; 1 is the first, -1 the last",
         "substr('2026-01-31', 6, 2) -> 01\nsubstr('2026-01-31', -2) -> 31"),
    LOOP(trim, "tt", 1, TEXT, "trim(x [, chars])",
         "x without the spaces, or those characters, at both ends", "trim('  paid ') -> paid"),
    LOOP(upper, "t", 1, TEXT, "upper(x)", "x in capital letters", "upper('straße') -> STRAßE"),
    FUNCTIONS_END,
};
