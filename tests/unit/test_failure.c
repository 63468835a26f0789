#include "engine/failure.h"

#include "unit/chain.h"

/* A source, two groups of two seats, a sink: nobody runs, their words are written by hand. */
static const struct chain_shape shape = {4, 4, 64, {1, 2, 2, 1}, false, 0, CHAIN};

static struct chain chain;
static struct weir_plan plan;
static struct run_worker worker[6];
static struct run run;

static void make_run(void)
{
    chain_make(&chain, &shape);
    plan.blueprint = chain.blueprint;
    run = (struct run){.plan = &plan, .view = chain.view, .worker = worker};
    for (uint32_t g = 0; g < shape.groups; g++)
        for (uint32_t seat = 0; seat < shape.seats[g]; seat++) {
            worker[run.workers].start.group = g;
            worker[run.workers++].start.seat = seat;
        }
}

static void release_run(void)
{
    chain_release(&chain);
}

static void leave_failure(uint32_t group, uint32_t seat, uint64_t number)
{
    struct seat_words *words = view_seat(&run.view, group, seat);
    weir_err_set(&words->err, WEIR_EDATA, "group %u, number %u", group, (unsigned)number);
    word_store(&words->failed, number + 1, STEP_FAILED_STORE);
}

static void set_next(uint32_t group, uint64_t n)
{
    word_store(&view_group(&run.view, group)->next[0].word, n, STEP_NEXT_ADVANCE);
}

/* The producer's first seat publishes number n and the group's seat takes it. Returns the position.
 */
static uint64_t hold(uint32_t group, uint32_t seat, uint64_t n)
{
    struct ring ring = weir__view_ring(&run.view, group - 1, 0, 0);
    uint64_t position = ring_tail(&ring);
    publish(&ring, (struct number){.n = n, .last = true});
    ck_assert(weir__ring_take(&ring, position, seat));
    return position;
}

static void let_go(uint32_t group, uint32_t seat, uint64_t position)
{
    struct ring ring = weir__view_ring(&run.view, group - 1, 0, 0);
    weir__ring_release(&ring, position, seat);
}

static void assert_failure(enum failure expected, const char *text)
{
    struct weir_err err = {0};
    ck_assert_int_eq(weir__run_failure(&run, &err), expected);
    ck_assert_str_eq(err.text, text);
}

START_TEST(test_nobody_has_failed)
{
    assert_failure(FAILURE_NONE, "");
}
END_TEST

START_TEST(test_a_failure_is_decided_when_all_lower_numbers_have_left)
{
    hold(1, 0, 3);
    leave_failure(1, 0, 3);
    set_next(1, 4);
    assert_failure(FAILURE_UNDECIDED, "group 1, number 3");
    set_next(2, 3);
    assert_failure(FAILURE_UNDECIDED, "group 1, number 3");
    set_next(3, 3);
    assert_failure(FAILURE_DECIDED, "group 1, number 3");
}
END_TEST

START_TEST(test_a_lower_number_in_somebodys_hand_may_still_fail)
{
    set_next(1, 4), set_next(2, 3), set_next(3, 3);
    hold(1, 0, 3);
    leave_failure(1, 0, 3);
    uint64_t same_stage = hold(1, 1, 2), below = hold(2, 1, 1), at_the_sink = hold(3, 0, 0);
    assert_failure(FAILURE_UNDECIDED, "group 1, number 3");
    let_go(1, 1, same_stage);
    assert_failure(FAILURE_UNDECIDED, "group 1, number 3");
    let_go(2, 1, below);
    assert_failure(FAILURE_UNDECIDED, "group 1, number 3");
    let_go(3, 0, at_the_sink);
    assert_failure(FAILURE_DECIDED, "group 1, number 3");
}
END_TEST

START_TEST(test_a_higher_number_in_somebodys_hand_changes_nothing)
{
    set_next(1, 9), set_next(2, 3), set_next(3, 3);
    hold(1, 0, 3);
    leave_failure(1, 0, 3);
    hold(1, 1, 8);
    assert_failure(FAILURE_DECIDED, "group 1, number 3");
}
END_TEST

START_TEST(test_the_lowest_number_is_the_first_failure)
{
    set_next(1, 9), set_next(2, 7), set_next(3, 7);
    hold(1, 0, 8);
    hold(1, 1, 5);
    leave_failure(1, 0, 8);
    leave_failure(1, 1, 5);
    assert_failure(FAILURE_DECIDED, "group 1, number 5");
    leave_failure(2, 0, 4);
    assert_failure(FAILURE_DECIDED, "group 2, number 4");
    leave_failure(0, 0, 2);
    assert_failure(FAILURE_DECIDED, "group 0, number 2");
}
END_TEST

START_TEST(test_of_one_number_the_stage_furthest_down_failed_first)
{
    set_next(1, 9), set_next(2, 9), set_next(3, 9);
    leave_failure(1, 0, 4);
    leave_failure(3, 0, 4);
    leave_failure(2, 1, 4);
    assert_failure(FAILURE_DECIDED, "group 3, number 4");
}
END_TEST

/* Then the failed seat will find that nobody wants its output, and withdraw. */
START_TEST(test_a_failure_before_a_group_that_takes_no_more_is_not_decided)
{
    set_next(1, 4);
    hold(1, 0, 3);
    leave_failure(1, 0, 3);
    for (uint32_t seat = 0; seat < 2; seat++)
        view_seat(&run.view, 2, seat)->done.value = 1;
    assert_failure(FAILURE_UNDECIDED, "group 1, number 3");
    view_seat(&run.view, 3, 0)->done.value = 1;
    assert_failure(FAILURE_UNDECIDED, "group 1, number 3");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("failure");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, make_run, release_run);
    tcase_add_test(all, test_nobody_has_failed);
    tcase_add_test(all, test_a_failure_is_decided_when_all_lower_numbers_have_left);
    tcase_add_test(all, test_a_lower_number_in_somebodys_hand_may_still_fail);
    tcase_add_test(all, test_a_higher_number_in_somebodys_hand_changes_nothing);
    tcase_add_test(all, test_the_lowest_number_is_the_first_failure);
    tcase_add_test(all, test_of_one_number_the_stage_furthest_down_failed_first);
    tcase_add_test(all, test_a_failure_before_a_group_that_takes_no_more_is_not_decided);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
