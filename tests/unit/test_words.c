#include "engine/words.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* base */
#include "base/buf.h"

#include "unit/unit.h"

static struct words words;
static int worker_fd;   /* what it writes to */
static struct buf told; /* each line, and a '|' */

static void setup(void)
{
    struct weir_err err;
    memset(&words, 0, sizeof(words));
    weir__buf_init(&told);
    ck_assert_int_eq(weir__words_open(&words, &worker_fd, &err), 0);
}

static void teardown(void)
{
    if (worker_fd >= 0)
        close(worker_fd);
    weir__words_close(&words);
    weir__buf_release(&told);
}

static void tell(void *context, const char *line)
{
    ck_assert_ptr_eq(context, &told);
    weir__buf_puts(&told, line);
    weir__buf_putc(&told, '|');
}

static bool hear(void)
{
    return weir__words_read(&words, tell, &told);
}

static void say_bytes(const char *bytes, size_t n)
{
    ck_assert_int_eq(write(worker_fd, bytes, n), (ssize_t)n);
}

static void say(const char *text)
{
    say_bytes(text, strlen(text));
}

static void hang_up(void)
{
    close(worker_fd);
    worker_fd = -1;
}

static void check_told(const char *expected)
{
    weir__buf_putc(&told, '\0');
    ck_assert_str_eq(told.data, expected);
    weir__buf_truncate(&told, told.len - 1);
}

/* What is said at a time, '@' for a NUL byte; what is told of it; and what the last words are. */
static const struct {
    const char *said[5];
    const char *told, *last;
} rows[] = {
    {{NULL}, "", ""},
    {{"one\n"}, "one|", "one"},
    {{"one\ntwo\nthree\n"}, "one|two|three|", "three"},
    {{"one\ntw", "o\nth", "r", "ee\n"}, "one|two|three|", "three"},
    {{"one", "\n"}, "one|", "one"},
    /* without an end */
    {{"one"}, "one|", "one"},
    {{"one\ntw", "o"}, "one|two|", "two"},
    {{"@"}, "", ""},
    /* nothing in it */
    {{"\n\n"}, "", ""},
    {{"one\n", "\n", " \t\r\n"}, "one|", "one"},
    {{"\n \n", "  one\n\n"}, "  one|", "  one"},
    /* NUL bytes */
    {{"on@e\ntwo\n"}, "on e|two|", "two"},
    {{"one@\n", "@@\n"}, "one |", "one "},
    {{"@", "@one\n"}, "  one|", "  one"},
    /* the same again */
    {{"one\none\n", "one\n", "one"}, "one|", "one"},
    {{"one\n", "\n", "one\n"}, "one|", "one"},
    {{"one\ntwo\n", "one\n"}, "one|two|one|", "one"},
    {{"one\nones\n", "one\n", "on\n"}, "one|ones|one|on|", "on"},
};

START_TEST(test_lines_are_told_as_they_come)
{
    for (const char *const *at = rows[_i].said; *at != NULL; at++) {
        char bytes[64];
        size_t n = strlen(*at);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (*at)[i] == '@' ? '\0' : (*at)[i];
        say_bytes(bytes, n);
        ck_assert(hear());
    }
    hang_up();
    ck_assert(!hear());
    check_told(rows[_i].told);
    ck_assert_str_eq(words.last, rows[_i].last);
}
END_TEST

START_TEST(test_it_does_not_wait)
{
    ck_assert(hear());
    check_told("");
    say("on");
    ck_assert(hear());
    ck_assert(hear());
    check_told("");
    say("e\n");
    ck_assert(hear());
    check_told("one|");
}
END_TEST

START_TEST(test_the_worker_waits_if_there_is_no_room)
{
    ck_assert_int_eq(fcntl(worker_fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(worker_fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(words.fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

START_TEST(test_a_line_may_be_ended_for_who_is_gone)
{
    say("one\ntw");
    ck_assert(hear());
    weir__words_end(&words, tell, &told);
    check_told("one|tw|");
    weir__words_end(&words, tell, &told);
    check_told("one|tw|");
    ck_assert_str_eq(words.last, "tw");
}
END_TEST

START_TEST(test_last_words_stay_until_there_are_others)
{
    struct weir_err err;
    say("no licence\nhalf a li");
    hear();
    hang_up();
    weir__words_close(&words);
    ck_assert_int_eq(words.fd, -1);
    weir__words_close(&words);
    ck_assert_int_eq(weir__words_open(&words, &worker_fd, &err), 0);
    ck_assert_str_eq(words.last, "no licence");
    say("no licence\n");
    hear();
    check_told("no licence|");
    say("still none\n");
    hear();
    check_told("no licence|still none|");
    ck_assert_str_eq(words.last, "still none");
}
END_TEST

/* Bytes of one line, so many that it is cut. */
static const size_t lengths[] = {510, 511, 512, 513, 1021, 1022, 1023, 4095, 4096, 4097, 10000};

START_TEST(test_a_long_line_is_cut_into_several)
{
    static char line[16384], joined[16384];
    size_t n = lengths[_i], most = sizeof(words.line) - 1, used = 0;
    uint64_t random = 1;
    for (size_t i = 0; i < n; i++)
        line[i] = (char)('a' + random_below(&random, 26));
    say_bytes(line, n);
    say("\nnext\n");
    ck_assert(hear());
    for (size_t i = 0; i < told.len; i++)
        if (told.data[i] != '|')
            joined[used++] = told.data[i];
    ck_assert_uint_eq(used, n + strlen("next"));
    ck_assert_mem_eq(joined, line, n);
    ck_assert_uint_eq(told.len - used, (n + most - 1) / most + 1);
    ck_assert_str_eq(words.last, "next");
}
END_TEST

START_TEST(test_lines_that_differ_late_are_not_the_same)
{
    char line[402];
    memset(line, 'x', 400);
    line[400] = '\n';
    line[401] = '\0';
    say(line);
    line[399] = 'y';
    say(line);
    say(line);
    ck_assert(hear());
    ck_assert_uint_eq(told.len, 2 * 401);
}
END_TEST

START_TEST(test_who_says_much_does_not_keep_the_reader)
{
    enum { MUCH = 256 << 10 };
    static char lines[MUCH];
    int left = 0;
    for (size_t i = 0; i < MUCH; i += 2)
        lines[i] = i % 4 == 0 ? 'a' : 'b', lines[i + 1] = '\n';
    ck_assert_int_ge(fcntl(worker_fd, F_SETPIPE_SZ, MUCH), MUCH);
    say_bytes(lines, MUCH);
    ck_assert(hear());
    ck_assert_int_eq(ioctl(words.fd, FIONREAD, &left), 0);
    ck_assert_int_gt(left, 0);
    hang_up();
    while (hear())
        ;
    ck_assert_uint_eq(told.len, MUCH);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, test_lines_are_told_as_they_come, 0, (int)COUNT(rows));
    tcase_add_test(all, test_it_does_not_wait);
    tcase_add_test(all, test_the_worker_waits_if_there_is_no_room);
    tcase_add_test(all, test_a_line_may_be_ended_for_who_is_gone);
    tcase_add_test(all, test_last_words_stay_until_there_are_others);
    tcase_add_loop_test(all, test_a_long_line_is_cut_into_several, 0, (int)COUNT(lengths));
    tcase_add_test(all, test_lines_that_differ_late_are_not_the_same);
    tcase_add_test(all, test_who_says_much_does_not_keep_the_reader);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
