/* csv.format, and csv.write and csv.read there and back. */
#include "stages/rig.h"

#include "csv/read.h"
#include "csv/write.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

static void check_error(const char *part)
{
    ck_assert_msg(strstr(rig_error(&rig), part) != NULL, "said '%s', not '%s'", rig_error(&rig),
                  part);
}

static const struct {
    const char *columns, *rows, *key, *value, *expected;
} formats[] = {
    {"a|b", "NA|~\n~|NAN\n|N\n", "null_value", "NA", "a,b\n\"NA\",NA\nNA,NAN\n\"\",N\n"},
    {"NA", "~\n0123456789abcdef0123456789abcdef0123\n", "null_value", "NA",
     "\"NA\"\nNA\n0123456789abcdef0123456789abcdef0123\n"},
    {"a|b", "1|x\n~|\n", "quoting", "nonnumeric", "\"a\",\"b\"\n\"1\",\"x\"\n,\"\"\n"},
    {"a|b", "1|x y\n2|~\n~|~\n", "header", "true", "a,b\n1,x y\n2,\n,\n"},
    {"a|b", "|x\n", "header", "true", "a,b\n\"\",x\n"},
    {"a|b", "1,2|say \"hi\"\n\r|3\n", "header", "false", "\"1,2\",\"say \"\"hi\"\"\"\n\"\r\",3\n"},
    {"a,b|\"c\"|", "1|2\n", "header", "true", "\"a,b\",\"\"\"c\"\"\"\n1,2\n"},
    {"a", "1\n~\n\n", "header", "true", "a\n1\n\n\"\"\n"},
    {"a|b", "1|~\n|x\n", "quoting", "all", "\"a\",\"b\"\n\"1\",\n\"\",\"x\"\n"},
    {"a|b", "1|~\n|x;\n", "quoting", "none", "a,b\n1,\n,x;\n"},
    {"a|b", "1;|x,\n", "delimiter", ";", "a;b\n\"1;\";x,\n"},
    {"a|b", "1|2\n", "line_ending", "crlf", "a,b\r\n1,2\r\n"},
    {"a|b", "\xef\xbb\xbfx|\xef\xbb\xbfy\n", "header", "false",
     "\"\xef\xbb\xbfx\",\xef\xbb\xbfy\n"},
    {"a|b", "0123456789abcdef|0123456789abcde,\n0123456789abcdef\"|0123456789abcdef0\n", "header",
     "false",
     "0123456789abcdef,\"0123456789abcde,\"\n\"0123456789abcdef\"\"\",0123456789abcdef0\n"},
};

static void format(const char *key, const char *value)
{
    ck_assert_int_eq(rig_add(&rig, &weir_csv_write, rig_with("path", "unused", key, value, NULL)),
                     0);
    rig.stages = 1; /* without file.write */
}

START_TEST(test_records_are_written_as)
{
    rig_table(&rig, formats[_i].columns, formats[_i].rows);
    format(formats[_i].key, formats[_i].value);
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, formats[_i].expected);
}
END_TEST

START_TEST(test_records_are_written_alike_whatever_the_slots)
{
    for (size_t capacity = 2; capacity < 80; capacity++) {
        rig_init(&rig);
        rig.capacity = capacity;
        rig.kill_every = 2;
        rig_table(&rig, formats[_i].columns, formats[_i].rows);
        format(formats[_i].key, formats[_i].value);
        ck_assert_int_eq(rig_run(&rig), 0);
        ck_assert_str_eq(rig.output.data, formats[_i].expected);
        rig_release(&rig);
    }
    rig_init(&rig);
}
END_TEST

/* A field of every length up to 40 with every special byte, or none, at every place; in front of
 * them rows that begin with a byte order mark, with half of one, and with null. */
START_TEST(test_a_field_is_quoted_wherever_its_special_byte_stands)
{
    const char *end = _i == 0 ? "\n" : "\r\n";
    struct buf rows, expected;
    weir__buf_init(&rows);
    weir__buf_init(&expected);
    weir__buf_puts(&rows, "\xef\xbb\xbf|\xef\xbb\xbf|e\n\xef\xbb|e|e\n~|~|e\n");
    weir__buf_printf(&expected, "a,b,c%s\"\xef\xbb\xbf\",\xef\xbb\xbf,e%s\xef\xbb,e,e%s,,e%s", end,
                     end, end, end);
    for (int length = 1; length <= 40; length++)
        for (int i = 0; i < 4 * length; i++) {
            char text[41], special = "x,\"\r"[i % 4];
            memset(text, 'x', sizeof(text));
            text[length] = '\0';
            text[i / 4] = special;
            weir__buf_printf(&rows, "%s|%s|e\n", text, text);
            const char *quote = special == 'x' ? "" : "\"", *twice = special == '"' ? "\"" : "";
            for (int column = 0; column < 2; column++)
                weir__buf_printf(&expected, "%s%.*s%s%s%s,", quote, i / 4, text, twice,
                                 text + i / 4, quote);
            weir__buf_printf(&expected, "e%s", end);
        }
    rig_table(&rig, "a|b|c", rows.data);
    format("line_ending", _i == 0 ? "lf" : "crlf");
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, expected.data);
    weir__buf_release(&rows);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_formatting_counts_the_records_whose_end_it_put_out)
{
    rig.capacity = 5;
    rig_table(&rig, "a|b", "12345|67890\n1|2\n");
    format("header", "true");
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_uint_eq(rig.stage[0].records, 2);
}
END_TEST

START_TEST(test_a_field_that_may_not_be_quoted_is_an_error_of_its_record)
{
    rig.on_error = ON_ERROR_REJECT;
    rig_table(&rig, "a|b", "1|2\n3|x,y\n4|5\n");
    format("quoting", "none");
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, "a,b\n1,2\n4,5\n");
    ck_assert_ptr_nonnull(strstr(
        rig.rejects.data, ",3,20,b,\"the field would need quotes, and quoting is none\",\n"));
}
END_TEST

START_TEST(test_a_field_that_may_not_be_quoted_stops_the_run_or_becomes_null)
{
    rig.on_error = ON_ERROR_SET_NULL;
    rig_table(&rig, "a|b", "1,|2\"\n3|4\n");
    format("quoting", "none");
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, "a,b\n,\n3,4\n");
    rig_release(&rig);
    rig_init(&rig);
    rig_table(&rig, "a|b", "1|2\n3|x,y\n4|5\n");
    format("quoting", "none");
    ck_assert_int_eq(rig_run(&rig), WEIR_EDATA);
    ck_assert_str_eq(rig.output.data, "a,b\n1,2\n");
    check_error("column 'b': the field would need quotes, and quoting is none");
}
END_TEST

/* ---- there and back ---- */

static uint64_t seed;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed % n);
}

static void random_value(struct buf *to)
{
    static const char *const pieces[] = {"a", "bc",           " ",        "\"",
                                         ",", "\r",           "\xc3\xa9", "0123456789",
                                         ";", "\xef\xbb\xbf", "\r\r",     "\t"};
    switch (below(6)) {
    case 0: weir__buf_puts(to, "~"); return;
    case 1: return;
    default: break;
    }
    for (uint32_t n = below(8); n > 0; n--)
        weir__buf_puts(to, pieces[below(12)]);
}

START_TEST(test_any_value_comes_back_as_it_was)
{
    seed = 0x9e3779b97f4a7c15 + (uint64_t)_i;
    for (int round = 0; round < 60; round++) {
        struct buf rows;
        weir__buf_init(&rows);
        uint32_t columns = 1 + below(4), records = below(60);
        for (uint32_t i = 0; i < records * columns; i++) {
            random_value(&rows);
            weir__buf_putc(&rows, (i + 1) % columns == 0 ? '\n' : '|');
        }
        rig_table(&rig,
                  columns == 1   ? "a"
                  : columns == 2 ? "a|b"
                  : columns == 3 ? "a|b|c"
                                 : "a|b|c|d",
                  rows.data);
        rig.capacity = 20 + below(400);
        rig.kill_every = below(3);
        const char *path = rig_path(&rig, "out.csv");
        rig_add(&rig, &weir_csv_write,
                rig_with("path", path, "line_ending", below(2) ? "lf" : "crlf", "quoting",
                         below(2) ? "minimal" : "all", NULL));
        ck_assert_int_eq(rig_run(&rig), 0);

        struct rig back;
        rig_init(&back);
        back.capacity = 20 + below(400);
        back.kill_every = below(3);
        rig_add(&back, &weir_csv_read, rig_with("path", path, NULL));
        ck_assert_msg(rig_run(&back) == 0, "%s", rig_error(&back));
        ck_assert_str_eq(back.output.data, rows.data == NULL ? "" : rows.data);
        rig_release(&back);
        rig_release(&rig);
        rig_init(&rig);
        weir__buf_release(&rows);
    }
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void add_formatting(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_records_are_written_as, 0, COUNT(formats));
    tcase_add_loop_test(tcase, test_records_are_written_alike_whatever_the_slots, 0,
                        COUNT(formats));
    tcase_add_loop_test(tcase, test_a_field_is_quoted_wherever_its_special_byte_stands, 0, 2);
    tcase_add_test(tcase, test_formatting_counts_the_records_whose_end_it_put_out);
    tcase_add_test(tcase, test_a_field_that_may_not_be_quoted_is_an_error_of_its_record);
    tcase_add_test(tcase, test_a_field_that_may_not_be_quoted_stops_the_run_or_becomes_null);
    tcase_add_loop_test(tcase, test_any_value_comes_back_as_it_was, 0, 4);
}

int main(void)
{
    Suite *suite = suite_create("csv.write");
    TCase *formatting = tcase_create("formatting");
    tcase_set_timeout(formatting, 60);
    tcase_add_checked_fixture(formatting, setup, teardown);
    add_formatting(formatting);
    suite_add_tcase(suite, formatting);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
