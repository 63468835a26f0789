#include "flow/ring.h"

#include "unit/rings.h"

/* ---- words ---- */

START_TEST(test_a_number_comes_back_from_its_word)
{
    static const struct number numbers[] = {
        {0, 0, false},
        {0, 0, true},
        {1, 0, false},
        {0, 1, false},
        {7, 3, true},
        {(UINT64_C(1) << 40) - 1, 0, true},
        {0, (1u << 23) - 1, true},
        {(UINT64_C(1) << 40) - 1, (1u << 23) - 1, true},
        {(UINT64_C(1) << 40) - 1, (1u << 23) - 1, false},
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct number back = number_unpack(number_pack(numbers[i]));
        ck_assert_uint_eq(back.n, numbers[i].n);
        ck_assert_uint_eq(back.part, numbers[i].part);
        ck_assert_int_eq(back.last, numbers[i].last);
    }
}
END_TEST

START_TEST(test_number_words_sort_as_numbers_and_parts_do)
{
    static const struct number sorted[] = {
        {0, 0, false},
        {0, 1, true},
        {1, 0, true},
        {2, 0, false},
        {2, (1u << 23) - 1, true},
        {3, 0, true},
        {(UINT64_C(1) << 40) - 1, 0, true},
    };
    for (size_t i = 1; i < COUNT(sorted); i++)
        ck_assert_uint_lt(number_pack(sorted[i - 1]), number_pack(sorted[i]));
}
END_TEST

START_TEST(test_a_claim_tells_its_lap_and_whether_it_is_taken)
{
    static const uint64_t laps[] = {
        0, 1, 2, 0x80000000, UINT64_C(1) << 47, (UINT64_C(1) << 48) - 1};
    static const uint32_t seats[] = {0, 1, 63, 0x7FFF};
    for (size_t i = 0; i < COUNT(laps); i++) {
        ck_assert(!claim_is_taken(claim_empty(laps[i])));
        ck_assert_uint_eq(claim_lap(claim_empty(laps[i])), laps[i]);
        for (size_t j = 0; j < COUNT(seats); j++) {
            uint64_t claim = claim_taken(laps[i], seats[j]);
            ck_assert(claim_is_taken(claim));
            ck_assert_uint_eq(claim_lap(claim), laps[i]);
            ck_assert_uint_eq(claim_seat(claim), seats[j]);
            for (size_t k = 0; k < j; k++)
                ck_assert_uint_ne(claim, claim_taken(laps[i], seats[k]));
        }
    }
}
END_TEST

/* ---- one process ---- */

START_TEST(test_a_fresh_ring_is_writable_for_one_lap_and_no_more)
{
    struct ring ring = make_ring(3, 8, 0);
    for (uint64_t q = 0; q < 3; q++)
        ck_assert(weir__ring_writable(&ring, 0, q));
    for (uint64_t q = 3; q < 9; q++)
        ck_assert(!weir__ring_writable(&ring, 0, q));
    ck_assert_uint_eq(weir__ring_waiting(&ring), 0);
}
END_TEST

START_TEST(test_a_position_is_taken_once)
{
    struct ring ring = make_ring(2, 8, 0);
    publish(&ring, (struct number){0});
    ck_assert(weir__ring_take(&ring, 0, 5));
    ck_assert(!weir__ring_take(&ring, 0, 5));
    ck_assert(!weir__ring_take(&ring, 0, 6));
    weir__ring_release(&ring, 0, 5);
    ck_assert(!weir__ring_take(&ring, 0, 5));
}
END_TEST

START_TEST(test_take_refuses_a_wrong_lap)
{
    struct ring ring = make_ring(2, 8, 0);
    publish(&ring, (struct number){0});
    ck_assert(!weir__ring_take(&ring, 2, 1)); /* the same slot, a lap later */
    ck_assert(weir__ring_take(&ring, 0, 1));
    weir__ring_release(&ring, 0, 1);
    publish(&ring, (struct number){.n = 1});
    publish(&ring, (struct number){.n = 2});
    ck_assert(!weir__ring_take(&ring, 0, 1)); /* a lap earlier: it slept since its look */
    ck_assert(!weir__ring_take(&ring, 4, 1));
    ck_assert(weir__ring_take(&ring, 2, 1));
}
END_TEST

START_TEST(test_a_slot_is_writable_again_only_when_it_is_released)
{
    struct ring ring = make_ring(2, 8, 0);
    publish(&ring, (struct number){0});
    ck_assert(!weir__ring_writable(&ring, 0, 2));
    ck_assert(weir__ring_take(&ring, 0, 1));
    ck_assert(!weir__ring_writable(&ring, 0, 2));
    weir__ring_release(&ring, 0, 1);
    ck_assert(weir__ring_writable(&ring, 0, 2));
    ck_assert(!weir__ring_writable(&ring, 0, 0));
    ck_assert(!weir__ring_writable(&ring, 0, 4));
}
END_TEST

START_TEST(test_release_is_harmless_when_repeated)
{
    struct ring ring = make_ring(2, 8, 0);
    publish(&ring, (struct number){0});
    ck_assert(weir__ring_take(&ring, 0, 1));
    weir__ring_release(&ring, 0, 1);
    uint64_t released = ring.slot[0].claim[0].word.value;
    weir__ring_release(&ring, 0, 1);
    ck_assert_uint_eq(ring.slot[0].claim[0].word.value, released);
    publish(&ring, (struct number){.n = 1});
    publish(&ring, (struct number){.n = 2});
    ck_assert(weir__ring_take(&ring, 2, 1));
    weir__ring_release(&ring, 0, 1); /* the slot is this seat's again, at another lap */
    uint64_t position;
    ck_assert(weir__ring_find_taken(&ring, 1, &position));
    ck_assert_uint_eq(position, 2);
}
END_TEST

START_TEST(test_release_leaves_what_others_have)
{
    struct ring ring = make_ring(1, 8, 0);
    publish(&ring, (struct number){0});
    weir__ring_release(&ring, 0, 2);
    ck_assert_uint_eq(weir__ring_waiting(&ring), 1); /* nobody has it, and it stays to be taken */
    ck_assert(weir__ring_take(&ring, 0, 1));
    weir__ring_release(&ring, 0, 2);
    weir__ring_release(&ring, 1, 1);
    uint64_t position;
    ck_assert(weir__ring_find_taken(&ring, 1, &position));
    ck_assert(!weir__ring_writable(&ring, 0, 1));
}
END_TEST

START_TEST(test_a_successor_finds_what_its_seat_has_taken_and_nothing_else)
{
    struct ring ring = make_ring(4, 8, 0);
    uint64_t position = 99;
    for (uint64_t q = 0; q < 22; q++) {
        publish(&ring, (struct number){.n = q});
        if (q < 18) {
            ck_assert(weir__ring_take(&ring, q, 0));
            weir__ring_release(&ring, q, 0);
        }
    }
    ck_assert(!weir__ring_find_taken(&ring, 0, &position));
    ck_assert_uint_eq(position, 99);
    ck_assert(weir__ring_take(&ring, 19, 3));
    ck_assert(weir__ring_take(&ring, 18, 0));
    ck_assert(weir__ring_find_taken(&ring, 3, &position));
    ck_assert_uint_eq(position, 19);
    ck_assert(weir__ring_find_taken(&ring, 0, &position));
    ck_assert_uint_eq(position, 18);
    ck_assert(!weir__ring_find_taken(&ring, 1, &position));
    weir__ring_release(&ring, 19, 3);
    ck_assert(!weir__ring_find_taken(&ring, 3, &position));
}
END_TEST

START_TEST(test_waiting_counts_what_is_published_and_not_taken)
{
    struct ring ring = make_ring(4, 8, 0);
    for (uint64_t q = 0; q < 4; q++) {
        ck_assert_uint_eq(weir__ring_waiting(&ring), q);
        publish(&ring, (struct number){.n = q});
    }
    ck_assert(weir__ring_take(&ring, 1, 0));
    ck_assert(weir__ring_take(&ring, 0, 1));
    ck_assert_uint_eq(weir__ring_waiting(&ring), 2);
    weir__ring_release(&ring, 0, 1);
    ck_assert_uint_eq(weir__ring_waiting(&ring), 2);
    publish(&ring, (struct number){.n = 4});
    ck_assert_uint_eq(weir__ring_waiting(&ring), 3);
}
END_TEST

START_TEST(test_positions_of_one_slot_share_a_payload_and_others_do_not)
{
    struct ring ring = make_ring(3, 64, 0);
    for (uint64_t q = 0; q < 3; q++) {
        ck_assert_ptr_eq(ring_payload(&ring, q), ring.payload + q * 64);
        ck_assert_ptr_eq(ring_payload(&ring, q + 3 * UINT64_C(1000000000)), ring_payload(&ring, q));
    }
}
END_TEST

/* A lap has 32 bits. */
START_TEST(test_the_last_lap_works_as_the_first)
{
    struct ring ring = make_ring(2, 8, 0);
    const uint64_t lap = 0xFFFFFFFE;
    ring.slot[0].claim[0].word.value = claim_empty(lap);
    ring.slot[1].claim[0].word.value = claim_empty(lap);
    ring.tail->value = 2 * lap;
    for (uint64_t q = 2 * lap; q < 2 * lap + 3; q++) {
        uint64_t position;
        ck_assert(weir__ring_writable(&ring, 0, q));
        publish(&ring, (struct number){.n = q});
        ck_assert(!weir__ring_take(&ring, q - 2, 1));
        ck_assert(weir__ring_take(&ring, q, 1));
        ck_assert(weir__ring_find_taken(&ring, 1, &position));
        ck_assert_uint_eq(position, q);
        weir__ring_release(&ring, q, 1);
    }
}
END_TEST

/* ---- many processes, and deaths among them ---- */

enum { KILLS = 80, SLOT_BYTES = 256, SEATS = 4 };

/*
 * Member 0 produces; its only memory is the tail. The others take whatever they find. `holder` has
 * the seat that took a position, `done` is the effect of the work. */
static struct ring crowd_ring;
static _Atomic uint8_t *holder, *done;

static void fill(char *payload, uint64_t position)
{
    uint64_t *word = (uint64_t *)(void *)payload;
    for (size_t i = 0; i < SLOT_BYTES / sizeof(uint64_t); i++)
        word[i] = position * 31 + i;
}

static bool is_filled(const char *payload, uint64_t position)
{
    const uint64_t *word = (const uint64_t *)(const void *)payload;
    for (size_t i = 0; i < SLOT_BYTES / sizeof(uint64_t); i++)
        if (word[i] != position * 31 + i)
            return false;
    return true;
}

static void produce(struct crowd *crowd)
{
    for (;;) {
        uint64_t position = ring_tail(&crowd_ring);
        if (position >= word_load(&crowd->words->gate.word, STEPS)) {
            if (crowd_is_over(crowd) && position == word_load(&crowd->words->gate.word, STEPS))
                return;
            sched_yield();
        } else if (weir__ring_writable(&crowd_ring, 0, position)) {
            fill(ring_payload(&crowd_ring, position), position);
            publish(&crowd_ring, (struct number){.n = position, .last = true});
        } else {
            sched_yield();
        }
    }
}

/* What it holds must be whole, its own, and stay as it is. */
static void work(struct crowd *crowd, uint64_t position, uint32_t seat)
{
    const char *payload = ring_payload(&crowd_ring, position);
    if (!set_once(&holder[position], (uint8_t)(seat + 1)))
        complain(crowd, "two seats have taken a position", position, seat);
    if (!is_filled(payload, position))
        complain(crowd, "a position that is taken is not whole", position, seat);
    sched_yield();
    if (!is_filled(payload, position))
        complain(crowd, "a slot was written while it was taken", position, seat);
    atomic_store(&done[position], 1);
    weir__ring_release(&crowd_ring, position, seat);
}

static void consume(struct crowd *crowd, uint32_t seat)
{
    uint64_t position, from = 0;
    if (weir__ring_find_taken(&crowd_ring, seat, &position))
        work(crowd, position, seat);
    for (;;) {
        bool over = crowd_is_over(crowd);
        uint64_t gate = word_load(&crowd->words->gate.word, STEPS), tail = ring_tail(&crowd_ring);
        if (tail > from + crowd_ring.slots)
            from = tail - crowd_ring.slots;
        for (; from < tail; from++)
            if (weir__ring_take(&crowd_ring, from, seat))
                work(crowd, from, seat);
        if (over && tail == gate)
            return;
        sched_yield();
    }
}

static void ring_member(struct crowd *crowd, uint32_t who)
{
    if (who == 0)
        produce(crowd);
    else
        consume(crowd, who - 1);
}

static void run_ring(uint32_t slots, uint32_t kills, uint64_t seed)
{
    uint64_t total = crowd_total(kills);
    struct crowd crowd = {.member = ring_member, .members = 1 + SEATS, .seed = seed};
    crowd_ring = make_ring(slots, SLOT_BYTES, 0);
    holder = shared_memory(total);
    done = shared_memory(total);
    crowd_run(&crowd, kills);
    ck_assert_uint_eq(ring_tail(&crowd_ring), total);
    ck_assert_uint_eq(weir__ring_waiting(&crowd_ring), 0);
    for (uint64_t q = 0; q < total; q++)
        ck_assert_msg(done[q] == 1, "position %llu was swallowed", (unsigned long long)q);
    for (uint64_t q = total; q < total + slots; q++)
        ck_assert(weir__ring_writable(&crowd_ring, 0, q));
}

static const uint32_t ring_sizes[] = {1, 2, 5};

START_TEST(test_each_position_is_taken_by_one_seat_and_is_whole_while_it_is_held)
{
    run_ring(ring_sizes[_i], 0, (uint64_t)_i + 1);
}
END_TEST

START_TEST(test_deaths_swallow_nothing_and_hand_nothing_out_twice)
{
    run_ring(ring_sizes[_i], KILLS, (uint64_t)_i + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ring");
    TCase *words = tcase_create("words"), *alone = tcase_create("alone"),
          *crowd = tcase_create("crowd");
    tcase_add_test(words, test_a_number_comes_back_from_its_word);
    tcase_add_test(words, test_number_words_sort_as_numbers_and_parts_do);
    tcase_add_test(words, test_a_claim_tells_its_lap_and_whether_it_is_taken);
    tcase_add_test(alone, test_a_fresh_ring_is_writable_for_one_lap_and_no_more);
    tcase_add_test(alone, test_a_position_is_taken_once);
    tcase_add_test(alone, test_take_refuses_a_wrong_lap);
    tcase_add_test(alone, test_a_slot_is_writable_again_only_when_it_is_released);
    tcase_add_test(alone, test_release_is_harmless_when_repeated);
    tcase_add_test(alone, test_release_leaves_what_others_have);
    tcase_add_test(alone, test_a_successor_finds_what_its_seat_has_taken_and_nothing_else);
    tcase_add_test(alone, test_waiting_counts_what_is_published_and_not_taken);
    tcase_add_test(alone, test_positions_of_one_slot_share_a_payload_and_others_do_not);
    tcase_add_test(alone, test_the_last_lap_works_as_the_first);
    tcase_set_timeout(crowd, 120);
    tcase_add_loop_test(crowd,
                        test_each_position_is_taken_by_one_seat_and_is_whole_while_it_is_held, 0,
                        (int)COUNT(ring_sizes));
    tcase_add_loop_test(crowd, test_deaths_swallow_nothing_and_hand_nothing_out_twice, 0,
                        (int)COUNT(ring_sizes));
    suite_add_tcase(suite, words);
    suite_add_tcase(suite, alone);
    suite_add_tcase(suite, crowd);
    return unit_run(suite);
}
