/* Mistakes in an expression's text: each is found before the run, with its place and what to do
 * about it. */
#include "expr_table.h"

#define COLUMNS "quantity paid billed status name n:integer d:decimal b:boolean day:date"

static int compile(const char *text, struct weir_expr_fault *fault)
{
    struct weir_schema schema = {0};
    struct weir_expr *expr = NULL;
    table_schema(&schema, COLUMNS);
    int code = weir_expr_compile(text, &schema, &expr, fault);
    weir_schema_release(&schema);
    weir_expr_free(expr);
    return code;
}

/* The marked part stands between two '^' below, as a caret would underline it. */
static const struct fault_row {
    const char *text;
    const char *caret;
    const char *message;
    const char *note; /* a part of it */
} rows[] = {
    /* words and signs */
    {"", "^", "the expression is empty", ""},
    {"  ", "^", "the expression is empty", ""},
    {"status = 'paid", "         ^", "the quote ' is never closed", "written twice"},
    {"\"\" = 1", "^^", "a column has a name", "''"},
    {"12abc = 1", "^^^^^", "'12abc' is not a number", "double quotes"},
    {"1_000", "^^^^^", "'1_000' is not a number", ""},
    {"n # 1", "  ^", "'#' has no meaning here", ""},
    {"\x01", "^", "the byte 0x01 has no meaning here", ""},
    {"status = ‘paid’", "         ^^^", "'‘' has no meaning here", "straight quotes"},
    {"99999999999999999999999999999999999999999", "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^", NULL,
     ""},
    /* habits */
    {"b && true", "  ^^", "'&&' has no meaning here", "write and"},
    {"!b", "^", "'!' has no meaning here", "write not"},
    {"b || true", "  ^^", "'||' joins text", "write or"},
    {"name + 'x'", "       ^^^", "'+' takes numbers, and 'x' is text", "write a || b"},
    {"'a' + 'b'", "^^^", "'+' takes numbers, and 'a' is text", "write a || b"},
    {"1 if b else 2", "  ^^", "an operator is missing before 'if'", "if(condition, a, b)"},
    {"b ? 1 : 2", "  ^", "'?' has no meaning here", "if(condition, a, b)"},
    {"status = \"paid in\"", "         ^^^^^^^^^", "no column \"paid in\"", "text write 'paid in'"},
    {"null = status", "^^^^^^^^^^^^^", "a comparison with null is never true", "status is null"},
    {"status <> null", "^^^^^^^^^^^^^^", "a comparison with null is never true",
     "status is not null"},
    {"status is 'paid'", "       ^^", "after 'is' comes null, true, false or distinct from",
     "write ="},
    {"n ** 2", "  ^^", "'**' has no meaning here", "x * x"},
    {"n // 2", "  ^^", "'//' has no meaning here", "floor(a / b)"},
    {"n--1", " ^^", "'--' has no meaning here", "no comments"},
    {"name[1]", "    ^", "'[' has no meaning here", "substr"},
    {"1 < n < 3", "      ^", "comparisons cannot be chained", "a < b and b < c"},
    {"n as total", "  ^^", "the expression has ended before 'as'", "set:"},
    /* names */
    {"quantty > 1", "^^^^^^^", "no column 'quantty'", "did you mean 'quantity'?"},
    {"1 + zzzzzz", "    ^^^^^^", "no column 'zzzzzz'", "The columns are quantity, paid"},
    {"lenght(name)", "^^^^^^", "no function 'lenght'", "did you mean 'length'?"},
    {"len(name)", "^^^", "no function 'len'", "write length(x)"},
    {"name::foo", "      ^^^", "there is no type 'foo'", "text, integer"},
    {"name::json", "      ^^^^", "there is no cast to json", "json_extract_string"},
    {"n::date", "^", "there is no cast to date, and n is an integer", "to_timestamp"},
    {"day::integer", "^^^", "there is no cast to integer, and day is a date", "epoch(x)"},
    {"name = None", "       ^^^^", "no column 'None'", NULL},
    /* structure */
    {"(1 + 2", "      ^", "the expression ends too early: ')' is missing", ""},
    {"1 + 2)", "     ^", "'(' is missing before ')'", ""},
    {"1 +", "   ^", "the expression ends too early: a value is missing", ""},
    {"1 + * 2", "    ^", "a value is missing before '*'", ""},
    {"1 2", "  ^", "an operator is missing before '2'", ""},
    {"status in 'a'", "          ^^^", "'(' is missing before ''a''", "in ('a', 'b')"},
    {"status in ()", "           ^", "the list is empty before ')'", ""},
    {"n between 1 or 2", "            ^^", "'and' is missing before 'or'", "low and high"},
    {"n not 1", "      ^", "in, like or between is missing after not before '1'", ""},
    {"case when b then 1", "                  ^", "the expression ends too early: 'end' is missing",
     "end"},
    {"case b end", "       ^^^", "'when' is missing before 'end'", ""},
    {"case when b 1 end", "            ^", "'then' is missing before '1'", ""},
    {"cast(n, integer)", "      ^", "'as' is missing before ','", "x::type"},
    {"n::", "   ^", "the expression ends too early: a type is missing", ""},
    {"(1, 2)", "  ^", "')' is missing before ','", "after in"},
    {"select", "^^^^^^", "no column 'select'", ""},
    {"and", "^^^", "a value is missing before 'and'", "double quotes"},
    /* types */
    {"paid > billed", "^^^^^^^^^^^^^", "'paid' and 'billed' are both untyped: as text, '9' > '10'",
     "write paid::decimal > billed::decimal, or give csv.read types: {paid: decimal, billed: "
     "decimal}"},
    {"paid between billed and 'x' || name", NULL, NULL, NULL},
    {"paid between billed and name", "^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
     "'paid' and 'billed' are both untyped: as text, '9' > '10'", "::decimal"},
    {"least(paid, billed)", "^^^^^^^^^^^^^^^^^^^",
     "'paid' and 'billed' are both untyped: as text, '9' > '10'", "::decimal"},
    {"n = '5'", "    ^^^", "n is an integer and '5' is text: they cannot be compared", "n::text"},
    {"n = true", "    ^^^^", "n is an integer and true is a boolean: they cannot be compared", ""},
    {"n in (1, 'x')", "         ^^^", "n is an integer and 'x' is text: they cannot be compared",
     ""},
    {"case when b then 1 else 'a' end", "                        ^^^", NULL, "1::text"},
    {"if(n, 1, 2)", "   ^", "a condition is true or false, and n is an integer", "n <> 0"},
    {"quantity and b", "^^^^^^^^", "a condition is true or false, and quantity is untyped",
     "quantity::boolean"},
    {"not 'x'", "    ^^^", "a condition is true or false, and 'x' is text", "<> ''"},
    {"length(n)", "       ^", "length takes text, and n is an integer", "n::text"},
    {"round(name || 'x')", "      ^^^^^^^^^^^", "round takes numbers, and name || 'x' is text",
     "::decimal"},
    {"substr(name, 1.5)", "             ^^^", "substr takes an integer here, and 1.5 is a decimal",
     "::integer"},
    {"b + 1", "^", "'+' takes numbers, and b is a boolean", ""},
    {"b::integer", "^", "there is no cast to integer, and b is a boolean", "if(condition, 1, 0)"},
    {"n::boolean", "^", "there is no cast to boolean, and n is an integer", "n <> 0"},
    {"day > '2026'", "      ^^^^^^", "'2026' is not a date (2026-01-31)", ""},
    {"day > name || 'x'", "      ^^^^^^^^^^^",
     "day is a date and name || 'x' is text: they cannot be compared", "name || 'x'::date"},
    {"coalesce(day, 'none')", "              ^^^^^^", NULL, "day::text"},
    {"day + d", "^^^^^^^", "'+' does not take a date and a decimal", "date + 3"},
    {"day * 2", "^^^^^^^", "'*' does not take a date and an integer", "date + 3"},
    {"day - day::timestamp", "^^^^^^^^^^^^^^^^^^^^", NULL, "date_diff('second', from, to)"},
    {"interval 3 day", "^^^^^^^^^^^^^^",
     "an interval is added to a date or a timestamp, or taken from it", ""},
    {"interval 3 day - day", "^^^^^^^^^^^^^^", NULL, ""},
    {"interval '3' || 'x'", "             ^^", "a unit is missing before '||'", "interval 3 day"},
    {"day + interval 3 moon", "      ^^^^^^^^^^^^^^^", NULL, "interval '2 hours'"},
    {"day + interval 1.5 day", "               ^^^",
     "interval takes an integer here, and 1.5 is a decimal", ""},
    {"date_add(day, 3)", "              ^", "an interval is wanted here", "interval 3 day"},
    {"year(name || '')", "     ^^^^^^^^^^",
     "year takes a date or a timestamp, and name || '' is text", "::date"},
    {"date_trunc('moon', day)", "           ^^^^^^", NULL, "'year'"},
    {"date_trunc('dow', day)", "           ^^^^^",
     "the name of a unit of time is wanted here, in quotes", "'year'"},
    {"date_part('moon', day)", "          ^^^^^^",
     "the name of a part of a date is wanted here, in quotes", "'dow'"},
    {"date_trunc(name, day)", "           ^^^^", NULL, "'year'"},
    {"date '2026-02-29'", "^^^^^^^^^^^^^^^^^", "'2026-02-29' is not a date (2026-01-31)", ""},
    {"strptime(name, '%d.%q')", "               ^^^^^^^",
     "the format has a % with something unknown behind it", "%Y"},
    {"strptime(name, '%G')", "               ^^^^", NULL, ""},
    {"strftime(day, '%')", "              ^^^", NULL, "%V"},
    {"strftime(day, name)", "              ^^^^", "the format is a text in quotes", "%Y"},
    {"json_extract(name, '$.')", "                   ^^^^", "this is no path to a value",
     "/orders/0/id"},
    {"json_extract(name, '$[a]')", "                   ^^^^^^", NULL, ""},
    {"json_extract(name, '$[0')", "                   ^^^^^", NULL, ""},
    {"json_extract(name, '$[#-0]')", "                   ^^^^^^^^", NULL, ""},
    {"json_extract(name, '$.*')", "                   ^^^^^", NULL, ""},
    {"json_extract(name, '$a')", "                   ^^^^", NULL, ""},
    {"json_extract(name, '')", "                   ^^", NULL, ""},
    {"json_extract(name, status)", "                   ^^^^^^",
     "json_extract takes a constant here, the same for all records", ""},
    {"day < current_date", "      ^^^^^^^^^^^^", "no column 'current_date'", "--var today"},
    {"day at time zone 'UTC'", "    ^^", NULL, "from_utc"},
    {"now()", "^^^", "no function 'now'", "--var now"},
    {"round(1, 2, 3)", "^^^^^^^^^^^^^^", "round takes at most 2 arguments, not 3",
     "round(x [, digits])"},
    {"replace(name, 'a')", "^^^^^^^^^^^^^^^^^^", "replace takes 3 arguments, not 2",
     "replace(x, from, to)"},
    {"abs()", "^^^^^", "abs takes 1 argument, not 0", "abs(x)"},
    {"n::decimal(40)", "   ^^^^^^^", NULL, "decimal(10, 2)"},
    {"n::integer(4)", "   ^^^^^^^", "only decimal takes a precision", ""},
    {"name like 'a' escape 'xx'", "                     ^^^^",
     "escape takes one character in quotes", ""},
    /* constants that cannot be computed */
    {"n + 1/0", "    ^^^", "division by zero", ""},
    {"'abc'::integer", "^^^^^^^^^^^^^^", "'abc' is not an integer", ""},
    {"9223372036854775807 + 1", "^^^^^^^^^^^^^^^^^^^^^^^",
     "the result is too large for an integer (64 bits)", ""},
};

START_TEST(test_a_mistake_is_found_with_its_place_and_its_cure)
{
    const struct fault_row *row = &rows[_i];
    struct weir_expr_fault fault = {0};
    int code = compile(row->text, &fault);
    if (row->caret == NULL) { /* the neighbour of a mistake, which is none */
        ck_assert_int_eq(code, 0);
        return;
    }
    ck_assert_msg(code == WEIR_ECONFIG, "%s: compiles", row->text);
    if (row->message != NULL)
        ck_assert_str_eq(fault.text, row->message);
    ck_assert_msg(row->note == NULL || strstr(fault.note, row->note) != NULL, "%s: note '%s'",
                  row->text, fault.note);
    size_t before = strspn(row->caret, " ");
    ck_assert_msg(fault.offset == before, "%s: at %zu", row->text, fault.offset);
    ck_assert_msg(fault.span == strlen(row->caret) - before, "%s: span %zu", row->text, fault.span);
    ck_assert_uint_le(fault.offset, strlen(row->text));
}
END_TEST

/* ---- size and depth ---- */

static char *repeat(const char *unit, size_t times, const char *end)
{
    size_t n = strlen(unit), all = n * times;
    char *text = malloc(all + strlen(end) + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * n, unit, n);
    strcpy(text + all, end);
    return text;
}

START_TEST(test_deep_and_long_expressions_are_refused_without_a_crash)
{
    static const struct {
        const char *unit;
        size_t times;
        const char *end, *message;
    } table[] = {
        {"(", 10u << 20, "", "the expression is longer than 1 MiB"},
        {"(", 1000000, "", "the expression is nested too deeply"},
        {"- ", 500000, "1", "the expression is nested too deeply"},
        {"not ", 200000, "true", "the expression is nested too deeply"},
        {"abs(", 200000, "1", "the expression is nested too deeply"},
        {"case when ", 100000, "", "the expression is nested too deeply"},
        {"1 in (", 100000, "", "the expression is nested too deeply"},
        {"1+", 500000, "1", "the expression is nested too deeply"},
        {"n||", 300000, "n", "the expression is nested too deeply"},
        {"coalesce(", 100000, "", "the expression is nested too deeply"},
        {"n = 1 or ", 100000, "n = 2", "the expression has more than 2000 parts"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct weir_expr_fault fault = {0};
        char *text = repeat(table[i].unit, table[i].times, table[i].end);
        ck_assert_int_eq(compile(text, &fault), WEIR_ECONFIG);
        ck_assert_str_eq(fault.text, table[i].message);
        free(text);
    }
}
END_TEST

START_TEST(test_long_but_flat_expressions_are_fine)
{
    static const struct {
        const char *unit;
        size_t times;
        const char *end;
    } table[] = {
        {"n = 1 or ", 400, "n = 2"},
        {"b and ", 900, "b"},
        {"(", 150,
         "1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
         "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"},
        {"1+", 400, "1"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct weir_expr_fault fault = {0};
        char *text = repeat(table[i].unit, table[i].times, table[i].end);
        ck_assert_msg(compile(text, &fault) == 0, "%zu: %s", i, fault.text);
        free(text);
    }
    char *list = repeat("123456,", 100000, "1)");
    char *text = malloc(strlen(list) + 16);
    struct weir_expr_fault fault = {0};
    sprintf(text, "n in (%s", list);
    ck_assert_msg(compile(text, &fault) == 0, "%s", fault.text);
    free(text);
    free(list);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("faults");
    tcase_add_loop_test(tcase, test_a_mistake_is_found_with_its_place_and_its_cure, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, test_deep_and_long_expressions_are_refused_without_a_crash);
    tcase_add_test(tcase, test_long_but_flat_expressions_are_fine);
    tcase_set_timeout(tcase, 120);
    Suite *suite = suite_create("expr_faults");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
