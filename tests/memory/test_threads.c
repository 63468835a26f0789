/*
 * The seats of a run as threads of one process, over one segment, with real sleeping and waking,
 * under ThreadSanitizer: what one seat writes into a slot, a ledger or an error and another reads
 * must be ordered by the words between them, and by nothing else.
 *
 * ThreadSanitizer does not know fences. None is needed to order such bytes: the fences of the
 * protocol stand between words only. test_orders.c looks at those.
 */
#include "memory/seats.h"

#include <pthread.h>
#include <sys/eventfd.h>

enum { BATCHES = 10000, WORDS = 24 };

static int poke_fd;

static _Noreturn void complain_of(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

static void about_to_read(const void *bytes)
{
    (void)bytes;
}

static void about_to_write(const void *bytes)
{
    (void)bytes;
}

static void about_to_wait(const struct seat *seat, enum where where)
{
    (void)seat;
    (void)where;
}

static void poke_supervisor(void)
{
    uint64_t one = 1;
    if (write(poke_fd, &one, sizeof(one)) < 0)
        complain_of("cannot poke");
}

static void await_poke(void)
{
    uint64_t pokes;
    if (read(poke_fd, &pokes, sizeof(pokes)) < 0)
        complain_of("cannot be poked");
}

struct place {
    uint32_t group, seat;
};

static void *sit(void *context)
{
    const struct place *place = context;
    struct seat seat = {0};
    sit_down(&seat, place->group, place->seat);
    work_in(&seat);
    weir__seat_release(&seat);
    return NULL;
}

enum {
    CHAIN_SHAPES = 3
}; /* of these the first: where several edges meet it is not known who has enough first */
static const struct chain_shape shapes[] = {
    {3, 1, WORDS * 8, {1, 2, 1}, false, 0, CHAIN},
    {3, 4, WORDS * 8, {1, 2, 1}, false, 0, CHAIN},
    {4, 2, WORDS * 8, {1, 3, 2, 1}, false, 0, CHAIN},
    {4, 2, WORDS * 8, {1, 2, 1, 1}, false, 0, DIAMOND},
    {3, 2, WORDS * 8, {2, 1, 1}, false, 0, MERGE},
};

static void run(const struct chain_shape *shape)
{
    pthread_t thread[8];
    struct place place[8];
    uint32_t threads = 0;
    form = shape->form;
    chain_make(&chain, shape);
    poke_fd = eventfd(0, 0);
    for (uint32_t g = 0; g < shape->groups; g++)
        for (uint32_t seat = 0; seat < shape->seats[g]; seat++) {
            place[threads] = (struct place){g, seat};
            ck_assert_int_eq(pthread_create(&thread[threads], NULL, sit, &place[threads]), 0);
            threads++;
        }
    /* Everybody but the sink leaves when it has closed; the sink, which is the last, pokes. */
    for (uint32_t i = 0; i + 1 < threads; i++)
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
    supervise();
    ck_assert_int_eq(pthread_join(thread[threads - 1], NULL), 0);
    close(poke_fd);
    chain_release(&chain);
}

START_TEST(test_all_bytes_that_seats_share_are_ordered_by_their_words)
{
    work = (struct work){.batches = BATCHES, .words = WORDS, .parts_every = 7, .verdict = true};
    run(&shapes[_i]);
}
END_TEST

START_TEST(test_so_they_are_when_the_sink_has_enough)
{
    work = (struct work){
        .batches = BATCHES, .words = WORDS, .enough = BATCHES / 3 + (uint64_t)_i, .verdict = true};
    run(&shapes[_i]);
}
END_TEST

START_TEST(test_so_they_are_in_the_large_area)
{
    work = (struct work){.batches = BATCHES, .words = WORDS, .large = true, .verdict = true};
    static const struct chain_shape shape = {2, 4, WORDS * 8, {1, 1}, false, 0, CHAIN};
    run(&shape);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, test_all_bytes_that_seats_share_are_ordered_by_their_words, 0,
                        (int)COUNT(shapes));
    tcase_add_loop_test(all, test_so_they_are_when_the_sink_has_enough, 0, CHAIN_SHAPES);
    tcase_add_test(all, test_so_they_are_in_the_large_area);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
