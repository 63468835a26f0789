#include "flow/edge.h"

#include "unit/rings.h"
#include "unit/trace.h"

/* base */
#include "base/sanitizer.h"

enum { MOST = 64 };

/* Zeros that a forked process has a copy of. */
static void *own_memory(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(at, MAP_FAILED);
    return at;
}

/* An edge that reads `producers` fresh rings. */
static struct edge make_edge(bool ordered, uint32_t producers, uint32_t slots)
{
    struct lone_word *next = shared_memory(sizeof(*next));
    struct edge edge = {.next = &next->word,
                        .ordered = ordered,
                        .producers = producers,
                        .ring = own_memory(producers * sizeof(struct ring))};
    for (uint32_t r = 0; r < producers; r++)
        edge.ring[r] = make_ring(slots, sizeof(uint64_t), r);
    return edge;
}

/* The same edge, as another process sees it that begins to look. */
static struct edge view_of(const struct edge *edge)
{
    struct edge view = *edge;
    view.ring = own_memory(edge->producers * sizeof(struct ring));
    for (uint32_t r = 0; r < edge->producers; r++) {
        view.ring[r] = edge->ring[r];
        view.ring[r].head = 0;
    }
    return view;
}

static uint64_t next_of(const struct edge *edge)
{
    return word_load(edge->next, STEP_NEXT_LOAD);
}

static void publish_whole(struct edge *edge, uint32_t ring, uint64_t n)
{
    publish(&edge->ring[ring], (struct number){.n = n, .last = true});
}

static void take_and_release(struct edge *edge, uint32_t seat, uint64_t n)
{
    struct taken taken;
    ck_assert(weir__edge_take(edge, seat, &taken));
    ck_assert_uint_eq(taken.number.n, n);
    weir__ring_release(&edge->ring[taken.ring], taken.position, seat);
}

/* ---- ordered ---- */

START_TEST(test_take_returns_nothing_from_an_empty_edge)
{
    for (int ordered = 0; ordered < 2; ordered++) {
        struct edge edge = make_edge(ordered != 0, 3, 2);
        struct taken taken;
        ck_assert(!weir__edge_take(&edge, 0, &taken));
        ck_assert(!weir__edge_has_more(&edge));
        ck_assert(!weir__edge_find_taken(&edge, 0, &taken));
        ck_assert_uint_eq(next_of(&edge), 0);
    }
}
END_TEST

START_TEST(test_numbers_are_taken_in_order_from_whatever_ring)
{
    static const uint32_t ring_of[] = {2, 0, 0, 1, 2, 1, 0, 2, 2, 1};
    struct edge edge = make_edge(true, 3, 4);
    struct taken taken;
    for (uint64_t n = 0; n < COUNT(ring_of); n++)
        publish_whole(&edge, ring_of[n], n);
    for (uint64_t n = 0; n < COUNT(ring_of); n++) {
        ck_assert(weir__edge_has_more(&edge));
        ck_assert(weir__edge_take(&edge, (uint32_t)n % 5, &taken));
        ck_assert_uint_eq(taken.number.n, n);
        ck_assert_uint_eq(taken.ring, ring_of[n]);
        ck_assert_uint_eq(next_of(&edge), n + 1);
    }
    ck_assert(!weir__edge_take(&edge, 0, &taken));
}
END_TEST

START_TEST(test_a_number_that_is_missing_holds_back_the_later_ones)
{
    struct edge edge = make_edge(true, 2, 4);
    struct taken taken;
    publish_whole(&edge, 0, 1);
    publish_whole(&edge, 0, 2);
    ck_assert(!weir__edge_take(&edge, 0, &taken));
    ck_assert(!weir__edge_has_more(&edge));
    publish_whole(&edge, 1, 0);
    ck_assert(weir__edge_has_more(&edge));
    for (uint64_t n = 0; n < 3; n++)
        take_and_release(&edge, 0, n);
}
END_TEST

START_TEST(test_a_taker_moves_next_on_for_one_that_died_after_its_claim)
{
    struct edge edge = make_edge(true, 2, 4);
    struct taken taken;
    publish_whole(&edge, 0, 0);
    publish_whole(&edge, 1, 1);
    publish_whole(&edge, 1, 2);
    ck_assert(weir__ring_take(&edge.ring[0], 0, 7)); /* and no CAS of next */
    ck_assert(weir__edge_take(&edge, 1, &taken));
    ck_assert_uint_eq(taken.number.n, 1);
    ck_assert_uint_eq(next_of(&edge), 2);
    ck_assert(weir__edge_find_taken(&edge, 7, &taken));
    ck_assert_uint_eq(taken.number.n, 0);
    ck_assert_uint_eq(next_of(&edge), 2);
}
END_TEST

START_TEST(test_a_successor_moves_next_past_what_its_predecessor_took)
{
    struct edge edge = make_edge(true, 2, 4);
    struct taken taken;
    publish_whole(&edge, 1, 0);
    ck_assert(weir__ring_take(&edge.ring[1], 0, 7));
    ck_assert_uint_eq(next_of(&edge), 0);
    for (int again = 0; again < 3; again++) {
        ck_assert(weir__edge_find_taken(&edge, 7, &taken));
        ck_assert_uint_eq(taken.ring, 1);
        ck_assert_uint_eq(taken.position, 0);
        ck_assert_uint_eq(taken.number.n, 0);
        ck_assert(taken.number.last);
        ck_assert_uint_eq(next_of(&edge), 1);
    }
    ck_assert(!weir__edge_find_taken(&edge, 6, &taken));
}
END_TEST

START_TEST(test_what_is_left_behind_is_seen_only_if_it_is_next)
{
    struct edge edge = make_edge(true, 2, 4);
    struct taken taken;
    publish_whole(&edge, 0, 0);
    publish_whole(&edge, 0, 2);
    ck_assert(weir__edge_take(&edge, 0, &taken));
    ck_assert(!weir__edge_has_more(&edge));
    publish_whole(&edge, 1, 1);
    ck_assert(weir__edge_has_more(&edge));
}
END_TEST

/* A view that slept for many laps must not believe its old heads. */
START_TEST(test_a_view_with_stale_heads_finds_its_way_after_many_laps)
{
    for (int ordered = 0; ordered < 2; ordered++)
        for (uint32_t slots = 1; slots < 4; slots++) {
            struct edge edge = make_edge(ordered != 0, 2, slots), sleeper = view_of(&edge);
            uint64_t n = 0;
            for (; n < 50; n++) {
                publish_whole(&edge, n % 3 == 0, n);
                take_and_release(&edge, 0, n);
                if (n % 17 == 5)
                    ck_assert(!weir__edge_has_more(&sleeper));
            }
            publish_whole(&edge, 0, n);
            ck_assert(weir__edge_has_more(&sleeper));
            take_and_release(&sleeper, 1, n);
            ck_assert(!weir__edge_has_more(&edge));
        }
}
END_TEST

START_TEST(test_an_edge_reads_as_many_rings_as_a_stage_has_seats)
{
    struct edge edge = make_edge(true, MOST, 1);
    for (uint64_t n = 0; n < 3 * MOST; n++) {
        publish_whole(&edge, (uint32_t)(n * 37 % MOST), n);
        take_and_release(&edge, (uint32_t)(n % MOST), n);
    }
}
END_TEST

/* ---- parts ---- */

START_TEST(test_a_part_is_for_the_seat_that_took_the_first)
{
    struct edge edge = make_edge(true, 2, 4);
    struct taken first, other, second;
    publish(&edge.ring[0], (struct number){.n = 0, .part = 0});
    ck_assert(weir__edge_take(&edge, 3, &first));
    ck_assert(!first.number.last);
    ck_assert(!weir__edge_take_part(&edge, 3, first.ring, first.position + 1, &second));
    publish(&edge.ring[0], (struct number){.n = 0, .part = 1, .last = true});
    publish_whole(&edge, 0, 1);
    ck_assert(weir__edge_take(&edge, 4, &other)); /* passes the part by */
    ck_assert_uint_eq(other.number.n, 1);
    ck_assert(weir__edge_take_part(&edge, 3, first.ring, first.position + 1, &second));
    ck_assert_uint_eq(second.number.n, 0);
    ck_assert_uint_eq(second.number.part, 1);
    ck_assert(second.number.last);
    ck_assert_uint_eq(next_of(&edge), 2);
}
END_TEST

START_TEST(test_nobody_takes_a_part_by_looking_for_work)
{
    struct edge edge = make_edge(true, 1, 4);
    struct taken taken;
    for (uint32_t part = 0; part < 4; part++)
        publish(&edge.ring[0], (struct number){.n = 0, .part = part, .last = part == 3});
    ck_assert(weir__edge_take(&edge, 0, &taken));
    struct edge sleeper = view_of(&edge);
    ck_assert(!weir__edge_take(&sleeper, 1, &taken));
    weir__ring_release(&edge.ring[0], 0, 0);
    struct edge fresh = view_of(&edge);
    ck_assert(!weir__edge_take(&fresh, 1, &taken));
    ck_assert(!weir__edge_has_more(&fresh));
    for (uint64_t part = 1; part < 4; part++)
        ck_assert(weir__edge_take_part(&edge, 0, 0, part, &taken));
}
END_TEST

START_TEST(test_a_successor_finds_a_part_in_hand_and_leaves_next_alone)
{
    struct edge edge = make_edge(true, 1, 4);
    struct taken taken;
    publish(&edge.ring[0], (struct number){.n = 0});
    publish(&edge.ring[0], (struct number){.n = 0, .part = 1, .last = true});
    ck_assert(weir__edge_take(&edge, 2, &taken));
    weir__ring_release(&edge.ring[0], 0, 2);
    ck_assert(weir__edge_take_part(&edge, 2, 0, 1, &taken));
    ck_assert(weir__edge_find_taken(&edge, 2, &taken));
    ck_assert_uint_eq(taken.position, 1);
    ck_assert_uint_eq(taken.number.part, 1);
    ck_assert_uint_eq(next_of(&edge), 1);
}
END_TEST

/* ---- splits ---- */

static struct edge make_splits(uint64_t splits, uint32_t claims)
{
    struct edge edge = make_edge(true, 1, claims);
    edge.splits = splits;
    return edge;
}

START_TEST(test_splits_are_taken_in_order_as_far_as_there_are_claims)
{
    struct edge edge = make_splits(3, 2);
    struct taken taken;
    for (uint32_t n = 0; n < 2; n++) {
        ck_assert(weir__edge_take(&edge, n, &taken));
        ck_assert_uint_eq(taken.number.n, n);
        ck_assert(taken.number.last);
    }
    weir__ring_release(&edge.ring[0], 1, 1); /* not the one that is waited for */
    ck_assert(!weir__edge_has_more(&edge));
    ck_assert(!weir__edge_take(&edge, 1, &taken));
    weir__ring_release(&edge.ring[0], 0, 0);
    ck_assert(weir__edge_has_more(&edge));
    ck_assert(weir__edge_take(&edge, 1, &taken));
    ck_assert_uint_eq(taken.position, 2);
    ck_assert(!weir__edge_has_more(&edge));
    ck_assert(!weir__edge_take(&edge, 0, &taken));
    ck_assert_uint_eq(next_of(&edge), 3);
}
END_TEST

START_TEST(test_next_is_moved_past_a_split_whose_taker_died)
{
    struct edge edge = make_splits(4, 2);
    struct taken taken;
    ck_assert(weir__ring_take(&edge.ring[0], 0, 1));
    ck_assert(!weir__edge_find_taken(&edge, 0, &taken));
    ck_assert_uint_eq(next_of(&edge), 0);
    ck_assert(weir__edge_find_taken(&edge, 1, &taken));
    ck_assert_uint_eq(taken.number.n, 0);
    ck_assert_uint_eq(next_of(&edge), 1);
    ck_assert(weir__ring_take(&edge.ring[0], 1, 1));
    ck_assert(!weir__edge_take(&edge, 0, &taken)); /* 2 has no claim yet */
    ck_assert_uint_eq(next_of(&edge), 2);
}
END_TEST

/* ---- without order ---- */

START_TEST(test_without_order_whatever_is_there_is_taken_once)
{
    struct edge edge = make_edge(false, 2, 4);
    struct taken taken;
    bool seen[8] = {false};
    for (uint64_t n = 0; n < 4; n++) {
        publish_whole(&edge, 1, 7 - n);
        publish_whole(&edge, 0, n);
    }
    for (int i = 0; i < 8; i++) {
        ck_assert(weir__edge_has_more(&edge));
        ck_assert(weir__edge_take(&edge, (uint32_t)i, &taken));
        ck_assert(taken.number.n < 8 && !seen[taken.number.n]);
        seen[taken.number.n] = true;
    }
    ck_assert(!weir__edge_has_more(&edge));
    ck_assert(!weir__edge_take(&edge, 0, &taken));
    ck_assert_uint_eq(next_of(&edge), 0);
}
END_TEST

START_TEST(test_without_order_a_slow_seat_does_not_hold_back_the_others)
{
    struct edge edge = make_edge(false, 1, 3);
    struct taken slow, taken;
    publish_whole(&edge, 0, 0);
    ck_assert(weir__edge_take(&edge, 0, &slow));
    publish_whole(&edge, 0, 1);
    publish_whole(&edge, 0, 2);
    take_and_release(&edge, 1, 1);
    take_and_release(&edge, 1, 2);
    ck_assert(!weir__edge_take(&edge, 1, &taken));
    ck_assert(!weir__ring_writable(&edge.ring[0], 0, 3));
    ck_assert(weir__edge_find_taken(&edge, 0, &taken));
    ck_assert_uint_eq(taken.position, slow.position);
}
END_TEST

/* ---- a take that is held up behind each of its instructions ---- */

/*
 * Seat 9 takes, in a child, and is stopped somewhere; meanwhile others go on; then it ends its
 * take. Whatever it made of what it had seen, every number must be taken once, and in order. The
 * ring has one slot, so that it is written again at once. */
struct held_up {
    struct edge edge;
    struct lone_word *got; /* what the child took, plus one */
};

static void take_as_nine(void *context)
{
    struct held_up *held_up = context;
    struct taken taken;
    if (weir__edge_take(&held_up->edge, 9, &taken))
        word_store(&held_up->got->word, taken.number.n + 1, STEPS);
}

static void let_pass(struct edge *edge, uint64_t *next, uint32_t numbers)
{
    struct taken taken;
    for (uint32_t i = 0; i < numbers; i++) {
        if (!weir__edge_take(edge, 1, &taken))
            return; /* the child has it already */
        ck_assert_uint_eq(taken.number.n, *next);
        weir__ring_release(&edge->ring[0], taken.position, 1);
        publish_whole(edge, 0, ++*next);
    }
}

/* Before the child begins seat 1 holds number 0, or number 0 waits; then so many more numbers pass.
 */
static const struct {
    bool holds;
    uint32_t pass;
} meanwhile[] = {{false, 0}, {true, 0}, {false, 1}, {true, 1}, {false, 3}, {true, 3}};

/* Stops the child behind `steps` instructions. False if it had come to its end before. */
static bool hold_up(bool holds, uint32_t pass, uint64_t steps)
{
    struct held_up held_up = {make_edge(true, 1, 1), shared_memory(sizeof(struct lone_word))};
    struct edge *edge = &held_up.edge, fresh = *edge;
    struct taken taken;
    uint64_t next = 0;
    publish_whole(edge, 0, 0);
    if (holds)
        ck_assert(weir__edge_take(&fresh, 1, &taken));
    pid_t pid = trace_begin(take_as_nine, &held_up);
    bool alive = pid != 0;
    for (uint64_t i = 0; alive && i < steps; i++)
        alive = trace_step(pid);
    if (holds) {
        weir__ring_release(&edge->ring[0], 0, 1);
        publish_whole(edge, 0, ++next);
    }
    let_pass(&fresh, &next, pass);
    if (pid != 0)
        trace_end(pid);
    uint64_t got = word_load(&held_up.got->word, STEPS);
    bool left = weir__edge_take(&fresh, 2, &taken);
    ck_assert_msg(got == next + 1 || (got == 0 && left && taken.number.n == next),
                  "number %llu was lost behind step %llu", (unsigned long long)next,
                  (unsigned long long)steps);
    ck_assert_uint_eq(next_of(edge), next + 1);
    munmap(edge->ring[0].slot, sizeof(struct slot));
    return alive;
}

/* The sanitizer's checks are instructions too: many times as many. */
enum { STRIDE = ADDRESS_SANITIZER ? 11 : 1 };

START_TEST(test_a_take_that_is_held_up_anywhere_loses_no_number)
{
    uint64_t steps = 0;
    while (hold_up(meanwhile[_i].holds, meanwhile[_i].pass, steps))
        steps += STRIDE;
}
END_TEST

/* ---- many processes, and deaths among them ---- */

/*
 * Producer r makes the numbers that are r modulo their count, in parts: one of the first, two of
 * the second, three of the third, and so on from the beginning. A position alone tells what stands
 * there, so a producer needs no memory but its tail. A consumer's memory is one word, its last
 * commit: whether a part is to follow, the ring and the position. */
enum { PARTS = 6, KILLS = 80 };

static struct edge crowd_edge;
static uint32_t consumers;
static struct lone_word *ledger;                   /* one a consumer */
static _Atomic uint8_t *number_of;                 /* which seat has a number */
static _Atomic uint8_t *holder[MOST], *done[MOST]; /* by ring and position: the taker, the effect */

static struct number number_at(uint32_t ring, uint64_t position)
{
    static const struct number pattern[PARTS] = {{0, 0, true},  {1, 0, false}, {1, 1, true},
                                                 {2, 0, false}, {2, 1, false}, {2, 2, true}};
    struct number number = pattern[position % PARTS];
    number.n = (position / PARTS * 3 + number.n) * crowd_edge.producers + ring;
    return number;
}

static void produce(struct crowd *crowd, uint32_t r)
{
    const struct ring *ring = &crowd_edge.ring[r];
    for (;;) {
        uint64_t position = ring_tail(ring);
        if (position >= word_load(&crowd->words->gate.word, STEPS)) {
            if (crowd_is_over(crowd) && position == word_load(&crowd->words->gate.word, STEPS))
                return;
            sched_yield();
        } else if (weir__ring_writable(ring, 0, position)) {
            *(uint64_t *)(void *)ring_payload(ring, position) = position;
            publish(ring, number_at(r, position));
        } else {
            sched_yield();
        }
    }
}

/* Who has taken n finds every lower number taken too: EMPTY at its own lap it may never be again.
 */
static void check_lower_numbers(struct crowd *crowd, uint64_t n)
{
    for (uint32_t r = 0; r < crowd_edge.producers; r++) {
        const struct ring *ring = &crowd_edge.ring[r];
        uint64_t tail = ring_tail(ring), q = tail > ring->slots ? tail - ring->slots : 0;
        for (; q < tail; q++) {
            struct number number = number_at(r, q);
            uint64_t claim = word_load(&ring_slot(ring, q)->claim[0].word, STEP_CLAIM_LOAD);
            if (number.n < n && number.part == 0 && claim == claim_empty(ring_lap(ring, q)))
                complain(crowd, "a number was started before a lower one", n, number.n);
        }
    }
}

static void check_taken(struct crowd *crowd, const struct taken *taken, uint32_t seat)
{
    struct number expected = number_at(taken->ring, taken->position);
    const struct ring *ring = &crowd_edge.ring[taken->ring];
    if (number_pack(expected) != number_pack(taken->number))
        complain(crowd, "a position has another number", expected.n, taken->number.n);
    if (*(uint64_t *)(void *)ring_payload(ring, taken->position) != taken->position)
        complain(crowd, "a payload is not that of its position", expected.n, taken->position);
    if (!set_once(&holder[taken->ring][taken->position], (uint8_t)(seat + 1)))
        complain(crowd, "two seats have taken a position", taken->ring, taken->position);
    if (crowd_edge.ordered) {
        if (!set_once(&number_of[taken->number.n], (uint8_t)(seat + 1)))
            complain(crowd, "two seats have taken parts of a number", taken->number.n, seat);
        check_lower_numbers(crowd, taken->number.n);
        if (next_of(&crowd_edge) <= taken->number.n)
            complain(crowd, "a number was taken and next has not passed it", taken->number.n, 0);
    }
}

static uint64_t ledger_pack(const struct taken *taken)
{
    return taken->position << 8 | (uint64_t)taken->ring << 2 | (taken->number.last ? 0 : 2) | 1;
}

/* The commit's tail, as in seat.c: it may be done again. */
static void commit_tail(uint64_t entry, uint32_t seat)
{
    if (entry != 0)
        weir__ring_release(&crowd_edge.ring[entry >> 2 & 63], entry >> 8, seat);
}

static void work(struct crowd *crowd, const struct taken *taken, uint32_t seat)
{
    check_taken(crowd, taken, seat);
    atomic_store(&done[taken->ring][taken->position], 1);
    word_store(&ledger[seat].word, ledger_pack(taken), STEP_SEQUENCE_COMMIT);
    commit_tail(ledger_pack(taken), seat);
}

static bool take(uint32_t seat, struct taken *ret)
{
    uint64_t entry = word_load(&ledger[seat].word, STEP_SEQUENCE_LOAD);
    if (crowd_edge.ordered && (entry & 2) != 0)
        return weir__edge_take_part(&crowd_edge, seat, entry >> 2 & 63, (entry >> 8) + 1, ret);
    return weir__edge_take(&crowd_edge, seat, ret);
}

static bool all_is_published(struct crowd *crowd)
{
    uint64_t gate = word_load(&crowd->words->gate.word, STEPS);
    for (uint32_t r = 0; r < crowd_edge.producers; r++)
        if (ring_tail(&crowd_edge.ring[r]) < gate)
            return false;
    return true;
}

static void consume(struct crowd *crowd, uint32_t seat)
{
    struct taken taken;
    uint64_t entry = word_load(&ledger[seat].word, STEP_SEQUENCE_LOAD), last = 0;
    commit_tail(entry, seat);
    if (weir__edge_find_taken(&crowd_edge, seat, &taken))
        work(crowd, &taken, seat);
    for (;;) {
        bool over = crowd_is_over(crowd) && all_is_published(crowd);
        if (take(seat, &taken)) {
            if (crowd_edge.ordered && number_pack(taken.number) <= last)
                complain(crowd, "a seat went backwards", taken.number.n, last >> 24);
            last = crowd_edge.ordered ? number_pack(taken.number) : 0;
            work(crowd, &taken, seat);
        } else if (over) {
            return;
        } else {
            sched_yield();
        }
    }
}

static void edge_member(struct crowd *crowd, uint32_t who)
{
    if (who < crowd_edge.producers)
        produce(crowd, who);
    else
        consume(crowd, who - crowd_edge.producers);
}

struct shape {
    bool ordered;
    uint32_t producers, consumers, slots;
};

static const struct shape shapes[] = {
    {true, 1, 1, 1}, {true, 1, 4, 1}, {true, 3, 1, 1},  {true, 3, 3, 1},  {true, 2, 4, 2},
    {true, 4, 2, 3}, {true, 3, 3, 8}, {false, 1, 4, 1}, {false, 3, 1, 2}, {false, 3, 3, 4},
};

static void run_edge(const struct shape *shape, uint32_t kills, uint64_t seed)
{
    uint64_t total = crowd_total(kills);
    struct crowd crowd = {
        .member = edge_member, .members = shape->producers + shape->consumers, .seed = seed};
    crowd_edge = make_edge(shape->ordered, shape->producers, shape->slots);
    consumers = shape->consumers;
    ledger = shared_memory(consumers * sizeof(*ledger));
    number_of = shared_memory(total * shape->producers);
    for (uint32_t r = 0; r < shape->producers; r++)
        holder[r] = shared_memory(total), done[r] = shared_memory(total);
    crowd_run(&crowd, kills);
    for (uint32_t r = 0; r < shape->producers; r++)
        for (uint64_t q = 0; q < total; q++)
            ck_assert_msg(done[r][q] == 1, "position %llu of ring %u was swallowed",
                          (unsigned long long)q, r);
    if (shape->ordered)
        ck_assert_uint_eq(next_of(&crowd_edge), total / PARTS * 3 * shape->producers);
}

START_TEST(test_numbers_are_started_in_order_and_each_by_one_seat)
{
    run_edge(&shapes[_i], 0, (uint64_t)_i + 1);
}
END_TEST

START_TEST(test_deaths_change_neither_the_order_nor_who_takes_what)
{
    run_edge(&shapes[_i], KILLS, (uint64_t)_i + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edge");
    TCase *alone = tcase_create("alone"), *held_up = tcase_create("held up"),
          *crowd = tcase_create("crowd");
    tcase_add_test(alone, test_take_returns_nothing_from_an_empty_edge);
    tcase_add_test(alone, test_numbers_are_taken_in_order_from_whatever_ring);
    tcase_add_test(alone, test_a_number_that_is_missing_holds_back_the_later_ones);
    tcase_add_test(alone, test_a_taker_moves_next_on_for_one_that_died_after_its_claim);
    tcase_add_test(alone, test_a_successor_moves_next_past_what_its_predecessor_took);
    tcase_add_test(alone, test_what_is_left_behind_is_seen_only_if_it_is_next);
    tcase_add_test(alone, test_a_view_with_stale_heads_finds_its_way_after_many_laps);
    tcase_add_test(alone, test_an_edge_reads_as_many_rings_as_a_stage_has_seats);
    tcase_add_test(alone, test_a_part_is_for_the_seat_that_took_the_first);
    tcase_add_test(alone, test_nobody_takes_a_part_by_looking_for_work);
    tcase_add_test(alone, test_a_successor_finds_a_part_in_hand_and_leaves_next_alone);
    tcase_add_test(alone, test_splits_are_taken_in_order_as_far_as_there_are_claims);
    tcase_add_test(alone, test_next_is_moved_past_a_split_whose_taker_died);
    tcase_add_test(alone, test_without_order_whatever_is_there_is_taken_once);
    tcase_add_test(alone, test_without_order_a_slow_seat_does_not_hold_back_the_others);
    tcase_set_timeout(held_up, 120);
    tcase_add_loop_test(held_up, test_a_take_that_is_held_up_anywhere_loses_no_number, 0,
                        (int)COUNT(meanwhile));
    tcase_set_timeout(crowd, 120);
    tcase_add_loop_test(crowd, test_numbers_are_started_in_order_and_each_by_one_seat, 0,
                        (int)COUNT(shapes));
    tcase_add_loop_test(crowd, test_deaths_change_neither_the_order_nor_who_takes_what, 0,
                        (int)COUNT(shapes));
    suite_add_tcase(suite, alone);
    suite_add_tcase(suite, held_up);
    suite_add_tcase(suite, crowd);
    return unit_run(suite);
}
