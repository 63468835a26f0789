/* lines.read and lines.write. */
#include "stages/rig.h"

#include "lines/lines.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

static int read_text(const char *text)
{
    const char *path = rig_write(&rig, "in.txt", text);
    rig_add(&rig, &weir_lines_read, rig_with("path", path, NULL));
    return rig_run(&rig);
}

static const struct {
    const char *text, *lines; /* lines: [...] each */
} reads[] = {
    {"", ""},
    {"\n", "[]"},
    {"a", "[a]"},
    {"a\nb\n", "[a][b]"},
    {"a\r\n\r\nb c\r\n", "[a][][b c]"},
    {"a\rb\n\r\r\n\"x,\n", "[a\rb][\r][\"x,]"},
    {"a\r", "[a\r]"},
    {"\n\n\na", "[][][][a]"},
};

static void check_lines(const char *expected)
{
    struct buf shown;
    weir__buf_init(&shown);
    const char *at = rig.output.data;
    for (const char *end; (end = strchr(at, rig.end)) != NULL; at = end + 1)
        weir__buf_printf(&shown, "[%.*s]", (int)(end - at), at);
    ck_assert_str_eq(shown.data, expected);
    weir__buf_release(&shown);
}

START_TEST(test_lines_are_read_as)
{
    rig.end = '\x1e';
    ck_assert_int_eq(read_text(reads[_i].text), 0);
    check_lines(reads[_i].lines);
}
END_TEST

START_TEST(test_lines_are_read_alike_in_small_pieces_and_when_workers_die)
{
    for (size_t capacity = 1; capacity < 10; capacity++) {
        rig_init(&rig);
        rig.end = '\x1e';
        rig.capacity = capacity;
        rig.kill_every = 2;
        ck_assert_int_eq(read_text(reads[_i].text), 0);
        check_lines(reads[_i].lines);
        rig_release(&rig);
    }
    rig_init(&rig);
}
END_TEST

START_TEST(test_a_line_larger_than_max_record_is_rejected)
{
    rig.facts.max_record = 100;
    rig.capacity = 50;
    rig.on_error = ON_ERROR_REJECT;
    char text[400];
    snprintf(text, sizeof(text), "a\n%0150d\nb\n%0200d", 0, 0);
    ck_assert_int_eq(read_text(text), 0);
    ck_assert_str_eq(rig.output.data, "a\nb\n");
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, "in.txt,2,2,,a line of 151 bytes is larger "
                                                   "than max_record (100 bytes),000"));
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, "in.txt,4,155,,a line of 200 bytes"));
    ck_assert_uint_eq(rig.stage[1].total.in, 4);
    ck_assert_uint_eq(rig.stage[1].rejected, 2);
}
END_TEST

START_TEST(test_lines_tell_where_they_came_from)
{
    struct weir_output out;
    struct weir_position position;
    uint64_t cursor = 0;
    rig_bytes(&rig, "line", "a\r\n\nbcd\n", 8);
    rig.fed[0].origin = (struct weir_position){.file = 3, .offset = 100, .line = 20};
    rig_add_one(&rig, &weir_lines_split, NULL);
    ck_assert_int_eq(rig_bind(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    rig_begin_call(&rig, &rig.stage[0], &out);
    ck_assert_int_eq(weir_lines_split.process(&rig.stage[0].stage, &rig.fed[0], &cursor, &out), 0);
    ck_assert_uint_eq(out.batch.records, 3);
    out.batch.locate(&out.batch, 2, &position);
    ck_assert_uint_eq(position.file, 3);
    ck_assert_uint_eq(position.line, 22);
    ck_assert_uint_eq(position.offset, 104);
    ck_assert_uint_eq(position.raw_bytes, 3);
    rig_close(&rig);
}
END_TEST

START_TEST(test_many_lines_come_in_several_batches)
{
    struct buf text;
    weir__buf_init(&text);
    for (int i = 0; i < 150000; i++)
        weir__buf_puts(&text, "\n");
    ck_assert_int_eq(read_text(text.data), 0);
    ck_assert_uint_eq(rig.output.len, 150000);
    ck_assert_uint_eq(rig.stage[1].records, 150000);
    weir__buf_release(&text);
}
END_TEST

/* ---- writing ---- */

static int write_lines(const char *columns, const char *rows, const char *key, const char *value)
{
    rig_table(&rig, columns, rows);
    rig_add(&rig, &weir_lines_write, rig_with("path", "unused", key, value, NULL));
    rig.stages = 1;
    return rig_run(&rig);
}

START_TEST(test_values_are_written_a_line_each)
{
    for (size_t capacity = 2; capacity < 20; capacity++) {
        rig_init(&rig);
        rig.capacity = capacity;
        ck_assert_int_eq(write_lines("a|b", "1|x\n2|~\n3|hello, world\n4|\n", "column", "b"), 0);
        ck_assert_str_eq(rig.output.data, "x\n\nhello, world\n\n");
        ck_assert_uint_eq(rig.stage[0].records, 4);
        rig_release(&rig);
    }
    rig_init(&rig);
}
END_TEST

START_TEST(test_lines_end_in_crlf_if_so_wanted)
{
    ck_assert_int_eq(write_lines("a", "1\n2\n", "line_ending", "crlf"), 0);
    ck_assert_str_eq(rig.output.data, "1\r\n2\r\n");
}
END_TEST

START_TEST(test_only_the_column_written_is_needed)
{
    bool needed[2] = {false, false};
    rig_table(&rig, "a|b", "1|2\n");
    rig_add(&rig, &weir_lines_write, rig_with("path", "unused", "column", "b", NULL));
    rig.stages = 1;
    ck_assert_int_eq(rig_plan(&rig), 0);
    weir_lines_format.needs(&rig.stage[0].stage, needed);
    ck_assert(!needed[0] && needed[1]);
    rig_close(&rig);
}
END_TEST

START_TEST(test_one_of_several_columns_must_be_named)
{
    ck_assert_int_eq(write_lines("a|b", "1|2\n", "line_ending", "lf"), WEIR_ECONFIG);
    ck_assert_str_eq(rig_error(&rig), "lines.write writes one column, and there are 2");
    rig_release(&rig);
    rig_init(&rig);
    ck_assert_int_eq(write_lines("name|b", "1|2\n", "column", "nmae"), WEIR_ECONFIG);
    ck_assert_str_eq(rig_error(&rig), "no column 'nmae'");
    ck_assert_str_eq(rig.errors.list[0].note, "did you mean 'name'?");
}
END_TEST

START_TEST(test_a_value_with_a_line_end_is_an_error_of_its_record)
{
    static const char bytes[] = "xa\nby";
    uint64_t entry[] = {weir_entry(0, 1), weir_entry(1, 3), weir_entry(4, 1)};
    struct weir_column column = {.entry = entry, .heap = bytes, .heap_bytes = 5};
    struct weir_batch batch = {.records = 3, .columns = 1, .column = &column};
    rig.on_error = ON_ERROR_REJECT;
    rig_table(&rig, "a", "");
    rig_add(&rig, &weir_lines_write, rig_with("path", "unused", NULL));
    rig.stages = 1;
    ck_assert_int_eq(rig_bind(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    ck_assert_int_eq(rig_push(&rig, 0, &batch), 0);
    ck_assert_str_eq(rig.output.data, "x\ny\n");
    ck_assert_uint_eq(rig.stage[0].rejected_now, 1);
    rig_close(&rig);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
    Suite *suite = suite_create("lines");
    TCase *tcase = tcase_create("lines");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_lines_are_read_as, 0, COUNT(reads));
    tcase_add_loop_test(tcase, test_lines_are_read_alike_in_small_pieces_and_when_workers_die, 0,
                        COUNT(reads));
    tcase_add_test(tcase, test_a_line_larger_than_max_record_is_rejected);
    tcase_add_test(tcase, test_lines_tell_where_they_came_from);
    tcase_add_test(tcase, test_many_lines_come_in_several_batches);
    tcase_add_test(tcase, test_values_are_written_a_line_each);
    tcase_add_test(tcase, test_lines_end_in_crlf_if_so_wanted);
    tcase_add_test(tcase, test_only_the_column_written_is_needed);
    tcase_add_test(tcase, test_one_of_several_columns_must_be_named);
    tcase_add_test(tcase, test_a_value_with_a_line_end_is_an_error_of_its_record);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
