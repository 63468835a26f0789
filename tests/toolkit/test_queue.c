#include <weir/queue.h>

#include <fcntl.h>

#include "toolkit/victim.h"

static struct weir_queue *queue;
static struct weir_err err;
static int64_t *through; /* how many children came through */

static void set_up(void)
{
    through = shared_pages(4096);
}

static void make(size_t messages, size_t bytes)
{
    weir_queue_release(queue);
    ck_assert_msg(weir_queue_create(&queue, messages, bytes, &err) == 0, "%s", err.text);
    *through = 0;
}

static void tear_down(void)
{
    weir_queue_release(queue);
    queue = NULL;
}

static int put(const char *text, int64_t timeout_ms)
{
    return weir_queue_put(queue, text, strlen(text), timeout_ms);
}

static void ck_get(const char *expected)
{
    char text[256];
    size_t bytes = 999;
    ck_assert_int_eq(weir_queue_get(queue, text, sizeof(text), &bytes, SOON_MS), 0);
    ck_assert_uint_eq(bytes, strlen(expected));
    ck_assert_mem_eq(text, expected, bytes);
}

static int get_nothing(int64_t timeout_ms)
{
    char text[256];
    size_t bytes;
    return weir_queue_get(queue, text, sizeof(text), &bytes, timeout_ms);
}

/* ---- one process ---- */

START_TEST(test_messages_come_out_as_they_went_in)
{
    static const char *const texts[] = {"a", "", "a longer one that goes round the end", "b"};
    make(3, 64);
    for (int round = 0; round < 50; round++)
        for (size_t i = 0; i < COUNT(texts); i++) {
            ck_assert_int_eq(put(texts[i], 0), 0);
            ck_assert_int_eq(put(texts[(i + 1) % COUNT(texts)], 0), 0);
            ck_get(texts[i]);
            ck_get(texts[(i + 1) % COUNT(texts)]);
        }
    ck_assert_int_eq(weir_queue_put(queue, NULL, 0, 0), 0);
    ck_get("");
}
END_TEST

START_TEST(test_a_queue_is_full_by_messages_or_by_bytes)
{
    char large[65] = {0};
    make(3, 64);
    ck_assert(weir_queue_empty(queue));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(weir_queue_size(queue), i);
        ck_assert(!weir_queue_full(queue));
        ck_assert_int_eq(put("x", 0), 0);
        ck_assert(!weir_queue_empty(queue)); /* at once */
    }
    ck_assert(weir_queue_full(queue));
    ck_assert_int_eq(put("x", 0), WEIR_TIMED_OUT);
    ck_assert_int_eq(put("x", 5), WEIR_TIMED_OUT);
    ck_get("x");
    ck_assert_int_eq(weir_queue_put(queue, large, 63, 0), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_queue_put(queue, large, 62, 0), 0);
    ck_assert_int_eq(weir_queue_put(queue, large, 65, 0), WEIR_EUSAGE);
}
END_TEST

START_TEST(test_an_empty_queue_gives_nothing)
{
    make(3, 64);
    ck_assert_int_eq(get_nothing(0), WEIR_TIMED_OUT);
    ck_assert_int_eq(get_nothing(5), WEIR_TIMED_OUT);
    ck_assert_int_eq(put("x", 0), 0);
    ck_get("x");
    ck_assert_int_eq(get_nothing(0), WEIR_TIMED_OUT);
}
END_TEST

START_TEST(test_a_message_without_room_stays)
{
    char small[3];
    size_t bytes = 0;
    make(3, 64);
    put("four", 0);
    ck_assert_int_eq(weir_queue_get(queue, small, 3, &bytes, 0), WEIR_TOO_LARGE);
    ck_assert_uint_eq(bytes, 4);
    ck_get("four");
}
END_TEST

START_TEST(test_many_go_in_and_out_at_once)
{
    struct iovec list[6];
    size_t count = 99, bytes[6];
    char into[64];
    for (size_t i = 0; i < COUNT(list); i++)
        list[i] = (struct iovec){(void *)(uintptr_t) "abcdef", i};
    make(4, 64);
    ck_assert_int_eq(weir_queue_put_many(queue, list, 6, &count, 0), WEIR_TIMED_OUT);
    ck_assert_uint_eq(count, 4);
    ck_assert_int_eq(weir_queue_get_many(queue, into, 5, bytes, 6, &count, 0), 0);
    ck_assert_uint_eq(count, 3); /* the fourth has no room */
    ck_assert_mem_eq(into, "aab", 3);
    ck_assert_uint_eq(bytes[2], 2);
    ck_assert_int_eq(weir_queue_put_many(queue, &list[4], 2, &count, 0), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(weir_queue_get_many(queue, into, 64, bytes, 2, &count, 0), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_mem_eq(into, "abcabcd", 7);
    ck_get("abcde");
}
END_TEST

START_TEST(test_wrong_queues_are_refused)
{
    struct weir_queue *none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(weir_queue_create(&none, 0, 10, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_queue_create(&none, 10, 0, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_queue_create(&none, SIZE_MAX, 10, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_queue_create(&none, 10, SIZE_MAX, &err), WEIR_EUSAGE);
    ck_assert_int_eq(weir_queue_attach_fd(&none, null, &err), WEIR_EUSAGE);
    close(null);
    int other = memfd_create("other", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(other, 100000), 0);
    ck_assert_int_eq(weir_queue_attach_fd(&none, other, &err), WEIR_EUSAGE);
    close(other);
}
END_TEST

START_TEST(test_a_queue_is_attached_by_its_descriptor)
{
    struct weir_queue *made;
    make(3, 64);
    made = queue;
    put("one", 0);
    ck_assert_int_eq(weir_queue_attach_fd(&queue, weir_queue_fd(made), &err), 0);
    weir_queue_release(made);
    ck_get("one");
}
END_TEST

/* ---- closing ---- */

START_TEST(test_a_closed_queue_is_emptied_first)
{
    make(3, 64);
    put("x", 0);
    weir_queue_close(queue);
    weir_queue_close(queue);
    ck_assert_int_eq(put("y", WEIR_FOREVER), WEIR_CLOSED);
    ck_get("x");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(get_nothing(i == 0 ? 0 : WEIR_FOREVER), WEIR_CLOSED);
}
END_TEST

static int get_for_ever(void *context)
{
    (void)context;
    int got = get_nothing(WEIR_FOREVER);
    __atomic_fetch_add(through, 1, __ATOMIC_ACQ_REL);
    return got;
}

static int put_for_ever(void *text)
{
    int got = put(text, WEIR_FOREVER);
    __atomic_fetch_add(through, 1, __ATOMIC_ACQ_REL);
    return got;
}

START_TEST(test_closing_wakes_all_who_wait)
{
    enum { MANY = 4 };
    pid_t waiting[MANY];
    for (int full = 0; full < 2; full++) {
        make(1, 64);
        if (full)
            put("x", 0);
        for (int i = 0; i < MANY; i++)
            await_sleep(waiting[i] = start(full ? put_for_ever : get_for_ever, "y"));
        for (int i = 0; i < MANY; i++)
            ck_stays_asleep(waiting[i]);
        weir_queue_close(queue);
        for (int i = 0; i < MANY; i++)
            ck_assert_int_eq(finish(waiting[i]), WEIR_CLOSED);
    }
}
END_TEST

START_TEST(test_who_does_not_wait_is_not_kept_by_who_does)
{
    make(1, 64);
    pid_t waits = start(get_for_ever, NULL);
    await_sleep(waits);
    ck_assert_int_eq(get_nothing(0), WEIR_TIMED_OUT);
    ck_assert_int_eq(get_nothing(5), WEIR_TIMED_OUT);
    put("x", 0);
    ck_assert_int_eq(finish(waits), 0);
    put("x", 0);
    waits = start(put_for_ever, "y");
    await_sleep(waits);
    ck_assert_int_eq(put("z", 0), WEIR_TIMED_OUT);
    ck_get("x");
    ck_assert_int_eq(finish(waits), 0);
}
END_TEST

/* ---- many processes ---- */

enum { SIDES = 4, EACH = 20000 };

struct note {
    uint32_t producer, number;
    char rest[40];
};

static int produce(void *producer)
{
    uint64_t state = 77 + *(uint32_t *)producer;
    struct note note = {.producer = *(uint32_t *)producer};
    for (note.number = 0; note.number < EACH; note.number++) {
        memset(note.rest, (int)note.number & 127, sizeof(note.rest));
        size_t bytes = 8 + random_below(&state, sizeof(note.rest) + 1);
        if (weir_queue_put(queue, &note, bytes, WEIR_FOREVER) != 0)
            return 1;
    }
    return 0;
}

/* Adds up what it got; of each producer, later messages must be later. */
static int consume(void *context)
{
    int64_t next[SIDES] = {0};
    struct note notes[16];
    size_t bytes[16], count;
    (void)context;
    for (;;) {
        int got = weir_queue_get_many(queue, notes, sizeof(notes), bytes, 16, &count, SOON_MS);
        if (got != 0)
            return got == WEIR_CLOSED ? 0 : 1;
        const char *at = (const char *)notes;
        for (size_t i = 0; i < count; at += bytes[i], i++) {
            struct note note;
            memcpy(&note, at, bytes[i]);
            if (note.producer >= SIDES || note.number < next[note.producer])
                return 2;
            next[note.producer] = note.number + 1;
            for (size_t b = 0; b < bytes[i] - 8; b++)
                if (note.rest[b] != (char)(note.number & 127))
                    return 3;
        }
        __atomic_fetch_add(through, (int64_t)count, __ATOMIC_RELAXED);
    }
}

START_TEST(test_many_producers_and_consumers_lose_nothing)
{
    static uint32_t numbers[SIDES] = {0, 1, 2, 3};
    pid_t producers[SIDES], consumers[SIDES];
    make(50, 1000);
    for (size_t i = 0; i < SIDES; i++) {
        producers[i] = start(produce, &numbers[i]);
        consumers[i] = start(consume, NULL);
    }
    for (size_t i = 0; i < SIDES; i++)
        ck_assert_int_eq(finish(producers[i]), 0);
    weir_queue_close(queue);
    for (size_t i = 0; i < SIDES; i++)
        ck_assert_int_eq(finish(consumers[i]), 0);
    ck_assert_int_eq(*through, SIDES * EACH);
}
END_TEST

/* ---- joining ---- */

START_TEST(test_a_join_waits_for_what_is_not_done_with)
{
    make(4, 64);
    ck_assert_int_eq(weir_queue_join(queue, WEIR_FOREVER), 0);
    ck_assert_int_eq(weir_queue_task_done(queue), WEIR_EUSAGE);
    for (int round = 0; round < 3; round++) {
        put("1", 0);
        put("2", 0);
        ck_assert_int_eq(weir_queue_task_done(queue), WEIR_EUSAGE); /* nothing was taken yet */
        ck_assert_int_eq(weir_queue_join(queue, 0), WEIR_TIMED_OUT);
        ck_get("1");
        ck_get("2");
        ck_assert_int_eq(weir_queue_join(queue, 5), WEIR_TIMED_OUT);
        ck_assert_int_eq(weir_queue_task_done(queue), 0);
        ck_assert_int_eq(weir_queue_join(queue, 0), WEIR_TIMED_OUT);
        ck_assert_int_eq(weir_queue_task_done(queue), 0);
        ck_assert_int_eq(weir_queue_join(queue, WEIR_FOREVER), 0);
        ck_assert_int_eq(weir_queue_task_done(queue), WEIR_EUSAGE);
    }
}
END_TEST

static int join(void *context)
{
    (void)context;
    return weir_queue_join(queue, WEIR_FOREVER);
}

static int do_tasks(void *context)
{
    char text[8];
    size_t bytes;
    (void)context;
    while (weir_queue_get(queue, text, sizeof(text), &bytes, WEIR_FOREVER) == 0) {
        __atomic_fetch_add(through, 1, __ATOMIC_RELAXED);
        if (weir_queue_task_done(queue) != 0)
            return 1;
    }
    return 0;
}

START_TEST(test_all_who_join_come_through_when_all_is_done)
{
    enum { TASKS = 2000 };
    pid_t workers[SIDES], joins[SIDES];
    make(8, 64);
    put("first", 0);
    for (size_t i = 0; i < SIDES; i++) {
        joins[i] = start(join, NULL);
        await_sleep(joins[i]);
    }
    for (size_t i = 0; i < SIDES; i++)
        workers[i] = start(do_tasks, NULL);
    for (int i = 1; i < TASKS; i++)
        ck_assert_int_eq(put("task", WEIR_FOREVER), 0);
    ck_assert_int_eq(weir_queue_join(queue, SOON_MS), 0);
    ck_assert_int_eq(*through, TASKS);
    weir_queue_close(queue);
    for (size_t i = 0; i < SIDES; i++) {
        ck_assert_int_eq(finish(joins[i]), 0);
        ck_assert_int_eq(finish(workers[i]), 0);
    }
}
END_TEST

static int say_done(void *context)
{
    (void)context;
    return weir_queue_task_done(queue);
}

START_TEST(test_who_says_that_it_is_done_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    int done_by_victims = 0;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        make(2, 64);
        put("1", 0);
        put("2", 0);
        ck_get("1");
        ck_get("2");
        weir_queue_task_done(queue);
        pid_t joins = start(join, NULL);
        await_sleep(joins);
        pid_t victim = start_victim(say_done, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        done_by_victims += weir_queue_task_done(queue) == WEIR_EUSAGE;
        ck_assert_int_eq(finish(joins), 0);
    }
    ck_assert_int_gt(done_by_victims, 0);
}
END_TEST

START_TEST(test_who_joins_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped == STEPPED; n += DEATH_STRIDE) {
        make(2, 64);
        put("1", 0);
        pid_t victim = start_victim(join, NULL);
        stepped = step(victim, n);
        pid_t joins = start(join, NULL);
        await_sleep(joins);
        kill_and_reap(victim);
        ck_get("1");
        ck_assert_int_eq(weir_queue_task_done(queue), 0);
        ck_assert_int_eq(finish(joins), 0);
    }
}
END_TEST

/* ---- deaths ---- */

static int put_two(void *context)
{
    (void)context;
    return put("first", WEIR_FOREVER) != 0 || put("second", WEIR_FOREVER) != 0;
}

/* A consumer waits, a producer dies: what is in the queue is whole, in order, and gets through. */
START_TEST(test_a_producer_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        make(4, 64);
        pid_t waits = start(get_for_ever, NULL);
        await_sleep(waits);
        pid_t victim = start_victim(put_two, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        if (weir_queue_size(queue) == 0 && process_state(waits) == 'S')
            ck_assert_int_eq(put("own", SOON_MS), 0);
        ck_assert_int_eq(finish(waits), 0);
        char text[16];
        size_t bytes;
        for (int left = 0; weir_queue_get(queue, text, sizeof(text), &bytes, 0) == 0; left++) {
            ck_assert(bytes == 6 || bytes == 3);
            ck_assert_mem_eq(text, bytes == 6 ? "second" : "own", bytes);
            ck_assert_int_lt(left, 2);
        }
    }
}
END_TEST

/* Of two that wait for room, one dies before it waits, or after it was woken. */
START_TEST(test_who_waits_for_room_may_die_at_any_instruction)
{
    for (int after_wake = 0; after_wake < 2; after_wake++) {
        enum stepped stepped = STEPPED;
        for (long n = 0; stepped == STEPPED; n += DEATH_STRIDE) {
            make(1, 64);
            put("x", 0);
            pid_t victim = start_victim(put_for_ever, "victim");
            if (after_wake)
                step_until_asleep(victim);
            else
                stepped = step(victim, n);
            pid_t other = start(put_for_ever, "other");
            await_sleep(other);
            if (after_wake) {
                ck_get("x");
                if (await_step(victim) == STEPPED)
                    stepped = step(victim, n);
            }
            if (stepped != GONE)
                kill_and_reap(victim);
            for (;;) {
                char text[16];
                size_t bytes;
                ck_assert_int_eq(weir_queue_get(queue, text, sizeof(text), &bytes, SOON_MS), 0);
                if (bytes == 5)
                    break;
                ck_assert(bytes == 6 || bytes == 1);
            }
            ck_assert_int_eq(finish(other), 0);
        }
    }
}
END_TEST

static int get_two(void *context)
{
    (void)context;
    return get_nothing(WEIR_FOREVER) != 0 || get_nothing(WEIR_FOREVER) != 0;
}

/* A producer waits for room, a consumer dies: at most what it was getting is gone. */
START_TEST(test_a_consumer_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        make(2, 64);
        put("1", 0);
        put("2", 0);
        pid_t waits = start(put_for_ever, "3");
        await_sleep(waits);
        pid_t victim = start_victim(get_two, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        char text = 0;
        size_t bytes;
        for (char last = '0'; text != '3'; last = text) {
            ck_assert_int_eq(weir_queue_get(queue, &text, 1, &bytes, SOON_MS), 0);
            ck_assert_int_gt(text, last);
        }
        ck_assert_int_eq(finish(waits), 0);
    }
}
END_TEST

START_TEST(test_who_waits_for_a_message_may_die_at_any_instruction)
{
    for (int after_wake = 0; after_wake < 2; after_wake++) {
        enum stepped stepped = STEPPED;
        for (long n = 0; stepped == STEPPED; n += DEATH_STRIDE) {
            make(4, 64);
            pid_t victim = start_victim(get_for_ever, NULL);
            if (after_wake)
                step_until_asleep(victim);
            else
                stepped = step(victim, n);
            pid_t other = start(get_for_ever, NULL);
            await_sleep(other);
            if (after_wake) {
                put("x", 0);
                if (await_step(victim) == STEPPED)
                    stepped = step(victim, n);
            }
            if (stepped != GONE)
                kill_and_reap(victim);
            put("y", 0);
            ck_assert_int_eq(finish(other), 0);
        }
    }
}
END_TEST

static int close_it(void *context)
{
    (void)context;
    weir_queue_close(queue);
    return 0;
}

START_TEST(test_who_closes_may_die_at_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped != GONE; n += DEATH_STRIDE) {
        make(1, 64);
        put("x", 0);
        pid_t waits = start(put_for_ever, "y");
        await_sleep(waits);
        pid_t victim = start_victim(close_it, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        ck_get("x");
        int ended = finish(waits);
        if (ended == 0)
            ck_get("y");
        else
            ck_assert_int_eq(get_nothing(SOON_MS), WEIR_CLOSED);
    }
}
END_TEST

static int produce_for_ever(void *producer)
{
    struct note note = {.producer = *(uint32_t *)producer};
    const struct iovec some[] = {
        {&note, sizeof(note)}, {&note, sizeof(note)}, {&note, sizeof(note)}};
    size_t count;
    for (;; note.number++)
        if (weir_queue_put_many(queue, some, note.producer % 2 ? 3 : 1, &count, WEIR_FOREVER) != 0)
            return 1;
}

static int consume_for_ever(void *consumer)
{
    struct note notes[3];
    size_t bytes[3], count, most = *(uint32_t *)consumer % 2 ? 3 : 1;
    while (weir_queue_get_many(queue, notes, sizeof(notes), bytes, most, &count, WEIR_FOREVER) == 0)
        ;
    return 1;
}

/* One producer and consumer after the other is killed at a moment that nobody chose, and replaced;
 * every other one of them moves many at a time. The queue must always move on. */
START_TEST(test_a_queue_goes_on_whoever_is_killed)
{
    static uint32_t numbers[SIDES] = {0, 1, 2, 3};
    pid_t processes[2 * SIDES];
    uint64_t state = 4711;
    make(8, 500);
    for (size_t i = 0; i < 2 * SIDES; i++)
        processes[i] = start(i < SIDES ? produce_for_ever : consume_for_ever, &numbers[i % SIDES]);
    for (int deaths = 0; deaths < 300; deaths++) {
        struct note note;
        size_t bytes, i = random_below(&state, SIDES);
        nap_us((long)random_below(&state, 300));
        kill_and_reap(processes[i]);
        ck_assert_int_eq(weir_queue_get(queue, &note, sizeof(note), &bytes, SOON_MS), 0);
        ck_assert_uint_eq(bytes, sizeof(note));
        processes[i] = start(produce_for_ever, &numbers[i]);
        kill_and_reap(processes[SIDES + i]);
        processes[SIDES + i] = start(consume_for_ever, &numbers[i]);
    }
    for (size_t i = 0; i < 2 * SIDES; i++)
        kill_and_reap(processes[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("queue");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, test_messages_come_out_as_they_went_in);
    tcase_add_test(all, test_a_queue_is_full_by_messages_or_by_bytes);
    tcase_add_test(all, test_an_empty_queue_gives_nothing);
    tcase_add_test(all, test_a_message_without_room_stays);
    tcase_add_test(all, test_many_go_in_and_out_at_once);
    tcase_add_test(all, test_wrong_queues_are_refused);
    tcase_add_test(all, test_a_queue_is_attached_by_its_descriptor);
    tcase_add_test(all, test_a_closed_queue_is_emptied_first);
    tcase_add_test(all, test_closing_wakes_all_who_wait);
    tcase_add_test(all, test_who_does_not_wait_is_not_kept_by_who_does);
    tcase_add_test(all, test_many_producers_and_consumers_lose_nothing);
    tcase_add_test(all, test_a_join_waits_for_what_is_not_done_with);
    tcase_add_test(all, test_all_who_join_come_through_when_all_is_done);
    tcase_add_test(all, test_who_says_that_it_is_done_may_die_at_any_instruction);
    tcase_add_test(all, test_who_joins_may_die_at_any_instruction);
    tcase_add_test(all, test_a_producer_may_die_at_any_instruction);
    tcase_add_test(all, test_who_waits_for_room_may_die_at_any_instruction);
    tcase_add_test(all, test_a_consumer_may_die_at_any_instruction);
    tcase_add_test(all, test_who_waits_for_a_message_may_die_at_any_instruction);
    tcase_add_test(all, test_who_closes_may_die_at_any_instruction);
    tcase_add_test(all, test_a_queue_goes_on_whoever_is_killed);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
