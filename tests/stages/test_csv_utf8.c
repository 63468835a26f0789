/* csv.read with invalid_utf8. */
#include "stages/rig.h"

#include "csv/read.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

static int run(const char *text, const char *invalid_utf8)
{
    rig_add(&rig, &weir_csv_read,
            rig_with("path", rig_write(&rig, "in.csv", text), "invalid_utf8", invalid_utf8, NULL));
    return rig_run(&rig);
}

#define TEXT                                                                                       \
    "a,b\n"                                                                                        \
    "1,x\n"                                                                                        \
    "\xe9t\xe9,\"y\xff\"\n"                                                                        \
    "2,\n"                                                                                         \
    "\xc3\xa9,0123456789\xc3\n"

static const struct {
    const char *text, *invalid_utf8, *expected;
} reads[] = {
    {TEXT, "keep", "1|x\n\xe9t\xe9|y\xff\n2|~\n\xc3\xa9|0123456789\xc3\n"},
    {TEXT, "replace",
     "1|x\n\xef\xbf\xbdt\xef\xbf\xbd|y\xef\xbf\xbd\n2|~\n\xc3\xa9|0123456789\xef\xbf\xbd\n"},
    {TEXT, "error", "1|x\n2|~\n"},
    /* In every place of the eight bytes that are looked at together; characters up to U+10FFFF, and
     * what is not one. */
    {"a\n0123456789abcde\xff\n0123456\xff"
     "89abcdef\n01234567\xff"
     "9abcdef\n0123456789abcdef\n",
     "error", "0123456789abcdef\n"},
    {"a\n\xf4\x8f\xbf\xbf\n\xf4\x90\x80\x80\n\xed\xa0\x80\n\xe0\x80\x80\n\xc0\x80\n\xed\x9f\xbf\n",
     "error", "\xf4\x8f\xbf\xbf\n\xed\x9f\xbf\n"},
};

START_TEST(test_values_are_read_as)
{
    rig.on_error = ON_ERROR_REJECT;
    ck_assert_msg(run(reads[_i].text, reads[_i].invalid_utf8) == 0, "%s", rig_error(&rig));
    ck_assert_str_eq(rig.output.data, reads[_i].expected);
}
END_TEST

START_TEST(test_values_are_read_alike_in_small_pieces_and_when_workers_die)
{
    for (size_t capacity = 1; capacity < 40; capacity += 3) {
        rig_init(&rig);
        rig.on_error = ON_ERROR_REJECT;
        rig.capacity = capacity;
        rig.kill_every = 2;
        ck_assert_int_eq(run(reads[_i].text, reads[_i].invalid_utf8), 0);
        ck_assert_str_eq(rig.output.data, reads[_i].expected);
        rig_release(&rig);
    }
    rig_init(&rig);
}
END_TEST

START_TEST(test_a_value_that_is_not_utf8_is_rejected_with_its_place_and_bytes)
{
    rig.on_error = ON_ERROR_REJECT;
    ck_assert_int_eq(run("a,b\n\"1\n\",x\n2,\xe9\n", "error"), 0);
    ck_assert_ptr_nonnull(
        strstr(rig.rejects.data, "in.csv,4,11,b,the value is not UTF-8,\"2,\xe9\"\n"));
}
END_TEST

START_TEST(test_rejects_that_do_not_fit_come_with_the_next_call)
{
    struct buf text;
    weir__buf_init(&text);
    weir__buf_puts(&text, "a,b\n");
    for (int i = 0; i < 300; i++)
        weir__buf_printf(&text, "%d,%s\n", i, i % 3 == 0 ? "\xff" : "x");
    rig.on_error = ON_ERROR_REJECT;
    rig.reject_capacity = 1000;
    ck_assert_int_eq(run(text.data, "error"), 0);
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, ",b,the value is not UTF-8,\"297,\xff\"\n"));
    ck_assert_ptr_nonnull(strstr(rig.output.data, "298|x\n"));
    uint64_t rejected = 0;
    for (size_t i = 0; i < rig.stages; i++)
        rejected += rig.stage[i].rejected;
    ck_assert_uint_eq(rejected, 100);
    weir__buf_release(&text);
}
END_TEST

START_TEST(test_a_value_that_is_not_utf8_stops_the_run_or_becomes_null)
{
    ck_assert_int_eq(run("a,b\n1,2\n3,\xff\n", "error"), WEIR_EDATA);
    ck_assert_str_eq(rig.output.data, "1|2\n");
    ck_assert_ptr_nonnull(
        strstr(rig_error(&rig), "in.csv:3 (byte 8), column 'b': the value is not"));
    rig_release(&rig);
    rig_init(&rig);
    rig.on_error = ON_ERROR_SET_NULL;
    ck_assert_int_eq(run("a,b\n\xff,\xff\n3,4\n", "error"), 0);
    ck_assert_str_eq(rig.output.data, "~|~\n3|4\n");
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
    Suite *suite = suite_create("csv.read: invalid_utf8");
    TCase *tcase = tcase_create("invalid_utf8");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_values_are_read_as, 0, COUNT(reads));
    tcase_add_loop_test(tcase, test_values_are_read_alike_in_small_pieces_and_when_workers_die, 0,
                        COUNT(reads));
    tcase_add_test(tcase, test_a_value_that_is_not_utf8_is_rejected_with_its_place_and_bytes);
    tcase_add_test(tcase, test_rejects_that_do_not_fit_come_with_the_next_call);
    tcase_add_test(tcase, test_a_value_that_is_not_utf8_stops_the_run_or_becomes_null);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
