/* html.parse. */
#include "stages/rig.h"
#include "unit/unit.h"

#include "web/css.h"
#include "web/encoding.h"
#include "web/page.h"
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

/* What comes out of one page, in row 'extract|error', for `what` of a page at http://h.org/a/b. */
static void extract(const char *what, const char *body, size_t n)
{
    struct buf row;
    weir__buf_init(&row);
    weir__buf_printf(&row, "http://h.org/a/b|");
    weir__buf_add(&row, body, n);
    weir__buf_add(&row, "\n", 2);
    rig_table(&rig, "url|body", row.data);
    weir__buf_release(&row);
    ck_assert_int_eq(rig_add(&rig, &weir_html_parse,
                             rig_put(rig_with("extract", what, NULL), "keep", rig_list(NULL))),
                     0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
}

static const struct {
    const char *what, *body, *row;
} pages[] = {
    {"title", "<title> A \t b</title>", "A b"},
    {"title", "<p>none", "~"},
    {"title", "<html><title>a&amp;b &eacute;", "a&b é"},
    {"title", "", "~"},
    {"title", "<title>caf\xe9</title>", "café"},
    {"links", "<base href='data:x'><base href='/c/'><a href='d'>",
     "[{\"url\":\"http://h.org/a/d\",\"rel\":\"\",\"text\":\"\"}]"},
    {"links", "<a href='http://[x'>bad</a>",
     "[{\"url\":\"http://[x\",\"rel\":\"\",\"text\":\"bad\"}]"},
    {"title", "<meta charset=utf-8><title>caf\xc3\xa9</title>", "café"},
    {"title", "<meta charset=shift_jis><title>\x83\x65</title>", "テ"},
    {"title",
     "<meta charset=utf-8><title>a\xff"
     "b\xe2\x82</title>",
     "a\xef\xbf\xbd"
     "b\xef\xbf\xbd"},
    {"links", "<a href=c>x <b>y</b></a>",
     "[{\"url\":\"http://h.org/a/c\",\"rel\":\"\",\"text\":\"x y\"}]"},
    {"links", "<base href='//o.org/d/'><a href='?q' rel=nofollow>",
     "[{\"url\":\"http://o.org/d/?q\",\"rel\":\"nofollow\",\"text\":\"\"}]"},
    {"links", "<base href='javascript:1'><a href='#f'>",
     "[{\"url\":\"http://h.org/a/b#f\",\"rel\":\"\",\"text\":\"\"}]"},
    {"links", "<a href='mailto:a@b'><a href=' HTTP://H.org:80\\x y'><a name=n>",
     "[{\"url\":\"mailto:a@b\",\"rel\":\"\",\"text\":\"\"},"
     "{\"url\":\"http://h.org/x%20y\",\"rel\":\"\",\"text\":\"\"}]"},
    {"links", "<p>none", "[]"},
    {"meta",
     "<meta name=description content='a \"b\"'><meta property=og:title content=t><meta "
     "name=description content=again><link rel=canonical href=/c>",
     "{\"description\":\"a \\\"b\\\"\",\"og:title\":\"t\",\"canonical\":\"http://h.org/c\"}"},
    {"meta", "<p>", "{}"},
    {"jsonld",
     "<script type='application/ld+json'>{\"a\":[1,-2.5e3]}</script><script "
     "type=application/ld+json>{bad}</script><script type=application/ld+json>2</script>",
     "[{\"a\":[1,-2.5e3]},2]"},
    {"text", "<title>t</title><p>one<b>two</b><p>three<script>x</script><br>four",
     "onetwo three four"},
};

START_TEST(test_of_a_page_comes)
{
    char expected[1024];
    extract(pages[_i].what, pages[_i].body, strlen(pages[_i].body));
    snprintf(expected, sizeof(expected), "%s|~\n", pages[_i].row);
    ck_assert_str_eq(rig.output.data, expected);
}
END_TEST

static const struct {
    const char *field, *value;
} fields[] = {
    {"css: h1", "Head line"},
    {"xpath: //h1", "Head line"},
    {"xpath: count(//li)", "3"},
    {"css: .b.c", "two"},
    {"css: #l > li:last-child", "three"},
    {"css: li + li", "two"},
    {"all css: li", "[\"one\",\"two\",\"three\"]"},
    {"all css: li:nth-child(2n+1)", "[\"one\",\"three\"]"},
    {"all css: li:nth-child(-n+2)", "[\"one\",\"two\"]"},
    {"all css: li:not(.b)", "[\"one\",\"three\"]"},
    {"all css: h1, li.a", "[\"Head line\",\"one\"]"},
    {"css: li ~ li.d", "three"},
    {"css: img::attr(src)", " i.png"},
    {"css: img[SRC$='.png']::attr(alt)", "x"},
    {"css: [data-x~=q]", "three"},
    {"css: h1::text", "Head"},
    {"css: h2", "~"},
    {"all css: h2", "[]"},
};

START_TEST(test_of_a_field_comes)
{
    char expected[256];
    rig_table(&rig, "body",
              "<h1>Head<i> line</i></h1><ul id=l><li class=a>one<li class='b c'>two<li class=d "
              "data-x='p q'>three</ul><img src=' i.png' alt=x>\n");
    ck_assert_int_eq(
        rig_add(&rig, &weir_html_parse,
                rig_put(rig_with(NULL), "fields", rig_with("f", fields[_i].field, NULL))),
        0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
    snprintf(expected, sizeof(expected), "%s|~\n", fields[_i].value);
    ck_assert_str_eq(rig.output.data, expected);
}
END_TEST

static const char *const bad_fields[] = {"h1",
                                         "css: ",
                                         "css: h1[",
                                         "css: h1:hover",
                                         "css: a::b",
                                         "css: a > > b",
                                         "css: :not(a b)",
                                         "xpath: //h1[",
                                         "css: a::text b",
                                         "css: [a='\"'][b=\"'\"][c='x"};

START_TEST(test_a_selector_that_is_none_is_an_error_of_planning)
{
    rig_table(&rig, "body", "x\n");
    ck_assert_int_eq(
        rig_add(&rig, &weir_html_parse,
                rig_put(rig_with(NULL), "fields", rig_with("f", bad_fields[_i], NULL))),
        0);
    ck_assert_int_lt(rig_run(&rig), 0);
}
END_TEST

static const struct {
    const char *repeated;
    int times;
    const char *field, *end;
} limits[] = {
    {"<div>", 10000, "xpath: count(//h1)", "|too_deep\n"},
    {"xxxxxxxxxxxxxxxx", 12 << 16, "xpath: count(//h1)", "|text_too_long\n"},
    {"<i></i>", 20000, "xpath: //i[count(//i) > 1]", "|~|xpath_limit\n"},
    {"<i></i>", 20000, "xpath: count(//i)", "|20000|~\n"},
    {"<i b=", 20000, "xpath: count(//i)", "|1|~\n"}, /* one long attribute */
};

START_TEST(test_a_limit_is_told_in_the_record)
{
    struct buf row;
    weir__buf_init(&row);
    weir__buf_puts(&row, "<title>t</title><p>");
    for (int i = 0; i < limits[_i].times; i++)
        weir__buf_puts(&row, limits[_i].repeated);
    weir__buf_add(&row, "\n", 2);
    rig_table(&rig, "body", row.data);
    weir__buf_release(&row);
    ck_assert_int_eq(rig_add(&rig, &weir_html_parse,
                             rig_put(rig_with("extract", "title", NULL), "fields",
                                     rig_with("f", limits[_i].field, NULL))),
                     0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
    ck_assert_str_eq(strstr(rig.output.data, limits[_i].end), limits[_i].end);
    ck_assert_int_eq(strncmp(rig.output.data, "t|", 2), 0);
    ck_assert_uint_eq(rig.stage[0].total.failed, strstr(limits[_i].end, "~\n") == NULL);
}
END_TEST

/* ---- with a tree and without ---- */

static const char *const tokens[] = {"<a href=x>",
                                     "<a>",
                                     "</a>",
                                     "<a href rel='nofollow'>",
                                     "<area href=\"/y\">",
                                     "<title>",
                                     "</title>",
                                     "<meta name=n content=c>",
                                     "<meta property='p' content='d &amp; e'>",
                                     "<meta name=n>",
                                     "<link rel=Canonical href=k>",
                                     "<base href='/b/'>",
                                     "<base>",
                                     "<div>",
                                     "</div>",
                                     "<p>",
                                     "</p>",
                                     "<li>",
                                     "<table><tr><td>",
                                     "</table>",
                                     "<script>a<b</script>",
                                     "<script>",
                                     "</script>",
                                     "<style>x</style>",
                                     "<body>",
                                     "</body></html>",
                                     "<head>",
                                     "</head>",
                                     "<!-- <a href=z> -->",
                                     "<?pi ?>",
                                     "<!DOCTYPE html>",
                                     "<img alt=''>",
                                     "<form>",
                                     "<b>",
                                     "</b>",
                                     "word",
                                     " ",
                                     "\n",
                                     "&eacute;",
                                     "&nope;",
                                     "<",
                                     "</",
                                     "<x:y href=q>"};

static void assert_same_outline(const char *html, size_t n)
{
    struct bytes with[3] = {{0}}, without[3] = {{0}};
    for (int i = 0; i < 2; i++) {
        struct bytes *to = i == 0 ? with : without;
        struct page *page = weir__page_parse(html, n, "http://h.org/", i == 0);
        ck_assert_ptr_nonnull(page);
        for (int k = 0; k < 3; k++)
            weir__bytes_clear(&to[k]);
        weir__bytes_say(&to[0], weir__page_title(page, &to[0]) ? "" : "none");
        weir__page_links(page, &to[1]);
        weir__page_meta(page, &to[2]);
        weir__bytes_say(&to[2], weir__page_limit(page) == NULL ? "" : weir__page_limit(page));
        weir__page_free(page);
    }
    for (int k = 0; k < 3; k++) {
        ck_assert_msg(strcmp(with[k].data, without[k].data) == 0,
                      "%.300s\nwith a tree: %.300s\nwithout: %.300s", html, with[k].data,
                      without[k].data);
        free(with[k].data);
        free(without[k].data);
    }
}

START_TEST(test_a_page_says_the_same_without_a_tree)
{
    uint64_t random = (uint64_t)_i + 1;

    for (int round = 0; round < 400; round++) {
        struct buf page;
        weir__buf_init(&page);
        for (uint64_t n = random_below(&random, 60); n > 0; n--) {
            const char *token = tokens[random_below(&random, COUNT(tokens))];
            int times = random_below(&random, 200) == 0 ? 300 : 1;
            while (times-- > 0)
                weir__buf_puts(&page, token);
        }
        weir__buf_puts(&page, "");
        assert_same_outline(page.data == NULL ? "" : page.data, page.len);
        weir__buf_release(&page);
    }
}
END_TEST

START_TEST(test_a_long_text_ends_the_same_without_a_tree)
{
    static const char *const begin[] = {"<title>", "<a href=x>", "<p>"};
    struct buf page;
    weir__buf_init(&page);
    weir__buf_printf(&page, "<a href=1>first</a>%s", begin[_i]);
    for (int i = 0; i < 700000; i++)
        weir__buf_puts(&page, "xxxxxxxxxxxxxxxx");
    weir__buf_puts(&page, "</p></title></a><meta name=a content=b><a href=2>last</a>");
    assert_same_outline(page.data, page.len);
    weir__buf_release(&page);
}
END_TEST

START_TEST(test_an_element_may_have_20000_attributes)
{
    struct buf page;
    weir__buf_init(&page);
    weir__buf_puts(&page, "<a href='/b'");
    for (int i = 0; i < 20000; i++)
        weir__buf_printf(&page, " a%d='%d'", i, i);
    weir__buf_puts(&page, ">");
    extract("links", page.data, page.len);
    weir__buf_release(&page);
    ck_assert_str_eq(rig.output.data,
                     "[{\"url\":\"http://h.org/b\",\"rel\":\"\",\"text\":\"\"}]|~\n");
}
END_TEST

START_TEST(test_records_that_failed_before_are_passed_on)
{
    rig_table(&rig, "url|body|error", "http://a/|~|timeout\nhttp://b/|<title>t|~\n");
    ck_assert_int_eq(rig_add(&rig, &weir_html_parse, rig_with("extract", "title", NULL)), 0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
    ck_assert_str_eq(rig.output.data, "http://a/|~|timeout\nhttp://b/|t|~\n");
}
END_TEST

static const struct {
    const char *page, *type, *name;
} declared[] = {
    {"\xef\xbb\xbf<meta charset=koi8-r>", "text/html; charset=latin1", "UTF-8"},
    {"\xff\xfe<\0", NULL, "UTF-16LE"},
    {"<meta charset=koi8-r>", "text/html; charset=\"utf8\"", "UTF-8"},
    {"<meta charset=koi8-r>", "text/html; charset=nonsense", "KOI8-R"},
    {"<meta charset=utf-16>", NULL, "UTF-8"},
    {"<!-- <meta charset=koi8-r> -->", NULL, "windows-1252"},
    {"<!--><meta charset=koi8-r>", NULL, "KOI8-R"},
    {"<p a='<meta charset=koi8-r>'>", NULL, "windows-1252"},
    {"<meta http-equiv=content-type content='text/html;charset=big5'>", NULL, "Big5"},
    {"<meta content='text/html;charset=big5'>", NULL, "windows-1252"},
    {"<meta charset=koi8-r", NULL, "windows-1252"},
};

START_TEST(test_the_encoding_is)
{
    const char *type = declared[_i].type;
    const struct encoding *encoding = weir__encoding_of_page(
        declared[_i].page, strlen(declared[_i].page), type, type == NULL ? 0 : strlen(type));
    ck_assert_str_eq(encoding->name, declared[_i].name);
}
END_TEST

START_TEST(test_every_encoding_decodes_ascii_and_ends)
{
    static const char *const labels[] = {
        "utf-8", "gbk",         "big5",         "euc-jp",    "iso-2022-jp",
        "sjis",  "euc-kr",      "latin1",       "koi8-u",    "x-mac-cyrillic",
        "866",   "windows-874", "iso-8859-8-i", "macintosh", "x-user-defined"};
    for (int i = 0; i < (int)COUNT(labels); i++) {
        struct bytes text = {0};
        const struct encoding *encoding = weir__encoding_find(labels[i], strlen(labels[i]));
        ck_assert_ptr_nonnull(encoding);
        ck_assert_msg(weir__encoding_decode(encoding, "a<\0b", 4, &text), "%s", labels[i]);
        ck_assert_str_eq(text.data, "a<\xef\xbf\xbd"
                                    "b");
        weir__bytes_clear(&text);
        char all[512];
        for (int c = 0; c < 512; c++)
            all[c] = (char)(c * 7);
        ck_assert(weir__encoding_decode(encoding, all, sizeof(all), &text));
        ck_assert(!text.failed);
        free(text.data);
    }
}
END_TEST

START_TEST(test_windows_1252_has_no_holes)
{
    struct bytes text = {0};
    const struct encoding *encoding = weir__encoding_find(" Latin1 ", 8);
    ck_assert_str_eq(encoding->name, "windows-1252");
    ck_assert(weir__encoding_decode(encoding, "\x80\x81\xff\0a", 5, &text));
    ck_assert_str_eq(text.data, "\xe2\x82\xac\xc2\x81\xc3\xbf\xef\xbf\xbd"
                                "a");
    free(text.data);
}
END_TEST

/* ---- public documents and tables, where they are ---- */

/* False, said, if they are not. */
static bool read_public(const char *name, struct buf *ret)
{
    char path[4096];
    snprintf(path, sizeof(path), "%.*s../shared/corpora/html-encoding/%s",
             (int)(strstr(__FILE__, "tests/stages/") - __FILE__), __FILE__, name);
    if (access(path, R_OK) != 0) {
        printf("skipped: no %s\n", path);
        return false;
    }
    *ret = rig_read(path);
    weir__buf_add(ret, "", 1);
    return true;
}

START_TEST(test_encodings_of_public_documents_are_found)
{
    static const char *const names[] = {"tests1.dat", "tests2.dat"};
    struct buf file;
    int agree = 0, all = 0;
    for (int i = 0; i < (int)COUNT(names) && read_public(names[i], &file); i++) {
        for (char *at = strstr(file.data, "#data\n"); at != NULL; all++) {
            char *page = at + strlen("#data\n"), *end = strstr(page, "#encoding\n");
            char *name = end + strlen("#encoding\n");
            size_t n = strcspn(name, "\n");
            const struct encoding *found =
                weir__encoding_of_page(page, (size_t)(end - page), NULL, 0);
            agree += found == weir__encoding_find(name, n);
            at = strstr(name, "#data\n");
        }
        weir__buf_release(&file);
    }
    printf("%d of %d documents have the encoding that html5lib says\n", agree, all);
    ck_assert_int_eq(agree, all);
}
END_TEST

/* The standard's table is JSON with a label or a name a line, the name last. */
START_TEST(test_every_label_of_the_standard_is_known)
{
    struct buf file;
    char text[64], last[64][64];
    int labels = 0, encodings = 0;
    if (!read_public("encodings.json", &file))
        return;
    for (char *line = strtok(file.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (sscanf(line, " \"name\": \"%63[^\"]", text) == 1) {
            for (; labels > 0; labels--) {
                const struct encoding *found =
                    weir__encoding_find(last[labels - 1], strlen(last[labels - 1]));
                ck_assert_msg(found != NULL && strcmp(found->name, text) == 0, "%s is %s",
                              last[labels - 1], text);
            }
            encodings++;
        } else if (sscanf(line, " \"%63[^\"]", text) == 1 && strstr(line, "\": ") == NULL) {
            strcpy(last[labels++], text); /* a label like iso_8859-1:1987 has a colon too */
        }
    }
    ck_assert_int_eq(encodings, 40);
    weir__buf_release(&file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("html");
    TCase *tcase = tcase_create("html.parse");
    tcase_add_checked_fixture(tcase, setup, teardown);
    weir__encoding_load();
    weir__page_load();
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_of_a_page_comes, 0, COUNT(pages));
    tcase_add_loop_test(tcase, test_of_a_field_comes, 0, COUNT(fields));
    tcase_add_loop_test(tcase, test_a_selector_that_is_none_is_an_error_of_planning, 0,
                        COUNT(bad_fields));
    tcase_add_loop_test(tcase, test_a_limit_is_told_in_the_record, 0, COUNT(limits));
    tcase_add_loop_test(tcase, test_a_page_says_the_same_without_a_tree, 0, 4);
    tcase_add_loop_test(tcase, test_a_long_text_ends_the_same_without_a_tree, 0, 3);
    tcase_add_test(tcase, test_an_element_may_have_20000_attributes);
    tcase_add_test(tcase, test_records_that_failed_before_are_passed_on);
    tcase_add_loop_test(tcase, test_the_encoding_is, 0, COUNT(declared));
    tcase_add_test(tcase, test_every_encoding_decodes_ascii_and_ends);
    tcase_add_test(tcase, test_windows_1252_has_no_holes);
    tcase_add_test(tcase, test_encodings_of_public_documents_are_found);
    tcase_add_test(tcase, test_every_label_of_the_standard_is_known);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
