#include "stages/rig.h"

#include "count.h"

/* count.partial makes of records a number, in the machine's own bytes. */
START_TEST(test_partial_puts_out_one_number_at_its_end)
{
    struct rig rig;
    rig_init(&rig);
    rig.batch_records = 2;
    rig_table(&rig, "a|b:integer", "1|2\n3|~\n5|6\n");
    ck_assert_int_eq(rig_add(&rig, &weir_count_partial, NULL), 0);
    ck_assert_int_eq(rig_run(&rig), 0);
    uint64_t number = 3;
    ck_assert_uint_eq(rig.output.len, sizeof(number));
    ck_assert_mem_eq(rig.output.data, &number, sizeof(number));
    rig_release(&rig);
}
END_TEST

START_TEST(test_partial_needs_no_column)
{
    struct rig rig;
    rig_init(&rig);
    bool needed[2] = {false, false};
    rig_table(&rig, "a|b", "1|2\n");
    rig_add(&rig, &weir_count_partial, NULL);
    ck_assert_int_eq(rig_plan(&rig), 0);
    weir_count_partial.needs(&rig.stage[0].stage, needed);
    ck_assert(!needed[0] && !needed[1]);
    rig_close(&rig);
    rig_release(&rig);
}
END_TEST

/* The number that a count of these rows, so many in a batch, leaves in a file. */
static void assert_counted(const char *rows, uint32_t batch_records, unsigned kill_every,
                           const char *expected)
{
    struct rig rig;
    rig_init(&rig);
    rig.batch_records = batch_records;
    rig.kill_every = kill_every;
    const char *path = rig_path(&rig, "number");
    rig_table(&rig, "a", rows);
    ck_assert_int_eq(rig_add(&rig, &weir_count, rig_with("path", path, NULL)), 0);
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.published, path);
    struct buf text = rig_read(path);
    ck_assert_str_eq(text.data, expected);
    weir__buf_release(&text);
    rig_release(&rig);
}

START_TEST(test_count_writes_the_sum_as_a_line)
{
    assert_counted("1\n2\n3\n4\n5\n", 2, 0, "5\n");
    assert_counted("", 0, 0, "0\n");
}
END_TEST

START_TEST(test_a_worker_that_dies_counts_nothing_twice)
{
    assert_counted("1\n2\n3\n4\n5\n", 1, 1, "5\n");
    assert_counted("1\n2\n3\n4\n5\n", 2, 2, "5\n");
}
END_TEST

START_TEST(test_total_adds_up_numbers_and_refuses_what_is_none)
{
    static const uint64_t numbers[] = {UINT64_C(1) << 40, 7};
    for (size_t damage = 0; damage < 2; damage++) {
        struct rig rig;
        rig_init(&rig);
        const char *path = rig_path(&rig, "number");
        rig_bytes(&rig, "", &numbers[0], sizeof(numbers[0]));
        rig_bytes(&rig, "", &numbers[1], sizeof(numbers[1]) - damage);
        ck_assert_int_eq(rig_add(&rig, &weir_count_total, rig_with("path", path, NULL)), 0);
        ck_assert_int_eq(rig_run(&rig), damage == 0 ? 0 : WEIR_EINTERNAL);
        ck_assert_int_eq(access(path, F_OK), damage == 0 ? 0 : -1);
        if (damage == 0) {
            struct buf text = rig_read(path);
            ck_assert_str_eq(text.data, "1099511627783\n");
            weir__buf_release(&text);
        }
        rig_release(&rig);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("count");
    TCase *tcase = tcase_create("count");
    tcase_add_test(tcase, test_partial_puts_out_one_number_at_its_end);
    tcase_add_test(tcase, test_partial_needs_no_column);
    tcase_add_test(tcase, test_count_writes_the_sum_as_a_line);
    tcase_add_test(tcase, test_a_worker_that_dies_counts_nothing_twice);
    tcase_add_test(tcase, test_total_adds_up_numbers_and_refuses_what_is_none);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
