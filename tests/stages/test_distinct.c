#include "stages/rig.h"

#include "kept/distinct.h"

/* by: "a|b", or NULL. */
static int run(struct rig *rig, const char *schema, const char *rows, const char *by,
               uint32_t batch_records, unsigned kill_every)
{
    struct node *with = weir__node_map();
    if (by != NULL) {
        struct node *list = weir__node_list();
        char *copy = strdup(by), *save = NULL;
        for (char *one = strtok_r(copy, "|", &save); one != NULL; one = strtok_r(NULL, "|", &save))
            ck_assert_int_eq(weir__node_append(list, NULL, weir__node_scalar(one)), 0);
        free(copy);
        rig_put(with, "by", list);
    }
    rig_put(with, "memory", weir__node_scalar("1MiB"));
    rig_init(rig);
    rig->batch_records = batch_records;
    rig->kill_every = kill_every;
    rig_table(rig, schema, rows);
    int code = rig_add(rig, &weir_distinct, with);
    return code < 0 ? code : rig_run(rig);
}

/* However the records fall into batches, and whoever dies. */
static void assert_leaves(const char *schema, const char *rows, const char *by,
                          const char *expected)
{
    for (uint32_t batch = 0; batch < 4; batch++)
        for (unsigned kill_every = 0; kill_every < 3; kill_every++) {
            struct rig rig;
            ck_assert_msg(run(&rig, schema, rows, by, batch, kill_every) == 0, "%s",
                          rig_error(&rig));
            ck_assert_str_eq(rig.output.data, expected);
            rig_release(&rig);
        }
}

START_TEST(test_the_first_is_kept)
{
    assert_leaves("k|v", "a|1\nb|2\na|3\na|4\nc|5\nb|6\n", "k", "a|1\nb|2\nc|5\n");
    assert_leaves("k|v|w", "a|1|x\na|2|y\na|1|z\nb|1|p\nb|1|q\n", "v|k", "a|1|x\na|2|y\nb|1|p\n");
}
END_TEST

START_TEST(test_without_by_all_columns_count)
{
    assert_leaves("k|v", "a|1\na|1\na|2\nb|1\na|2\n", NULL, "a|1\na|2\nb|1\n");
}
END_TEST

START_TEST(test_a_null_is_no_empty_text_and_values_do_not_run_together)
{
    assert_leaves("k|v", "~|1\n|2\n~|3\n|4\n", "k", "~|1\n|2\n");
    assert_leaves("k|v", "ab|c\na|bc\nab|c\n|abc\nabc|\n", NULL, "ab|c\na|bc\n|abc\nabc|\n");
}
END_TEST

START_TEST(test_what_goes_is_counted_as_dropped)
{
    struct rig rig;
    ck_assert_int_eq(run(&rig, "k", "a\na\nb\na\n", "k", 2, 1), 0);
    ck_assert_uint_eq(rig.stage[0].total.dropped, 2);
    rig_release(&rig);
}
END_TEST

static char *numbers(unsigned count)
{
    struct buf rows;
    weir__buf_init(&rows);
    for (unsigned i = 0; i < 2 * count; i++)
        weir__buf_printf(&rows, "%u\n", i % count);
    return weir__buf_detach(&rows);
}

START_TEST(test_many_keys_are_found_again_by_a_successor)
{
    struct rig rig;
    enum { KEYS = 20000 };
    char *rows = numbers(KEYS);
    ck_assert_int_eq(run(&rig, "k", rows, "k", 1000, 7), 0);
    ck_assert_uint_eq(rig.stage[0].total.dropped, KEYS);
    ck_assert_uint_gt(rig.kills, 1);
    rig_release(&rig);
    free(rows);
}
END_TEST

START_TEST(test_too_many_keys_are_refused)
{
    struct rig rig;
    char *rows = numbers(80000);
    /* Not WEIR_EOS: that would be blamed on the record. */
    ck_assert_int_eq(run(&rig, "k", rows, "k", 1000, 0), WEIR_ECONFIG);
    ck_assert_msg(strstr(rig_error(&rig), "different keys do not fit") != NULL, "%s",
                  rig_error(&rig));
    rig_release(&rig);
    free(rows);
}
END_TEST

START_TEST(test_mistakes_are_said)
{
    struct rig rig;
    ck_assert_int_eq(run(&rig, "key|v", "a|1\n", "kay", 0, 0), WEIR_ECONFIG);
    ck_assert_str_eq(rig_error(&rig), "no column 'kay'");
    ck_assert_str_eq(rig.errors.list[0].note, "did you mean 'key'?");
    rig_release(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("distinct");
    TCase *tcase = tcase_create("distinct");
    tcase_add_test(tcase, test_the_first_is_kept);
    tcase_add_test(tcase, test_without_by_all_columns_count);
    tcase_add_test(tcase, test_a_null_is_no_empty_text_and_values_do_not_run_together);
    tcase_add_test(tcase, test_what_goes_is_counted_as_dropped);
    tcase_add_test(tcase, test_many_keys_are_found_again_by_a_successor);
    tcase_add_test(tcase, test_too_many_keys_are_refused);
    tcase_add_test(tcase, test_mistakes_are_said);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
