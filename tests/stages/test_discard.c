#include "stages/rig.h"

#include "discard.h"

START_TEST(test_discard_takes_every_batch_and_puts_out_nothing)
{
    struct rig rig;
    rig_init(&rig);
    rig.batch_records = 2;
    rig_table(&rig, "a|b:integer", "1|2\n3|~\n5|6\n");
    ck_assert_int_eq(rig_add(&rig, &weir_discard, NULL), 0);
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_uint_eq(rig.transactions, 3); /* two batches and the end */
    ck_assert_uint_eq(rig.output.len, 0);
    rig_release(&rig);
}
END_TEST

START_TEST(test_discard_needs_no_column)
{
    struct rig rig;
    rig_init(&rig);
    bool needed[2] = {false, false};
    rig_table(&rig, "a|b", "1|2\n");
    rig_add(&rig, &weir_discard, NULL);
    ck_assert_int_eq(rig_plan(&rig), 0);
    weir_discard.needs(&rig.stage[0].stage, needed);
    ck_assert(!needed[0] && !needed[1]);
    rig_close(&rig);
    rig_release(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discard");
    TCase *tcase = tcase_create("discard");
    tcase_add_test(tcase, test_discard_takes_every_batch_and_puts_out_nothing);
    tcase_add_test(tcase, test_discard_needs_no_column);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
