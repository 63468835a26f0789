#include <weir/sync.h>

#include "toolkit/victim.h"

/* Everything that a test shares with its children. */
struct ground {
    struct weir_lock lock;
    struct weir_semaphore semaphore;
    struct weir_event event;
    struct weir_condition condition;
    struct weir_barrier barrier;
    int64_t first, second; /* equal while nobody holds the lock */
    int64_t through;       /* how many came through */
};

static struct ground *ground;

static void set_up(void)
{
    ground = shared_pages(sizeof(*ground));
}

static void clear_ground(void)
{
    memset(ground, 0, sizeof(*ground));
    ck_assert_int_eq(weir_lock_init(&ground->lock), 0);
    ck_assert_int_eq(weir_semaphore_init(&ground->semaphore, 0), 0);
    ck_assert_int_eq(weir_event_init(&ground->event), 0);
    weir_condition_init(&ground->condition);
}

static int64_t through(void)
{
    return __atomic_load_n(&ground->through, __ATOMIC_ACQUIRE);
}

static void come_through(void)
{
    __atomic_fetch_add(&ground->through, 1, __ATOMIC_ACQ_REL);
}

/* Until it sleeps or is gone. */
static void await_rest(pid_t pid)
{
    while (process_state(pid) != 'S' && process_state(pid) != 'Z')
        nap_us(50);
}

static void ck_exit(pid_t pid, int code)
{
    ck_assert_int_eq(finish(pid), code);
}

/* ---- Lock ---- */

static int change_both(void *context)
{
    (void)context;
    int got = weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    if (got != 0)
        return 1;
    __atomic_store_n(&ground->first, ground->first + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&ground->second, ground->second + 1, __ATOMIC_RELAXED);
    return weir_lock_release(&ground->lock);
}

static int hold_and_die(void *context)
{
    weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    if (context != NULL)
        weir_lock_release(&ground->lock);
    return 0;
}

START_TEST(test_a_lock_is_held_by_one)
{
    clear_ground();
    ck_assert_int_eq(weir_lock_acquire(&ground->lock, WEIR_FOREVER), 0);
    pid_t other = start(change_both, NULL);
    await_sleep(other);
    ck_assert_int_eq(ground->first, 0);
    ck_assert_int_eq(weir_lock_release(&ground->lock), 0);
    ck_exit(other, 0);
    ck_assert_int_eq(ground->first, 1);
}
END_TEST

static int try_for_a_while(void *timeout_ms)
{
    return weir_lock_acquire(&ground->lock, *(int *)timeout_ms);
}

START_TEST(test_a_lock_that_is_held_times_out)
{
    static int timeouts[] = {0, 1, 20};
    clear_ground();
    weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    for (size_t i = 0; i < COUNT(timeouts); i++)
        ck_exit(start(try_for_a_while, &timeouts[i]), WEIR_TIMED_OUT);
}
END_TEST

START_TEST(test_a_lock_tells_its_misuse)
{
    clear_ground();
    ck_assert_int_eq(weir_lock_release(&ground->lock), WEIR_EUSAGE);
    ck_assert_int_eq(weir_lock_acquire(&ground->lock, WEIR_FOREVER), 0);
    ck_assert_int_eq(weir_lock_acquire(&ground->lock, WEIR_FOREVER), WEIR_EUSAGE);
    ck_assert_int_eq(weir_lock_acquire(&ground->lock, 10), WEIR_EUSAGE);
    ck_assert_int_eq(weir_lock_release(&ground->lock), 0);
}
END_TEST

START_TEST(test_an_rlock_is_released_as_often_as_acquired)
{
    static int at_once = 0;
    clear_ground();
    weir_rlock_init(&ground->lock);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(weir_lock_acquire(&ground->lock, WEIR_FOREVER), 0);
    for (int i = 0; i < 3; i++) {
        ck_exit(start(try_for_a_while, &at_once), WEIR_TIMED_OUT);
        ck_assert_int_eq(weir_lock_release(&ground->lock), 0);
    }
    ck_assert_int_eq(weir_lock_release(&ground->lock), WEIR_EUSAGE);
    ck_exit(start(try_for_a_while, &at_once), 0);
}
END_TEST

START_TEST(test_the_next_holder_is_told_of_a_death_once)
{
    clear_ground();
    for (int kind = 0; kind < 2; kind++) {
        (kind == 0 ? weir_lock_init : weir_rlock_init)(&ground->lock);
        ck_exit(start(hold_and_die, NULL), 0);
        ck_assert_int_eq(weir_lock_acquire(&ground->lock, WEIR_FOREVER), WEIR_OWNER_DIED);
        ck_assert_int_eq(weir_lock_release(&ground->lock), 0);
        ck_assert_int_eq(weir_lock_acquire(&ground->lock, WEIR_FOREVER), 0);
        ck_assert_int_eq(weir_lock_release(&ground->lock), 0);
        ck_exit(start(hold_and_die, ""), 0);
        ck_assert_int_eq(weir_lock_acquire(&ground->lock, WEIR_FOREVER), 0);
    }
}
END_TEST

START_TEST(test_a_holder_may_die_at_any_instruction)
{
    int told = 0;
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        clear_ground();
        pid_t victim = start_victim(change_both, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        int got = weir_lock_acquire(&ground->lock, SOON_MS);
        ck_assert(got == 0 || got == WEIR_OWNER_DIED);
        if (got == 0)
            ck_assert_int_eq(ground->first, ground->second);
        told += got == WEIR_OWNER_DIED;
    }
    ck_assert_int_gt(told, 0);
    ck_assert_int_eq(ground->first, 1);
}
END_TEST

static int acquire_and_tell(void *context)
{
    (void)context;
    int got = weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    come_through();
    return got < 0;
}

/* Two wait; one of them has been woken, and dies before it can use that. */
START_TEST(test_who_waits_for_a_lock_may_die_at_any_instruction_after_its_wake)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        clear_ground();
        weir_lock_acquire(&ground->lock, WEIR_FOREVER);
        pid_t victim = start_victim(acquire_and_tell, NULL);
        step_until_asleep(victim);
        pid_t other = start(acquire_and_tell, NULL);
        await_sleep(other);
        weir_lock_release(&ground->lock);
        if (await_step(victim) != GONE)
            stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        ck_exit(other, 0);
    }
}
END_TEST

/* ---- Semaphore ---- */

static int take_unit(void *context)
{
    (void)context;
    int got = weir_semaphore_acquire(&ground->semaphore, WEIR_FOREVER);
    come_through();
    return got;
}

static int give_unit(void *context)
{
    (void)context;
    return weir_semaphore_release(&ground->semaphore);
}

START_TEST(test_a_semaphore_has_as_many_units_as_it_was_given)
{
    clear_ground();
    ck_assert_int_eq(weir_semaphore_init(&ground->semaphore, 2), 0);
    ck_assert_int_eq(weir_semaphore_acquire(&ground->semaphore, 0), 0);
    ck_assert_int_eq(weir_semaphore_acquire(&ground->semaphore, WEIR_FOREVER), 0);
    ck_assert_int_eq(weir_semaphore_acquire(&ground->semaphore, 0), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_semaphore_acquire(&ground->semaphore, 5), WEIR_TIMED_OUT);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(weir_semaphore_release(&ground->semaphore), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(weir_semaphore_acquire(&ground->semaphore, 0), 0);
    ck_assert_int_eq(weir_semaphore_acquire(&ground->semaphore, 0), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_semaphore_init(&ground->semaphore, WEIR_SEMAPHORE_MAX + 1), WEIR_EUSAGE);
}
END_TEST

START_TEST(test_a_bounded_semaphore_takes_no_more_than_it_had)
{
    clear_ground();
    ck_assert_int_eq(weir_bounded_semaphore_init(&ground->semaphore, 1), 0);
    ck_assert_int_eq(weir_semaphore_release(&ground->semaphore), WEIR_EUSAGE);
    ck_assert_int_eq(weir_semaphore_acquire(&ground->semaphore, 0), 0);
    pid_t waits = start(take_unit, NULL);
    await_sleep(waits);
    ck_assert_int_eq(weir_semaphore_release(&ground->semaphore), 0);
    ck_exit(waits, 0);
    ck_assert_int_eq(weir_semaphore_release(&ground->semaphore), 0);
    ck_assert_int_eq(weir_semaphore_release(&ground->semaphore), WEIR_EUSAGE);
    ck_assert_int_eq(weir_bounded_semaphore_init(&ground->semaphore, 0), WEIR_EUSAGE);
}
END_TEST

START_TEST(test_each_unit_lets_one_through)
{
    enum { MANY = 6 };
    pid_t waiting[MANY];
    clear_ground();
    for (int i = 0; i < MANY; i++)
        await_sleep(waiting[i] = start(take_unit, NULL));
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(through(), i);
        weir_semaphore_release(&ground->semaphore);
        while (through() == i)
            nap_us(50);
    }
    for (int i = 0; i < MANY; i++)
        ck_exit(waiting[i], 0);
}
END_TEST

/* A unit that has come, and a process that sleeps: somebody was not woken. */
static void ck_no_unit_beside_a_sleeper(void)
{
    for (int waited_us = 0; through() == 0 && ground->semaphore.word > 1; waited_us += 50) {
        ck_assert_int_lt(waited_us, SOON_MS * 1000);
        nap_us(50);
    }
}

START_TEST(test_who_releases_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    int woke = 0;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        clear_ground();
        pid_t waits = start(take_unit, NULL);
        await_sleep(waits);
        pid_t victim = start_victim(give_unit, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        ck_no_unit_beside_a_sleeper();
        await_rest(waits);
        woke += through() != 0;
        if (through() == 0)
            weir_semaphore_release(&ground->semaphore);
        ck_exit(waits, 0);
    }
    ck_assert_int_gt(woke, 0);
}
END_TEST

START_TEST(test_who_waits_for_a_unit_may_die_at_any_instruction)
{
    for (int after_wake = 0; after_wake < 2; after_wake++) {
        enum stepped stepped = STEPPED;
        for (long n = 0; stepped == STEPPED; n += DEATH_STRIDE) {
            clear_ground();
            pid_t victim = start_victim(take_unit, NULL);
            if (after_wake)
                step_until_asleep(victim);
            else
                stepped = step(victim, n);
            pid_t other = start(take_unit, NULL);
            await_sleep(other);
            if (after_wake) {
                weir_semaphore_release(&ground->semaphore);
                if (await_step(victim) == STEPPED)
                    stepped = step(victim, n);
            }
            if (stepped != GONE)
                kill_and_reap(victim);
            weir_semaphore_release(&ground->semaphore);
            ck_exit(other, 0);
        }
    }
}
END_TEST

/* ---- Event ---- */

static int await_event(void *context)
{
    (void)context;
    int got = weir_event_wait(&ground->event, WEIR_FOREVER);
    come_through();
    return got;
}

static int set_event(void *context)
{
    (void)context;
    return weir_event_set(&ground->event);
}

START_TEST(test_an_event_is_waited_for)
{
    clear_ground();
    ck_assert(!weir_event_is_set(&ground->event));
    ck_assert_int_eq(weir_event_wait(&ground->event, 0), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_event_wait(&ground->event, 5), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_event_set(&ground->event), 0);
    ck_assert_int_eq(weir_event_set(&ground->event), 0);
    ck_assert(weir_event_is_set(&ground->event));
    ck_assert_int_eq(weir_event_wait(&ground->event, 0), 0);
    ck_assert_int_eq(weir_event_wait(&ground->event, WEIR_FOREVER), 0);
    weir_event_clear(&ground->event);
    ck_assert(!weir_event_is_set(&ground->event));
    ck_assert_int_eq(weir_event_wait(&ground->event, 0), WEIR_TIMED_OUT);
}
END_TEST

START_TEST(test_an_event_that_is_cleared_at_once_lets_all_through_who_waited)
{
    enum { MANY = 5 };
    pid_t waiting[MANY];
    clear_ground();
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < MANY; i++)
            await_sleep(waiting[i] = start(await_event, NULL));
        weir_event_set(&ground->event);
        weir_event_clear(&ground->event);
        for (int i = 0; i < MANY; i++)
            ck_exit(waiting[i], 0);
    }
}
END_TEST

START_TEST(test_who_sets_an_event_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        clear_ground();
        pid_t waits = start(await_event, NULL);
        await_sleep(waits);
        pid_t victim = start_victim(set_event, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        if (!weir_event_is_set(&ground->event)) {
            ck_assert_int_eq(through(), 0);
            ck_assert_int_eq(weir_event_set(&ground->event), 0);
        }
        ck_exit(waits, 0);
    }
}
END_TEST

START_TEST(test_who_waits_for_an_event_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped == STEPPED; n += DEATH_STRIDE) {
        clear_ground();
        pid_t victim = start_victim(await_event, NULL);
        stepped = step(victim, n);
        pid_t other = start(await_event, NULL);
        await_sleep(other);
        kill_and_reap(victim);
        weir_event_set(&ground->event);
        ck_exit(other, 0);
    }
}
END_TEST

/* ---- Condition ---- */

static int await_first(void *context)
{
    (void)context;
    int got = weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    while (got >= 0 && ground->first == 0)
        got = weir_condition_wait(&ground->condition, &ground->lock, WEIR_FOREVER);
    come_through();
    return got < 0 ? 1 : weir_lock_release(&ground->lock);
}

static int change_first(void *context)
{
    (void)context;
    weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    ground->first = 1;
    weir_condition_notify_all(&ground->condition);
    return weir_lock_release(&ground->lock);
}

START_TEST(test_a_condition_wakes_all_who_wait)
{
    enum { MANY = 5 };
    pid_t waiting[MANY];
    clear_ground();
    for (int i = 0; i < MANY; i++)
        await_sleep(waiting[i] = start(await_first, NULL));
    ck_exit(start(change_first, NULL), 0);
    for (int i = 0; i < MANY; i++)
        ck_exit(waiting[i], 0);
}
END_TEST

START_TEST(test_a_wait_that_times_out_holds_the_lock)
{
    clear_ground();
    ck_assert_int_eq(weir_condition_wait(&ground->condition, &ground->lock, 0), WEIR_EUSAGE);
    weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    ck_assert_int_eq(weir_condition_wait(&ground->condition, &ground->lock, 5), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_lock_acquire(&ground->lock, 0), WEIR_EUSAGE);
    ck_assert_int_eq(weir_lock_release(&ground->lock), 0);
}
END_TEST

static int wait_and_say(void *context)
{
    (void)context;
    weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    return weir_condition_wait(&ground->condition, &ground->lock, WEIR_FOREVER);
}

static int notify_and_die(void *context)
{
    (void)context;
    weir_lock_acquire(&ground->lock, WEIR_FOREVER);
    weir_condition_notify_all(&ground->condition);
    return 0;
}

START_TEST(test_a_wait_tells_that_the_lock_came_from_the_dead)
{
    clear_ground();
    pid_t waits = start(wait_and_say, NULL);
    await_sleep(waits);
    ck_exit(start(notify_and_die, NULL), 0);
    ck_exit(waits, WEIR_OWNER_DIED);
}
END_TEST

START_TEST(test_who_waits_for_a_condition_may_die_at_any_instruction)
{
    for (int after_wake = 0; after_wake < 2; after_wake++) {
        enum stepped stepped = STEPPED;
        for (long n = 0; stepped == STEPPED; n += DEATH_STRIDE) {
            clear_ground();
            pid_t other = start(await_first, NULL);
            await_sleep(other);
            pid_t victim = start_victim(await_first, NULL);
            if (after_wake) {
                step_until_asleep(victim);
                ck_exit(start(change_first, NULL), 0);
                if (await_step(victim) == STEPPED)
                    stepped = step(victim, n);
            } else {
                stepped = step(victim, n);
            }
            if (stepped != GONE)
                kill_and_reap(victim);
            if (!after_wake)
                ck_exit(start(change_first, NULL), 0);
            ck_exit(other, 0);
        }
    }
}
END_TEST

START_TEST(test_who_notifies_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        clear_ground();
        pid_t waits = start(await_first, NULL);
        await_sleep(waits);
        pid_t victim = start_victim(change_first, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        if (through() == 0) /* it died before it told: somebody else tells */
            ck_exit(start(change_first, NULL), 0);
        ck_exit(waits, 0);
    }
}
END_TEST

/* ---- Barrier ---- */

/* A wait is some thousand instructions: each seventh has to do. */
#define FAR_STRIDE (7 * DEATH_STRIDE)

enum { PARTIES = 3, ROUNDS = 200 };

/* Nobody may be a round ahead of another. */
static int go_round(void *context)
{
    (void)context;
    if (weir_barrier_enter(&ground->barrier) != 0)
        return 1;
    for (int64_t round = 0; round < ROUNDS; round++) {
        if (through() < round * PARTIES)
            return 2;
        come_through();
        if (weir_barrier_wait(&ground->barrier, SOON_MS) != 0)
            return 3;
    }
    return weir_barrier_leave(&ground->barrier) != 0;
}

START_TEST(test_a_barrier_lets_all_through_when_all_have_come)
{
    clear_ground();
    ck_assert_int_eq(weir_barrier_init(&ground->barrier, PARTIES), 0);
    for (int again = 0; again < 3; again++) {
        pid_t parties[PARTIES];
        ground->through = 0;
        for (int i = 0; i < PARTIES; i++)
            parties[i] = start(go_round, NULL);
        for (int i = 0; i < PARTIES; i++)
            ck_exit(parties[i], 0);
        ck_assert_int_eq(through(), PARTIES * ROUNDS);
    }
}
END_TEST

START_TEST(test_a_barrier_tells_its_misuse)
{
    clear_ground();
    ck_assert_int_eq(weir_barrier_init(&ground->barrier, 0), WEIR_EUSAGE);
    ck_assert_int_eq(weir_barrier_init(&ground->barrier, WEIR_BARRIER_PARTIES + 1), WEIR_EUSAGE);
    ck_assert_int_eq(weir_barrier_init(&ground->barrier, 1), 0);
    ck_assert_int_eq(weir_barrier_wait(&ground->barrier, 0), WEIR_EUSAGE);
    ck_assert_int_eq(weir_barrier_leave(&ground->barrier), WEIR_EUSAGE);
    ck_assert_int_eq(weir_barrier_enter(&ground->barrier), 0);
    ck_assert_int_eq(weir_barrier_enter(&ground->barrier), WEIR_EUSAGE);
    ck_exit(start(go_round, NULL), 1); /* there is no place */
    ck_assert_int_eq(weir_barrier_wait(&ground->barrier, 0), 0);
    ck_assert_int_eq(weir_barrier_leave(&ground->barrier), 0);
}
END_TEST

static int enter_and_wait(void *context)
{
    (void)context;
    if (weir_barrier_enter(&ground->barrier) != 0)
        return 99;
    come_through();
    return weir_barrier_wait(&ground->barrier, WEIR_FOREVER);
}

/* Parties that have entered and wait, and the test itself, which has entered and does not. */
static void start_waiting(pid_t *waiting, int count)
{
    clear_ground();
    ck_assert_int_eq(weir_barrier_init(&ground->barrier, (uint32_t)count + 1), 0);
    for (int i = 0; i < count; i++) {
        waiting[i] = start(enter_and_wait, NULL);
        while (through() == i)
            nap_us(50);
        await_sleep(waiting[i]);
    }
}

START_TEST(test_who_gives_up_breaks_the_barrier_for_all)
{
    pid_t waiting[2];
    for (int abort = 0; abort < 2; abort++) {
        start_waiting(waiting, 2);
        ck_assert_int_eq(weir_barrier_enter(&ground->barrier), 0);
        if (abort) {
            weir_barrier_abort(&ground->barrier);
        } else {
            ground->barrier.parties++; /* one never comes */
            ck_assert_int_eq(weir_barrier_wait(&ground->barrier, 5), WEIR_TIMED_OUT);
        }
        for (int i = 0; i < 2; i++)
            ck_exit(waiting[i], WEIR_BROKEN);
        ck_assert_int_eq(weir_barrier_wait(&ground->barrier, WEIR_FOREVER), WEIR_BROKEN);
        ck_assert_int_eq(weir_barrier_leave(&ground->barrier), 0);
    }
}
END_TEST

static int enter_and_stay(void *context)
{
    (void)context;
    if (weir_barrier_enter(&ground->barrier) != 0)
        return 99;
    come_through();
    while (pause() < 0)
        ;
    return 0;
}

START_TEST(test_a_party_that_dies_elsewhere_breaks_the_barrier)
{
    pid_t waiting[2];
    start_waiting(waiting, 2);
    pid_t elsewhere = start(enter_and_stay, NULL);
    while (through() == 2)
        nap_us(50);
    nap_us(500);
    kill_and_reap(elsewhere);
    for (int i = 0; i < 2; i++)
        ck_exit(waiting[i], WEIR_BROKEN);
    ck_assert_int_eq(weir_barrier_enter(&ground->barrier), WEIR_BROKEN);
}
END_TEST

/* Two wait, the third dies on its way to the barrier, in it, or behind it. */
START_TEST(test_a_party_may_die_at_any_instruction)
{
    int let_through = 0, broke = 0;
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += FAR_STRIDE) {
        pid_t waiting[2];
        start_waiting(waiting, 2);
        pid_t victim = start_victim(enter_and_wait, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        ck_assert_int_ne(stepped, ASLEEP); /* it is the last */
        if (through() == 2)
            weir_barrier_abort(&ground->barrier); /* it had not entered, or not said so */
        int first = finish(waiting[0]), second = finish(waiting[1]);
        ck_assert(first == 0 || first == WEIR_BROKEN);
        ck_assert_int_eq(first, second);
        let_through += first == 0;
        broke += first == WEIR_BROKEN;
    }
    ck_assert_int_gt(let_through, 0);
    ck_assert_int_gt(broke, 0);
}
END_TEST

/* One of two that wait dies, before it sleeps or after. */
START_TEST(test_who_waits_at_a_barrier_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped == STEPPED; n += FAR_STRIDE) {
        pid_t waiting[1];
        start_waiting(waiting, 1);
        ground->barrier.parties = PARTIES;
        weir_lock_init(&ground->barrier.lives[2]);
        pid_t victim = start_victim(enter_and_wait, NULL);
        stepped = step(victim, n);
        kill_and_reap(victim);
        if (through() == 1)
            weir_barrier_abort(&ground->barrier);
        ck_exit(waiting[0], WEIR_BROKEN);
    }
    ck_assert_int_eq(stepped, ASLEEP);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sync");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_checked_fixture(all, set_up, NULL);
    tcase_add_test(all, test_a_lock_is_held_by_one);
    tcase_add_test(all, test_a_lock_that_is_held_times_out);
    tcase_add_test(all, test_a_lock_tells_its_misuse);
    tcase_add_test(all, test_an_rlock_is_released_as_often_as_acquired);
    tcase_add_test(all, test_the_next_holder_is_told_of_a_death_once);
    tcase_add_test(all, test_a_holder_may_die_at_any_instruction);
    tcase_add_test(all, test_who_waits_for_a_lock_may_die_at_any_instruction_after_its_wake);
    tcase_add_test(all, test_a_semaphore_has_as_many_units_as_it_was_given);
    tcase_add_test(all, test_a_bounded_semaphore_takes_no_more_than_it_had);
    tcase_add_test(all, test_each_unit_lets_one_through);
    tcase_add_test(all, test_who_releases_may_die_at_any_instruction);
    tcase_add_test(all, test_who_waits_for_a_unit_may_die_at_any_instruction);
    tcase_add_test(all, test_an_event_is_waited_for);
    tcase_add_test(all, test_an_event_that_is_cleared_at_once_lets_all_through_who_waited);
    tcase_add_test(all, test_who_sets_an_event_may_die_at_any_instruction);
    tcase_add_test(all, test_who_waits_for_an_event_may_die_at_any_instruction);
    tcase_add_test(all, test_a_condition_wakes_all_who_wait);
    tcase_add_test(all, test_a_wait_that_times_out_holds_the_lock);
    tcase_add_test(all, test_a_wait_tells_that_the_lock_came_from_the_dead);
    tcase_add_test(all, test_who_waits_for_a_condition_may_die_at_any_instruction);
    tcase_add_test(all, test_who_notifies_may_die_at_any_instruction);
    tcase_add_test(all, test_a_barrier_lets_all_through_when_all_have_come);
    tcase_add_test(all, test_a_barrier_tells_its_misuse);
    tcase_add_test(all, test_who_gives_up_breaks_the_barrier_for_all);
    tcase_add_test(all, test_a_party_that_dies_elsewhere_breaks_the_barrier);
    tcase_add_test(all, test_a_party_may_die_at_any_instruction);
    tcase_add_test(all, test_who_waits_at_a_barrier_may_die_at_any_instruction);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
