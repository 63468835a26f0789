/* A channel whose putter or taker is killed at any of its instructions. */
#include "host/channel.h"

#include <fcntl.h>

#include "toolkit/victim.h"

enum { RECORDS = 3, ENOUGH_BYTES = 100, STRIDE = 211 /* to attach takes many */ };

static struct weir_err err;
static struct channel ours; /* whoever lives in this process */
static uint64_t *committed; /* the taker's position, in memory that outlives it */

static void set_up(void)
{
    committed = shared_pages(4096);
}

static void make(void)
{
    ck_assert_msg(weir__channel_create(&ours, ENOUGH_BYTES, &err) == 0, "%s", err.text);
    *committed = 0;
}

static struct channel attach(enum channel_side side)
{
    struct channel channel;
    int fds[CHANNEL_FDS];
    weir__channel_fds(&ours, fds);
    for (int i = 0; i < CHANNEL_FDS; i++)
        fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
    ck_assert_msg(weir__channel_attach(&channel, fds, side, &err) == 0, "%s", err.text);
    return channel;
}

/* Puts records whose values are their numbers until there are so many, whoever has begun. */
static void put_until(struct channel *channel, uint64_t records)
{
    while (channel->records < records) {
        size_t room;
        char *to = weir__channel_room(channel, &room);
        ck_assert(to != NULL && room >= sizeof(channel->records));
        memcpy(to, &channel->records, sizeof(channel->records));
        weir__channel_put(channel, sizeof(channel->records), 1);
    }
}

static int put_all(void *context)
{
    struct channel channel = attach(CHANNEL_PUTTER);
    (void)context;
    put_until(&channel, RECORDS);
    weir__channel_end(&channel);
    return 0;
}

static void take_one(struct channel *channel, uint64_t expected)
{
    struct channel_frame frame;
    uint64_t number;
    ck_assert_int_eq(weir__channel_take(channel, &frame), CHANNEL_FRAME);
    ck_assert_uint_eq(frame.records, 1);
    ck_assert_uint_eq(frame.byte_count, sizeof(number));
    memcpy(&number, frame.bytes, sizeof(number));
    ck_assert_uint_eq(number, expected);
}

START_TEST(test_a_putter_dies_behind_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped == STEPPED; n += STRIDE) {
        struct channel_frame frame;
        make();
        pid_t victim = start_victim(put_all, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        struct channel putter = attach(CHANNEL_PUTTER), taker = attach(CHANNEL_TAKER);
        put_until(&putter, RECORDS);
        weir__channel_end(&putter);
        for (uint64_t i = 0; i < RECORDS; i++)
            take_one(&taker, i);
        ck_assert_int_eq(weir__channel_take(&taker, &frame), CHANNEL_ENDED);
        weir__channel_give_back(&taker, taker.at);
        ck_assert(weir__channel_is_empty(&putter));
        weir__channel_release(&putter);
        weir__channel_release(&taker);
        weir__channel_release(&ours);
    }
}
END_TEST

/* As host.source does: what was taken is given back once it is committed. */
static int take_all(void *context)
{
    struct channel channel = attach(CHANNEL_TAKER);
    struct channel_frame frame;
    (void)context;
    weir__channel_take_from(&channel, *committed);
    for (;;) {
        weir__channel_give_back(&channel, *committed);
        if (weir__channel_take(&channel, &frame) != CHANNEL_FRAME)
            return 0;
        *(volatile uint64_t *)committed = channel.at;
    }
}

START_TEST(test_a_taker_dies_behind_any_instruction)
{
    enum stepped stepped = STEPPED;
    for (long n = 0; stepped == STEPPED; n += STRIDE) {
        make();
        struct channel putter = attach(CHANNEL_PUTTER);
        put_until(&putter, RECORDS);
        pid_t victim = start_victim(take_all, NULL);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        struct channel taker = attach(CHANNEL_TAKER);
        uint64_t frame_bytes = putter.at / RECORDS;
        weir__channel_take_from(&taker, *committed);
        for (uint64_t i = *committed / frame_bytes; i < RECORDS; i++)
            take_one(&taker, i);
        weir__channel_give_back(&taker, taker.at);
        ck_assert(weir__channel_is_empty(&putter));
        weir__channel_release(&putter);
        weir__channel_release(&taker);
        weir__channel_release(&ours);
    }
}
END_TEST

/* Sleeps as a side does: says so, looks, sleeps. */
static int take_waiting(void *context)
{
    struct channel channel = attach(CHANNEL_TAKER);
    struct channel_frame frame;
    (void)context;
    for (;;) {
        enum channel_state found = weir__channel_take(&channel, &frame);
        if (found == CHANNEL_NOTHING) {
            weir__channel_doze(&channel, CHANNEL_TAKER);
            found = weir__channel_take(&channel, &frame);
        }
        if (found == CHANNEL_ENDED)
            return 0;
        if (found == CHANNEL_NOTHING)
            weir__channel_sleep(&channel, CHANNEL_TAKER, -1);
        else
            weir__channel_give_back(&channel, channel.at);
    }
}

START_TEST(test_nobody_sleeps_for_ever)
{
    enum { MANY = 50000 };
    make();
    pid_t taker = start(take_waiting, NULL);
    struct channel putter = attach(CHANNEL_PUTTER);
    while (putter.records < MANY) {
        size_t room;
        char *to = weir__channel_room(&putter, &room);
        if (room < 3000) {
            weir__channel_doze(&putter, CHANNEL_PUTTER);
            to = weir__channel_room(&putter, &room);
        }
        if (room < 3000) {
            weir__channel_sleep(&putter, CHANNEL_PUTTER, SOON_MS);
            to = weir__channel_room(&putter, &room);
            ck_assert_uint_ge(room, 3000);
        }
        memset(to, 'x', 3000);
        weir__channel_put(&putter, 3000, 1);
    }
    weir__channel_end(&putter);
    ck_assert_int_eq(finish(taker), 0);
    weir__channel_release(&putter);
    weir__channel_release(&ours);
}
END_TEST

START_TEST(test_damage_is_found)
{
    static const uint32_t lengths[] = {UINT32_MAX, 1 << 30, 9};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct channel_frame frame;
        make();
        struct channel putter = attach(CHANNEL_PUTTER), taker = attach(CHANNEL_TAKER);
        put_until(&putter, 1);
        memcpy(putter.ring, &lengths[i], sizeof(lengths[i]));
        ck_assert_int_eq(weir__channel_take(&taker, &frame), CHANNEL_DAMAGED);
        weir__channel_release(&putter);
        weir__channel_release(&taker);
        weir__channel_release(&ours);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("channel");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_checked_fixture(all, set_up, NULL);
    tcase_add_test(all, test_a_putter_dies_behind_any_instruction);
    tcase_add_test(all, test_a_taker_dies_behind_any_instruction);
    tcase_add_test(all, test_nobody_sleeps_for_ever);
    tcase_add_test(all, test_damage_is_found);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
