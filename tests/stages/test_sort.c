#include "stages/rig.h"

#include "kept/sort.h"

static int run(struct rig *rig, const char *schema, const char *rows, const char *by,
               uint32_t batch_records, unsigned kill_every, enum on_error on_error)
{
    struct node *list = weir__node_list();
    char *copy = strdup(by), *save = NULL;
    for (char *one = strtok_r(copy, "|", &save); one != NULL; one = strtok_r(NULL, "|", &save))
        ck_assert_int_eq(weir__node_append(list, NULL, weir__node_scalar(one)), 0);
    free(copy);
    rig_init(rig);
    rig->batch_records = batch_records;
    rig->kill_every = kill_every;
    rig->on_error = on_error;
    rig_table(rig, schema, rows);
    int code = rig_add(rig, &weir_sort, rig_put(weir__node_map(), "by", list));
    return code < 0 ? code : rig_run(rig);
}

/* However the records fall into batches, and whoever dies. */
static void assert_sorts(const char *schema, const char *rows, const char *by, const char *expected)
{
    for (uint32_t batch = 0; batch < 4; batch++)
        for (unsigned kill_every = 0; kill_every < 3; kill_every++) {
            struct rig rig;
            ck_assert_msg(run(&rig, schema, rows, by, batch, kill_every, ON_ERROR_STOP) == 0, "%s",
                          rig_error(&rig));
            ck_assert_str_eq(rig.output.data, expected);
            rig_release(&rig);
        }
}

START_TEST(test_text_goes_by_bytes_and_nulls_come_last)
{
    assert_sorts("a", "b\na\n~\n\nab\nA\nä\n", "a", "\nA\na\nab\nb\nä\n~\n");
    assert_sorts("a", "b\na\n~\n\nab\n", "a desc", "b\nab\na\n\n~\n");
}
END_TEST

START_TEST(test_a_zero_byte_is_a_byte)
{
    char text[] = "a_\na\na__\na_b\n";
    char sorted[] = "a\na_\na__\na_b\n";
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = text[i] == '_' ? '\1' : text[i];
    for (size_t i = 0; i < sizeof(sorted); i++)
        sorted[i] = sorted[i] == '_' ? '\1' : sorted[i];
    assert_sorts("a", text, "replace(a, chr(1), chr(0))", sorted);
}
END_TEST

START_TEST(test_numbers_go_by_value)
{
    assert_sorts("a:decimal", "10\n9\n-1\n0\n-10\n0.5\n-0.05\n1e3\n00012\n+3\n9.99\n", "a",
                 "-10\n-1\n-0.05\n0\n0.5\n+3\n9\n9.99\n10\n00012\n1e3\n");
    assert_sorts("a:double", "1e-300\n-1e300\n2.5e10\n0.0\n-0.0\n1E-5\n", "a desc",
                 "2.5e10\n1E-5\n1e-300\n0.0\n-0.0\n-1e300\n");
    assert_sorts("a", "10\n9\n~\n-1\n", "a::integer DESC", "10\n9\n-1\n~\n");
}
END_TEST

START_TEST(test_records_that_are_alike_stay_in_order)
{
    assert_sorts("a|b", "x|1\ny|2\nx|3\ny|4\nx|5\nx|6\ny|7\n", "a",
                 "x|1\nx|3\nx|5\nx|6\ny|2\ny|4\ny|7\n");
    assert_sorts("a|b|c", "x|1|p\ny|2|q\nx|2|r\ny|1|s\n~|2|t\n", "b desc|a asc",
                 "x|2|r\ny|2|q\n~|2|t\nx|1|p\ny|1|s\n");
}
END_TEST

START_TEST(test_more_records_than_a_batch_has)
{
    struct rig rig;
    struct buf rows, expected;
    weir__buf_init(&rows);
    weir__buf_init(&expected);
    enum { RECORDS = 9001 };
    for (unsigned i = 0; i < RECORDS; i++) {
        weir__buf_printf(&rows, "%u|%u\n", i * 7 % RECORDS, i);
        weir__buf_printf(&expected, "%u\n", i);
    }
    for (unsigned kill_every = 0; kill_every < 2; kill_every++) {
        rig_init(&rig);
        rig.wanted = "a";
        rig.kill_every = kill_every;
        rig.batch_records = 500;
        rig_table(&rig, "a:integer|b", rows.data);
        rig_add(&rig, &weir_sort, rig_with("by", "a", NULL));
        ck_assert_int_eq(rig_run(&rig), 0);
        ck_assert_str_eq(rig.output.data, expected.data);
        rig_release(&rig);
    }
    weir__buf_release(&rows);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_what_cannot_be_computed_is_rejected)
{
    static const char rows[] = "3\nx\n1\n";
    struct rig rig;
    ck_assert_int_lt(run(&rig, "a", rows, "a::integer", 0, 0, ON_ERROR_STOP), 0);
    ck_assert_msg(strstr(rig_error(&rig), "'x' is not an integer (by)") != NULL, "%s",
                  rig_error(&rig));
    rig_release(&rig);
    ck_assert_int_eq(run(&rig, "a", rows, "a::integer", 2, 1, ON_ERROR_REJECT), 0);
    ck_assert_str_eq(rig.output.data, "1\n3\n");
    ck_assert(strstr(rig.rejects.data, ",a,'x' is not an integer (by),") != NULL);
    rig_release(&rig);
    ck_assert_int_eq(run(&rig, "a", rows, "a::integer", 2, 1, ON_ERROR_SET_NULL), 0);
    ck_assert_str_eq(rig.output.data, "1\n3\nx\n");
    rig_release(&rig);
}
END_TEST

START_TEST(test_mistakes_are_said)
{
    static const char *const table[][2] = {
        {"b", "no column 'b'"}, {"a +", "a value is missing"}, {"a down", "'down'"}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rig rig;
        ck_assert_int_lt(run(&rig, "a", "1\n", table[i][0], 0, 0, ON_ERROR_STOP), 0);
        ck_assert_msg(strstr(rig_error(&rig), table[i][1]) != NULL, "%s", rig_error(&rig));
        rig_release(&rig);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sort");
    TCase *tcase = tcase_create("sort");
    tcase_add_test(tcase, test_text_goes_by_bytes_and_nulls_come_last);
    tcase_add_test(tcase, test_a_zero_byte_is_a_byte);
    tcase_add_test(tcase, test_numbers_go_by_value);
    tcase_add_test(tcase, test_records_that_are_alike_stay_in_order);
    tcase_add_test(tcase, test_more_records_than_a_batch_has);
    tcase_add_test(tcase, test_what_cannot_be_computed_is_rejected);
    tcase_add_test(tcase, test_mistakes_are_said);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
