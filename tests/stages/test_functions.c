/* What the functions give that need libraries or files; their examples are tried in test_expr.c. */
#include <time.h>
#include <unistd.h>

#include <weir/engine.h>

/* stages */
#include "list.h"
/* tests */
#include "unit/expr_table.h"

#define COLUMNS "name bad text n:integer nothing"
#define ROW     "Müller|x\xC3|a.b.c|7|~"

#define CHECK_ROWS(...)                                                                            \
    do {                                                                                           \
        static const struct case_row rows[] = {__VA_ARGS__};                                       \
        table_check_rows(COLUMNS, ROW, rows, sizeof(rows) / sizeof(rows[0]));                      \
    } while (0)

/* Whether compiling fails with that text. */
static void check_refused(const char *text, const char *message)
{
    struct weir_schema schema = {0};
    struct weir_expr *expr = NULL;
    struct weir_expr_fault fault = {0};
    table_schema(&schema, COLUMNS);
    ck_assert_msg(weir_expr_compile(text, &schema, &expr, &fault) == WEIR_ECONFIG, "%s", text);
    ck_assert_msg(strstr(fault.text, message) != NULL, "%s: %s", text, fault.text);
    weir_schema_release(&schema);
}

START_TEST(test_regular_expressions_match_characters)
{
    CHECK_ROWS(
        {"regexp_matches(name, '^M.ller$')", "boolean", "true"},
        {"regexp_matches(name, 'MÜ')", NULL, "false"},
        {"regexp_matches(name, 'MÜ', 'i')", NULL, "true"},
        {"regexp_matches(text, 'a.b', 'l')", NULL, "true"},
        {"regexp_matches('aXb', 'a.b', 'l')", NULL, "false"},
        {"regexp_matches('a' || chr(10), 'a$')", NULL, "false"},
        {"regexp_matches('a' || chr(10), 'a.')", NULL, "false"},
        {"regexp_matches('a' || chr(10), 'a.', 's')", NULL, "true"},
        {"regexp_matches(bad, '^x')", NULL, "true"}, {"regexp_matches(bad, '^x.$')", NULL, "false"},
        {"regexp_matches('', '')", NULL, "true"},
        {"regexp_full_match(text, 'a|a.b.c')", NULL, "true"},
        {"regexp_full_match(text, 'a')", NULL, "false"},
        {"regexp_matches(nothing, 'a')", NULL, "~"}, {"regexp_matches(name, null)", NULL, "~"},
        {"regexp_matches(name, 'a', null)", NULL, "~"},
        {"regexp_full_match(text, 'A.B.C', 'ci')", NULL, "true"});
}
END_TEST

START_TEST(test_regular_expressions_extract_and_replace)
{
    CHECK_ROWS(
        {"regexp_extract(name, '.l+')", "text", "üll"}, {"regexp_extract(name, 'z')", NULL, ""},
        {"regexp_extract(text, '(x)?a', 1)", NULL, ""},
        {"regexp_extract(text, '([a-z])\\.([a-z])', n - 5)", NULL, "b"},
        {"regexp_extract(text, 'B', 0, 'i')", NULL, "b"},
        {"regexp_replace(text, '\\.', '-')", NULL, "a-b.c"},
        {"regexp_replace(text, '\\.', '-', 'g')", NULL, "a-b-c"},
        {"regexp_replace(text, '([a-z])', '<\\1\\0\\\\>', 'g')", NULL, "<aa\\>.<bb\\>.<cc\\>"},
        {"regexp_replace(name, '', '-', 'g')", NULL, "-M-ü-l-l-e-r-"},
        {"regexp_replace('baac', 'a*', '-', 'g')", NULL, "-b-c-"},
        {"regexp_replace(bad, '', '-', 'g')", NULL, "-x-\xC3-"},
        {"regexp_replace('', '^', 'x', 'g')", NULL, "x"},
        {"regexp_replace(name, 'z', 'x')", NULL, "Müller"},
        {"regexp_replace(name, 'M', nothing)", NULL, "~"},
        {"regexp_replace(text, 'a\\K\\.', '', 'g')", NULL, "ab.c"},
        {"length(regexp_replace(repeat(text, 1000), 'a', repeat(name, 1000), 'g'))", NULL,
         "6004000"});
}
END_TEST

START_TEST(test_what_goes_wrong_in_a_regular_expression_is_told)
{
    CHECK_ROWS(
        {"regexp_matches(repeat('a', n + 30) || 'b', '^(a+)+$')", NULL,
         "!'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' takes the regular expression too many steps"},
        {"regexp_matches(repeat(text, n * 10000), 'a')", NULL,
         "!regular expressions look at texts of at most 256 KiB"},
        {"regexp_matches(repeat('a', n * 30000), '^(a|b)*$')", NULL,
         "!'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' takes the regular expression too "
         "much "
         "memory"},
        {"regexp_replace(repeat('a', n * 9000) || 'b', 'a(?:[ax]*[ax]*[bc]c)?', '-', 'g')", NULL,
         "!'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' takes the regular expression too "
         "many "
         "steps"},
        {"regexp_extract(text, 'a', n)", NULL,
         "!the regular expression has no group of that number"},
        {"regexp_extract(text, 'a', -n)", NULL,
         "!the regular expression has no group of that number"},
        {"regexp_replace(text, 'a', '\\' || n)", NULL,
         "!the replacement has a \\ with neither a group nor \\ behind it"},
        {"regexp_replace(repeat(text, 10000), '[a-c]', repeat(name, 100), 'g')", NULL,
         "!the text would be longer than 16 MiB"});
    check_refused("regexp_matches(name, '(a')",
                  "the regular expression cannot be read: missing closing parenthesis, at 3");
    check_refused("regexp_matches(name, text)", "regexp_matches takes a constant here");
    check_refused("regexp_matches(name, 'a', 'g')", "'g' is no option");
    check_refused("regexp_replace(name, 'a', 'b', 'gx')", "'x' is no option");
    check_refused("regexp_matches(name, '\\C')", "the regular expression cannot be read");
}
END_TEST

START_TEST(test_digests_are_those_of_the_bytes)
{
    CHECK_ROWS({"md5('')", "text", "d41d8cd98f00b204e9800998ecf8427e"},
               {"sha1(name)", "text", "cd2562f4b5ecc3e02e669737fde72b4ca6f2039f"},
               {"sha256(repeat('a', 1000000))", NULL,
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
               {"length(sha512(bad))", NULL, "128"}, {"crc32('')", "integer", "0"},
               {"crc32('123456789')", NULL, "3421780262"},
               {"xxh64('')", "text", "ef46db3751d8e999"}, {"md5(nothing)", NULL, "~"});
}
END_TEST

/* ---- time zones: the C library reads the same files ---- */

static uint64_t seed = 20261123;

static int64_t between(int64_t low, int64_t high)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return low + (int64_t)(seed % (uint64_t)(high - low));
}

static const char *local_time(time_t second)
{
    static char text[64];
    struct tm tm;
    localtime_r(&second, &tm);
    snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return text;
}

static void compare_zone(const char *zone)
{
    char text[128], wanted[64];
    setenv("TZ", zone, 1);
    tzset();
    for (int i = 0; i < 300; i++) {
        int64_t second =
            i % 3 == 0 ? between(-62000000000, 253000000000) : between(-3000000000, 5000000000);
        if (i % 3 == 2) /* around the changes of a year to come */
            second = 2000000000 + between(0, 365) * 86400 + between(-1, 2) + 3600 * between(0, 24);
        snprintf(text, sizeof(text), "from_utc(to_timestamp(%lld), '%s')", (long long)second, zone);
        snprintf(wanted, sizeof(wanted), "%s", local_time((time_t)second));
        const struct case_row there = {text, "timestamp", wanted};
        table_check_rows(COLUMNS, ROW, &there, 1);
        snprintf(text, sizeof(text), "from_utc(to_utc(timestamp '%s', '%s'), '%s')", wanted, zone,
                 zone);
        const struct case_row back = {text, "timestamp", wanted};
        table_check_rows(COLUMNS, ROW, &back, 1);
    }
}

START_TEST(test_zones_are_those_of_the_c_library)
{
    static const char *const zones[] = {"UTC",
                                        "Europe/Berlin",
                                        "America/New_York",
                                        "Asia/Kolkata",
                                        "Australia/Lord_Howe",
                                        "Europe/Dublin",
                                        "America/Sao_Paulo",
                                        "Asia/Tehran",
                                        "Africa/Casablanca",
                                        "Pacific/Apia",
                                        "America/Nuuk",
                                        "Asia/Jerusalem",
                                        "Antarctica/Troll",
                                        "America/Santiago",
                                        "Etc/GMT+5"};
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        compare_zone(zones[i]);
}
END_TEST

START_TEST(test_a_local_time_that_is_skipped_or_doubled_has_a_place)
{
    CHECK_ROWS(
        {"to_utc(timestamp '2026-03-29 02:30:00', 'Europe/Berlin')", NULL, "2026-03-29 01:30:00"},
        {"to_utc(timestamp '2026-10-25 02:30:00', 'Europe/Berlin')", NULL, "2026-10-25 01:30:00"},
        {"to_utc(timestamp '2026-10-25 01:59:59.5', 'Europe/Berlin')", NULL,
         "2026-10-24 23:59:59.5"},
        {"to_utc(timestamp '2040-10-28 02:30:00', 'Europe/Berlin')", NULL, "2040-10-28 01:30:00"},
        {"from_utc(nothing, 'UTC')", "timestamp", "~"},
        {"from_utc(timestamp '2026-01-01', null)", NULL, "~"},
        {"to_utc(make_date(n - 6, 1, 1), 'Asia/Tokyo')", NULL,
         "!the result is not within the years 1 to 9999"});
    check_refused("from_utc(nothing, 'Europe/Brelin')", "there is no time zone 'Europe/Brelin'");
    check_refused("from_utc(nothing, '../../../etc/passwd')", "there is no time zone ''");
    check_refused("from_utc(nothing, 'tzdata.zi')", "there is no time zone ''");
    check_refused("from_utc(nothing, 'Europe')", "there is no time zone 'Europe'");
    check_refused("from_utc(nothing, '')", "there is no time zone ''");
}
END_TEST

int main(void)
{
    struct weir_err err;
    if (weir_register_functions(weir_builtin_functions, &err) < 0)
        return 1;
    TCase *tcase = tcase_create("functions");
    tcase_add_test(tcase, test_regular_expressions_match_characters);
    tcase_add_test(tcase, test_regular_expressions_extract_and_replace);
    tcase_add_test(tcase, test_what_goes_wrong_in_a_regular_expression_is_told);
    tcase_add_test(tcase, test_digests_are_those_of_the_bytes);
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0) {
        tcase_add_test(tcase, test_zones_are_those_of_the_c_library);
        tcase_add_test(tcase, test_a_local_time_that_is_skipped_or_doubled_has_a_place);
    } else {
        puts("no tz database: time zones are not tested");
    }
    Suite *suite = suite_create("stages_functions");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
