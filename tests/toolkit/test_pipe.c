#include <weir/pipe.h>

#include <poll.h>

#include "toolkit/victim.h"

static int ends[2];
static struct weir_err err;
enum { LARGE = 1 << 20 };

static void make(bool duplex)
{
    ck_assert_msg(weir_pipe_create(ends, duplex, &err) == 0, "%s", err.text);
}

static void ck_receive(int end, const char *expected)
{
    char text[64];
    size_t bytes = 999;
    ck_assert_int_eq(weir_pipe_receive(end, text, sizeof(text), &bytes, SOON_MS), 0);
    ck_assert_uint_eq(bytes, strlen(expected));
    ck_assert_mem_eq(text, expected, bytes);
}

static int send_text(int end, const char *text)
{
    return weir_pipe_send(end, text, strlen(text), SOON_MS);
}

static int receive_nothing(int end, int64_t timeout_ms)
{
    char text[64];
    size_t bytes;
    return weir_pipe_receive(end, text, sizeof(text), &bytes, timeout_ms);
}

START_TEST(test_messages_stay_apart)
{
    make(false);
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(send_text(ends[1], "one"), 0);
        ck_assert_int_eq(weir_pipe_send(ends[1], NULL, 0, 0), 0);
        ck_assert_int_eq(send_text(ends[1], "three"), 0);
        ck_receive(ends[0], "one");
        ck_receive(ends[0], "");
        ck_receive(ends[0], "three");
    }
    ck_assert_int_eq(receive_nothing(ends[0], 0), WEIR_TIMED_OUT);
    ck_assert_int_eq(receive_nothing(ends[0], 5), WEIR_TIMED_OUT);
}
END_TEST

START_TEST(test_a_duplex_pipe_goes_both_ways)
{
    make(true);
    send_text(ends[0], "there");
    send_text(ends[1], "back");
    ck_receive(ends[1], "there");
    ck_receive(ends[0], "back");
}
END_TEST

START_TEST(test_a_one_way_pipe_refuses_the_other)
{
    make(false);
    ck_assert_int_eq(send_text(ends[0], "x"), WEIR_CLOSED);
    ck_assert_int_eq(receive_nothing(ends[1], SOON_MS), WEIR_CLOSED);
    ck_assert_int_eq(weir_pipe_send(-1, "x", 1, 0), WEIR_EUSAGE);
    ck_assert_int_eq(receive_nothing(-1, 0), WEIR_EUSAGE);
}
END_TEST

START_TEST(test_messages_of_any_size)
{
    static const size_t sizes[] = {1, 65535, 65536, 65537, 100000, LARGE};
    char *out = malloc(LARGE), *in = malloc(LARGE);
    make(true);
    for (size_t i = 0; i < LARGE; i++)
        out[i] = (char)(i * 7 >> 3);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t bytes = 0;
        ck_assert_int_eq(weir_pipe_send(ends[1], out, sizes[i], 0), 0);
        ck_assert_int_eq(weir_pipe_receive(ends[0], in, sizes[i] - 1, &bytes, SOON_MS),
                         WEIR_TOO_LARGE);
        ck_assert_uint_eq(bytes, sizes[i]);
        ck_assert_int_eq(weir_pipe_receive(ends[0], in, LARGE, &bytes, SOON_MS), 0);
        ck_assert_uint_eq(bytes, sizes[i]);
        ck_assert_mem_eq(in, out, bytes);
    }
    int unused = dup(0);
    ck_assert_int_eq(unused, ends[1] + 1); /* nothing stayed open */
    free(out);
    free(in);
}
END_TEST

START_TEST(test_a_full_pipe_times_out)
{
    char message[10000] = {0};
    int sent = 0, code;
    make(false);
    while ((code = weir_pipe_send(ends[1], message, sizeof(message), 0)) == 0)
        sent++;
    ck_assert_int_eq(code, WEIR_TIMED_OUT);
    ck_assert_int_gt(sent, 0);
    ck_assert_int_eq(weir_pipe_send(ends[1], message, sizeof(message), 5), WEIR_TIMED_OUT);
    for (size_t bytes; sent > 0; sent--)
        ck_assert_int_eq(weir_pipe_receive(ends[0], message, sizeof(message), &bytes, 0), 0);
    ck_assert_int_eq(weir_pipe_send(ends[1], message, sizeof(message), 0), 0);
}
END_TEST

static int send_two_and_die(void *context)
{
    (void)context;
    close(ends[0]);
    send_text(ends[1], "first");
    send_text(ends[1], "second");
    return 0;
}

START_TEST(test_what_the_dead_have_sent_is_received_and_then_the_end)
{
    for (int unread = 0; unread < 2; unread++) {
        make(true);
        if (unread)
            send_text(ends[0], "nobody reads this");
        pid_t sender = start(send_two_and_die, NULL);
        close(ends[1]);
        struct pollfd ready = {.fd = ends[0], .events = POLLIN};
        ck_assert_int_eq(poll(&ready, 1, SOON_MS), 1);
        ck_assert_int_eq(finish(sender), 0);
        ck_receive(ends[0], "first");
        ck_receive(ends[0], "second");
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(receive_nothing(ends[0], WEIR_FOREVER), WEIR_CLOSED);
        ck_assert_int_eq(send_text(ends[0], "x"), WEIR_CLOSED);
        close(ends[0]);
    }
}
END_TEST

static int send_large(void *context)
{
    close(ends[0]);
    return weir_pipe_send(ends[1], context, LARGE, WEIR_FOREVER);
}

START_TEST(test_a_sender_may_die_at_any_instruction)
{
    char *message = calloc(1, LARGE);
    int whole = 0;
    enum stepped stepped = STEPPED;
    /* Each victim begins anew, and with sanitizers it has a long way to go. */
    for (long n = 0; stepped != GONE; n += (ADDRESS_SANITIZER ? 100 : 1) * DEATH_STRIDE) {
        make(false);
        pid_t victim = start_victim(send_large, message);
        close(ends[1]);
        stepped = step(victim, n);
        if (stepped != GONE)
            kill_and_reap(victim);
        size_t bytes = 0;
        int got = weir_pipe_receive(ends[0], message, LARGE, &bytes, SOON_MS);
        ck_assert((got == 0 && bytes == LARGE) || got == WEIR_CLOSED);
        whole += got == 0;
        close(ends[0]);
    }
    ck_assert_int_gt(whole, 0);
    free(message);
}
END_TEST

START_TEST(test_several_ends_are_waited_for)
{
    int one[2], other[2];
    size_t place = 99;
    make(true);
    memcpy(one, ends, sizeof(one));
    make(false);
    memcpy(other, ends, sizeof(other));
    const int list[] = {-1, one[0], other[0]};
    ck_assert_int_eq(weir_pipe_wait(list, 3, &place, 0), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_pipe_wait(list, 3, &place, 5), WEIR_TIMED_OUT);
    ck_assert_int_eq(weir_pipe_poll(one[0], 0), WEIR_TIMED_OUT);
    ck_assert_uint_eq(place, 99);
    send_text(other[1], "here");
    ck_assert_int_eq(weir_pipe_wait(list, 3, &place, SOON_MS), 0);
    ck_assert_uint_eq(place, 2);
    ck_assert_int_eq(weir_pipe_poll(other[0], WEIR_FOREVER), 0);
    ck_receive(other[0], "here");
    ck_assert_int_eq(weir_pipe_poll(other[0], 0), WEIR_TIMED_OUT);
    close(one[1]); /* the end is something to receive, too */
    ck_assert_int_eq(weir_pipe_wait(list, 3, &place, SOON_MS), 0);
    ck_assert_uint_eq(place, 1);
    ck_assert_int_eq(receive_nothing(one[0], 0), WEIR_CLOSED);
    close(other[0]);
    ck_assert_int_eq(weir_pipe_poll(other[0], 0), WEIR_EUSAGE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipe");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, test_messages_stay_apart);
    tcase_add_test(all, test_a_duplex_pipe_goes_both_ways);
    tcase_add_test(all, test_a_one_way_pipe_refuses_the_other);
    tcase_add_test(all, test_messages_of_any_size);
    tcase_add_test(all, test_a_full_pipe_times_out);
    tcase_add_test(all, test_what_the_dead_have_sent_is_received_and_then_the_end);
    tcase_add_test(all, test_a_sender_may_die_at_any_instruction);
    tcase_add_test(all, test_several_ends_are_waited_for);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
