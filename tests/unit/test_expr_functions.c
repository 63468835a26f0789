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

int main(void)
{
    TCase *tcase = tcase_create("functions");
    tcase_add_test(tcase, test_text_is_counted_in_characters);
    tcase_add_test(tcase, test_concat_passes_over_nulls_and_others_are_null);
    tcase_add_test(tcase, test_text_that_cannot_be_made_is_an_error_of_the_record);
    Suite *suite = suite_create("expr_functions");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
