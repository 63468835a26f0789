/* What expressions give: one table a subject, each expression over one record. */
#include "expr_table.h"

#define COLUMNS                                                                                    \
    "quantity unit_price discount status empty nothing blank sci name n:integer d:decimal "        \
    "r:double b:boolean day:date"
#define ROW "3|12.34|0.15|paid||~| 7 |1e3|Müller|+07|1.50|2.5|yes|2026-01-04"

#define CHECK_ROWS(...)                                                                            \
    do {                                                                                           \
        static const struct case_row rows[] = {__VA_ARGS__};                                       \
        table_check_rows(COLUMNS, ROW, rows, sizeof(rows) / sizeof(rows[0]));                      \
    } while (0)

START_TEST(test_literals_are_what_they_look_like)
{
    CHECK_ROWS({"42", "integer", "42"}, {"4.20", "decimal", "4.20"}, {".5", "decimal", "0.5"},
               {"1e3", "double", "1000.0"}, {"2.5E-3", "double", "0.0025"},
               {"9223372036854775807", "integer", "9223372036854775807"},
               {"9223372036854775808", "decimal", "9223372036854775808"},
               {"-9223372036854775808", "integer", "-9223372036854775808"},
               {"'text'", "text", "text"}, {"'it''s'", "text", "it's"}, {"''", "text", ""},
               {"TRUE", "boolean", "true"}, {"False", "boolean", "false"}, {"NULL", NULL, "~"});
}
END_TEST

START_TEST(test_a_column_is_named_bare_or_in_quotes_and_passes_its_bytes)
{
    CHECK_ROWS({"status", "untyped", "paid"}, {"\"status\"", "untyped", "paid"},
               {"`status`", "untyped", "paid"}, {"empty", "untyped", ""}, {"nothing", NULL, "~"},
               {"n", "integer", "+07"}, {"d", "decimal", "1.50"}, {"(b)", "boolean", "yes"},
               {"coalesce(nothing, blank)", "untyped", " 7 "}, {"coalesce(n, n)", "integer", "+07"},
               {"if(true, n, null)", "integer", "+07"}, {"try(n)", "integer", "+07"},
               {"nullif(n, 8)", "integer", "+07"}, {"day", "date", "2026-01-04"});
}
END_TEST

START_TEST(test_operators_bind_as_in_sql)
{
    CHECK_ROWS({"1 + 2 * 3", "integer", "7"}, {"(1 + 2) * 3", NULL, "9"}, {"10 - 4 - 3", NULL, "3"},
               {"100 / 10 / 5", NULL, "2"}, {"7 - 2 * 3 % 4", NULL, "5"}, {"- 2 - -2", NULL, "0"},
               {"-(3::integer) || 'x'", NULL, "-3x"}, {"'a' || 1 + 2", "text", "a3"},
               {"not true or true", NULL, "true"}, {"true or true and false", NULL, "true"},
               {"not 1 = 2", NULL, "true"}, {"1 + 1 = 2 and 3 > 2", NULL, "true"},
               {"1 = 1 is null", NULL, "false"}, {"2 = 2 is true", NULL, "true"});
}
END_TEST

START_TEST(test_numbers_are_exact)
{
    CHECK_ROWS({"0.1 + 0.2", "decimal", "0.3"},
               {"quantity * unit_price * (1 - discount)", "decimal", "31.4670"},
               {"round(quantity * unit_price * (1 - discount), 2)", "decimal", "31.47"},
               {"round(12.5 * 3, 2)", "decimal", "37.50"},
               {"1 / 3", "decimal", "0.3333333333333333"}, {"7 / 2", "decimal", "3.5"},
               {"6 / 2", "decimal", "3"}, {"7 % 3", "integer", "1"}, {"-7 % 3", "integer", "-1"},
               {"7.5 % 2", "decimal", "1.5"}, {"n + 1", "integer", "8"},
               {"n * d", "decimal", "10.50"}, {"n * r", "double", "17.5"},
               {"sci + 1", NULL, "1001.0"}, {"blank + 1", "decimal", "8"},
               {"9223372036854775807::decimal + 1", "decimal", "9223372036854775808"},
               {"quantity * 9223372036854775807", "decimal", "27670116110564327421"},
               {"-quantity", "decimal", "-3"}, {"+quantity", "untyped", "3"},
               {"nothing + 1", NULL, "~"}, {"1 + null", NULL, "~"}, {"nothing / 0", NULL, "~"});
}
END_TEST

START_TEST(test_what_cannot_be_computed_is_an_error_of_the_record)
{
    CHECK_ROWS(
        {"status + 1", NULL, "!'paid' is not a number"}, {"empty + 1", NULL, "!'' is not a number"},
        {"quantity / 0", NULL, "!division by zero"}, {"quantity % 0", NULL, "!division by zero"},
        {"n + 9223372036854775807", NULL, "!the result is too large for an integer (64 bits)"},
        {"n * -9223372036854775807", NULL, "!the result is too large for an integer (64 bits)"},
        {"quantity * 99999999999999999999999999999999999999", NULL,
         "!the result has more than the 38 digits of a decimal"},
        {"r * 1e308 * 10", NULL, "!the result is too large for a double"},
        {"status::integer", NULL, "!'paid' is not an integer"},
        {"unit_price::integer", NULL, "!'12.34' is not an integer"},
        {"sci::integer", NULL, "!'1e3' is not an integer"},
        {"status::boolean", NULL, "!'paid' is neither true nor false"},
        {"(n * 1e30)::integer", NULL, "!'7e+30' is too large for an integer (64 bits)"},
        {"unit_price::decimal(3, 2)", NULL,
         "!'12.34' has more digits than the decimal type it is cast to"},
        {"split_part(status, 'a', n - 7)", NULL,
         "!split_part counts from 1 (or from -1, the last)"},
        {"substr(status, 1, n - 8)", NULL, "!substr cannot take a negative number of characters"},
        {"round(1.5, n * 10)", NULL, "!round takes from -38 to 38 digits"},
        {"abs(n - 9223372036854775807 - 8)", NULL,
         "!the result is too large for an integer (64 bits)"});
}
END_TEST

START_TEST(test_casts_read_one_type_as_another)
{
    CHECK_ROWS({"quantity::integer", "integer", "3"}, {"cast(quantity as decimal)", "decimal", "3"},
               {"quantity::double", "double", "3.0"}, {"unit_price::text", "text", "12.34"},
               {"blank::integer", NULL, "7"}, {"sci::decimal", "decimal", "1000"},
               {"sci::double", NULL, "1000.0"}, {"(1.5)::integer", NULL, "2"},
               {"(-1.5)::integer", NULL, "-2"}, {"1.4::integer", NULL, "1"},
               {"1e3::integer", "integer", "1000"}, {"0.1e0::decimal", NULL, "0.1"},
               {"12.345::decimal(10, 2)", "decimal", "12.35"},
               {"unit_price::numeric(4, 1)", NULL, "12.3"}, {"12.5::decimal(3)", NULL, "13"},
               {"'yes'::boolean", "boolean", "true"}, {"' OFF '::bool", NULL, "false"},
               {"'1'::boolean", NULL, "true"}, {"b::text", "text", "yes"},
               {"(1 = 1)::text", "text", "true"}, {"1.50::text", "text", "1.50"},
               {"null::integer", "integer", "~"}, {"nothing::integer", "integer", "~"},
               {"1::int::text::int8", "integer", "1"}, {"n::text", NULL, "+07"},
               {"d::integer", NULL, "2"}, {"n::decimal", "decimal", "7"},
               {"(n + 0)::varchar", NULL, "7"});
}
END_TEST

START_TEST(test_an_untyped_value_is_read_as_what_it_meets)
{
    CHECK_ROWS(
        {"quantity = 3.0", NULL, "true"}, {"quantity = '3.0'", NULL, "false"},
        {"quantity < 12", NULL, "true"}, {"quantity < '12'", NULL, "false"},
        {"blank = 7", NULL, "true"}, {"quantity = quantity", NULL, "true"},
        {"status = 'paid'", NULL, "true"}, {"status <> 'Paid'", NULL, "true"},
        {"status == 'paid'", NULL, "true"}, {"status != 'paid'", NULL, "false"},
        {"sci = 1000", NULL, "true"}, {"sci > d", NULL, "true"}, {"unit_price > n", NULL, "true"},
        {"b = true", NULL, "true"}, {"status = 1", NULL, "!'paid' is not a number"},
        {"day = '2026-01-04'", NULL, "true"}, {"coalesce(nothing, 0)", "decimal", "0"},
        {"coalesce(unit_price, 0)", "decimal", "12.34"}, {"if(true, quantity, 'x')", "text", "3"});
}
END_TEST

START_TEST(test_null_logic_has_three_values)
{
    CHECK_ROWS(
        {"true and true", NULL, "true"}, {"true and false", NULL, "false"},
        {"true and null", NULL, "~"}, {"false and null", NULL, "false"},
        {"null and false", NULL, "false"}, {"null and null", NULL, "~"},
        {"null and true", NULL, "~"}, {"true or null", NULL, "true"},
        {"null or true", NULL, "true"}, {"false or null", NULL, "~"}, {"null or false", NULL, "~"},
        {"null or null", NULL, "~"}, {"false or false", NULL, "false"}, {"not null", NULL, "~"},
        {"not true", NULL, "false"}, {"not false", NULL, "true"}, {"nothing = 'x'", NULL, "~"},
        {"nothing <> 'x'", NULL, "~"}, {"nothing = nothing", NULL, "~"},
        {"nothing is null", NULL, "true"}, {"empty is null", NULL, "false"},
        {"status is not null", NULL, "true"}, {"nothing is distinct from 'x'", NULL, "true"},
        {"nothing is not distinct from null", NULL, "true"},
        {"1 is distinct from 1.0", NULL, "false"},
        {"nothing = 'x' or status = 'paid'", NULL, "true"},
        {"nothing = 'x' and status = 'x'", NULL, "false"}, {"b is true", NULL, "true"},
        {"b is not true", NULL, "false"}, {"b is false", NULL, "false"},
        {"null is not true", NULL, "true"}, {"nothing || 'x'", NULL, "~"});
}
END_TEST

START_TEST(test_in_between_and_like)
{
    CHECK_ROWS(
        {"quantity in (1, 2, 3)", NULL, "true"}, {"quantity in (1, 3.00)", NULL, "true"},
        {"quantity not in (1, 2)", NULL, "true"}, {"status in ('a', 'paid')", NULL, "true"},
        {"status in ('a', null)", NULL, "~"}, {"status not in ('a', null)", NULL, "~"},
        {"status in ('paid', null)", NULL, "true"}, {"nothing in ('a')", NULL, "~"},
        {"quantity in (1, n, 1e0 * 3)", NULL, "true"}, {"quantity in (n, d)", NULL, "false"},
        {"quantity in (n)", NULL, "false"}, {"7 in (n)", NULL, "true"},
        {"b in (true)", NULL, "true"},
        {"'m' in ('q', 'b', 'zz', '', 'm', 'aaa', 'bb', 'c', 'dd')", NULL, "true"},
        {"5 in (9, 8, 7, 6, 5, 4, 3, 2, 1, 10, 11)", NULL, "true"},
        {"5 in (1e0, 5e0)", NULL, "true"}, {"quantity between 3 and 3", NULL, "true"},
        {"quantity between 4 and 9", NULL, "false"}, {"quantity not between 4 and 9", NULL, "true"},
        {"status between 'a' and 'q'", NULL, "true"},
        {"quantity between null and 2", NULL, "false"}, {"quantity between null and 9", NULL, "~"},
        {"status like 'paid'", NULL, "true"}, {"status like 'pa%'", NULL, "true"},
        {"status like '%id'", NULL, "true"}, {"status like '%ai%'", NULL, "true"},
        {"status like 'p_id'", NULL, "true"}, {"status like 'p_d'", NULL, "false"},
        {"status like '%'", NULL, "true"}, {"empty like '%'", NULL, "true"},
        {"empty like '_'", NULL, "false"}, {"status like 'PAID'", NULL, "false"},
        {"status ilike 'PA%'", NULL, "true"}, {"name ilike 'mÜLLer'", NULL, "true"},
        {"name like 'M_ller'", NULL, "true"}, {"status not like '%x%'", NULL, "true"},
        {"nothing like '%'", NULL, "~"}, {"status like null", NULL, "~"},
        {"'50%' like '50!%' escape '!'", NULL, "true"},
        {"'50x' like '50!%' escape '!'", NULL, "false"},
        {"'a%b' like 'a\\%b' escape '\\'", NULL, "true"},
        {"'aaaaaaaaab' like '%a%a%b'", NULL, "true"}, {"'abcabd' like '%abd'", NULL, "true"},
        {"status like status", NULL, "true"},
        {"status like substr(status, 1, 2) || '%'", NULL, "true"}, {"'%' like '%%'", NULL, "true"});
}
END_TEST

START_TEST(test_choices_take_one_branch)
{
    CHECK_ROWS({"case when quantity > 2 then 'many' else 'few' end", "text", "many"},
               {"case when quantity > 5 then 'many' end", "text", "~"},
               {"case status when 'open' then 1 when 'paid' then 2 else 3 end", "integer", "2"},
               {"case quantity when 3.0 then 'three' end", NULL, "three"},
               {"case nothing when 'x' then 1 else 2 end", NULL, "2"},
               {"case when null then 1 else 2 end", NULL, "2"},
               {"case when true then 1 else 2.5 end", "decimal", "1"},
               {"case when false then 1 else 2e0 end", "double", "2.0"},
               {"case when true then 1 else 2e0 end", "double", "1.0"},
               {"if(quantity > 2, 1, 0)", "integer", "1"}, {"if(false, 1)", NULL, "~"},
               {"if(null, 1, 2)", NULL, "2"}, {"coalesce(nothing, null, status)", NULL, "paid"},
               {"coalesce(null)", NULL, "~"}, {"nullif(status, 'paid')", NULL, "~"},
               {"nullif(quantity, 4)", "untyped", "3"}, {"nullif(quantity, 3.0)", "untyped", "~"},
               {"nullif(nothing, 1)", NULL, "~"}, {"least(3, 1.5, null)", "decimal", "1.5"},
               {"greatest(quantity, 5)", NULL, "5"}, {"greatest('a', 'B')", NULL, "a"},
               {"least(null, null)", NULL, "~"}, {"greatest(1, 2e0)", "double", "2.0"},
               {"least(false, true)", "boolean", "false"});
}
END_TEST

START_TEST(test_what_is_not_reached_does_not_fail)
{
    CHECK_ROWS(
        {"case when status = 'x' then status::integer end", NULL, "~"},
        {"if(true, 1, 1/0)", NULL, "1"}, {"status = 'x' and status::integer > 0", NULL, "false"},
        {"status = 'paid' or status::integer > 0", NULL, "true"},
        {"coalesce(1, status::integer)", NULL, "1"}, {"coalesce(quantity, status + 1)", NULL, "3"},
        {"try(status::integer)", "integer", "~"}, {"try(quantity::integer)", "integer", "3"},
        {"try(1/0)", NULL, "~"}, {"coalesce(try(status + 1), -1)", NULL, "-1"},
        {"try(coalesce(1 / (quantity - 3), 5))", NULL, "~"},
        {"try(try(status::integer) + 1 / (quantity - 3))", NULL, "~"},
        {"status::integer is null", NULL, "!'paid' is not an integer"},
        {"coalesce(status::integer, 5)", NULL, "!'paid' is not an integer"},
        {"false and status::integer > 0", NULL, "false"},
        {"case status when 'paid' then 1 when 'x' then status::integer end", NULL, "1"},
        {"case when true then 1 else 1/0 end", NULL, "1"});
}
END_TEST

START_TEST(test_text_functions_count_characters)
{
    CHECK_ROWS({"length(name)", "integer", "6"}, {"length('')", NULL, "0"},
               {"length('日本語')", NULL, "3"}, {"length(nothing)", NULL, "~"},
               {"lower('ÄÖÜ ŠKODA ΑΘΗΝΑ МОСКВА')", NULL, "äöü škoda αθηνα москва"},
               {"upper('straße ÿ ς')", NULL, "STRAßE Ÿ Σ"}, {"lower('İ')", NULL, "İ"},
               {"trim('  a b ')", NULL, "a b"}, {"trim('\t x')", NULL, "\t x"},
               {"ltrim('  a ')", NULL, "a "}, {"rtrim('  a ')", NULL, "  a"},
               {"trim('xyaxy', 'yx')", NULL, "a"}, {"trim('ääbä', 'ä')", NULL, "b"},
               {"trim('aaa', 'a')", NULL, ""}, {"trim('a', '')", NULL, "a"},
               {"substr('hello', 2)", NULL, "ello"}, {"substr('hello', 2, 3)", NULL, "ell"},
               {"substr('hello', -3)", NULL, "llo"}, {"substr('hello', -3, 2)", NULL, "ll"},
               {"substr('hello', 0, 3)", NULL, "he"}, {"substr('hello', 9)", NULL, ""},
               {"substr('hello', -9, 5)", NULL, "h"}, {"substr('hello', 2, 0)", NULL, ""},
               {"substr('hello', 1, 9223372036854775807)", NULL, "hello"},
               {"substr('hello', -9223372036854775808)", NULL, "hello"},
               {"substr(name, 2, 1)", NULL, "ü"}, {"substr(status, quantity)", NULL, "id"});
}
END_TEST

START_TEST(test_text_functions_search_and_replace)
{
    CHECK_ROWS(
        {"replace('banana', 'an', 'AN')", NULL, "bANANa"},
        {"replace('banana', 'a', '')", NULL, "bnn"}, {"replace('banana', '', 'x')", NULL, "banana"},
        {"replace('aaa', 'aa', 'b')", NULL, "ba"}, {"replace(nothing, 'a', 'b')", NULL, "~"},
        {"replace('a', null, 'b')", NULL, "~"}, {"contains(status, 'ai')", "boolean", "true"},
        {"contains(status, '')", NULL, "true"}, {"contains(status, 'x')", NULL, "false"},
        {"starts_with(status, 'pa')", NULL, "true"}, {"starts_with('pa', 'paid')", NULL, "false"},
        {"ends_with(status, 'id')", NULL, "true"}, {"ends_with(nothing, 'id')", NULL, "~"},
        {"split_part('a,b,c', ',', 2)", NULL, "b"}, {"split_part('a,b,c', ',', -1)", NULL, "c"},
        {"split_part('a,b,c', ',', 4)", NULL, ""}, {"split_part('a,b,c', ',', -4)", NULL, ""},
        {"split_part('a,,c', ',', 2)", NULL, ""}, {"split_part('abc', '', 1)", NULL, "abc"},
        {"split_part('abc', '', 2)", NULL, ""}, {"split_part('a--b', '--', 2)", NULL, "b"},
        {"status || '-' || quantity || '-' || 1.50 || true", "text", "paid-3-1.50true"},
        {"'a' || ''", NULL, "a"});
}
END_TEST

START_TEST(test_number_functions)
{
    CHECK_ROWS({"abs(-5)", "integer", "5"}, {"abs(-1.50)", "decimal", "1.50"},
               {"abs(-2e0)", "double", "2.0"}, {"round(2.5)", "decimal", "3"},
               {"round(-2.5)", NULL, "-3"}, {"round(5)", "integer", "5"},
               {"round(5, 2)", "decimal", "5.00"}, {"round(unit_price, 1)", NULL, "12.3"},
               {"round(unit_price, quantity)", NULL, "12.340"}, {"round(1250, -2)", NULL, "1300"},
               {"round(2.5e0)", "double", "3.0"}, {"round(nothing, 2)", NULL, "~"},
               {"round(1.5, null)", NULL, "~"}, {"floor(-2.5)", "decimal", "-3"},
               {"floor(n)", "integer", "7"}, {"ceil(2.1)", NULL, "3"},
               {"ceil(-2e-1)", NULL, "-0.0"}, {"round(1.005, 2)", NULL, "1.01"});
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("language");
    tcase_add_test(tcase, test_literals_are_what_they_look_like);
    tcase_add_test(tcase, test_a_column_is_named_bare_or_in_quotes_and_passes_its_bytes);
    tcase_add_test(tcase, test_operators_bind_as_in_sql);
    tcase_add_test(tcase, test_numbers_are_exact);
    tcase_add_test(tcase, test_what_cannot_be_computed_is_an_error_of_the_record);
    tcase_add_test(tcase, test_casts_read_one_type_as_another);
    tcase_add_test(tcase, test_an_untyped_value_is_read_as_what_it_meets);
    tcase_add_test(tcase, test_null_logic_has_three_values);
    tcase_add_test(tcase, test_in_between_and_like);
    tcase_add_test(tcase, test_choices_take_one_branch);
    tcase_add_test(tcase, test_what_is_not_reached_does_not_fail);
    tcase_add_test(tcase, test_text_functions_count_characters);
    tcase_add_test(tcase, test_text_functions_search_and_replace);
    tcase_add_test(tcase, test_number_functions);
    Suite *suite = suite_create("expr_language");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
