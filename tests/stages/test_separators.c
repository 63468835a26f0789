/* The separator index: what its twins find, against plain C. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "csv/separators.h"

#define STRING_MAX 5
#define TEXT_MAX   200

/* The next string over the alphabet, NUL among it: length grows. False when that has become more
 * than most. */
static bool next_string(char *text, size_t *length, size_t most)
{
    static const char alphabet[] = "a,\"\n\r";
    for (size_t i = 0; i < *length; i++) {
        size_t next = (size_t)(strchr(alphabet, text[i]) - alphabet) + 1;
        text[i] = alphabet[next % sizeof(alphabet)];
        if (next < sizeof(alphabet))
            return true;
    }
    text[(*length)++] = alphabet[0];
    return *length <= most;
}

static void open_all(struct separators *all, bool blank_stops)
{
    struct rows rows;
    weir__rows_init(&rows, ',', '"');
    memset(all, 0, SIMD_COUNT * sizeof(*all));
    for (rows.simd = SIMD_C; rows.simd < SIMD_COUNT; rows.simd++) {
        ck_assert(weir__separators_init(&all[rows.simd], &rows, 4));
        all[rows.simd].blank_stops = blank_stops;
    }
}

static void release_all(struct separators *all)
{
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++)
        weir__separators_release(&all[simd]);
}

static bool same(const struct separators *a, const struct separators *b)
{
    return a->count == b->count && a->begins == b->begins && a->rows == b->rows &&
           a->doubles == b->doubles && a->next == b->next &&
           a->stretch.carry.quotes.inside == b->stretch.carry.quotes.inside &&
           a->stretch.carry.quotes.may_open == b->stretch.carry.quotes.may_open &&
           a->stretch.carry.quotes.after_quote == b->stretch.carry.quotes.after_quote &&
           a->stretch.carry.quotes.after_cr == b->stretch.carry.quotes.after_cr &&
           a->stretch.carry.at_row == b->stretch.carry.at_row &&
           memcmp(a->at, b->at, a->count * sizeof(*a->at)) == 0 &&
           memcmp(a->begin, b->begin, a->begins * sizeof(*a->begin)) == 0 &&
           memcmp(a->last, b->last, a->rows * sizeof(*a->last)) == 0 &&
           memcmp(a->doubled, b->doubled, a->doubles * sizeof(*a->doubled)) == 0;
}

/* From `from` on, as far as it goes. */
static void check_twins(struct separators *all, const char *text, size_t from, size_t n)
{
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        if (!weir__simd_runs(simd))
            continue;
        weir__separators_begin(&all[simd], from);
        while (weir__separators_more(&all[simd], text, n))
            ;
        if (!same(&all[simd], &all[SIMD_C]))
            ck_abort_msg("twin %d: %zu separators, %zu rows, to %zu; plain C: %zu, %zu, to %zu",
                         (int)simd, all[simd].count, all[simd].rows, all[simd].next,
                         all[SIMD_C].count, all[SIMD_C].rows, all[SIMD_C].next);
    }
}

/* What stands before the string: it leads to each state of the machine, and to a doubled quote. */
static const char *const leads[] = {"", "a", ",", ",\"", ",\"\"", ",\"\"\"", "\n", "\r"};
#define LEADS (sizeof(leads) / sizeof(leads[0]))

START_TEST(test_all_twins_find_the_same_in_every_string_around_a_border)
{
    const char *lead = leads[(size_t)_i % LEADS], *tails[] = {"", "\",a\n", "\r\n,\"\"\"\"\n"};
    size_t before = strlen(lead), place = 59 + (size_t)_i / LEADS, length = 0;
    char string[STRING_MAX + 2] = "", text[TEXT_MAX];
    struct separators all[SIMD_COUNT];
    open_all(all, _i % 2 == 1);
    for (size_t round = 0; next_string(string, &length, STRING_MAX); round++) {
        const char *tail = tails[round % 3];
        size_t from = round % 5;
        memset(text, 'a', sizeof(text));
        memcpy(text + from + place - before, lead, before);
        memcpy(text + from + place, string, length);
        memcpy(text + from + place + length, tail, strlen(tail));
        check_twins(all, text, from, from + 128 + round % 3);
    }
    release_all(all);
}
END_TEST

START_TEST(test_blocks_full_of_separators_rows_and_doubled_quotes_are_taken)
{
    static const char *const units[] = {",", "a\n", "\r\n", "a\r\n\r\n", ",\"\"\"\"\n", "\"\"\n"};
    size_t n = 40000, length = strlen(units[_i]);
    char *text = malloc(n); /* a sanitizer sees what is read beyond it */
    struct separators all[SIMD_COUNT];
    open_all(all, false);
    for (size_t i = 0; i < n; i++)
        text[i] = units[_i][i % length];
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        size_t rows = 0, row_ends = length > 1 && _i != 2 ? n / length : 0;
        if (!weir__simd_runs(simd))
            continue;
        weir__separators_begin(&all[simd], 0);
        while (weir__separators_more(&all[simd], text, n)) {
            rows += all[simd].rows;
            weir__separators_drop(&all[simd]);
        }
        ck_assert_uint_eq(rows + all[simd].rows, row_ends);
    }
    release_all(all);
    free(text);
}
END_TEST

START_TEST(test_a_row_full_of_doubled_quotes_may_be_longer_than_what_is_looked_at_in_a_call)
{
    size_t n = 200000;
    char *text = malloc(n);
    struct separators all[SIMD_COUNT];
    open_all(all, false);
    memset(text, '"', n);
    text[n - 2] = '\n';
    text[n - 1] = 'a';
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        if (!weir__simd_runs(simd))
            continue;
        weir__separators_begin(&all[simd], 0);
        while (weir__separators_more(&all[simd], text, n))
            weir__separators_drop(&all[simd]);
        ck_assert_uint_eq(all[simd].rows, 1);
        ck_assert_uint_eq(all[simd].doubled[0].first, 0);
    }
    release_all(all);
    free(text);
}
END_TEST

START_TEST(test_rows_that_may_have_doubled_quotes_are_told)
{
    static const char text[] = "a,\"b\"\n\"c,\"\"\",d\n\"\",\"\"\ne,\"\"\"\"\n";
    struct separators all[SIMD_COUNT];
    char block[256];
    open_all(all, false);
    memset(block, 'x', sizeof(block));
    memcpy(block + 64, text, sizeof(text) - 1); /* behind an end, so that rows 0 to 4 are its */
    block[63] = '\n';
    memcpy(block + 64 + sizeof(text) - 1, "x\n", 2);
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        if (!weir__simd_runs(simd))
            continue;
        weir__separators_begin(&all[simd], 0);
        ck_assert(!weir__separators_more(&all[simd], block, 192));
        ck_assert_uint_eq(all[simd].doubles, 1);
        ck_assert_uint_le(all[simd].doubled[0].first, 2);
        ck_assert_uint_ge(all[simd].doubled[0].last, 4);
    }
    release_all(all);
}
END_TEST

/* ---- marks that are there before ---- */

#define MARKED_BYTES 9000 /* more than a wrong guess may matter in */

static uint64_t random_below(uint64_t *seed, uint64_t n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % n;
}

/* Regular rows, but for a stray quote here and there in one text of two. */
static void random_rows(uint64_t *seed, char *text, size_t n)
{
    static const char *const rows[] = {"a,\"b\"\"c\",d\n", "\"x\ny,\",2\r\n", ",,\n",    "\n\r\n",
                                       "\"\",word\n",      "12345,678\n",     "\"\n\"\n"};
    bool strays = random_below(seed, 2) == 0;
    for (size_t at = 0; at < n;) {
        const char *row = rows[random_below(seed, sizeof(rows) / sizeof(rows[0]))];
        size_t length = strlen(row) < n - at ? strlen(row) : n - at;
        memcpy(text + at, row, length);
        at += length;
        if (strays && random_below(seed, 1000) == 0)
            text[at - 1] = '"';
    }
}

/* Where the first row begins in text that begins in that state. */
static size_t first_row(const struct rows *rows, const struct rows_scan *truth, const char *text,
                        size_t n)
{
    struct rows_trace trace = {.state = truth->state, .after_cr = truth->after_cr};
    size_t used = truth->after_cr && text[0] == '\n';
    if (truth->state != ROWS_ROW)
        weir__rows_next(rows, &trace, text, n, &used);
    return used;
}

/* As csv.cut does it, from a guess, which is put right. */
static void mark(struct marks *marks, const struct rows *rows, const struct rows_scan *truth,
                 const char *text, size_t n)
{
    const struct rows_scan guess = {.state = weir__rows_guess(rows, text, n)};
    struct rows_scan scan = guess, bytes = guess, again = *truth;
    weir__marks_scan(marks, rows, &scan, text, n);
    weir__rows_scan_bytes(rows, &bytes, text, n);
    ck_assert_uint_eq(scan.state, bytes.state);
    ck_assert_uint_eq(scan.lines, bytes.lines);
    ck_assert_uint_eq(scan.after_cr, bytes.after_cr);
    if (weir__rows_meet(rows, guess.state, truth->state, text, n))
        weir__marks_correct(marks, rows, truth->state, truth->after_cr, text);
    else
        weir__marks_scan(marks, rows, &again, text, n);
}

static bool is_told(const struct separators *s, uint32_t row)
{
    for (size_t i = 0; i < s->doubles; i++) {
        if (s->doubled[i].first <= row && row <= s->doubled[i].last)
            return true;
    }
    return false;
}

/* Both stop where a block is not regular, and their blocks do not begin at the same places. Returns how many rows both
 * have. */
static size_t check_rows(const struct separators *known, const struct separators *own,
                         const char *text)
{
    size_t rows = known->rows < own->rows ? known->rows : own->rows;
    for (uint32_t r = 0; r < rows; r++) {
        uint32_t begin = own->begin[r], end = own->at[own->last[r]];
        ck_assert_uint_eq(known->begin[r], begin);
        ck_assert_uint_eq(known->last[r], own->last[r]);
        if (memmem(text + begin, end - begin, "b\"\"c", 4) != NULL)
            ck_assert(is_told(known, r));
    }
    if (rows > 0)
        ck_assert_mem_eq(known->at, own->at, (own->last[rows - 1] + 1) * sizeof(*own->at));
    return rows;
}

START_TEST(test_marks_that_are_there_before_give_the_same_as_those_that_are_made)
{
    uint64_t seed = (uint64_t)_i + 1;
    struct rows rows;
    struct separators known = {0}, own = {0};
    struct marks marks = {0};
    char text[MARKED_BYTES];
    size_t compared = 0;
    weir__rows_init(&rows, ',', '"');
    for (int round = 0; round < 200; round++) {
        rows.simd = (enum simd)(round % SIMD_COUNT);
        if (!weir__simd_runs(rows.simd))
            continue;
        random_rows(&seed, text, sizeof(text));
        size_t cut = random_below(&seed, 300), n = sizeof(text) - random_below(&seed, 200);
        struct rows_scan truth = {0};
        weir__rows_scan_bytes(&rows, &truth, text, cut);
        mark(&marks, &rows, &truth, text + cut, n - cut);
        size_t begin = first_row(&rows, &truth, text + cut, n - cut);
        weir__marks_begin(&marks, begin);
        const char *from = text + cut + begin;
        size_t left = n - cut - begin - 100 * random_below(&seed, 2); /* fewer than are marked */
        ck_assert(weir__separators_init(&known, &rows, sizeof(text)));
        ck_assert(weir__separators_init(&own, &rows, sizeof(text)));
        weir__separators_begin_known(&known, &marks, left);
        while (weir__separators_more(&known, from, left))
            ;
        weir__separators_begin(&own, 0);
        while (weir__separators_more(&own, from, left))
            ;
        compared += check_rows(&known, &own, from);
        ck_assert_uint_le(known.next, left);
        if (own.next == left) /* a quote at the very end is regular at the end of a block only */
            ck_assert_uint_ge(known.next + MASKS_BLOCK, left);
        weir__separators_release(&known);
        weir__separators_release(&own);
    }
    weir__marks_release(&marks);
    ck_assert_uint_gt(compared, 10000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("separators");
    TCase *tcase = tcase_create("separators");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_all_twins_find_the_same_in_every_string_around_a_border, 0,
                        7 * LEADS);
    tcase_add_loop_test(tcase, test_blocks_full_of_separators_rows_and_doubled_quotes_are_taken, 0,
                        6);
    tcase_add_test(
        tcase, test_a_row_full_of_doubled_quotes_may_be_longer_than_what_is_looked_at_in_a_call);
    tcase_add_test(tcase, test_rows_that_may_have_doubled_quotes_are_told);
    tcase_add_loop_test(
        tcase, test_marks_that_are_there_before_give_the_same_as_those_that_are_made, 0, 10);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
