#include "expr/function.h"

#define SUBJECT "text made of text"

#define TRANSLATED_MAX  1024 /* characters that translate looks through for each one of x */
#define LEVENSHTEIN_MAX 4096 /* characters: the work grows with the square */

FUNCTION(chr)
{
    int64_t point = call_integer(call, 0);
    if (point < 0 || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
        weir__call_fail(call, NO_VALUE, "chr takes the number of a character, 0 to 1114111");
        return;
    }
    char *to = call_room(call, UTF8_BYTES_MAX);
    if (to != NULL)
        call_give_text(call, to, weir__utf8_encode((uint32_t)point, to));
}

FUNCTION(unicode)
{
    struct text x = call_text(call, 0);
    uint32_t point = 0;
    if (x.length > 0)
        weir__utf8_decode(x.data, x.length, &point);
    if ((point & UTF8_BROKEN) != 0)
        weir__call_fail(call, x, "does not begin with a character of UTF-8");
    else
        call_give_integer(call, x.length == 0 ? -1 : (int64_t)point);
}

/* ---- concat ---- */

/* The arguments from `first` on that are not null, with the separator between them. */
static void join(struct weir_call *call, uint32_t first, struct text separator)
{
    size_t length = 0;
    uint32_t texts = 0;
    for (uint32_t i = first; i < call->term->children; i++) {
        struct text x = call_text(call, i);
        length += x.data == NULL ? 0 : x.length + (texts > 0 ? separator.length : 0);
        texts += x.data != NULL;
    }
    char *to = call_room(call, length), *at = to;
    if (to == NULL)
        return;
    for (uint32_t i = first, all = texts; i < call->term->children; i++) {
        struct text x = call_text(call, i);
        if (x.data == NULL)
            continue;
        if (texts-- < all)
            at = mempcpy(at, separator.data, separator.length);
        at = mempcpy(at, x.data, x.length);
    }
    call_give_text(call, to, length);
}

FUNCTION_EVAL(concat)
{
    struct weir_call call = {run, term, argument, 0};
    for (uint32_t k = 0; k < sel->count; k++) {
        call.row = sel->row[k];
        value_set_null(&term->vector, call.row, SHAPE_TEXT);
        join(&call, 0, (struct text){"", 0});
    }
}

FUNCTION_EVAL(concat_ws)
{
    struct weir_call call = {run, term, argument, 0};
    for (uint32_t k = 0; k < sel->count; k++) {
        call.row = sel->row[k];
        value_set_null(&term->vector, call.row, SHAPE_TEXT);
        struct text separator = call_text(&call, 0);
        if (separator.data != NULL)
            join(&call, 1, separator);
    }
}

/* ---- case ---- */

/* Letters and digits make words: those of ASCII, and all beyond. */
static bool in_word(uint32_t point)
{
    return (point >= '0' && point <= '9') || ((point | 0x20) >= 'a' && (point | 0x20) <= 'z') ||
           (point >= 0xAA && (point & UTF8_BROKEN) == 0);
}

FUNCTION(initcap)
{
    struct text x = call_text(call, 0);
    char *to = call_room(call, x.length);
    uint32_t length = 0, point;
    bool within = false;
    if (to == NULL)
        return;
    for (uint32_t i = 0, n; i < x.length; i += n) {
        n = weir__utf8_decode(x.data + i, x.length - i, &point);
        length += weir__utf8_fold((struct text){x.data + i, n},
                                  within ? weir__utf8_lower : weir__utf8_upper, to + length);
        within = in_word(point);
    }
    call_give_text(call, to, length);
}

/* ---- distance ---- */

/* The characters of x, at most LEVENSHTEIN_MAX. */
static bool take_points(struct text x, uint32_t *point, uint32_t *ret_count)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < x.length; count++) {
        if (count == LEVENSHTEIN_MAX)
            return false;
        i += weir__utf8_decode(x.data + i, x.length - i, &point[count]);
    }
    *ret_count = count;
    return true;
}

static uint32_t smallest(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* distance[j] is what makes the first i characters of a the first j of b; row by row. */
static uint32_t count_edits(const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m,
                            uint32_t *distance)
{
    for (uint32_t j = 0; j <= m; j++)
        distance[j] = j;
    for (uint32_t i = 1; i <= n; i++) {
        uint32_t diagonal = distance[0];
        distance[0] = i;
        for (uint32_t j = 1; j <= m; j++) {
            uint32_t above = distance[j];
            distance[j] =
                smallest(above + 1, distance[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return distance[m];
}

FUNCTION(levenshtein)
{
    uint32_t a[LEVENSHTEIN_MAX], b[LEVENSHTEIN_MAX], distance[LEVENSHTEIN_MAX + 1], n, m;
    if (take_points(call_text(call, 0), a, &n) && take_points(call_text(call, 1), b, &m))
        call_give_integer(call, count_edits(a, n, b, m, distance));
    else
        weir__call_fail(call, NO_VALUE, "levenshtein takes texts of at most 4096 characters");
}

/* ---- filling ---- */

/* The first `length` bytes of part, part, part ... */
static void fill(char *to, size_t length, struct text part)
{
    for (size_t done = 0; done < length; done += part.length)
        memcpy(to + done, part.data, length - done < part.length ? length - done : part.length);
}

/* The bytes of so many characters of by, by, by ...; more than a text may have if it is too many.
 */
static size_t filling_bytes(struct text by, uint64_t characters)
{
    uint64_t in_one = weir__utf8_count(by), times = characters / in_one;
    if (times > TEXT_BYTES_MAX)
        return (size_t)TEXT_BYTES_MAX + 1;
    return (size_t)(times * by.length + weir__utf8_skip(by, characters % in_one));
}

static void pad(struct weir_call *call, bool left)
{
    struct text x = call_text(call, 0), by = {" ", 1};
    int64_t length = call_integer(call, 1);
    if (call_has(call, 2))
        by = call_text(call, 2);
    uint64_t wanted = length < 0 ? 0 : (uint64_t)length, there = weir__utf8_count(x);
    if (there >= wanted) {
        call_give_text(call, x.data, weir__utf8_skip(x, wanted));
        return;
    }
    if (by.length == 0) {
        weir__call_fail(call, x, "is too short, and there is nothing to pad it with");
        return;
    }
    size_t more = filling_bytes(by, wanted - there);
    char *to = call_room(call, x.length + more);
    if (to == NULL)
        return;
    fill(left ? to : to + x.length, more, by);
    memcpy(left ? to + more : to, x.data, x.length);
    call_give_text(call, to, x.length + more);
}

FUNCTION(lpad)
{
    pad(call, true);
}

FUNCTION(rpad)
{
    pad(call, false);
}

FUNCTION(repeat)
{
    struct text x = call_text(call, 0);
    int64_t times = call_integer(call, 1);
    if (times <= 0 || x.length == 0) {
        call_give_text(call, x.data, 0);
        return;
    }
    size_t most = TEXT_BYTES_MAX / x.length + 1;
    size_t length = x.length * ((uint64_t)times < most ? (size_t)times : most);
    char *to = call_room(call, length);
    if (to == NULL)
        return;
    fill(to, length, x);
    call_give_text(call, to, length);
}

FUNCTION(reverse)
{
    struct text x = call_text(call, 0);
    char *to = call_room(call, x.length);
    uint32_t point;
    if (to == NULL)
        return;
    for (uint32_t i = 0, n; i < x.length; i += n) {
        n = weir__utf8_decode(x.data + i, x.length - i, &point);
        memcpy(to + x.length - i - n, x.data + i, n);
    }
    call_give_text(call, to, x.length);
}

/* ---- translate ---- */

/* The n-th character of x, from 0; empty if there is none. */
static struct text character_at(struct text x, uint32_t n)
{
    uint32_t skip = weir__utf8_skip(x, n);
    struct text rest = {x.data + skip, x.length - skip};
    rest.length = weir__utf8_skip(rest, 1);
    return rest;
}

/* The place of the character in `from`, in characters; its length if it is not there. */
static uint32_t place_in(struct text from, struct text character)
{
    uint32_t place = 0, point;
    for (uint32_t i = 0, n; i < from.length; i += n, place++) {
        n = weir__utf8_decode(from.data + i, from.length - i, &point);
        if (n == character.length && memcmp(from.data + i, character.data, n) == 0)
            break;
    }
    return place;
}

/* Writes the translated text, where `to` is not NULL. Returns its length. */
static size_t translate(struct text x, struct text from, struct text by, char *to)
{
    uint32_t point, known = weir__utf8_count(from);
    size_t length = 0;
    for (uint32_t i = 0, n; i < x.length; i += n) {
        n = weir__utf8_decode(x.data + i, x.length - i, &point);
        struct text character = {x.data + i, n};
        uint32_t place = place_in(from, character);
        if (place < known)
            character = character_at(by, place);
        if (to != NULL)
            memcpy(to + length, character.data, character.length);
        length += character.length;
    }
    return length;
}

FUNCTION(translate)
{
    struct text x = call_text(call, 0), from = call_text(call, 1), by = call_text(call, 2);
    if (weir__utf8_count(from) > TRANSLATED_MAX) {
        weir__call_fail(call, NO_VALUE, "translate takes at most 1024 characters to translate");
        return;
    }
    size_t length = translate(x, from, by, NULL);
    char *to = call_room(call, length);
    if (to == NULL)
        return;
    translate(x, from, by, to);
    call_give_text(call, to, length);
}

/* ---- the table ---- */

#define VARIADIC(name, arguments, least, usage, help, examples)                                    \
    PLAIN(#name, arguments, least, FUNCTION_ARGUMENTS_MAX, TEXT, usage, help, examples,            \
          .eval = eval_##name)

const struct function weir__functions_text_made[] = {
    ROW(chr, "i", 1, TEXT, "chr(n)", "the character with that number", "chr(8364) -> €"),
    VARIADIC(concat, "a", 1, "concat(x, y, ...)",
             "its arguments one behind the other, without nulls",
             "concat('order ', 17, null) -> order 17"),
    VARIADIC(concat_ws, "ta", 2, "concat_ws(separator, x, y, ...)",
             "its arguments that are not null, with the separator between them",
             "concat_ws(', ', 'Ulm', null, 89073) -> Ulm, 89073"),
    ROW(initcap, "t", 1, TEXT, "initcap(x)",
        "x with a capital letter at the beginning of each word and small ones behind it",
        "initcap('ANNA-LENA müller') -> Anna-Lena Müller"),
    ROW(levenshtein, "tt", 2, INTEGER, "levenshtein(x, y)",
        "how many characters must be put in, taken out or changed to make y of x",
        "levenshtein('Meyer', 'Maier') -> 2"),
    ROW(lpad, "tit", 2, TEXT, "lpad(x, length [, by])",
        "x with spaces, or by, in front to that many characters; cut at its end if it is longer",
        "lpad('7', 3, '0') -> 007\nlpad('12345', 3, '0') -> 123"),
    ROW(repeat, "ti", 2, TEXT, "repeat(x, n)", "x n times", "repeat('ab', 3) -> ababab"),
    ROW(reverse, "t", 1, TEXT, "reverse(x)", "the characters of x from the last to the first",
        "reverse('für') -> rüf"),
    ROW(rpad, "tit", 2, TEXT, "rpad(x, length [, by])",
        "x with spaces, or by, behind it to that many characters; cut at its end if it is longer",
        "rpad('7', 3, '.') -> 7.."),
    ROW(translate, "ttt", 3, TEXT, "translate(x, from, to)",
        "x with each character of from replaced by the one of to at the same place, or left out "
        "where there is none",
        "translate('1.234,50', ',.', '.') -> 1234.50"),
    ROW(unicode, "t", 1, INTEGER, "unicode(x)",
        "the number of the first character of x; -1 if x is empty", "unicode('€') -> 8364"),
    FUNCTIONS_END,
};
