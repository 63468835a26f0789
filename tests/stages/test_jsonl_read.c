/* jsonl.read, and jsonl.write and jsonl.read there and back. */
#include "stages/rig.h"

#include "jsonl/read.h"
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

static int read_text(const char *text, const char *a, const char *b)
{
    struct node *with = rig_with("path", rig_write(&rig, "in.jsonl", text), NULL);
    weir__node_append(with, "fields", rig_with("a", a, "b", b, NULL));
    rig_add(&rig, &weir_jsonl_read, with);
    return rig_run(&rig);
}

static const struct {
    const char *text, *a, *b, *records;
} reads[] = {
    {"", "/a", "/b", ""},
    {"{\"a\":1,\"b\":\"x\"}\n", "/a", "/b", "1|x\n"},
    {"{\"b\":null}\n{\"b\":\"\",\"a\":[1, {\"c\":2.50}]}", "/a", "/b", "~|~\n[1, {\"c\":2.50}]|\n"},
    {"\n \t\r\n {\"a\":true}\r\n\n", "a", "b", "true|~\n"},
    {"{\"a\":{\"b\":[\"x\",\"y\"]}}\n[1]\n", "$.a.b[1]", "/a/b/0", "y|x\n~|~\n"},
    {"{\"a\":\"\\\"\\u00e9\\t\\ud83d\\ude00\",\"b\":\"p\"}\n{\"a\":\"q\",\"b\":\"\\/\"}\n", "/a",
     "/b", "\"\xc3\xa9\t\xf0\x9f\x98\x80|p\nq|/\n"},
    /* A field within another one, and the same one twice. */
    {"{\"a\":{\"b\":\"\\\\\"}}\n", "/a", "/a/b", "{\"b\":\"\\\\\"}|\\\n"},
    {"{\"a\":\"\\\\\\\\x\"}\n", "/a", "/a", "\\\\x|\\\\x\n"},
    {"{\"a\":\"\\udce9\xe9\\udc80\\udcff\"}\n", "/a", "/b", "\xe9\xe9\x80\xff|~\n"},
    {"[12345678901234567890.10,1E5]\n", "/0", "/1", "12345678901234567890.10|1E5\n"},
};

START_TEST(test_lines_are_read_as)
{
    ck_assert_msg(read_text(reads[_i].text, reads[_i].a, reads[_i].b) == 0, "%s", rig_error(&rig));
    ck_assert_str_eq(rig.output.data == NULL ? "" : rig.output.data, reads[_i].records);
}
END_TEST

START_TEST(test_lines_are_read_alike_in_small_pieces_and_when_workers_die)
{
    for (size_t capacity = 1; capacity < 40; capacity += 3) {
        rig_init(&rig);
        rig.capacity = capacity;
        rig.kill_every = 2;
        ck_assert_int_eq(read_text(reads[_i].text, reads[_i].a, reads[_i].b), 0);
        ck_assert_str_eq(rig.output.data == NULL ? "" : rig.output.data, reads[_i].records);
        rig_release(&rig);
    }
    rig_init(&rig);
}
END_TEST

static const struct {
    const char *line, *reason;
} wrong[] = {
    {"{\"a\":1", "the line is not JSON"},
    {"{\"a\":1}{}", "the line is not JSON"},
    {"{\"a\":\"\\ud800\"}", "the line is not JSON"},
    {"{'a':1}", "the line is not JSON"},
    {"5", "the line is neither an object nor an array"},
    {"\"x\"", "the line is neither an object nor an array"},
};

START_TEST(test_a_line_that_is_no_record_is_rejected_with_its_place)
{
    char text[200], place[200], raw[100] = "";
    rig.on_error = ON_ERROR_REJECT;
    snprintf(text, sizeof(text), "{\"a\":1}\n\n%s\n{\"a\":2}\n", wrong[_i].line);
    ck_assert_int_eq(read_text(text, "/a", "/b"), 0);
    ck_assert_str_eq(rig.output.data, "1|~\n2|~\n");
    snprintf(place, sizeof(place), "in.jsonl,3,9,,%s,", wrong[_i].reason);
    ck_assert_msg(strstr(rig.rejects.data, place) != NULL, "%s", rig.rejects.data);
    /* The line's own bytes, as CSV has them. */
    for (const char *at = wrong[_i].line; *at != '\0'; at++)
        snprintf(raw + strlen(raw), sizeof(raw) - strlen(raw), *at == '"' ? "\"\"" : "%c", *at);
    ck_assert_msg(strstr(rig.rejects.data, raw) != NULL, "%s", rig.rejects.data);
}
END_TEST

START_TEST(test_a_line_that_is_no_record_stops_the_run)
{
    ck_assert_int_eq(read_text("{\"a\":1}\n{\n", "/a", "/b"), WEIR_EDATA);
    ck_assert_str_eq(rig.output.data, "1|~\n");
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), "in.jsonl:2 (byte 8): the line is not JSON"));
}
END_TEST

START_TEST(test_a_line_larger_than_max_record_is_rejected)
{
    char text[400];
    rig.facts.max_record = 100;
    rig.capacity = 50;
    rig.on_error = ON_ERROR_REJECT;
    snprintf(text, sizeof(text), "{\"a\":1}\n{\"a\":%0150d}\n{\"a\":2}\n", 0);
    ck_assert_int_eq(read_text(text, "/a", "/b"), 0);
    ck_assert_str_eq(rig.output.data, "1|~\n2|~\n");
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, "in.jsonl,2,8,,a line of 157 bytes is larger"));
}
END_TEST

START_TEST(test_a_path_that_cannot_be_read_is_refused)
{
    ck_assert_int_eq(read_text("", "$.a[", "/b"), WEIR_ECONFIG);
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), "'$.a[' is no path to a value"));
}
END_TEST

START_TEST(test_a_type_is_for_a_column_that_is_there)
{
    struct node *with = rig_with("path", rig_write(&rig, "in.jsonl", ""), NULL);
    weir__node_append(with, "fields", rig_with("amount", "/a", NULL));
    weir__node_append(with, "types", rig_with("amounts", "decimal", NULL));
    rig_add(&rig, &weir_jsonl_read, with);
    ck_assert_int_eq(rig_run(&rig), WEIR_ECONFIG);
    ck_assert_ptr_nonnull(strstr(rig_error(&rig), "no column 'amounts'"));
}
END_TEST

/* Every byte, and every pair of those that matter, but for the rig's own separators. */
START_TEST(test_any_text_comes_back_as_it_was)
{
    static const char some[] = "\\\"/u\x01\x1f\x7f\x80\xbf\xc2\xe0\xa0\xed\xf0\x90\xf4 e";
    struct buf rows;
    weir__buf_init(&rows);
    for (int c = 1; c < 256; c++)
        if (c != '\n' && c != '|' && c != '~')
            weir__buf_printf(&rows, "%c|~\n", c);
    for (size_t i = 0; i < sizeof(some) - 1; i++)
        for (size_t j = 0; j < sizeof(some) - 1; j++)
            weir__buf_printf(&rows, "%c%c|x%c\n", some[i], some[j], some[j]);
    const char *path = rig_path(&rig, "out.jsonl");
    rig_table(&rig, "a|b", rows.data);
    rig_add(&rig, &weir_jsonl_write, rig_with("path", path, NULL));
    ck_assert_int_eq(rig_run(&rig), 0);

    struct rig back;
    rig_init(&back);
    struct node *with = rig_with("path", path, NULL);
    weir__node_append(with, "fields", rig_with("a", "/a", "b", "/b", NULL));
    rig_add(&back, &weir_jsonl_read, with);
    ck_assert_msg(rig_run(&back) == 0, "%s", rig_error(&back));
    ck_assert_str_eq(back.output.data, rows.data);
    rig_release(&back);
    weir__buf_release(&rows);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
    Suite *suite = suite_create("jsonl.read");
    TCase *reading = tcase_create("reading");
    tcase_set_timeout(reading, 60);
    tcase_add_checked_fixture(reading, setup, teardown);
    tcase_add_loop_test(reading, test_lines_are_read_as, 0, COUNT(reads));
    tcase_add_loop_test(reading, test_lines_are_read_alike_in_small_pieces_and_when_workers_die, 0,
                        COUNT(reads));
    tcase_add_loop_test(reading, test_a_line_that_is_no_record_is_rejected_with_its_place, 0,
                        COUNT(wrong));
    tcase_add_test(reading, test_a_line_that_is_no_record_stops_the_run);
    tcase_add_test(reading, test_a_line_larger_than_max_record_is_rejected);
    tcase_add_test(reading, test_a_path_that_cannot_be_read_is_refused);
    tcase_add_test(reading, test_a_type_is_for_a_column_that_is_there);
    tcase_add_test(reading, test_any_text_comes_back_as_it_was);
    suite_add_tcase(suite, reading);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
