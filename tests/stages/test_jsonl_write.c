/* jsonl.format. */
#include "stages/rig.h"

#include "jsonl/write.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

static int format(const char *nulls)
{
    ck_assert_int_eq(
        rig_add(&rig, &weir_jsonl_write, rig_with("path", "unused", "nulls", nulls, NULL)), 0);
    rig.stages = 1; /* without file.write */
    return rig_run(&rig);
}

static const struct {
    const char *columns, *rows, *nulls, *expected;
} formats[] = {
    {"a|b", "1|x y\n|~\n", "keep", "{\"a\":\"1\",\"b\":\"x y\"}\n{\"a\":\"\",\"b\":null}\n"},
    {"a|b", "1|~\n~|~\n~|2\n", "omit", "{\"a\":\"1\"}\n{}\n{\"b\":\"2\"}\n"},
    {"n:integer", "12\n-0\n +007 \n0\n000\n", "keep",
     "{\"n\":12}\n{\"n\":-0}\n{\"n\":7}\n{\"n\":0}\n{\"n\":0}\n"},
    {"n:decimal", "123456789012345678901234567890.10\n.5\n-.5\n5.\n", "keep",
     "{\"n\":123456789012345678901234567890.10}\n{\"n\":0.5}\n{\"n\":-0.5}\n{\"n\":5}\n"},
    {"n:double", "1e3\n-2.50E-7\n1.e+5\n", "keep", "{\"n\":1e3}\n{\"n\":-2.50E-7}\n{\"n\":1e+5}\n"},
    {"b:boolean|d:date", "Yes|2020-01-02\noff|~\n", "keep",
     "{\"b\":true,\"d\":\"2020-01-02\"}\n{\"b\":false,\"d\":null}\n"},
    {"\"\\\xc3\xa9", "\"q\"\\\t\r\x01\x7f/\n", "keep",
     "{\"\\\"\\\\\xc3\xa9\":\"\\\"q\\\"\\\\\\t\\r\\u0001\x7f/\"}\n"},
    {"a:json", "[1, {\"b\":\"x\\n\"}]\n[\r1\r]\n\"\xe9\"\n", "keep",
     "{\"a\":[1, {\"b\":\"x\\n\"}]}\n{\"a\":[ 1 ]}\n{\"a\":\"\\udce9\"}\n"},
    /* Well-formed characters of every length, and the nearest that are not. */
    {"a", "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\n",
     "keep",
     "{\"a\":\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"
     "\"}\n"},
    {"a", "\xe9t\xc1\xbf\n\xe0\x9f\xbf\n\xed\xa0\x80\n\xf4\x90\x80\x80\n\xf0\x8f\xbf\xbf\n\xc3\n",
     "keep",
     "{\"a\":\"\\udce9t\\udcc1\\udcbf\"}\n{\"a\":\"\\udce0\\udc9f\\udcbf\"}\n"
     "{\"a\":\"\\udced\\udca0\\udc80\"}\n{\"a\":\"\\udcf4\\udc90\\udc80\\udc80\"}\n"
     "{\"a\":\"\\udcf0\\udc8f\\udcbf\\udcbf\"}\n{\"a\":\"\\udcc3\"}\n"},
};

START_TEST(test_records_are_written_as)
{
    rig_table(&rig, formats[_i].columns, formats[_i].rows);
    ck_assert_int_eq(format(formats[_i].nulls), 0);
    ck_assert_str_eq(rig.output.data, formats[_i].expected);
}
END_TEST

START_TEST(test_records_are_written_alike_whatever_the_slots_and_when_workers_die)
{
    for (size_t capacity = 1; capacity < 80; capacity++) {
        rig_init(&rig);
        rig.capacity = capacity;
        rig.kill_every = 2;
        rig.batch_records = 1;
        rig_table(&rig, formats[_i].columns, formats[_i].rows);
        ck_assert_int_eq(format(formats[_i].nulls), 0);
        ck_assert_str_eq(rig.output.data, formats[_i].expected);
        rig_release(&rig);
    }
    rig_init(&rig);
}
END_TEST

static const struct {
    const char *type, *value;
} wrong[] = {
    {"integer", "x"},   {"integer", "-"},     {"decimal", "."},   {"decimal", "1.2.3"},
    {"decimal", "1 2"}, {"double", "1e"},     {"double", "1e+"},  {"double", "e5"},
    {"double", "nan"},  {"integer", ""},      {"integer", "--1"}, {"boolean", "maybe"},
    {"boolean", ""},    {"boolean", "trues"}, {"json", "[1"},
};

static void wrong_table(int i)
{
    char columns[64], rows[64];
    snprintf(columns, sizeof(columns), "id|v:%s", wrong[i].type);
    snprintf(rows, sizeof(rows), "1|1\n2|%s\n3|1\n", wrong[i].value);
    rig_table(&rig, columns, rows);
}

START_TEST(test_a_value_that_is_not_of_its_type_is_an_error_of_its_record)
{
    const char *one = strcmp(wrong[_i].type, "boolean") == 0 ? "true" : "1";
    char expected[200], reason[80];
    rig.on_error = ON_ERROR_REJECT;
    wrong_table(_i);
    ck_assert_int_eq(format("keep"), 0);
    snprintf(expected, sizeof(expected), "{\"id\":\"1\",\"v\":%s}\n{\"id\":\"3\",\"v\":%s}\n", one,
             one);
    ck_assert_str_eq(rig.output.data, expected);
    snprintf(reason, sizeof(reason), ",v,the value is no %s,",
             strcmp(wrong[_i].type, "json") == 0 ? "JSON"
             : *one == 't'                       ? "boolean"
                                                 : "number");
    ck_assert_msg(strstr(rig.rejects.data, reason) != NULL, "%s", rig.rejects.data);
    ck_assert_uint_eq(rig.stage[0].records, 2);
}
END_TEST

START_TEST(test_a_value_that_is_not_of_its_type_stops_the_run_or_becomes_null)
{
    rig.on_error = ON_ERROR_SET_NULL;
    rig_table(&rig, "a:integer|b:integer|c:integer", "1|x|y\n4|5|6\n");
    ck_assert_int_eq(format("keep"), 0);
    ck_assert_str_eq(rig.output.data,
                     "{\"a\":1,\"b\":null,\"c\":null}\n{\"a\":4,\"b\":5,\"c\":6}\n");
    rig_release(&rig);
    rig_init(&rig);
    wrong_table(0);
    ck_assert_int_eq(format("keep"), WEIR_EDATA);
    ck_assert_str_eq(rig.output.data, "{\"id\":\"1\",\"v\":1}\n");
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), "column 'v': the value is no number"));
}
END_TEST

START_TEST(test_a_line_larger_than_the_output_goes_in_pieces)
{
    struct buf row, expected;
    weir__buf_init(&row);
    weir__buf_init(&expected);
    weir__buf_puts(&expected, "{\"a\":\"");
    for (int i = 0; i < 20000; i++) {
        weir__buf_puts(&row, i % 100 == 0 ? "\"" : "x");
        weir__buf_puts(&expected, i % 100 == 0 ? "\\\"" : "x");
    }
    weir__buf_puts(&row, "\n2\n");
    weir__buf_puts(&expected, "\"}\n{\"a\":\"2\"}\n");
    rig.capacity = 1000;
    rig_table(&rig, "a", row.data);
    ck_assert_int_eq(format("keep"), 0);
    ck_assert_str_eq(rig.output.data, expected.data);
    ck_assert_uint_eq(rig.stage[0].records, 2);
    weir__buf_release(&row);
    weir__buf_release(&expected);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
    Suite *suite = suite_create("jsonl.write");
    TCase *formatting = tcase_create("formatting");
    tcase_set_timeout(formatting, 60);
    tcase_add_checked_fixture(formatting, setup, teardown);
    tcase_add_loop_test(formatting, test_records_are_written_as, 0, COUNT(formats));
    tcase_add_loop_test(formatting,
                        test_records_are_written_alike_whatever_the_slots_and_when_workers_die, 0,
                        COUNT(formats));
    tcase_add_loop_test(formatting, test_a_value_that_is_not_of_its_type_is_an_error_of_its_record,
                        0, COUNT(wrong));
    tcase_add_test(formatting, test_a_value_that_is_not_of_its_type_stops_the_run_or_becomes_null);
    tcase_add_test(formatting, test_a_line_larger_than_the_output_goes_in_pieces);
    suite_add_tcase(suite, formatting);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
