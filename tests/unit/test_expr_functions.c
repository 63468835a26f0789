/* What the functions give at their edges; their examples are tried in test_expr.c. */
#include "expr_table.h"

#define COLUMNS "name bad word n:integer d:decimal r:double nothing"
#define ROW     "Müller|x\xC3|over|7|1.50|2.5|~"

#define CHECK_ROWS(...)                                                                            \
    do {                                                                                           \
        static const struct case_row rows[] = {__VA_ARGS__};                                       \
        table_check_rows(COLUMNS, ROW, rows, sizeof(rows) / sizeof(rows[0]));                      \
    } while (0)

START_TEST(test_text_is_counted_in_characters)
{
    CHECK_ROWS(
        {"left(name, 2)", "text", "Mü"}, {"left(name, -5)", NULL, "M"},
        {"left(name, 99)", NULL, "Müller"}, {"left(name, -99)", NULL, ""},
        {"left(name, -9223372036854775808)", NULL, ""}, {"right(name, 5)", "text", "üller"},
        {"right(name, -1)", NULL, "üller"}, {"right(name, 0)", NULL, ""},
        {"right(name, -9223372036854775808)", NULL, ""}, {"right(bad, 1)", NULL, "\xC3"},
        {"strpos(name, 'l')", "integer", "3"}, {"strpos(name, '')", NULL, "1"},
        {"strlen(name)", "integer", "7"}, {"reverse(bad)", "text", "\xC3x"},
        {"lpad(name, 8, 'öx')", "text", "öxMüller"}, {"rpad(name, 3)", NULL, "Mül"},
        {"rpad(name, -1, '')", NULL, ""}, {"lpad(name, 7, bad || 'y')", NULL, "xMüller"},
        {"repeat(name, 0)", "text", ""}, {"repeat('', 9223372036854775807)", NULL, ""},
        {"translate(name, 'ül', 'u')", "text", "Muer"}, {"translate(bad, bad, '')", NULL, ""},
        {"translate(name, 'll', 'xy')", NULL, "Müxxer"}, {"unicode('')", "integer", "-1"},
        {"initcap(name || ' o''neil ß1a')", "text", "Müller O'Neil ß1a"},
        {"levenshtein(name, 'Muller')", "integer", "1"}, {"levenshtein('', name)", NULL, "6"},
        {"levenshtein(name, name)", NULL, "0"}, {"chr(0) || 'a' = chr(0) || 'a'", NULL, "true"});
}
END_TEST

START_TEST(test_concat_passes_over_nulls_and_others_are_null)
{
    CHECK_ROWS(
        {"concat(null, nothing)", "text", ""}, {"concat(n, d, true, '', r)", NULL, "71.50true2.5"},
        {"concat_ws(null, 'a', 'b')", "text", "~"}, {"concat_ws('-', null, nothing)", NULL, ""},
        {"concat_ws('-', '', n, '')", NULL, "-7-"}, {"lpad(nothing, 3)", NULL, "~"},
        {"left(name, null)", NULL, "~"}, {"levenshtein(name, nothing)", NULL, "~"},
        {"translate(name, nothing, '')", NULL, "~"}, {"chr(nothing)", NULL, "~"});
}
END_TEST

START_TEST(test_text_that_cannot_be_made_is_an_error_of_the_record)
{
    CHECK_ROWS(
        {"lpad(name, 9, word || nothing)", NULL, "~"},
        {"lpad(name, n + 2, '')", NULL,
         "!'Müller' is too short, and there is nothing to pad it with"},
        {"lpad(name, n * 9999999999, 'ab')", NULL, "!the text would be longer than 16 MiB"},
        {"repeat(name, n * 999999999999999999)", NULL, "!the text would be longer than 16 MiB"},
        {"chr(n + 55289)", NULL, "!chr takes the number of a character, 0 to 1114111"},
        {"chr(-n)", NULL, "!chr takes the number of a character, 0 to 1114111"},
        {"unicode(right(bad, 1))", NULL, "!'\xC3' does not begin with a character of UTF-8"},
        {"levenshtein(repeat(name, 700), '')", NULL,
         "!levenshtein takes texts of at most 4096 characters"},
        {"translate(name, repeat(name, 200), '')", NULL,
         "!translate takes at most 1024 characters to translate"});
}
END_TEST

START_TEST(test_decimals_stay_exact)
{
    CHECK_ROWS({"trunc(d, 1)", "decimal", "1.5"}, {"trunc(d)", "decimal", "1"},
               {"trunc(n)", "integer", "7"}, {"trunc(-d, 5)", NULL, "-1.50000"},
               {"trunc(n, -1)", "decimal", "0"},
               {"trunc(99999999999999999999999999999999999999, -37)", NULL,
                "90000000000000000000000000000000000000"},
               {"trunc(r)", "double", "2.0"}, {"trunc(0.29::double, 2)", "double", "0.29"},
               {"trunc(1e300, 2)", NULL, "1e+300"}, {"trunc(1e-300, 2)", NULL, "0.0"},
               {"trunc(-1234.5::double, -2)", NULL, "-1200.0"},
               {"trunc(12345678901234567890.123456789, 3)", NULL, "12345678901234567890.123"},
               {"round_even(0.5)", NULL, "0"}, {"round_even(1.5)", NULL, "2"},
               {"round_even(-2.5)", NULL, "-2"}, {"round_even(-2.51)", NULL, "-3"},
               {"round_even(r)", "double", "2.0"}, {"round_even(150, -2)", NULL, "200"},
               {"round_even(250, -2)", NULL, "200"},
               {"round_even(0.1, 38)", NULL, "0.10000000000000000000000000000000000000"},
               {"round_even(d, -38)", NULL, "0"}, {"sign(d - 1.5)", "integer", "0"},
               {"sign(-r)", NULL, "-1"}, {"mod(n, 4)", "integer", "3"},
               {"mod(-d, n)", "decimal", "-1.50"}, {"mod(n, r)", "double", "2.0"},
               {"clamp(n, 1, 5)", "integer", "5"}, {"clamp(d, 2, 3.125)", "decimal", "2"},
               {"clamp(r, n, 9)", "double", "7.0"}, {"gcd(0, 0)", "integer", "0"},
               {"gcd(-4, 6)", NULL, "2"}, {"gcd(-9223372036854775808, 3)", NULL, "1"},
               {"lcm(0, 5)", "integer", "0"}, {"lcm(-4, 6)", NULL, "12"},
               {"clamp(n, null, 5)", NULL, "~"});
}
END_TEST

START_TEST(test_what_a_function_is_not_defined_for_is_an_error_of_the_record)
{
    CHECK_ROWS({"sqrt(-n)", NULL, "!a negative number has no square root"},
               {"ln(n - 7)", NULL, "!only numbers above zero have a logarithm"},
               {"log(n - 6, 8)", NULL, "!there is no logarithm to base 1"},
               {"log(-n, 8)", NULL, "!only numbers above zero have a logarithm"},
               {"power(n - 7, -1)", NULL, "!division by zero: zero to a negative power"},
               {"power(-n, 0.5)", NULL, "!a negative number has only whole powers"},
               {"power(-n, 3)", "double", "-343.0"},
               {"exp(n * 1000)", NULL, "!the result is too large for a double"},
               {"asin(n)", NULL, "!sines and cosines go from -1 to 1"},
               {"mod(n, 0 * n)", NULL, "!division by zero"},
               {"clamp(n, 5, n - 6)", NULL, "!the lower bound is above the upper one"},
               {"trunc(r, n * 10)", NULL, "!the number of digits goes from -38 to 38"},
               {"gcd(n - 9223372036854775807 - 8, 0)", NULL,
                "!the result is too large for an integer (64 bits)"},
               {"lcm(n + 9223372036854775000, n)", NULL,
                "!the result is too large for an integer (64 bits)"},
               {"sqrt(bad)", NULL, "!'x\xC3' is not a number"}, {"sqrt(nothing)", NULL, "~"});
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("functions");
    tcase_add_test(tcase, test_text_is_counted_in_characters);
    tcase_add_test(tcase, test_concat_passes_over_nulls_and_others_are_null);
    tcase_add_test(tcase, test_text_that_cannot_be_made_is_an_error_of_the_record);
    tcase_add_test(tcase, test_decimals_stay_exact);
    tcase_add_test(tcase, test_what_a_function_is_not_defined_for_is_an_error_of_the_record);
    Suite *suite = suite_create("expr_functions");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
