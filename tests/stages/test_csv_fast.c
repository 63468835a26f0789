/*
 * The fast way of csv.parse against libcsv alone, and its twins for each kind of processor against
 * each other. $WEIR_CSV_LENGTH is the length up to which all strings are tried, $WEIR_CSV_SECONDS
 * how long random texts are tried.
 */
#include "stages/csv_pair.h"

#include <time.h>

#ifdef __SANITIZE_ADDRESS__
#define SHORT_MAX 7
#else
#define SHORT_MAX 9 /* 12 million strings */
#endif
#define EDGE_MAX 5
#define TEXT_MAX 40000

static uint64_t seed;

static size_t below(size_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % n);
}

static size_t number_of(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoul(text, NULL, 10);
}

/* ---- two parsers ---- */

static void fail_on(const char *text, size_t n, size_t mix, enum simd simd, uint32_t row)
{
    struct buf shown;
    weir__buf_init(&shown);
    for (size_t i = 0; i < n; i++)
        weir__buf_printf(&shown, text[i] < ' ' || text[i] > '~' ? "\\%03o" : "%c",
                         (unsigned char)text[i]);
    ck_abort_msg("mix %zu, twin %d, row %u of: %s", mix, (int)simd, row, shown.data);
}

static void check_twins(struct pair *pair, size_t mix, const char *text, size_t n)
{
    uint32_t row;
    pair_parse_exact(pair, text, n);
    for (enum simd simd = SIMD_C; simd < SIMD_COUNT; simd++) {
        if (!weir__simd_runs(simd))
            continue;
        pair->fast->separators.simd = simd;
        if (!pair_parse_same(pair, text, n, &row))
            fail_on(text, n, mix, simd, row);
        if (n >= MASKS_BLOCK && !pair_parse_marked_same(pair, text, 0, n, &row))
            fail_on(text, n, mix, simd, row);
    }
}

/* ---- all strings ---- */

/* The next string over the alphabet: length grows. False when that has become more than most. */
static bool next_string(char *text, size_t *length, size_t most)
{
    static const char alphabet[] = "a,\" \n\r";
    for (size_t i = 0; i < *length; i++) {
        const char *at = strchr(alphabet, text[i]) + 1;
        text[i] = *at != '\0' ? *at : alphabet[0];
        if (*at != '\0')
            return true;
    }
    text[(*length)++] = alphabet[0];
    return *length <= most;
}

/* Shorter than a block: all twins do the same. */
START_TEST(test_every_short_string_parses_as_by_libcsv)
{
    struct pair pair;
    char text[32] = "";
    size_t length = 0, most = number_of("WEIR_CSV_LENGTH", SHORT_MAX);
    ck_assert_uint_lt(most, sizeof(text));
    pair_open(&pair, (size_t)_i);
    while (next_string(text, &length, most)) {
        uint32_t row;
        pair_parse_exact(&pair, text, length);
        if (!pair_parse_same(&pair, text, length, &row))
            fail_on(text, length, (size_t)_i, pair.fast->separators.simd, row);
    }
    pair_close(&pair);
}
END_TEST

/* What stands before the string, so that it begins in each state, just before and behind a block's
 * border; and what stands behind it, up to several blocks. */
static const char *const before[] = {"\n", "a", ",", "\"", "\"\"\"", "\r"};
static const char *const behind[] = {"\",a\n", "\n\"a\"\"a\",\r\n", "\r\n\n,\"\"\n"};

START_TEST(test_every_string_at_the_border_of_a_block_parses_as_by_libcsv)
{
    struct pair pair;
    size_t mix = (size_t)_i % PAIR_MIXES, state = (size_t)_i / PAIR_MIXES;
    pair_open(&pair, mix);
    for (size_t border = 59; border < 65; border++) {
        char text[200], string[EDGE_MAX + 2] = "";
        size_t length = 0, lead = strlen(before[state]);
        memset(text, 'a', sizeof(text));
        memcpy(text + 8, ",b\r\n,\"\"\n", 8);
        memcpy(text + border - lead, before[state], lead);
        const char *tail = behind[border % 3];
        while (next_string(string, &length, EDGE_MAX)) {
            memcpy(text + border, string, length);
            memset(text + border + length, 'a', sizeof(text) - border - length);
            memcpy(text + border + length, tail, strlen(tail));
            check_twins(&pair, mix, text, 192 + border % 4);
        }
    }
    pair_close(&pair);
}
END_TEST

/* ---- random texts ---- */

/* Regular rows with a mistake here and there, or nasty in every byte. */
static size_t random_text(char *text, size_t most)
{
    static const char nasty[] = "\"\"\"\",,,\r\n\n ab\t\0;";
    size_t n = below(most + 1), kind = below(4), mistakes = below(2) ? 60 : 3000, at = 0;
    while (at + 8 < n) {
        if (kind == 0 || below(mistakes) == 0) {
            text[at++] = nasty[below(sizeof(nasty) - 1)];
            continue;
        }
        size_t length = below(below(20) ? 12 : below(30) ? 300 : 30000);
        bool quoted = below(3) == 0;
        length = length < n - at - 8 ? length : n - at - 8;
        if (quoted)
            text[at++] = '"';
        for (; length > 0; length--) {
            text[at++] = quoted && below(10) == 0 ? ",\n\r "[below(4)] : (char)('a' + below(26));
            if (quoted && below(30) == 0 && length > 1) {
                memcpy(text + at - 1, "\"\"", 2);
                at++;
                length--;
            }
        }
        if (quoted)
            text[at++] = '"';
        text[at++] = below(3) ? ',' : '\n';
        if (text[at - 1] == '\n' && kind == 1) {
            text[at - 1] = '\r';
            text[at++] = '\n';
        }
    }
    return at;
}

START_TEST(test_random_texts_parse_as_by_libcsv)
{
    struct pair pair[PAIR_MIXES];
    static char text[TEXT_MAX];
    time_t end = time(NULL) + (time_t)number_of("WEIR_CSV_SECONDS", 0);
    size_t rounds = 0;
    seed = 0x9e3779b97f4a7c15 + (uint64_t)_i;
    for (size_t mix = 0; mix < PAIR_MIXES; mix++)
        pair_open(&pair[mix], mix);
    do {
        for (size_t i = 0; i < 3000; i++, rounds++) {
            size_t mix = below(PAIR_MIXES), n = random_text(text, below(60) ? 700 : TEXT_MAX);
            char *exact = malloc(n + 1); /* a sanitizer sees what is read beyond it */
            memcpy(exact + 1, text, n);
            check_twins(&pair[mix], mix, exact + 1, n);
            free(exact);
        }
    } while (time(NULL) < end);
    if (rounds > 3000)
        printf("%zu random texts\n", rounds);
    for (size_t mix = 0; mix < PAIR_MIXES; mix++)
        pair_close(&pair[mix]);
}
END_TEST

/* ---- comments ---- */

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void note_end(int c, void *context)
{
    (void)c;
    *(bool *)context = true;
}

/* Leaves the lines out that begin with the mark where libcsv, which sees what is left byte by byte, is at
 * a row's start. Returns how much stays. */
static size_t leave_out(char *text, size_t n, char mark)
{
    struct csv_parser parser;
    bool at_start = true;
    size_t used = 0;
    ck_assert_int_eq(csv_init(&parser, CSV_REPALL_NL), 0);
    csv_set_space_func(&parser, never_space);
    for (size_t i = 0; i < n; i++) {
        if (at_start && text[i] == mark) {
            while (i < n && text[i] != '\n' && text[i] != '\r')
                i++;
            if (i + 1 < n && text[i] == '\r' && text[i + 1] == '\n')
                i++;
            continue;
        }
        at_start = false;
        ck_assert_uint_eq(csv_parse(&parser, text + i, 1, NULL, note_end, &at_start), 1);
        text[used++] = text[i];
    }
    csv_free(&parser);
    return used;
}

START_TEST(test_comments_are_as_if_they_did_not_stand_there)
{
    struct pair plain, commented;
    static char text[TEXT_MAX];
    seed = 0x9e3779b97f4a7c15;
    pair_open(&plain, PAIR_PLAIN);
    pair_open(&commented, PAIR_COMMENTS);
    for (size_t i = 0; i < 6000; i++) {
        size_t n = random_text(text, below(60) ? 700 : TEXT_MAX);
        uint32_t row;
        char *left = malloc(n + 1);
        for (size_t at = 0; at < n; at++)
            if ((text[at] == '\n' || text[at] == '\r') && at + 1 < n && below(4) == 0)
                text[at + 1] = 'a';
        memcpy(left, text, n);
        size_t most = leave_out(left, n, 'a');
        pair_parse_exact(&commented, text, n);
        if (!pair_parse_same(&commented, text, n, &row))
            fail_on(text, n, PAIR_COMMENTS, commented.fast->separators.simd, row);
        pair_parse_exact(&plain, left, most);
        if (!weir__parse_same(commented.exact, plain.exact, &row))
            fail_on(text, n, PAIR_COMMENTS, commented.fast->separators.simd, row);
        free(left);
    }
    pair_close(&plain);
    pair_close(&commented);
}
END_TEST

/* ---- the choice ---- */

START_TEST(test_the_environment_chooses_among_what_the_processor_has)
{
    ck_assert_int_eq(setenv("WEIR_SIMD", "c", 1), 0);
    ck_assert_int_eq(weir__simd_choose(), SIMD_C);
    ck_assert_int_eq(setenv("WEIR_SIMD", "avx2", 1), 0);
    if (weir__simd_runs(SIMD_AVX2))
        ck_assert_int_eq(weir__simd_choose(), SIMD_AVX2);
    ck_assert_int_eq(unsetenv("WEIR_SIMD"), 0);
    ck_assert(weir__simd_runs(weir__simd_choose()));
}
END_TEST

START_TEST(test_regular_rows_never_meet_libcsv)
{
    struct pair pair;
    static const char text[] = "a,\"b,\n\"\r\n\n,\"x\"\r\nthree,fields,\nshort\n1,2\n";
    struct weir_batch batch = {.bytes = text, .byte_count = sizeof(text) - 1};
    pair_open(&pair, 1);
    pair.fast->parser.pstate = -1; /* libcsv would not do anything sensible */
    pair_parse_one(&pair.auto_rig, pair.fast, &batch);
    ck_assert_uint_eq(pair.fast->records, 3);
    ck_assert_uint_eq(pair.fast->bad_count, 2);
    ck_assert(pair.fast->in_text);
    pair_close(&pair);
}
END_TEST

START_TEST(test_verify_fails_at_the_first_row_that_differs)
{
    static const char text[] = "a,b\nc,\"d\"\"e\"\nf,g\nh;i,j\n";
    struct weir_batch batch = {
        .bytes = text, .byte_count = sizeof(text) - 1, .origin = {.line = 5}};
    struct rig rig;
    struct parse *parse = pair_open_one(&rig, 1, "verify");
    struct weir_output out;
    for (int wrong = 0; wrong < 2; wrong++) {
        uint64_t cursor = 0;
        if (wrong)
            parse->other->parser.quote_char = 'g';
        rig_begin_call(&rig, &rig.stage[1], &out);
        int rc = weir_csv_parse.process(&rig.stage[1].stage, &batch, &cursor, &out);
        ck_assert_int_eq(rc, wrong ? WEIR_EINTERNAL : 0);
    }
    ck_assert_msg(strstr(rig_error(&rig), "in.csv:6: the fast parser and libcsv differ") != NULL,
                  "%s", rig_error(&rig));
    rig_close(&rig);
    rig_release(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv, the fast way");
    TCase *tcase = tcase_create("fast");
    tcase_set_timeout(tcase, 36000);
    tcase_add_loop_test(tcase, test_every_short_string_parses_as_by_libcsv, 0, PAIR_MIXES);
    tcase_add_loop_test(tcase, test_every_string_at_the_border_of_a_block_parses_as_by_libcsv, 0,
                        PAIR_MIXES * sizeof(before) / sizeof(before[0]));
    tcase_add_loop_test(tcase, test_random_texts_parse_as_by_libcsv, 0, 2);
    tcase_add_test(tcase, test_comments_are_as_if_they_did_not_stand_there);
    tcase_add_test(tcase, test_the_environment_chooses_among_what_the_processor_has);
    tcase_add_test(tcase, test_regular_rows_never_meet_libcsv);
    tcase_add_test(tcase, test_verify_fails_at_the_first_row_that_differs);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
