#include "shm/wait.h"

#include "unit/rings.h"

static struct lone_word *word;

static void make_words(void)
{
    word = shared_memory(8 * sizeof(*word));
}

START_TEST(test_bits_are_set_and_cleared_and_the_old_word_is_told)
{
    ck_assert_uint_eq(weir__word_set(&word->word, 5, STEP_PARK_SET), 0);
    ck_assert_uint_eq(weir__word_set(&word->word, UINT64_C(1) << 63 | 1, STEP_PARK_SET), 5);
    ck_assert_uint_eq(word->word.value, UINT64_C(1) << 63 | 5);
    ck_assert_uint_eq(weir__word_clear(&word->word, 1, STEP_PARK_CLEAR), UINT64_C(1) << 63 | 5);
    ck_assert_uint_eq(weir__word_clear(&word->word, 1, STEP_PARK_CLEAR), UINT64_C(1) << 63 | 4);
    ck_assert_uint_eq(weir__word_clear(&word->word, UINT64_MAX, STEP_PARK_CLEAR),
                      UINT64_C(1) << 63 | 4);
    ck_assert_uint_eq(word->word.value, 0);
}
END_TEST

START_TEST(test_a_wake_adds_one)
{
    word->word.value = 0xFFFFFFFF;
    weir__event_wake(&word->word);
    ck_assert_uint_eq(word->word.value, UINT64_C(0x100000000));
    weir__event_wake(&word->word);
    ck_assert_uint_eq(word->word.value, UINT64_C(0x100000001));
}
END_TEST

START_TEST(test_nobody_sleeps_on_a_value_that_is_gone)
{
    weir__event_sleep(&word->word, 1, -1);
    weir__event_sleep(&word->word, UINT64_MAX, -1);
    weir__event_wake(&word->word);
    weir__event_sleep(&word->word, 0, -1);
    ck_assert_uint_eq(word->word.value, 1);
}
END_TEST

START_TEST(test_a_sleep_with_a_limit_ends_without_a_wake)
{
    weir__event_sleep(&word->word, 0, 0);
    weir__event_sleep(&word->word, 0, 1);
    weir__event_sleep(&word->word, 0, 1001); /* more than a second: seconds and the rest */
    ck_assert_uint_eq(word->word.value, 0);
}
END_TEST

/* ---- many processes ---- */

enum { PLAYERS = 4, ROUNDS = 20000, ADDS = 20000 };

/* Bits and counts of several processes do not overwrite each other. */
static void add_and_toggle(uint32_t who)
{
    uint64_t bit = UINT64_C(1) << (who * 16);
    for (int i = 0; i < ADDS; i++) {
        if ((weir__word_set(&word[0].word, bit, STEP_PARK_SET) & bit) != 0)
            _exit(1);
        weir__event_wake(&word[1].word);
        if ((weir__word_clear(&word[0].word, bit, STEP_PARK_CLEAR) & bit) == 0)
            _exit(2);
    }
}

static void assert_children_succeed(uint32_t n)
{
    for (uint32_t left = n; left > 0; left--) {
        int status;
        ck_assert_int_gt(waitpid(-1, &status, 0), 0);
        ck_assert_int_eq(status, 0);
    }
}

static void fork_each(uint32_t n, void (*play)(uint32_t who))
{
    for (uint32_t who = 0; who < n; who++) {
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            play(who);
            _exit(0);
        }
    }
}

START_TEST(test_words_of_several_processes_lose_no_change)
{
    fork_each(PLAYERS, add_and_toggle);
    assert_children_succeed(PLAYERS);
    ck_assert_uint_eq(word[0].word.value, 0);
    ck_assert_uint_eq(word[1].word.value, (uint64_t)PLAYERS * ADDS);
}
END_TEST

/*
 * A token goes round. Who has not got it parks, as the head of wait.h says: word 0 is the turn,
 * word 1 the parked bits, word 2 + i the event of player i. If ever a wake were lost everybody
 * would sleep for ever. */
static void play_round(uint32_t who)
{
    struct word *turn = &word[0].word, *parked = &word[1].word, *event = &word[2 + who].word;
    uint64_t bit = UINT64_C(1) << who;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        while (word_load(turn, STEPS) != round * PLAYERS + who) {
            uint64_t value = word_load(event, STEP_EVENT_LOAD);
            weir__word_set(parked, bit, STEP_PARK_SET);
            word_fence(STEP_PARK_FENCE);
            if (word_load(turn, STEPS) == round * PLAYERS + who)
                break;
            weir__event_sleep(event, value, -1);
        }
        weir__word_clear(parked, bit, STEP_PARK_CLEAR);
        word_store(turn, round * PLAYERS + who + 1, STEPS);
        word_fence(STEP_WAKE_FENCE);
        uint32_t follower = (who + 1) % PLAYERS;
        uint64_t its_bit = UINT64_C(1) << follower;
        if ((word_load(parked, STEP_PARK_LOOK) & its_bit) != 0 &&
            (weir__word_clear(parked, its_bit, STEP_PARK_CLEAR) & its_bit) != 0)
            weir__event_wake(&word[2 + follower].word);
    }
}

START_TEST(test_no_wake_is_lost_between_processes_that_park)
{
    fork_each(PLAYERS, play_round);
    assert_children_succeed(PLAYERS);
    ck_assert_uint_eq(word[0].word.value, (uint64_t)ROUNDS * PLAYERS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wait");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, make_words, NULL);
    tcase_add_test(all, test_bits_are_set_and_cleared_and_the_old_word_is_told);
    tcase_add_test(all, test_a_wake_adds_one);
    tcase_add_test(all, test_nobody_sleeps_on_a_value_that_is_gone);
    tcase_add_test(all, test_a_sleep_with_a_limit_ends_without_a_wake);
    tcase_add_test(all, test_words_of_several_processes_lose_no_change);
    tcase_add_test(all, test_no_wake_is_lost_between_processes_that_park);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
