#include "stages/rig.h"

#include "kept/sample.h"
#include "kept/tail.h"
#include "limit.h"
#include "peek.h"

#define SEVEN "1|a\n2|~\n3|c\n4|\n5|e\n6|f\n7|g\n"

/* What a stage with one option passes of a table, however it falls into batches and whoever dies. */
static void assert_passes(const struct weir_stage_type *type, const char *option, const char *value,
                          const char *rows, const char *expected, uint64_t dropped)
{
    for (uint32_t batch = 0; batch < 5; batch++)
        for (unsigned kill_every = 0; kill_every < 3; kill_every++) {
            struct rig rig;
            rig_init(&rig);
            rig.batch_records = batch;
            rig.kill_every = kill_every;
            rig_table(&rig, "n|t", rows);
            ck_assert_int_eq(rig_add(&rig, type, rig_with(option, value, NULL)), 0);
            ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
            ck_assert_str_eq(rig.output.data, expected);
            if (!rig.enough) /* else what was not taken is dropped as well */
                ck_assert_uint_eq(rig.stage[0].total.dropped, dropped);
            rig_release(&rig);
        }
}

START_TEST(test_head_passes_the_first)
{
    assert_passes(&weir_head, "count", "3", SEVEN, "1|a\n2|~\n3|c\n", 4);
    assert_passes(&weir_head, "count", "9", SEVEN, SEVEN, 0);
    assert_passes(&weir_head, "count", "1", "", "", 0);
}
END_TEST

START_TEST(test_tail_passes_the_last)
{
    assert_passes(&weir_tail, "count", "3", SEVEN, "5|e\n6|f\n7|g\n", 4);
    assert_passes(&weir_tail, "count", "6", SEVEN, "2|~\n3|c\n4|\n5|e\n6|f\n7|g\n", 1);
    assert_passes(&weir_tail, "count", "9", SEVEN, SEVEN, 0);
    assert_passes(&weir_tail, "count", "1", "", "", 0);
}
END_TEST

START_TEST(test_tail_of_more_than_a_batch)
{
    enum { RECORDS = 5000, LAST = 3000 };
    struct buf rows, expected;
    weir__buf_init(&rows);
    weir__buf_init(&expected);
    for (unsigned i = 0; i < RECORDS; i++) {
        weir__buf_printf(&rows, "%u|x\n", i);
        if (i >= RECORDS - LAST)
            weir__buf_printf(&expected, "%u|x\n", i);
    }
    for (unsigned kill_every = 0; kill_every < 2; kill_every++) {
        struct rig rig;
        rig_init(&rig);
        rig.batch_records = 700;
        rig.kill_every = kill_every;
        rig_table(&rig, "n|t", rows.data);
        rig_add(&rig, &weir_tail, rig_with("count", "3000", NULL));
        ck_assert_int_eq(rig_run(&rig), 0);
        ck_assert_str_eq(rig.output.data, expected.data);
        ck_assert_uint_eq(rig.stage[0].total.dropped, RECORDS - LAST);
        rig_release(&rig);
    }
    weir__buf_release(&rows);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_sample_of_all_and_of_nothing)
{
    assert_passes(&weir_sample, "share", "100%", SEVEN, SEVEN, 0);
    assert_passes(&weir_sample, "share", "0%", SEVEN, "", 7);
}
END_TEST

static uint64_t sampled(const char *rows, const char *seed, unsigned kill_every, struct buf *ret)
{
    struct rig rig;
    rig_init(&rig);
    rig.batch_records = 700;
    rig.kill_every = kill_every;
    rig_table(&rig, "n", rows);
    rig_add(&rig, &weir_sample, rig_with("share", "10%", "seed", seed, NULL));
    ck_assert_int_eq(rig_run(&rig), 0);
    uint64_t records = rig.stage[0].records;
    weir__buf_init(ret);
    weir__buf_add(ret, rig.output.data, rig.output.len);
    rig_release(&rig);
    return records;
}

START_TEST(test_a_sample_is_about_its_share_and_the_same_again)
{
    struct buf rows, first, again, other;
    weir__buf_init(&rows);
    for (unsigned i = 0; i < 20000; i++)
        weir__buf_printf(&rows, "%u\n", i);
    uint64_t records = sampled(rows.data, "1", 0, &first);
    ck_assert_uint_gt(records, 1800);
    ck_assert_uint_lt(records, 2200);
    sampled(rows.data, "1", 2, &again);
    ck_assert_str_eq(first.data, again.data);
    sampled(rows.data, "2", 0, &other);
    ck_assert_str_ne(first.data, other.data);
    weir__buf_release(&rows);
    weir__buf_release(&first);
    weir__buf_release(&again);
    weir__buf_release(&other);
}
END_TEST

START_TEST(test_peek_passes_all_on)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* tests/cli/test_pick.sh reads it */
    assert_passes(&weir_peek, "count", "2", SEVEN, SEVEN, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pick");
    TCase *tcase = tcase_create("pick");
    tcase_add_test(tcase, test_head_passes_the_first);
    tcase_add_test(tcase, test_tail_passes_the_last);
    tcase_add_test(tcase, test_tail_of_more_than_a_batch);
    tcase_add_test(tcase, test_sample_of_all_and_of_nothing);
    tcase_add_test(tcase, test_a_sample_is_about_its_share_and_the_same_again);
    tcase_add_test(tcase, test_peek_passes_all_on);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
