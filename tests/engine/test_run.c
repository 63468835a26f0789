/* Whole runs of toy stages (toys.h), disturbed and undisturbed. */
#include "engine/killer.h"
#include "unit/unit.h"

/* ---- what the tests say ---- */

static struct outcome run_pipeline(const struct given *given, size_t n, struct killer *killer)
{
    struct weir_pipeline *pipeline = make_pipeline(given, n);
    struct weir_supervise_options options = {.interval_ms = 3, .context = killer};
    if (killer != NULL)
        options.on_progress = kill_somebody;
    struct outcome outcome = run_to_end(pipeline, &options);
    pid_t left[4];
    ck_assert_uint_eq(my_workers(left, 4), 0);
    return outcome;
}

START_TEST(test_numbers_arrive_in_order_with_any_number_of_workers)
{
    static const uint32_t workers[] = {1, 2, 3, 8, 16};
    for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
        const struct given given[] = {
            {&numbers, 0, false, false, {"count", "20000", "batch", "7"}},
            {&pass, workers[i], false, false, {NULL}},
            {&pass, workers[sizeof(workers) / sizeof(workers[0]) - 1 - i], true, false, {NULL}},
            {&collect, 0, false, false, {"path", output}}};
        struct outcome outcome = run_pipeline(given, 4, NULL);
        ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
        ck_assert(outcome.receipt->balanced);
        ck_assert_uint_eq(outcome.receipt->stage[0].out, 20000);
        ck_assert_uint_eq(outcome.receipt->stage[3].in, 20000);
        ck_assert_str_eq(outcome.receipt->stage[3].published, output);
        assert_collected_but(20000, 0, 0);
        weir_receipt_free(outcome.receipt);
    }
}
END_TEST

START_TEST(test_a_source_that_makes_nothing_ends_the_run)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "0"}},
                                  {&pass, 3, false, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 3, NULL);
    ck_assert_int_eq(outcome.code, 0);
    assert_collected_but(0, 0, 0);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_a_batch_larger_than_a_slot_goes_through_in_parts)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "200000", "batch", "50000"}},
        {&pass, 3, true, false, {"some", "777"}},
        {&pass, 4, true, false, {"some", "3001"}},
        {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 4, NULL);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->balanced);
    assert_collected_but(200000, 0, 0);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_killed_workers_change_nothing)
{
    struct killer killer = {.seed = (unsigned)_i + 1};
    const struct given given[] = {{&numbers, 0, false, false, {"count", "300000", "batch", "20"}},
                                  {&pass, 3, false, false, {"reject", "3", "on_error", "", NULL}},
                                  {&pass, 2, true, false, {"some", "9"}},
                                  {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 4, &killer);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->balanced);
    ck_assert_uint_eq(outcome.receipt->stage[1].rejected, 100000);
    ck_assert_uint_eq(outcome.receipt->stage[3].in, 200000);
    ck_assert_uint_ge(outcome.receipt->restarts, 1);
    assert_collected_but(300000, 3, 0);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_killed_workers_change_nothing_where_batches_have_parts)
{
    struct killer killer = {.seed = (unsigned)_i + 100};
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "600000", "batch", "30000"}},
        {&pass, 2, false, false, {"some", "5000"}},
        {&pass, 3, true, false, {"some", "2000", "reject", "7", "on_error", ""}},
        {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 4, &killer);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->balanced);
    assert_collected_but(600000, 7, 0);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_the_lowest_failure_is_reported_whatever_the_number_of_workers)
{
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        const struct given given[] = {
            {&numbers, 0, false, false, {"count", "100000", "batch", "10"}},
            {&pass, workers, false, false, {"fail", "5003"}},
            {&pass, workers, true, false, {NULL}},
            {&collect, 0, false, false, {"path", output}}};
        struct outcome outcome = run_pipeline(given, 4, NULL);
        ck_assert_int_eq(outcome.code, WEIR_EDATA);
        ck_assert_str_eq(outcome.err.text, "stage 's1': 5003 is too much");
        ck_assert(!outcome.receipt->published);
        ck_assert_int_eq(access(output, F_OK), -1);
        weir_receipt_free(outcome.receipt);
    }
}
END_TEST

START_TEST(test_a_source_that_fails_publishes_nothing)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "100000", "fail_at", "777"}},
        {&pass, 2, false, false, {NULL}},
        {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 3, NULL);
    ck_assert_int_eq(outcome.code, WEIR_EIO);
    ck_assert_str_eq(outcome.err.text, "stage 's0': the source broke");
    ck_assert_int_eq(access(output, F_OK), -1);
    weir_receipt_free(outcome.receipt);
}
END_TEST

START_TEST(test_a_sink_that_has_enough_ends_an_endless_run)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "1000000000000"}},
                                  {&pass, 4, false, false, {NULL}},
                                  {&pass, 2, true, false, {NULL}},
                                  {&collect, 0, false, false, {"path", output, "enough", "2890"}}};
    struct outcome outcome = run_pipeline(given, 4, NULL);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    ck_assert(outcome.receipt->ended_early);
    ck_assert(outcome.receipt->balanced);
    assert_collected_but(750, 0, 0); /* 2,890 bytes: 10 of 2, 90 of 3, 650 of 4 */
    weir_receipt_free(outcome.receipt);
}
END_TEST

/* Each seat ends in the middle of a number that has parts, and the others go on. */
START_TEST(test_seats_that_have_enough_leave_nobody_waiting)
{
    const struct given given[] = {
        {&numbers, 0, false, false, {"count", "400000", "batch", "20000"}},
        {&pass, 3, true, false, {"enough", "100000"}},
        {&pass, 2, true, false, {NULL}},
        {&collect, 0, false, false, {"path", output}}};
    for (int round = 0; round < 10; round++) {
        struct outcome outcome = run_pipeline(given, 4, NULL);
        ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
        ck_assert(outcome.receipt->balanced);
        weir_receipt_free(outcome.receipt);
        unlink(output);
    }
}
END_TEST

START_TEST(test_without_order_every_number_arrives_once)
{
    const struct given given[] = {{&numbers, 0, false, false, {"count", "30000", "batch", "5"}},
                                  {&pass, 4, false, true, {NULL}},
                                  {&collect, 0, false, false, {"path", output}}};
    struct outcome outcome = run_pipeline(given, 3, NULL);
    ck_assert_msg(outcome.code == 0, "%s", outcome.err.text);
    FILE *file = fopen(output, "re");
    bool *seen = calloc(30000, sizeof(bool));
    uint64_t n, count = 0;
    while (fscanf(file, "%" SCNu64, &n) == 1) {
        ck_assert(n < 30000 && !seen[n]);
        seen[n] = true;
        count++;
    }
    ck_assert_uint_eq(count, 30000);
    free(seen);
    fclose(file);
    weir_receipt_free(outcome.receipt);
}
END_TEST

int main(void)
{
    struct weir_err err = {0};
    if (weir_register(types, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    Suite *suite = suite_create("run");
    TCase *plain = tcase_create("plain"), *killed = tcase_create("killed");
    tcase_add_checked_fixture(plain, make_folder, remove_folder);
    tcase_add_checked_fixture(killed, make_folder, remove_folder);
    tcase_set_timeout(plain, 120);
    tcase_set_timeout(killed, 300);
    tcase_add_test(plain, test_numbers_arrive_in_order_with_any_number_of_workers);
    tcase_add_test(plain, test_a_source_that_makes_nothing_ends_the_run);
    tcase_add_test(plain, test_a_batch_larger_than_a_slot_goes_through_in_parts);
    tcase_add_test(plain, test_the_lowest_failure_is_reported_whatever_the_number_of_workers);
    tcase_add_test(plain, test_a_source_that_fails_publishes_nothing);
    tcase_add_test(plain, test_a_sink_that_has_enough_ends_an_endless_run);
    tcase_add_test(plain, test_seats_that_have_enough_leave_nobody_waiting);
    tcase_add_test(plain, test_without_order_every_number_arrives_once);
    tcase_add_loop_test(killed, test_killed_workers_change_nothing, 0, 6);
    tcase_add_loop_test(killed, test_killed_workers_change_nothing_where_batches_have_parts, 0, 6);
    suite_add_tcase(suite, plain);
    suite_add_tcase(suite, killed);
    return unit_run(suite);
}
