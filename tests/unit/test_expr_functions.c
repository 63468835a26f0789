/* What the functions give at their edges; their examples are tried in test_expr.c. */
#include <weir/function.h>

#include "expr_table.h"

#define COLUMNS "name bad word n:integer d:decimal r:double nothing day:date at:timestamp seen"
#define ROW     "Müller|x\xC3|over|7|1.50|2.5|~|2024-01-31|2024-02-29 23:59:59.5|2023-12-31T10:00:00Z"

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
        {"levenshtein(name, name)", NULL, "0"}, {"chr(0) || 'a' = chr(0) || 'a'", NULL, "true"},
        {"chr(65) || chr(252) || chr(8364) || chr(128512)", NULL, "Aü€😀"});
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

START_TEST(test_dates_and_timestamps_are_read_and_written)
{
    CHECK_ROWS({"date '2024-02-29'", "date", "2024-02-29"}, {"day", "date", "2024-01-31"},
               {"timestamp '2024-01-31'", "timestamp", "2024-01-31 00:00:00"},
               {"timestamp '2024-01-31T13:45'", NULL, "2024-01-31 13:45:00"},
               {"timestamp '2024-01-31 13:45:01.1234569Z'", NULL, "2024-01-31 13:45:01.123456"},
               {"timestamp '0001-01-01 00:00:00+00:00'", NULL, "0001-01-01 00:00:00"},
               {"timestamp '9999-12-31 23:59:59.999999'", NULL, "9999-12-31 23:59:59.999999"},
               {"at::date", "date", "2024-02-29"}, {"day::timestamp", NULL, "2024-01-31 00:00:00"},
               {"timestamp '1969-12-31 23:59:59'::date", NULL, "1969-12-31"},
               {"seen::timestamp", NULL, "2023-12-31 10:00:00"},
               {"at::text || '!'", NULL, "2024-02-29 23:59:59.5!"},
               {"cast(day + 1 as text)", "text", "2024-02-01"},
               {"'day ' || (day + 1)", NULL, "day 2024-02-01"},
               {"seen::date", NULL, "!'2023-12-31T10:00:00Z' is not a date (2026-01-31)"},
               {"name::date", NULL, "!'Müller' is not a date (2026-01-31)"},
               {"(left(seen, 10) || ' 24:00')::timestamp", NULL,
                "!'2023-12-31 24:00' is not a timestamp (2026-01-31 13:45:00)"},
               {"(left(seen, 10) || ' 23:00+01')::timestamp", NULL,
                "!'2023-12-31 23:00+01' is not in UTC: strptime with %z reads it"},
               {"(lpad('-02-29', n + 3, '1900'))::date", NULL,
                "!'1900-02-29' is not a date (2026-01-31)"});
}
END_TEST

START_TEST(test_dates_and_timestamps_have_their_order)
{
    CHECK_ROWS({"day < at", NULL, "true"}, {"day = '2024-01-31'", NULL, "true"},
               {"'2024-03-01' > at", NULL, "true"}, {"seen < at", NULL, "true"},
               {"at between '2024-02-01' and '2024-03-01'", NULL, "true"},
               {"day in ('2024-01-30', '2024-01-31')", NULL, "true"},
               {"day is not distinct from at::date", NULL, "false"},
               {"greatest(day, at)", "timestamp", "2024-02-29 23:59:59.5"},
               {"least(day, null, at::date)", "date", "2024-01-31"},
               {"case when n = 7 then day else at end", "timestamp", "2024-01-31 00:00:00"},
               {"coalesce(nothing::date, day)", "date", "2024-01-31"},
               {"nullif(day, '2024-01-31')", NULL, "~"},
               {"case day when '2024-01-31' then 'x' end", NULL, "x"});
}
END_TEST

START_TEST(test_days_and_intervals_are_added)
{
    CHECK_ROWS(
        {"day + 30", "date", "2024-03-01"}, {"n + day", NULL, "2024-02-07"},
        {"day - n", NULL, "2024-01-24"}, {"at::date - day", "integer", "29"},
        {"day - nothing::date", NULL, "~"},
        {"day + interval 1 month", "timestamp", "2024-02-29 00:00:00"},
        {"interval (n) day + at", NULL, "2024-03-07 23:59:59.5"},
        {"at - interval '12' months", NULL, "2023-02-28 23:59:59.5"},
        {"at - interval '90 minutes' + interval 1 YEAR", NULL, "2025-02-28 22:29:59.5"},
        {"seen + interval 2 quarters", NULL, "2024-06-30 10:00:00"},
        {"at + interval (-1) week", NULL, "2024-02-22 23:59:59.5"},
        {"date_add(day, interval 500 millisecond)", NULL, "2024-01-31 00:00:00.5"},
        {"day + interval (nothing::integer) day", NULL, "~"},
        {"day + n * 1000000000", NULL, "!the result is not within the years 1 to 9999"},
        {"day + 9223372036854775807 - n", NULL, "!the result is not within the years 1 to 9999"},
        {"at + interval (n * 99999999999999999) second", NULL,
         "!the result is not within the years 1 to 9999"},
        {"at + interval (n * 99999999999999999) year", NULL,
         "!the result is not within the years 1 to 9999"},
        {"at - interval (n * 1000) year", NULL, "!the result is not within the years 1 to 9999"});
}
END_TEST

START_TEST(test_parts_of_dates_are_those_of_the_calendar)
{
    CHECK_ROWS(
        {"date_diff('month', day, at)", "integer", "1"},
        {"date_diff('year', at, seen)", NULL, "-1"},
        {"date_diff('week', '2024-01-07'::date, '2024-01-08'::date)", NULL, "1"},
        {"date_diff('quarter', day, day + 61)", NULL, "1"},
        {"date_diff('hours', seen, day)", NULL, "734"},
        {"date_diff('second', timestamp '1969-12-31 23:59:59.9', timestamp '1970-01-01')", NULL,
         "1"},
        {"date_sub('month', day, at)", NULL, "1"}, {"date_sub('month', at, day)", NULL, "-1"},
        {"date_sub('year', date '2024-02-29', date '2025-02-28')", NULL, "1"},
        {"date_sub('day', seen, at)", NULL, "60"},
        {"date_sub('quarter', day, date '2024-04-29')", NULL, "0"},
        {"date_trunc('week', day)", "date", "2024-01-29"},
        {"date_trunc('quarter', at)", "timestamp", "2024-01-01 00:00:00"},
        {"date_trunc('hour', day)", NULL, "2024-01-31"},
        {"date_trunc('second', timestamp '1969-12-31 23:59:58.5')", NULL, "1969-12-31 23:59:58"},
        {"date_trunc('week', date '0001-01-01')", NULL, "0001-01-01"},
        {"week(date '2021-01-03')", NULL, "53"}, {"week(date '2018-12-31')", NULL, "1"},
        {"dayofweek(date '2026-02-01')", NULL, "0"}, {"isodow(date '0001-01-01')", NULL, "1"},
        {"dayofyear(at)", NULL, "60"}, {"hour(timestamp '1969-12-31 23:59:59.999999')", NULL, "23"},
        {"microsecond(at)", NULL, "59500000"}, {"date_part('DOY', at)", NULL, "60"},
        {"year(seen)", NULL, "2023"},
        {"epoch(timestamp '1969-12-31 23:59:59.5')", "decimal", "-0.500000"},
        {"epoch(day)", NULL, "1706659200"}, {"to_timestamp(epoch(at)) = at", NULL, "true"},
        {"to_timestamp(r * 1e300)", NULL, "!the result is not within the years 1 to 9999"},
        {"to_timestamp(r)", "timestamp", "1970-01-01 00:00:02.5"},
        {"epoch_ms(timestamp '1969-12-31 23:59:59.9999')", NULL, "-1"},
        {"make_date(2024, 2, 29 + n - 7)", "date", "2024-02-29"},
        {"make_date(2023, 2, n + 22)", NULL, "!there is no such day"},
        {"make_date(0, 1, n)", NULL, "!there is no such day"},
        {"make_date(2024, n, null)", NULL, "~"},
        {"make_timestamp(2024, 2, 29, n, 59, 59.9999994)", NULL, "2024-02-29 07:59:59.999999"},
        {"make_timestamp(2024, 2, 29, n, 59, 59.9999995)", NULL,
         "!there is no such time of the day"},
        {"last_day(day + 1)", "date", "2024-02-29"});
}
END_TEST

START_TEST(test_times_are_read_and_written_in_formats)
{
    CHECK_ROWS(
        {"strftime(at, '%Y-%m-%d %H:%M:%S.%f|%g')", "text", "2024-02-29 23:59:59.500000|500"},
        {"strftime(at, '%a %A %b %B %j %u %w %G-W%V')", NULL,
         "Thu Thursday Feb February 060 4 4 2024-W09"},
        {"strftime(at, '%-I:%M %p %y %% %z')", NULL, "11:59 PM 24 % +00"},
        {"strftime(day, '%I%p')", NULL, "12AM"}, {"strftime(day, '')", NULL, ""},
        {"strftime(date '0044-03-15', '%Y %-Y')", NULL, "0044 44"},
        {"strftime(nothing::date, '%Y')", NULL, "~"},
        {"strptime(seen, '%Y-%m-%dT%H:%M:%SZ') = seen", NULL, "true"},
        {"strptime('3/4/99 1:2 pm', '%m/%d/%y %I:%M %p')", NULL, "1999-03-04 13:02:00"},
        {"strptime('12:00 AM', '%I:%M %p')", "timestamp", "1900-01-01 00:00:00"},
        {"strptime('Thu, 29 february 2024 0.123456789', '%a, %d %b %Y %H.%f')", NULL,
         "2024-02-29 00:00:00.123456"},
        {"strptime('2024-366', '%Y-%j')", NULL, "2024-12-31 00:00:00"},
        {"strptime('20240131235959-0130', '%Y%m%d%H%M%S%z')", NULL, "2024-02-01 01:29:59"},
        {"strptime('100%', '%y0%%')", NULL, "2010-01-01 00:00:00"},
        {"strptime(name, '%Y')", NULL, "!'Müller' is not a time in that format"},
        {"strptime(left(seen, 10), '%Y-%m')", NULL, "!'2023-12-31' is not a time in that format"},
        {"strptime(left(seen, 7), '%Y-%m-%d')", NULL, "!'2023-12' is not a time in that format"},
        {"strptime('2023-' || (n * 4 + 338), '%Y-%j')", NULL,
         "!'2023-366' is not a time in that format"},
        {"strptime('30.02.' || (n + 2017), '%d.%m.%Y')", NULL,
         "!'30.02.2024' is not a time in that format"},
        {"strptime(nothing, '%Y')", NULL, "~"});
}
END_TEST

START_TEST(test_bytes_are_encoded_and_decoded)
{
    CHECK_ROWS({"hex('')", "text", ""}, {"hex(bad)", NULL, "78C3"},
               {"unhex(lower(hex(bad))) = bad", NULL, "true"},
               {"unhex('4' || n || '4')", NULL, "!'474' is not hexadecimal"},
               {"unhex('4' || word)", NULL, "!'4over' is not hexadecimal"},
               {"unhex('0' || left(word, 1))", NULL, "!'0o' is not hexadecimal"},
               {"to_base64('')", "text", ""}, {"to_base64('a')", NULL, "YQ=="},
               {"to_base64('ab')", NULL, "YWI="}, {"to_base64('abc')", NULL, "YWJj"},
               {"to_base64(bad || bad)", NULL, "eMN4ww=="}, {"from_base64('')", NULL, ""},
               {"from_base64('YWI=')", NULL, "ab"},
               {"from_base64(to_base64(bad)) = bad", NULL, "true"},
               {"from_base64(word || '=')", NULL, "!'over=' is not base64"},
               {"from_base64(left(word, 0) || 'Y===')", NULL, "!'Y===' is not base64"},
               {"from_base64(left(word, 0) || 'YQ==YQ==')", NULL, "!'YQ==YQ==' is not base64"},
               {"from_base64(left(word, 0) || 'YR==')", NULL, "!'YR==' is not base64"},
               {"from_base64(name || 'a')", NULL, "!'Müllera' is not base64"},
               {"url_encode(name || '~-._ /')", "text", "M%C3%BCller~-._%20%2F"},
               {"url_decode('%4d%4D%zz%4')", NULL, "MM%zz%4"}, {"url_decode('a+b%')", NULL, "a+b%"},
               {"url_decode(url_encode(bad)) = bad", NULL, "true"}, {"hex(nothing)", NULL, "~"});
}
END_TEST

/* "json" stands for what the test is about. */
static void check_json(const char *json, const char *expression, const char *result)
{
    const struct case_row row = {expression, NULL, result};
    table_check_rows("json n:integer", json, &row, 1);
}

START_TEST(test_json_is_looked_into)
{
    static const char json[] =
        " { \"a\" : { \"b\" : [ 1.50 , -2e+3 , [ ] , { } , \"x\\u00fc\\ud83d\\ude00\\n\\\"\" ] } , "
        "\"\\u0061b\" : true , \"\" : null , "
        "\"c.d\" : \"plain\", \"7\": 12345678901234567890.10, \"e/f~\": \"\", \"a\": 2 } |1";
    static const struct {
        const char *expression, *result;
    } rows[] = {
        {"json_extract(json, '$.a.b[0]')", "1.50"},
        {"json_extract(json, '$.a.b[1]')", "-2e+3"},
        {"json_extract(json, '$.a.b[2]')", "[ ]"},
        {"json_extract(json, '/a/b/3')", "{ }"},
        {"json_extract(json, '$.a.b[#-4]')", "-2e+3"},
        {"json_extract(json, '$.a.b[#-6]')", "~"},
        {"json_extract(json, '$.a.b[5]')", "~"},
        {"json_extract(json, '$.a.b.c')", "~"},
        {"json_extract(json, '$.a[0]')", "~"},
        {"json_extract_string(json, '$.a.b[4]')", "xü😀\n\""},
        {"json_extract(json, 'ab')", "true"},
        {"json_extract(json, '$.abc')", "~"},
        {"json_extract_string(json, '$.ab')", "true"},
        {"json_extract(json, '/')", "null"},
        {"json_extract_string(json, '/')", "~"},
        {"json_extract(json, '$.\"c.d\"')", "\"plain\""},
        {"json_extract_string(json, 'c.d')", "plain"},
        {"json_extract(json, '/7')", "12345678901234567890.10"},
        {"json_extract_string(json, '/e~1f~0')", ""},
        {"json_extract(json, '$') = trim(json)", "true"},
        {"json_array_length(json, '$.a.b')", "5"},
        {"json_array_length(json)", "0"},
        {"json_array_length(json, '$.a.b[2]')", "0"},
        {"json_array_length(json, '$.x')", "~"},
        {"json_extract(json, null)", "~"},
        {"json_valid(json)", "true"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_json(json, rows[i].expression, rows[i].result);
}
END_TEST

START_TEST(test_what_is_no_json_is_an_error_of_the_record)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "{\"a\" 1}",
                                      "{a:1}",
                                      "01",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "-",
                                      "+1",
                                      "nul",
                                      "truex",
                                      "\"a",
                                      "\"\\x\"",
                                      "\"\\u12g4\"",
                                      "\"\\ud800\"",
                                      "\"\\ud800\\u0041\"",
                                      "\"\\udc00\"",
                                      "\"\t\"",
                                      "1 2",
                                      "[1 2]",
                                      "]",
                                      "{\"a\":}",
                                      "\"\\",
                                      "\"\\u00",
                                      "[\"\\ud83d\\u"};
    static const char *const good[] = {"0",    "-0.0e-0",  "\"\"",   "[]",           " {} ",
                                       "null", "\"\\\\\"", "[[[]]]", "\"\x7F\xC3\"", "1E5"};
    char row[64], message[96];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(row, sizeof(row), "%s|1", bad[i]);
        snprintf(message, sizeof(message), "!'%s' is not JSON", bad[i]);
        check_json(row, "json_valid(json)", "false");
        check_json(row, "json_extract(json, '$.a')", message);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(row, sizeof(row), "%s|1", good[i]);
        check_json(row, "json_valid(json)", "true");
    }
    check_json("[|500", "json_valid(repeat(json, n) || repeat(']', n))", "true");
    check_json("[|501", "json_valid(repeat(json, n) || repeat(']', n))", "false");
    check_json("[|1000000", "json_valid(repeat(json, n))", "false");
}
END_TEST

/* ---- functions of one's own ---- */

static int alive; /* what prepare has made and release not taken */

static int prepare_twice(const struct weir_value *constant, void **ret_state, struct weir_err *err)
{
    if (constant[0].data != NULL || constant[1].length == 0)
        return weir_err_set(err, WEIR_ECONFIG, "there is nothing to join with");
    *ret_state = strndup(constant[1].data, constant[1].length);
    alive++;
    return 0;
}

static void release_twice(void *state)
{
    free(state);
    alive--;
}

static void call_twice(struct weir_call *call)
{
    const char *by = weir_call_state(call);
    struct weir_value x = weir_call_text(call, 0);
    size_t length = 2 * x.length + strlen(by);
    if (x.length == 0) {
        weir_call_fail(call, 0, "is empty");
        return;
    }
    char *to = weir_call_room(call, length + 1);
    if (to == NULL)
        return;
    snprintf(to, length + 1, "%.*s%s%.*s", (int)x.length, x.data, by, (int)x.length, x.data);
    weir_call_give_text(call, to, length);
}

static const struct weir_function own[] = {
    {.help = {"twice", "own", "twice(x, by)", "x by x", ""},
     .arguments = "tc",
     .least = 2,
     .result = WEIR_TEXT,
     .prepare = prepare_twice,
     .release = release_twice,
     .call = call_twice},
    {.help = {.name = NULL}},
};

START_TEST(test_a_function_can_be_registered)
{
    static const struct weir_function taken[] = {{.help = {.name = "ABS"}, .arguments = ""},
                                                 {.help = {.name = NULL}}};
    struct weir_expr_fault fault = {0};
    struct weir_expr *expr = NULL;
    struct weir_schema schema = {0};
    struct weir_err err;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            weir_register_functions((const struct weir_function *const[]){own, NULL}, &err), 0);
    ck_assert_int_eq(
        weir_register_functions((const struct weir_function *const[]){taken, NULL}, &err),
        WEIR_EINTERNAL);
    CHECK_ROWS({"twice(name, '+')", "text", "Müller+Müller"}, {"twice('a', '-')", NULL, "a-a"},
               {"twice(nothing, '-')", NULL, "~"}, {"twice(name, null)", NULL, "~"},
               {"twice(left(name, n - 7), '-')", NULL, "!'' is empty"});
    ck_assert_int_eq(weir_expr_compile("twice('a', '-') + 1", &schema, &expr, &fault),
                     WEIR_ECONFIG);
    ck_assert_int_eq(weir_expr_compile("twice('a', '')", &schema, &expr, &fault), WEIR_ECONFIG);
    ck_assert_str_eq(fault.text, "there is nothing to join with");
    ck_assert_uint_eq(fault.offset, 11);
    ck_assert_int_eq(alive, 0);
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
    tcase_add_test(tcase, test_dates_and_timestamps_are_read_and_written);
    tcase_add_test(tcase, test_dates_and_timestamps_have_their_order);
    tcase_add_test(tcase, test_days_and_intervals_are_added);
    tcase_add_test(tcase, test_parts_of_dates_are_those_of_the_calendar);
    tcase_add_test(tcase, test_times_are_read_and_written_in_formats);
    tcase_add_test(tcase, test_bytes_are_encoded_and_decoded);
    tcase_add_test(tcase, test_json_is_looked_into);
    tcase_add_test(tcase, test_what_is_no_json_is_an_error_of_the_record);
    tcase_add_test(tcase, test_a_function_can_be_registered);
    Suite *suite = suite_create("expr_functions");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
