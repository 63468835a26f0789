/* json.parse. */
#include "stages/rig.h"
#include "unit/unit.h"

#include "web/web.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

static int add(const char *records, const char *field)
{
    return rig_add(
        &rig, &weir_json_parse,
        rig_put(rig_with("records", records, NULL), "fields", rig_with("f", field, NULL)));
}

/* Feeds the documents, of the column `body`, and runs. */
static void parse(const char *records, const char *field, const char *table)
{
    rig_table(&rig, "url|body", table);
    ck_assert_int_eq(add(records, field), 0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
}

static const struct {
    const char *records, *field, *document, *rows; /* "f|error"; ... */
    unsigned failed;
} rows[] = {
    {"$", "/a", "{\"a\": 1.50}", "1.50|~", 0},
    {"$", "/a", "[{\"a\": 1}, {}, {\"a\": null}, {\"a\": \"x\"}]", "1|~;~|~;~|~;x|~", 0},
    {"/data", "/a", "{\"n\": [9], \"data\": [{\"a\": 1}, {\"a\": 2}]}", "1|~;2|~", 0},
    {"$.data.items", "$.a.b[1]", "{\"data\": {\"items\": [{\"a\": {\"b\": [1, 2]}}]}}", "2|~", 0},
    {"/data", "/a", "{\"data\": {\"a\": true}}", "true|~", 0},
    {"/data", "/a", "{\"data\": []}", "", 0},
    {"/data", "/a", "{\"data\": null}", "~|no_records", 1},
    {"/data", "/a", "{\"dada\": []}", "~|no_records", 1},
    {"/data", "/a", "{\"data\": \"[{}]\"}", "~|~", 0},
    {"$", "/0", "[[1, 2], [3], []]", "1|~;3|~;~|~", 0},
    {"$", "/a", "[1, \"x\", {\"a\": {\"b\": [1, {}]}}]", "~|~;~|~;{\"b\": [1, {}]}|~", 0},
    {"$", "/a", "\xEF\xBB\xBF{\"a\": \"b\"}", "b|~", 0},
    {"$", "/a", "{\"a\": \"\\u00e9\\\"\\\\\\u20ac\"}", "\xC3\xA9\"\\\xE2\x82\xAC|~", 0},
    {"$", "/a", "{\"a\": \"\"}", "|~", 0},
    {"$", "/a", "{\"a\": 1", "~|malformed", 1},
    {"$", "/a", "", "~|malformed", 1},
    {"$", "/a", "{\"a\": 1} x", "~|malformed", 1},
    {"$", "/a", "<html>", "~|malformed", 1},
};

START_TEST(test_of_a_document_come)
{
    struct buf table, expected;
    weir__buf_init(&table);
    weir__buf_init(&expected);
    weir__buf_printf(&table, "u|%s\nv|[{}]\n", rows[_i].document);
    for (const char *row = rows[_i].rows; *row != '\0';) {
        size_t n = strcspn(row, ";");
        weir__buf_printf(&expected, "u|%.*s\n", (int)n, row);
        row += n + (row[n] == ';');
    }
    bool in_v = strcmp(rows[_i].records, "$") == 0;
    weir__buf_puts(&expected, in_v ? "v|~|~\n" : "v|~|no_records\n");
    parse(rows[_i].records, rows[_i].field, table.data);
    ck_assert_str_eq(rig.output.data, expected.data);
    ck_assert_uint_eq(rig.stage[0].total.failed, rows[_i].failed + !in_v);
    weir__buf_release(&table);
    weir__buf_release(&expected);
}
END_TEST

/* More than fit one call, wherever the work is taken up again. */
START_TEST(test_a_document_may_have_many_records)
{
    struct buf table, expected;
    weir__buf_init(&table);
    weir__buf_init(&expected);
    for (int d = 0; d < 3; d++) {
        weir__buf_printf(&table, "%d|{\"data\": [", d);
        for (int i = 0; i < 1000 * d; i++) {
            weir__buf_printf(&table, "%s{\"x\": [\"]\", {}], \"a\": %d}", i > 0 ? " , " : "", i);
            weir__buf_printf(&expected, "%d|%d|~\n", d, i);
        }
        weir__buf_puts(&table, "]}\n");
    }
    rig.kill_every = _i == 0 ? 0 : 2;
    parse("/data", "/a", table.data);
    ck_assert_str_eq(rig.output.data, expected.data);
    weir__buf_release(&table);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_records_that_failed_before_are_passed_on)
{
    rig_table(&rig, "url|body|error", "a|~|timeout\nb|[{\"a\": 1}]|~\nc|~|~\n");
    ck_assert_int_eq(add("$", "/a"), 0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
    ck_assert_str_eq(rig.output.data, "a|~|timeout\nb|1|~\nc|~|~\n");
    ck_assert_uint_eq(rig.stage[0].total.failed, 0);
}
END_TEST

START_TEST(test_a_path_that_is_none_is_an_error_of_planning)
{
    static const char *const bad[][2] = {{"$.a[", "/a"}, {"$", "$.a["}, {"$", ""}};
    rig_table(&rig, "body", "x\n");
    ck_assert(add(bad[_i][0], bad[_i][1]) < 0 || rig_run(&rig) < 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json.parse");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, test_of_a_document_come, 0, (int)COUNT(rows));
    tcase_add_loop_test(all, test_a_document_may_have_many_records, 0, 2);
    tcase_add_test(all, test_records_that_failed_before_are_passed_on);
    tcase_add_loop_test(all, test_a_path_that_is_none_is_an_error_of_planning, 0, 3);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
