/* url.list. */
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

static void list(struct node *with)
{
    ck_assert_int_eq(rig_add(&rig, &weir_url_list, with), 0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
}

static const char text[] =
    "HTTP://H.org\n\n  https://h.org/a/../b#c \r\nno address\nhttp://h.org/\n"
    "http://h.org/last";

START_TEST(test_lines_are_addresses)
{
    list(rig_with("path", rig_write(&rig, "urls.txt", text), NULL));
    ck_assert_str_eq(rig.output.data, "http://h.org/\nhttps://h.org/b\nno address\nhttp://h.org/\n"
                                      "http://h.org/last\n");
}
END_TEST

START_TEST(test_of_the_same_the_first_counts)
{
    list(rig_with("path", rig_write(&rig, "urls.txt", text), "duplicates", "drop", NULL));
    ck_assert_str_eq(rig.output.data,
                     "http://h.org/\nhttps://h.org/b\nno address\nhttp://h.org/last\n");
}
END_TEST

START_TEST(test_addresses_may_stand_in_the_pipeline_file)
{
    list(rig_put(rig_with(NULL), "urls", rig_list("http://a", "http://b/", "http://a/", NULL)));
    ck_assert_str_eq(rig.output.data, "http://a/\nhttp://b/\nhttp://a/\n");
}
END_TEST

static const struct {
    const char *sitemap, *rows; /* NULL: the run fails */
} sitemaps[] = {
    {"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
     "<url><loc> http://H.org/?a=1&amp;b=2 </loc><lastmod>2024-01-02</lastmod></url>"
     "<url><lastmod>x</lastmod></url><url><loc>http://h.org/2</loc></url></urlset>",
     "http://h.org/?a=1&b=2|2024-01-02\nhttp://h.org/2|~\n"},
    {"<sitemapindex><sitemap><loc>http://h.org/1.xml.gz</loc></sitemap></sitemapindex>",
     "http://h.org/1.xml.gz|~\n"},
    {"\xef\xbb\xbf<urlset/>", ""},
    {"<urlset><url><loc>http://h.org/</loc></url>", NULL},
    {"<!DOCTYPE u [<!ENTITY a 'b'>]><urlset/>", NULL},
    {"", NULL},
};

START_TEST(test_a_sitemap_has_addresses)
{
    const char *path = rig_write(&rig, "sitemap.xml", sitemaps[_i].sitemap);
    ck_assert_int_eq(rig_add(&rig, &weir_url_list, rig_with("sitemap", path, NULL)), 0);
    int rc = rig_run(&rig);
    ck_assert_int_eq(rc, sitemaps[_i].rows == NULL ? WEIR_EDATA : 0);
    if (rc == 0)
        ck_assert_str_eq(rig.output.data, sitemaps[_i].rows);
}
END_TEST

/* Wherever the work is taken up again, also behind what was dropped. */
START_TEST(test_a_successor_goes_on_where_its_predecessor_was)
{
    struct buf lines, expected;
    weir__buf_init(&lines);
    weir__buf_init(&expected);
    for (int i = 0; i < 9000; i++) {
        weir__buf_printf(&lines, "http://h.org/%d\n", _i == 0 ? i : i * i % 5003);
        if (_i == 0 || i <= 5003 / 2)
            weir__buf_printf(&expected, "http://h.org/%d\n", _i == 0 ? i : i * i % 5003);
    }
    rig.kill_every = 2;
    list(rig_with("path", rig_write(&rig, "urls.txt", lines.data), "duplicates",
                  _i == 0 ? "keep" : "drop", NULL));
    ck_assert_str_eq(rig.output.data, expected.data);
    weir__buf_release(&lines);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_addresses_have_one_origin)
{
    struct node *with = _i == 0 ? rig_with("duplicates", "drop", NULL)
                                : rig_with("path", "a", "sitemap", "b", NULL);
    ck_assert(rig_add(&rig, &weir_url_list, with) < 0 || rig_run(&rig) < 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url.list");
    TCase *tcase = tcase_create("url.list");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_lines_are_addresses);
    tcase_add_test(tcase, test_of_the_same_the_first_counts);
    tcase_add_test(tcase, test_addresses_may_stand_in_the_pipeline_file);
    tcase_add_loop_test(tcase, test_a_sitemap_has_addresses, 0, COUNT(sitemaps));
    tcase_add_loop_test(tcase, test_a_successor_goes_on_where_its_predecessor_was, 0, 2);
    tcase_add_loop_test(tcase, test_addresses_have_one_origin, 0, 2);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
