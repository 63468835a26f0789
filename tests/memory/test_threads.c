/*
 * The seats of a run as threads of one process, over one segment, with real sleeping and waking,
 * under ThreadSanitizer: what one seat writes into a slot, a ledger or an error and another reads
 * must be ordered by the words between them, and by nothing else.
 *
 * ThreadSanitizer does not know fences. None is needed to order such bytes: the fences of the
 * protocol stand between words only (test_orders.c looks at those).
 */
#include "unit/chain.h"

#include <pthread.h>
#include <sys/eventfd.h>

/* shm */
#include "shm/wait.h"

enum { BATCHES = 10000, WORDS = 24 };

static struct chain chain;
static int poke_fd;
static uint64_t enough; /* the sink wants no more after so many numbers; 0: it wants all */

static _Noreturn void wrong(const char *what, uint64_t a, uint64_t b)
{
    fprintf(stderr, "%s: %llu, %llu\n", what, (unsigned long long)a, (unsigned long long)b);
    abort();
}

/* ---- what stands in the slots: number n has 1 to WORDS words, some in two parts ---- */

static uint64_t words_of(uint64_t n)
{
    return 1 + n % WORDS;
}

static uint64_t word_of(uint64_t n, uint64_t i)
{
    return (n * WORDS + i) * UINT64_C(0x9E3779B97F4A7C15);
}

static bool has_two_parts(uint64_t n)
{
    return n % 7 == 3;
}

static void put(struct seat *seat, uint64_t word)
{
    struct outlet *out = &seat->out[0];
    memcpy(out->bytes + out->used, &word, sizeof(word));
    out->used += (uint32_t)sizeof(word);
    out->records++;
}

/* The words in hand; returns how many. */
static uint32_t get(const struct seat *seat, uint64_t words[WORDS])
{
    const struct ring *ring = &seat->edge.ring[seat->input.ring];
    const struct slot_facts *facts = &ring_slot(ring, seat->input.position)->facts;
    if (facts->records > WORDS || facts->bytes != facts->records * sizeof(uint64_t))
        wrong("a slot's header is not what was written", facts->records, facts->bytes);
    memcpy(words, ring_payload(ring, seat->input.position), facts->bytes);
    return facts->records;
}

/* ---- the three kinds of seats ---- */

static void finish(struct seat *seat, bool early)
{
    if (!early && weir__seat_secure(seat) != SEAT_READY)
        wrong("no slots for the last transaction", seat->group, seat->seat);
    seat->now.last = true;
    seat->now.done = early;
    if (seat->of->input >= 0 && seat->of->ordered)
        seat->now.number = word_load(seat->edge.next, STEP_NEXT_LOAD) + seat->seat;
    for (uint32_t port = 0; early && port < seat->of->ports; port++)
        seat->out[port].secured = false;
    weir__seat_commit(seat, !early);
}

static void release_input(struct seat *seat)
{
    seat->now.input_done = true;
    seat->now.input_ring = seat->input.ring;
    seat->now.input_position = seat->input.position;
    seat->now.expects_part = !seat->input.number.last;
    weir__seat_commit(seat, seat->input.number.last);
}

static void produce(struct seat *seat)
{
    for (uint64_t n = 0; n < BATCHES; n++) {
        uint64_t words = words_of(n);
        if (weir__seat_look(seat) != SEAT_READY) {
            finish(seat, true);
            return;
        }
        weir__seat_secure(seat);
        for (uint64_t i = 0; i < words; i++) {
            put(seat, word_of(n, i));
            if (i == words / 2 && has_two_parts(n)) {
                weir__seat_commit(seat, false);
                weir__seat_secure(seat);
            }
        }
        weir__seat_commit(seat, true);
    }
    finish(seat, false);
}

static void pass_on(struct seat *seat)
{
    uint64_t words[WORDS];
    enum seat_event event;
    while ((event = weir__seat_take(seat)) == SEAT_READY) {
        uint32_t count = get(seat, words);
        if (seat->of->ordered)
            seat->now.number = seat->input.number.n;
        seat->now.expects_part = false;
        weir__seat_secure(seat);
        for (uint32_t i = 0; i < count; i++)
            put(seat, ~words[i]);
        release_input(seat);
    }
    finish(seat, event == SEAT_UNWANTED);
}

/* What came is what was made, in order: each layer between has turned the bits over. */
static void check(uint64_t n, uint64_t i, uint64_t word)
{
    uint64_t made = chain.blueprint.groups % 2 == 0 ? word : ~word;
    if (made != word_of(n, i))
        wrong("a word is not what was written", n, i);
}

static void collect(struct seat *seat)
{
    uint64_t words[WORDS], got = 0, one = 1;
    struct member_counts *total = &seat->now.total[0];
    enum seat_event event = SEAT_READY;
    while (!seat->now.done && (event = weir__seat_take(seat)) == SEAT_READY) {
        uint32_t count = get(seat, words);
        uint64_t n = seat->input.number.n;
        for (uint32_t i = 0; i < count; i++)
            check(n, got++, words[i]);
        total->in += count;
        seat->now.expects_part = false;
        if (seat->input.number.last) {
            if (n < BATCHES && got != words_of(n))
                wrong("words are missing", n, got);
            got = 0;
            seat->now.done = enough > 0 && n + 1 >= enough;
        }
        release_input(seat);
    }
    finish(seat, event == SEAT_UNWANTED || seat->now.done);
    if (write(poke_fd, &one, sizeof(one)) < 0)
        wrong("cannot poke", 0, 0);
    if (weir__seat_await_verdict(seat) != RUN_PUBLISH)
        wrong("not the verdict that was given", 0, 0);
}

struct place {
    uint32_t group, seat;
};

static void *sit(void *context)
{
    const struct place *place = context;
    struct seat seat;
    struct weir_err err;
    if (weir__seat_attach(&seat, &chain.view, place->group, place->seat, &err) < 0)
        wrong("cannot attach", place->group, place->seat);
    if (seat.of->input < 0)
        produce(&seat);
    else if (seat.of->has_main)
        pass_on(&seat);
    else
        collect(&seat);
    weir__seat_release(&seat);
    return NULL;
}

/* ---- the supervisor's part ---- */

static bool all_closed(void)
{
    for (uint32_t g = 0; g < chain.blueprint.groups; g++)
        if (!weir__view_all_closed(&chain.view, g))
            return false;
    return true;
}

/* Adds up the books when all is closed, as before publishing. */
static uint64_t words_collected(void)
{
    uint32_t sink = chain.blueprint.groups - 1;
    uint64_t sum = 0;
    for (uint32_t seat = 0; seat < chain.blueprint.group[sink].seats; seat++)
        sum += weir__view_ledger(&chain.view, sink, seat)->total[0].in;
    return sum;
}

static void supervise(void)
{
    uint64_t pokes, expected = 0;
    while (!all_closed())
        ck_assert_int_eq(read(poke_fd, &pokes, sizeof(pokes)), sizeof(pokes));
    for (uint64_t n = 0; n < (enough > 0 ? enough : BATCHES); n++)
        expected += words_of(n);
    ck_assert_uint_eq(words_collected(), expected);
    word_store(&chain.view.words->run.word, RUN_PUBLISH, STEP_RUN_STORE);
    word_fence(STEP_WAKE_FENCE);
    weir__view_wake_group(&chain.view, chain.blueprint.groups - 1);
}

static const struct chain_shape shapes[] = {
    {3, 1, WORDS * 8, {1, 2, 1}, false},
    {3, 4, WORDS * 8, {1, 2, 1}, false},
    {4, 2, WORDS * 8, {1, 3, 2, 1}, false},
};

static void run(const struct chain_shape *shape)
{
    pthread_t thread[8];
    struct place place[8];
    uint32_t threads = 0;
    chain_make(&chain, shape);
    poke_fd = eventfd(0, 0);
    for (uint32_t g = 0; g < shape->groups; g++)
        for (uint32_t seat = 0; seat < shape->seats[g]; seat++) {
            place[threads] = (struct place){g, seat};
            ck_assert_int_eq(pthread_create(&thread[threads], NULL, sit, &place[threads]), 0);
            threads++;
        }
    /* Everybody but the sink closes before it does, or, if it ended early, right after it. */
    for (uint32_t i = 0; i + 1 < threads; i++)
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
    supervise();
    ck_assert_int_eq(pthread_join(thread[threads - 1], NULL), 0);
    close(poke_fd);
    chain_release(&chain);
}

START_TEST(test_every_byte_that_seats_share_is_ordered_by_their_words)
{
    run(&shapes[_i]);
}
END_TEST

START_TEST(test_so_it_is_when_the_sink_has_enough)
{
    enough = BATCHES / 3 + (uint64_t)_i;
    run(&shapes[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_every_byte_that_seats_share_is_ordered_by_their_words, 0,
                        (int)COUNT(shapes));
    tcase_add_loop_test(all, test_so_it_is_when_the_sink_has_enough, 0, (int)COUNT(shapes));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
