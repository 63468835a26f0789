/* Evaluation over batches: selections, errors of records, what is borrowed, and texts of any bytes.
 */
#include <weir/engine.h>

/* stages */
#include "list.h"

#include "expr_table.h"

static struct table table;

static void teardown(void)
{
    table_release(&table);
}

static void load(const char *columns, const char *const *rows, uint32_t count)
{
    table_init(&table, columns, rows, count);
}

/* The truths as letters: t, f, and ? for null. */
static const char *filter(const char *text, uint32_t from, struct weir_expr_errors *ret_errors,
                          struct weir_expr **ret_expr)
{
    static char letters[64];
    const uint8_t *truth;
    struct weir_expr *expr = table_compile(&table, text);
    ck_assert_int_eq(weir_expr_filter(expr, &table.batch, from, &truth, ret_errors), 0);
    uint32_t n = 0;
    for (uint32_t r = from; r < table.batch.records; r++)
        letters[n++] = "ft?"[truth[r]];
    letters[n] = '\0';
    *ret_expr = expr;
    return letters;
}

START_TEST(test_filter_tells_true_false_and_unknown_of_every_record)
{
    static const char *const rows[] = {"50|paid", "49|paid", "50|open",
                                       "~|paid",  "~|open",  "120|paid"};
    struct weir_expr_errors errors;
    struct weir_expr *expr;
    load("quantity status", rows, 6);
    ck_assert_str_eq(filter("quantity >= 50 and status = 'paid'", 0, &errors, &expr), "tff?ft");
    ck_assert_uint_eq(errors.count, 0);
    weir_expr_free(expr);
    ck_assert_str_eq(filter("quantity >= 50 and status = 'paid'", 3, &errors, &expr), "?ft");
    weir_expr_free(expr);
}
END_TEST

START_TEST(test_a_failing_record_is_noted_once_with_its_value_and_column)
{
    static const char *const rows[] = {"1|2", "twelve|x", "3|y", "4|5"};
    char text[128];
    struct weir_expr_errors errors;
    struct weir_expr *expr;
    load("a b", rows, 4);
    ck_assert_str_eq(filter("a + b > 3", 0, &errors, &expr), "f??t");
    ck_assert_uint_eq(errors.count, 2);
    ck_assert_uint_eq(errors.list[0].record, 1);
    ck_assert_int_eq(errors.list[0].column, 0);
    weir_expr_error_text(&errors.list[0], text, sizeof(text));
    ck_assert_str_eq(text, "'twelve' is not a number");
    ck_assert_uint_eq(errors.list[1].record, 2);
    ck_assert_int_eq(errors.list[1].column, 1);
    weir_expr_free(expr);
}
END_TEST

START_TEST(test_a_division_by_zero_blames_the_divisor)
{
    static const char *const rows[] = {"1|0", "1|2"};
    struct weir_expr_errors errors;
    struct weir_column column;
    load("a b", rows, 2);
    struct weir_expr *expr = table_compile(&table, "a / b");
    ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
    ck_assert_uint_eq(errors.count, 1);
    ck_assert_int_eq(errors.list[0].column, 1);
    ck_assert(weir_entry_is_null(column.entry[0]));
    ck_assert_str_eq(table_value(&column, &errors, 1), "0.5");
    weir_expr_free(expr);
}
END_TEST

START_TEST(test_a_long_value_is_cut_in_the_message_at_a_character)
{
    static const char *const rows[] = {"aäääääääääääääääääääääääääääääääääääääääääääääääää"};
    char text[128];
    struct weir_expr_errors errors;
    struct weir_expr *expr;
    load("a", rows, 1);
    filter("a > 0", 0, &errors, &expr);
    weir_expr_error_text(&errors.list[0], text, sizeof(text));
    ck_assert_str_eq(text, "'aääääääääääääääääääääää...' is not a number");
    weir_expr_free(expr);
}
END_TEST

START_TEST(test_branches_of_a_case_see_their_records_only)
{
    static const char *const rows[] = {"5", "", "x", "7", "~"};
    struct weir_expr_errors errors;
    struct weir_column column;
    load("a", rows, 5);
    struct weir_expr *expr =
        table_compile(&table, "case when a = 'x' then -1 when a <> '' then a::integer * 2 end");
    ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
    static const char *const expected[] = {"10", "~", "-1", "14", "~"};
    for (uint32_t r = 0; r < 5; r++)
        ck_assert_str_eq(table_value(&column, &errors, r), expected[r]);
    ck_assert_uint_eq(errors.count, 0);
    weir_expr_free(expr);
}
END_TEST

START_TEST(test_a_bare_column_is_passed_on_without_a_copy)
{
    static const char *const rows[] = {"1", "2"};
    struct weir_expr_errors errors;
    struct weir_column column;
    load("a:integer", rows, 2);
    struct weir_expr *expr = table_compile(&table, "a");
    ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
    ck_assert_ptr_eq(column.entry, table.column[0].entry);
    ck_assert_ptr_eq(column.heap, table.column[0].heap);
    weir_expr_free(expr);
}
END_TEST

START_TEST(test_the_columns_that_are_looked_at_are_known)
{
    load("a b c", NULL, 0);
    struct weir_expr *expr = table_compile(&table, "case when a = 'x' then c else 'y' end");
    const uint32_t *column;
    bool uses[3] = {false};
    for (size_t i = weir_expr_columns(expr, &column); i-- > 0;) {
        ck_assert_uint_lt(column[i], 3);
        uses[column[i]] = true;
    }
    ck_assert(uses[0] && !uses[1] && uses[2]);
    weir_expr_free(expr);
    expr = table_compile(&table, "1 + 1");
    ck_assert_uint_eq(weir_expr_columns(expr, &column), 0);
    weir_expr_free(expr);
}
END_TEST

/* Batches of several chunks, of every size around a chunk's, against the same computed in C. */
START_TEST(test_batches_of_any_size_give_what_one_record_gives)
{
    enum { MOST = 3000 };
    static const uint32_t sizes[] = {0, 1, 1023, 1024, 1025, 2048, 3000, 5};
    static char text[MOST][24];
    const char *rows[MOST];
    for (uint32_t r = 0; r < MOST; r++) {
        snprintf(text[r], sizeof(text[r]),
                 r % 97 == 5   ? "bad|%u"
                 : r % 89 == 7 ? "~|%u"
                               : "%u|7",
                 r % 97 == 5 || r % 89 == 7 ? 7 : r * 3);
        rows[r] = text[r];
    }
    load("a b", rows, MOST);
    struct weir_expr *expr = table_compile(&table, "if(a > 100 and b = 7, a * 1.5, b)");
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct weir_expr_errors errors;
        struct weir_column column;
        size_t failed = 0;
        table.batch.records = sizes[s];
        ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
        for (uint32_t r = 0; r < sizes[s]; r++) {
            char expected[64];
            uint32_t a = r * 3;
            if (r % 97 == 5) {
                ck_assert_uint_eq(errors.list[failed++].record, r);
                continue;
            }
            if (r % 89 == 7 || a <= 100)
                snprintf(expected, sizeof(expected), "7");
            else
                snprintf(expected, sizeof(expected), "%u.%u", a * 3 / 2, a % 2 * 5);
            ck_assert_str_eq(table_value(&column, &errors, r), expected);
        }
        ck_assert_uint_eq(errors.count, failed);
    }
    weir_expr_free(expr);
}
END_TEST

START_TEST(test_numbers_of_all_widths_stand_side_by_side)
{
    static const char *const rows[] = {"2",    "99999999999999999999", "1e3", "~",
                                       "-0.5", "9223372036854775807"};
    static const char *const twice[] = {"4",    "199999999999999999998", "2000.0", "~",
                                        "-1.0", "18446744073709551614"};
    struct weir_expr_errors errors;
    struct weir_column column;
    load("a", rows, 6);
    struct weir_expr *expr = table_compile(&table, "coalesce(if(a > 0, a * 2, a + a), a + a)");
    ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
    for (uint32_t r = 0; r < 6; r++)
        ck_assert_str_eq(table_value(&column, &errors, r), twice[r]);
    weir_expr_free(expr);
}
END_TEST

START_TEST(test_an_entry_that_points_outside_its_heap_reads_as_null)
{
    static const char *const rows[] = {"abc", "def"};
    struct weir_expr_errors errors;
    struct weir_expr *expr;
    load("a", rows, 2);
    table.entry[0][1] = weir_entry(5, 100);
    ck_assert_str_eq(filter("length(a) > 0", 0, &errors, &expr), "t?");
    weir_expr_free(expr);
}
END_TEST

/* Every text function over random bytes, each value in memory of its own size so that a step past
 * the end is seen. */
START_TEST(test_text_functions_take_any_bytes)
{
    static const char *const texts[] = {
        "length(a) >= 0",
        "lower(upper(a)) is not null",
        "length(substr(a, 2, 3)) <= 3",
        "length(substr(a, -2)) <= 2",
        "a like '_%' or length(a) = 0",
        "a not ilike '%\xC3' or true",
        "length(trim(a, a)) = 0",
        "length(replace(a, substr(a, 1, 1), 'xy')) >= 0",
        "split_part(a, substr(a, 2, 1), 1) is not null",
        "try(a::integer) is null or a::integer is not null",
        "try(a + 0) is null or true",
        "a || a like a || '%' or contains(a, '%') or contains(a, '_')",
        "not contains(a, '_') or a like '%\\__%' escape '\\' or true",
    };
    struct weir_schema schema = {0};
    ck_assert_int_eq(weir_schema_add(&schema, "a", WEIR_UNTYPED), 0);
    srand(7);
    for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
        struct weir_expr *expr = NULL;
        struct weir_expr_fault fault = {0};
        ck_assert_msg(weir_expr_compile(texts[t], &schema, &expr, &fault) == 0, "%s: %s", texts[t],
                      fault.text);
        for (int i = 0; i < 3000; i++) {
            uint32_t n = (uint32_t)rand() % 12;
            char *heap = malloc(n > 0 ? n : 1);
            for (uint32_t k = 0; k < n; k++)
                heap[k] =
                    (char)(rand() % 3 == 0 ? rand() % 256
                                           : "a\xC3\xA4\xE2\x82\xAC\xF0\x9F%_ 1"[rand() % 13]);
            uint64_t entry = weir_entry(0, n);
            struct weir_column column = {&entry, heap, n};
            struct weir_batch batch = {.records = 1, .columns = 1, .column = &column};
            const uint8_t *truth;
            struct weir_expr_errors errors;
            ck_assert_int_eq(weir_expr_filter(expr, &batch, 0, &truth, &errors), 0);
            ck_assert_msg(truth[0] == WEIR_TRUE, "%s over %u bytes", texts[t], n);
            ck_assert_uint_eq(errors.count, 0);
            free(heap);
        }
        weir_expr_free(expr);
    }
    weir_schema_release(&schema);
    load("a", NULL, 0); /* for the teardown */
}
END_TEST

START_TEST(test_a_text_that_grows_too_long_is_an_error_of_its_record)
{
    enum { BIG = 1 << 20 };
    char *big = malloc(BIG + 1);
    memset(big, 'a', BIG);
    big[BIG] = '\0';
    const char *const rows[] = {"b", big, "c"};
    struct weir_expr_errors errors;
    struct weir_column column;
    char text[128];
    load("a", rows, 3);
    struct weir_expr *expr = table_compile(&table, "replace(a, 'a', '12345678901234567')");
    ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
    ck_assert_uint_eq(errors.count, 1);
    weir_expr_error_text(&errors.list[0], text, sizeof(text));
    ck_assert_str_eq(text, "the text would be longer than 16 MiB");
    ck_assert_str_eq(table_value(&column, &errors, 2), "c");
    weir_expr_free(expr);
    free(big);
}
END_TEST

START_TEST(test_functions_are_listed_by_subject_and_name_with_their_usage)
{
    const struct weir_function_help *before = NULL;
    size_t n = 0;
    for (const struct weir_function_help *help; (help = weir_function_at(n)) != NULL; n++) {
        bool same_subject = before != NULL && strcmp(before->subject, help->subject) == 0;
        ck_assert(!same_subject || strcmp(before->name, help->name) < 0);
        ck_assert_int_eq(strncmp(help->usage, help->name, strlen(help->name)), 0);
        ck_assert_uint_gt(strlen(help->help), 0);
        before = help;
    }
    ck_assert_uint_gt(n, 20);
}
END_TEST

/* "length('a') -> 1": whether the expression gives that. */
static void check_example(const char *name, const char *line)
{
    char *text = strdup(line), *arrow = strstr(text, " -> ");
    struct weir_column column;
    struct weir_expr_errors errors;
    ck_assert_msg(arrow != NULL && strstr(text, name) != NULL, "%s: example '%s'", name, line);
    *arrow = '\0';
    struct weir_expr *expr = table_compile(&table, text);
    ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
    const char *value = table_value(&column, &errors, 0);
    if (strcmp(value, "~") == 0)
        value = "null";
    ck_assert_msg(strcmp(value, arrow + 4) == 0, "%s gives %s", line, value);
    weir_expr_free(expr);
    free(text);
}

START_TEST(test_every_example_gives_what_it_says)
{
    load("a", (const char *const[]){"1"}, 1);
    const struct weir_function_help *help;
    for (size_t i = 0; (help = weir_function_at(i)) != NULL; i++) {
        char *lines = strdup(help->examples), *rest = lines, *line;
        while ((line = strsep(&rest, "\n")) != NULL)
            check_example(help->name, line);
        free(lines);
    }
}
END_TEST

int main(void)
{
    struct weir_err err;
    if (weir_register_functions(weir_builtin_functions, &err) < 0)
        return 1;
    TCase *tcase = tcase_create("evaluation");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, test_filter_tells_true_false_and_unknown_of_every_record);
    tcase_add_test(tcase, test_a_failing_record_is_noted_once_with_its_value_and_column);
    tcase_add_test(tcase, test_a_division_by_zero_blames_the_divisor);
    tcase_add_test(tcase, test_a_long_value_is_cut_in_the_message_at_a_character);
    tcase_add_test(tcase, test_branches_of_a_case_see_their_records_only);
    tcase_add_test(tcase, test_a_bare_column_is_passed_on_without_a_copy);
    tcase_add_test(tcase, test_the_columns_that_are_looked_at_are_known);
    tcase_add_test(tcase, test_batches_of_any_size_give_what_one_record_gives);
    tcase_add_test(tcase, test_numbers_of_all_widths_stand_side_by_side);
    tcase_add_test(tcase, test_an_entry_that_points_outside_its_heap_reads_as_null);
    tcase_add_test(tcase, test_text_functions_take_any_bytes);
    tcase_add_test(tcase, test_a_text_that_grows_too_long_is_an_error_of_its_record);
    tcase_add_test(tcase, test_functions_are_listed_by_subject_and_name_with_their_usage);
    tcase_add_test(tcase, test_every_example_gives_what_it_says);
    tcase_set_timeout(tcase, 120);
    Suite *suite = suite_create("expr");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
