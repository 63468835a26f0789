#include "base/buf.h"

#include <string.h>

#include "unit/unit.h"

START_TEST(test_an_empty_buffer_reads_as_empty_text)
{
    struct buf buf;
    weir__buf_init(&buf);
    ck_assert_str_eq(buf.data, "");
    ck_assert_uint_eq(buf.len, 0);
    weir__buf_add(&buf, NULL, 0);
    ck_assert_str_eq(buf.data, "");
    weir__buf_truncate(&buf, 0);
    weir__buf_release(&buf);
    ck_assert_str_eq(buf.data, "");
    weir__buf_release(&buf);
}
END_TEST

START_TEST(test_what_is_added_stands_one_behind_the_other)
{
    struct buf buf;
    weir__buf_init(&buf);
    weir__buf_puts(&buf, "one");
    weir__buf_putc(&buf, ',');
    weir__buf_printf(&buf, "%d-%s", 2, "three");
    weir__buf_add(&buf, "\0x", 2);
    weir__buf_putc(&buf, '\0');
    ck_assert_uint_eq(buf.len, 14);
    ck_assert_mem_eq(buf.data, "one,2-three\0x\0", 15);
    ck_assert(!buf.failed);
    weir__buf_release(&buf);
}
END_TEST

START_TEST(test_it_grows_to_any_size_and_always_ends_in_nul)
{
    struct buf buf;
    weir__buf_init(&buf);
    for (size_t i = 0; i < 5000; i++) {
        if (i % 3 == 0)
            weir__buf_printf(&buf, "%c", (char)('a' + i % 26));
        else
            weir__buf_putc(&buf, (char)('a' + i % 26));
        ck_assert_uint_eq(buf.len, i + 1);
        ck_assert_int_eq(buf.data[buf.len], '\0');
    }
    for (size_t i = 0; i < 5000; i++)
        ck_assert_int_eq(buf.data[i], (char)('a' + i % 26));
    weir__buf_printf(&buf, "%100000d", 7);
    ck_assert_uint_eq(buf.len, 105000);
    ck_assert_int_eq(buf.data[104999], '7');
    weir__buf_release(&buf);
}
END_TEST

START_TEST(test_truncate_shortens_and_never_lengthens)
{
    struct buf buf;
    weir__buf_init(&buf);
    weir__buf_puts(&buf, "abcdef");
    weir__buf_truncate(&buf, 9);
    ck_assert_str_eq(buf.data, "abcdef");
    weir__buf_truncate(&buf, 2);
    ck_assert_str_eq(buf.data, "ab");
    weir__buf_puts(&buf, "z");
    ck_assert_str_eq(buf.data, "abz");
    weir__buf_truncate(&buf, 0);
    ck_assert_str_eq(buf.data, "");
    weir__buf_release(&buf);
}
END_TEST

START_TEST(test_detach_gives_the_bytes_away)
{
    struct buf buf;
    weir__buf_init(&buf);
    char *nothing = weir__buf_detach(&buf);
    ck_assert_str_eq(nothing, "");
    free(nothing);
    weir__buf_puts(&buf, "mine");
    char *data = weir__buf_detach(&buf);
    ck_assert_str_eq(buf.data, "");
    ck_assert_uint_eq(buf.len, 0);
    weir__buf_puts(&buf, "other");
    ck_assert_str_eq(data, "mine");
    free(data);
    weir__buf_release(&buf);
}
END_TEST

START_TEST(test_after_a_failure_nothing_is_added_and_nothing_given_away)
{
    struct buf buf;
    weir__buf_init(&buf);
    weir__buf_puts(&buf, "kept");
    volatile size_t too_much = SIZE_MAX - 3;
    weir__buf_add(&buf, "x", too_much);
    ck_assert(buf.failed);
    weir__buf_puts(&buf, "more");
    weir__buf_putc(&buf, 'm');
    weir__buf_printf(&buf, "%s", "more");
    ck_assert_str_eq(buf.data, "kept");
    ck_assert_ptr_null(weir__buf_detach(&buf));
    ck_assert(!buf.failed);
    weir__buf_puts(&buf, "again");
    ck_assert_str_eq(buf.data, "again");
    weir__buf_release(&buf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buf");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_an_empty_buffer_reads_as_empty_text);
    tcase_add_test(all, test_what_is_added_stands_one_behind_the_other);
    tcase_add_test(all, test_it_grows_to_any_size_and_always_ends_in_nul);
    tcase_add_test(all, test_truncate_shortens_and_never_lengthens);
    tcase_add_test(all, test_detach_gives_the_bytes_away);
    tcase_add_test(all, test_after_a_failure_nothing_is_added_and_nothing_given_away);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
