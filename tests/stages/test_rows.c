/* The row scanner against libcsv itself, and its implementations against each other. */
#include <check.h>
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "csv/rows.h"

/* base */
#include "base/buf.h"

#define TEXT_MAX 700

static uint64_t seed;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static size_t below(size_t n)
{
    return (size_t)(next_random() % n);
}

/* Some texts are nasty in every byte, others long regular rows with a mistake here and there. */
static size_t random_text(char *text, size_t most)
{
    static const char nasty[] = "\"\"\"\",,,\r\n\n ab\t\0;", tame[] = "abcdefghij klmnop";
    size_t n = below(most + 1), kind = below(4);
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        if (kind == 0 || below(60) == 0)
            text[i] = nasty[below(sizeof(nasty) - 1)];
        else if (below(8) == 0 && i + 2 < n) {
            text[i] = quoted ? '"' : ',';
            text[++i] = quoted ? (below(5) ? ',' : '\n') : (below(2) ? '"' : 'x');
            quoted = !quoted && text[i] == '"';
        } else if (below(20) == 0)
            text[i] = quoted ? ',' : (kind == 1 ? '\r' : '\n');
        else
            text[i] = tame[below(sizeof(tame) - 1)];
    }
    return n;
}

static int never(unsigned char c)
{
    (void)c;
    return 0;
}

static void note_row(int c, void *context)
{
    (void)c;
    *(bool *)context = true;
}

static void ignore_field(void *bytes, size_t length, void *context)
{
    (void)bytes, (void)length, (void)context;
}

/* Marks every byte behind which libcsv ends a row or sees a blank line. */
static void mark_ends(const char *text, size_t n, bool trims, bool *end)
{
    struct csv_parser parser;
    ck_assert_int_eq(csv_init(&parser, CSV_REPALL_NL), 0);
    csv_set_space_func(&parser, trims ? NULL : never);
    for (size_t i = 0; i < n; i++) {
        end[i] = false;
        ck_assert_uint_eq(csv_parse(&parser, text + i, 1, ignore_field, note_row, &end[i]), 1);
    }
    csv_free(&parser);
}

static uint64_t count_lines(const char *text, size_t from, size_t to)
{
    uint64_t lines = 0;
    for (size_t i = from; i < to; i++)
        lines += text[i] == '\r' || (text[i] == '\n' && !(i > 0 && text[i - 1] == '\r'));
    return lines;
}

typedef size_t scan_function(const struct rows *rows, struct rows_scan *scan, const char *bytes,
                             size_t n);

static void check_piecewise(scan_function *scan, const struct rows *rows, const char *text,
                            size_t n, const bool *end)
{
    struct rows_scan state = {0};
    for (size_t at = 0; at < n;) {
        size_t piece = 1 + below(below(3) ? n - at : 80 < n - at ? 80 : n - at);
        size_t expected = 0;
        for (size_t i = 0; i < piece; i++)
            expected = end[at + i] ? i + 1 : expected;
        ck_assert_uint_eq(scan(rows, &state, text + at, piece), expected);
        at += piece;
        ck_assert_uint_eq(state.lines, count_lines(text, 0, at));
        ck_assert_int_eq(state.after_cr, text[at - 1] == '\r');
    }
}

/* Each twin against the machine that goes byte by byte, from this state. */
static void check_twins(struct rows *rows, struct rows_scan from, const char *text, size_t n)
{
    struct rows_scan bytes = from;
    size_t end = weir__rows_scan_bytes(rows, &bytes, text, n);
    for (rows->simd = SIMD_C; rows->simd < SIMD_COUNT; rows->simd++) {
        struct rows_scan scan = from;
        if (!weir__simd_runs(rows->simd))
            continue;
        size_t found = weir__rows_scan(rows, &scan, text, n);
        if (found != end || scan.state != bytes.state || scan.lines != bytes.lines ||
            scan.after_cr != bytes.after_cr)
            ck_abort_msg("twin %d from state %d on %zu bytes: %zu, %d; by bytes: %zu, %d",
                         (int)rows->simd, (int)from.state, n, found, (int)scan.state, end,
                         (int)bytes.state);
    }
}

static struct rows_scan any_state(size_t number)
{
    return (struct rows_scan){.state = (enum rows_state)(number % 5),
                              .after_cr = number / 5 % 2 == 1};
}

static void check_next(const struct rows *rows, const char *text, size_t n, const bool *end)
{
    struct rows_trace trace = {0};
    for (size_t at = 0; at < n;) {
        size_t used, piece = 1 + below(n - at);
        bool found = weir__rows_next(rows, &trace, text + at, piece, &used) != ROWS_NONE;
        size_t stop = at;
        while (stop < at + piece && !end[stop])
            stop++;
        ck_assert_int_eq(found, stop < at + piece);
        if (found && stop + 1 < at + piece && text[stop] == '\r' && text[stop + 1] == '\n')
            stop++;
        at += used;
        ck_assert_uint_eq(at, found ? stop + 1 : stop);
        ck_assert_uint_eq(trace.offset, at);
        ck_assert_uint_eq(trace.line, count_lines(text, 0, at));
    }
}

START_TEST(test_row_ends_are_those_of_libcsv_for_any_text_cut_anywhere)
{
    struct rows kinds[2];
    weir__rows_init(&kinds[0], ',', '"');
    weir__rows_init(&kinds[1], ',', '"');
    weir__rows_trim(&kinds[1]);
    seed = 0x9e3779b97f4a7c15 + (uint64_t)_i;
    for (int round = 0; round < 500; round++) {
        const struct rows *rows = &kinds[round % 2];
        char text[TEXT_MAX];
        bool end[TEXT_MAX];
        size_t n = random_text(text, TEXT_MAX);
        mark_ends(text, n, rows->trims, end);
        check_piecewise(weir__rows_scan_bytes, rows, text, n, end);
        check_piecewise(weir__rows_scan, rows, text, n, end);
        check_next(rows, text, n, end);
    }
}
END_TEST

START_TEST(test_all_twins_find_the_same_from_every_state)
{
    struct rows rows;
    weir__rows_init(&rows, _i == 0 ? ',' : '\0', _i == 0 ? '"' : ',');
    seed = 0x9e3779b97f4a7c15 + (uint64_t)_i;
    for (int round = 0; round < 3000; round++) {
        char text[TEXT_MAX];
        size_t n = random_text(text, TEXT_MAX);
        char *exact = malloc(n + 1); /* a sanitizer sees what is read beyond it */
        memcpy(exact + 1, text, n);
        for (size_t state = 0; state < 10; state++)
            check_twins(&rows, any_state(state), exact + 1, n);
        free(exact);
    }
}
END_TEST

START_TEST(test_all_twins_pass_over_comments_alike)
{
    struct rows rows;
    weir__rows_init(&rows, ',', '"');
    weir__rows_skip_comments(&rows, 'a');
    seed = 0x9e3779b97f4a7c15;
    for (int round = 0; round < 1000; round++) {
        char text[TEXT_MAX];
        size_t n = random_text(text, TEXT_MAX);
        for (size_t at = 0; at + 1 < n; at++)
            if (text[at] == '\n' && below(2) == 0)
                text[at + 1] = 'a';
        for (size_t state = 0; state < 10; state++)
            check_twins(&rows, any_state(state), text, n);
        check_twins(&rows, (struct rows_scan){.state = ROWS_COMMENT}, text, n);
    }
}
END_TEST

/* The next string over the alphabet: length grows. False when that has become more than most. */
static bool next_string(char *text, size_t *length, size_t most)
{
    static const char alphabet[] = "a,\"\n\r";
    for (size_t i = 0; i < *length; i++) {
        size_t next = (size_t)(strchr(alphabet, text[i]) - alphabet) + 1;
        text[i] = alphabet[next % sizeof(alphabet)]; /* NUL is one of them */
        if (next < sizeof(alphabet))
            return true;
    }
    text[(*length)++] = alphabet[0];
    return *length <= most;
}

/* At a text's begin, and around the border of a block; behind it more than a block. */
START_TEST(test_all_twins_find_the_same_in_every_string_around_a_border)
{
    static const size_t places[] = {0, 59, 60, 61, 62, 63, 64, 65};
    static const char *const tails[] = {"", "\",a\n", "\n\"\"\"", "\r\n,\"\""};
    size_t place = places[(size_t)_i % 8], state = (size_t)_i / 8, length = 0;
    char string[8] = "", text[160];
    struct rows rows;
    weir__rows_init(&rows, ',', '"');
    for (size_t round = 0; next_string(string, &length, 5); round++) {
        const char *tail = tails[round % 4];
        memset(text, 'a', sizeof(text));
        memcpy(text + place, string, length);
        memcpy(text + place + length, tail, strlen(tail));
        check_twins(&rows, any_state(state), text, 128 + round % 3);
    }
}
END_TEST

static void write_field(void *bytes, size_t length, void *context)
{
    weir__buf_putc(context, bytes == NULL ? '~' : '<');
    weir__buf_add(context, bytes, length);
    weir__buf_putc(context, '>');
}

static void write_row(int c, void *context)
{
    weir__buf_printf(context, "%d\n", c);
}

static struct buf fields(const char *text, size_t n, int (*space)(unsigned char))
{
    struct csv_parser parser;
    struct buf buf;
    weir__buf_init(&buf);
    ck_assert_int_eq(csv_init(&parser, CSV_EMPTY_IS_NULL | CSV_REPALL_NL), 0);
    csv_set_space_func(&parser, space);
    ck_assert_uint_eq(csv_parse(&parser, text, n, write_field, write_row, &buf), n);
    ck_assert_int_eq(csv_fini(&parser, write_field, write_row, &buf), 0);
    csv_free(&parser);
    return buf;
}

static void check_clean_twins(struct rows rows, const char *text, size_t n, size_t clean)
{
    for (rows.simd = SIMD_C; rows.simd < SIMD_COUNT; rows.simd++) {
        if (weir__simd_runs(rows.simd))
            ck_assert_uint_eq(weir__rows_without_edge_spaces(&rows, text, n), clean);
    }
}

START_TEST(test_text_without_spaces_at_edges_parses_alike_trimmed_or_not)
{
    struct rows rows;
    weir__rows_init(&rows, ',', '"');
    seed = 0x2545f4914f6cdd1d + (uint64_t)_i;
    size_t whole = 0;
    for (int round = 0; round < 1000; round++) {
        char text[TEXT_MAX];
        size_t n = random_text(text, below(2) ? TEXT_MAX : 100);
        size_t clean = weir__rows_without_edge_spaces(&rows, text, n);
        ck_assert_uint_le(clean, n);
        check_clean_twins(rows, text, n, clean);
        struct buf exact = fields(text, clean, never), trimmed = fields(text, clean, NULL);
        ck_assert_uint_eq(exact.len, trimmed.len);
        ck_assert_mem_eq(exact.data, trimmed.data, exact.len);
        weir__buf_release(&exact);
        weir__buf_release(&trimmed);
        whole += clean == n && n > 0;
    }
    ck_assert_uint_gt(whole, 100);
}
END_TEST

static const struct {
    const char *text;
    size_t clean;
} edges[] = {
    {"a b,c\n", 6},    {"a, b\n", 0},
    {"a ,b\n", 0},     {" a\n", 0},
    {"a \n", 0},       {"a\tb\n", 4},
    {"a\t\n", 0},      {"\"x, y\" \n", 0},
    {"\"x, y\"\n", 7}, {"\" x \",\"\n y\"\n", 12},
    {"a\nb ", 0},      {"a\nb", 3},
};

START_TEST(test_spaces_count_as_edge_spaces_only_outside_quotes)
{
    struct rows rows;
    weir__rows_init(&rows, ',', '"');
    for (rows.simd = SIMD_C; rows.simd < SIMD_COUNT; rows.simd++) {
        const char *text = edges[_i].text;
        if (!weir__simd_runs(rows.simd))
            continue;
        size_t clean = weir__rows_without_edge_spaces(&rows, text, strlen(text));
        ck_assert_msg(clean == edges[_i].clean, "'%s', twin %d: %zu", text, (int)rows.simd, clean);
    }
}
END_TEST

START_TEST(test_a_tab_that_is_the_delimiter_is_no_space)
{
    struct rows rows;
    weir__rows_init(&rows, '\t', '"');
    size_t clean = weir__rows_without_edge_spaces(&rows, "a\tb\n", 4);
    ck_assert_uint_eq(clean, 4);
}
END_TEST

START_TEST(test_trace_tells_where_an_open_quote_stands)
{
    struct rows rows;
    struct rows_trace trace = {0};
    weir__rows_init(&rows, ';', '\'');
    const char *text = "a;b\r\n'x\ny';''\n1;'two\n'';z;\"";
    size_t n = strlen(text), used;
    ck_assert_int_eq(weir__rows_next(&rows, &trace, text, n, &used), ROWS_FOUND_ROW);
    ck_assert_uint_eq(used, 5);
    ck_assert_int_eq(weir__rows_next(&rows, &trace, text + 5, n - 5, &used), ROWS_FOUND_ROW);
    ck_assert_int_eq(weir__rows_next(&rows, &trace, text + trace.offset, n - trace.offset, &used),
                     ROWS_NONE);
    ck_assert_int_eq(trace.state, ROWS_QUOTED);
    ck_assert_uint_eq(trace.field, 1);
    ck_assert_uint_eq(trace.quote_line, 3);
    ck_assert_uint_eq(trace.quote_column, 2);
    ck_assert_uint_eq(trace.quote_offset, 16);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rows");
    TCase *tcase = tcase_create("rows");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_row_ends_are_those_of_libcsv_for_any_text_cut_anywhere, 0, 5);
    tcase_add_loop_test(tcase, test_all_twins_find_the_same_from_every_state, 0, 2);
    tcase_add_test(tcase, test_all_twins_pass_over_comments_alike);
    tcase_add_loop_test(tcase, test_all_twins_find_the_same_in_every_string_around_a_border, 0,
                        8 * 10);
    tcase_add_loop_test(tcase, test_text_without_spaces_at_edges_parses_alike_trimmed_or_not, 0, 3);
    tcase_add_loop_test(tcase, test_spaces_count_as_edge_spaces_only_outside_quotes, 0,
                        sizeof(edges) / sizeof(edges[0]));
    tcase_add_test(tcase, test_a_tab_that_is_the_delimiter_is_no_space);
    tcase_add_test(tcase, test_trace_tells_where_an_open_quote_stands);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
