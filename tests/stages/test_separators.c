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
           a->carry.quotes.inside == b->carry.quotes.inside &&
           a->carry.quotes.may_open == b->carry.quotes.may_open &&
           a->carry.quotes.after_quote == b->carry.quotes.after_quote &&
           a->carry.quotes.after_cr == b->carry.quotes.after_cr &&
           a->carry.at_row == b->carry.at_row &&
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
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
