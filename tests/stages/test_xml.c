/* xml.parse. */
#include "stages/rig.h"

#include "web/web.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

/* Feeds the documents, of the column `body`, and runs. */
static void parse(const char *records, const char *field, const char *table)
{
    rig_table(&rig, "url|body", table);
    ck_assert_int_eq(
        rig_add(&rig, &weir_xml_parse,
                rig_put(rig_with("records", records, NULL), "fields", rig_with("f", field, NULL))),
        0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
}

static const struct {
    const char *records, *field, *document, *rows; /* "f|error", as they begin; ... */
} rows[] = {
    {"item", "title",
     "<rss><channel><title>no</title><item><title> a \t<b>&amp;</b></title></item>"
     "<item/></channel></rss>",
     "a &|~;~|~"},
    {"entry", "link/@href",
     "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='h'/>"
     "</entry></feed>",
     "h|~"},
    {"item", "dc:date", "<r xmlns:dc='d'><item><dc:date>1</dc:date></item></r>", "1|~"},
    {"item", "dc:date", "<r><item/></r>", "~|~"},
    {"x:item", "@n", "<r xmlns:x='x'><item n='1'/><x:item n='2'/></r>", "2|~"},
    {"/r/item", "@n", "<r><item n='1'/><a><item n='2'/></a></r>", "1|~"},
    {"r/*", "name()", "<r><a/><b/></r>", "a|~;b|~"},
    {"item", "all c", "<r><item><c>1</c><c><![CDATA[<2>]]></c></item><item/></r>",
     "[\"1\",\"<2>\"]|~;[]|~"},
    {"item", "item/@n", "<r><item><item n='1'/></item></r>", "1|~"},
    {"item", "c", "<r/>", ""},
    {"item", "c", "<r><item><c>1</c></item><item>", "1|~;~|malformed: line 1: "},
    {"item", "c", "", "~|malformed: line 1: "},
    {"item", "c", "no XML", "~|malformed: line 1: "},
    {"item", "c", "<r><item>&nbsp;</item></r>", "~|malformed: line 1: Entity 'nbsp' not defined"},
    {"item", "c", "<!DOCTYPE r [<!ENTITY a 'b'>]><r><item>&a;</item></r>", "~|entities"},
    {"item", "c", "<!--> <a --><?a ?>\t<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r/>",
     "~|entities"},
    {"item", "c", "<!DOCTYPE r SYSTEM 'http://127.0.0.1/r.dtd'><r><item><c>a&nbsp;b</c></item></r>",
     "ab|~"},
    {"item", "c", "<?xml version='1.0' encoding='koi8-r'?><r><item><c>\xc1</c></item></r>",
     "\xd0\xb0|~"},
    {"item", "c", "<r><item><c>\xff</c></item></r>", "\xef\xbf\xbd|~"},
};

START_TEST(test_of_a_document_come)
{
    struct buf table;
    weir__buf_init(&table);
    weir__buf_printf(&table, "u|%s\n", rows[_i].document);
    parse(rows[_i].records, rows[_i].field, table.data);
    weir__buf_release(&table);
    char *at = rig.output.data;
    for (const char *row = rows[_i].rows; *row != '\0';) {
        size_t n = strcspn(row, ";");
        ck_assert_msg(strncmp(at, "u|", 2) == 0 && strncmp(at + 2, row, n) == 0, "%s",
                      rig.output.data);
        at = strchr(at, '\n') + 1;
        row += n + (row[n] == ';');
    }
    ck_assert_str_eq(at, "");
}
END_TEST

static const struct {
    const char *begin, *repeated;
    int times;
    const char *field, *error;
} limits[] = {
    {"<r>", "<a>", 10000, "c", "too_deep"},
    {"<r><item>", "xxxxxxxxxxxxxxxx", 12 << 16, "c", "text_too_long"},
    {"<r><item>", "<i/>", 20000, "count(//i[count(//i) > 1])", "xpath_limit"},
    {"<r><item><a ", "b='' ", 20000, "c", "malformed: line 1: "},
};

/* Nor is anything said of what comes behind. */
START_TEST(test_a_limit_ends_a_document)
{
    struct buf table;
    weir__buf_init(&table);
    weir__buf_printf(&table, "u|%s", limits[_i].begin);
    for (int i = 0; i < limits[_i].times; i++)
        weir__buf_puts(&table, limits[_i].repeated);
    weir__buf_puts(&table, strcmp(limits[_i].error, "xpath_limit") == 0 ? "</item></r>\n" : "\n");
    weir__buf_puts(&table, "v|<r><item><c>1</c></item></r>\n");
    parse("item", limits[_i].field, table.data);
    weir__buf_release(&table);
    char expected[64];
    snprintf(expected, sizeof(expected), "u|~|%s", limits[_i].error);
    ck_assert_msg(strncmp(rig.output.data, expected, strlen(expected)) == 0, "%s", rig.output.data);
    ck_assert_ptr_nonnull(strstr(rig.output.data, "\nv|"));
    ck_assert_uint_eq(rig.stage[0].total.failed, 1);
}
END_TEST

/* Entities of entities, of which each doubles the last: libxml2 would be at it for hours. */
START_TEST(test_entities_do_not_explode)
{
    struct buf table;
    weir__buf_init(&table);
    weir__buf_puts(&table, "u|<!DOCTYPE r [<!ENTITY % a0 '<!-- x -->'>");
    for (int i = 1; i < 40; i++)
        weir__buf_printf(&table, "<!ENTITY %% a%d '&#37;a%d;&#37;a%d;'>", i, i - 1, i - 1);
    weir__buf_puts(&table, "%a39;]><r><item/></r>\n");
    parse("item", "c", table.data);
    weir__buf_release(&table);
    ck_assert_str_eq(rig.output.data, "u|~|entities\n");
}
END_TEST

/* More than fit one call, wherever the work is taken up again. */
START_TEST(test_a_document_may_have_many_records)
{
    struct buf table, expected;
    weir__buf_init(&table);
    weir__buf_init(&expected);
    for (int d = 0; d < 3; d++) {
        weir__buf_printf(&table, "%d|<r>", d);
        for (int i = 0; i < 1000 * d; i++) {
            weir__buf_printf(&table, "<item>%d</item>", i);
            weir__buf_printf(&expected, "%d|%d|~\n", d, i);
        }
        weir__buf_puts(&table, "</r>\n");
    }
    rig.kill_every = _i == 0 ? 0 : 2;
    parse("item", ".", table.data);
    ck_assert_str_eq(rig.output.data, expected.data);
    weir__buf_release(&table);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_records_that_failed_before_are_passed_on)
{
    rig_table(&rig, "url|body|error", "a|~|timeout\nb|<r><item/></r>|~\nc|~|~\n");
    ck_assert_int_eq(rig_add(&rig, &weir_xml_parse,
                             rig_put(rig_with("records", "item", NULL), "fields",
                                     rig_with("f", "name()", NULL))),
                     0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
    ck_assert_str_eq(rig.output.data, "a|~|timeout\nb|item|~\nc|~|~\n");
}
END_TEST

static const char *const bad[][2] = {{"", "c"},   {"a//b", "c"},  {"a[1]", "c"},
                                     {"a/", "c"}, {"item", "c["}, {"item", "all "}};

START_TEST(test_a_path_that_is_none_is_an_error_of_planning)
{
    rig_table(&rig, "body", "x\n");
    ck_assert(rig_add(&rig, &weir_xml_parse,
                      rig_put(rig_with("records", bad[_i][0], NULL), "fields",
                              rig_with("f", bad[_i][1], NULL))) < 0 ||
              rig_run(&rig) < 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xml");
    TCase *tcase = tcase_create("xml.parse");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_of_a_document_come, 0, COUNT(rows));
    tcase_add_loop_test(tcase, test_a_limit_ends_a_document, 0, COUNT(limits));
    tcase_add_test(tcase, test_entities_do_not_explode);
    tcase_add_loop_test(tcase, test_a_document_may_have_many_records, 0, 2);
    tcase_add_test(tcase, test_records_that_failed_before_are_passed_on);
    tcase_add_loop_test(tcase, test_a_path_that_is_none_is_an_error_of_planning, 0, COUNT(bad));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
