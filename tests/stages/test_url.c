/* Addresses, by the WHATWG's URL Standard. */
#include "stages/rig.h"

#include <weir/json.h>

#include "web/url.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *base, *text, *url; /* NULL: it is none */
} rows[] = {
    {NULL, " HTTP://User:P%40@EXAMPLE.com:080/a b?c d#e f ",
     "http://User:P%40@example.com/a%20b?c%20d#e%20f"},
    {NULL, "https:\\\\h.org:443\\x\\..\\y", "https://h.org/y"},
    {NULL, "http://h.org/%2e%2E/a/./b/..", "http://h.org/a/"},
    {NULL, "ht\ntp://h.org/\ta", "http://h.org/a"},
    {NULL, "http://a@b@h.org:/", "http://a%40b@h.org/"},
    {NULL, "http://0x7f.1", "http://127.0.0.1/"},
    {NULL, "http://2130706433/", "http://127.0.0.1/"},
    {NULL, "http://1.2.3.256", NULL},
    {NULL, "http://[2001:DB8:0:0:1:0:0:0]", "http://[2001:db8:0:0:1::]/"},
    {NULL, "http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]/"},
    {NULL, "http://[1:2:3:4:5:6:7:8]:9", "http://[1:2:3:4:5:6:7:8]:9/"},
    {NULL, "http://[::1", NULL},
    {NULL,
     "http://b\xc3\xbc"
     "cher.example/\xc3\xbc",
     "http://xn--bcher-kva.example/%C3%BC"},
    {NULL, "http://h.org/\xff", "http://h.org/%FF"},
    {NULL, "http://a b/", NULL},
    {NULL, "http://h.org:65536", NULL},
    {NULL, "http:///", NULL},
    {NULL, "h.org/a", NULL},
    {NULL, "ftp://h.org/", NULL},
    {NULL, "", NULL},
    {"https://u@h.org:1/a/b?c#d", "", "https://u@h.org:1/a/b?c"},
    {"https://u@h.org:1/a/b?c#d", "#e", "https://u@h.org:1/a/b?c#e"},
    {"https://u@h.org:1/a/b?c#d", "?", "https://u@h.org:1/a/b?"},
    {"https://u@h.org:1/a/b?c#d", "e/f", "https://u@h.org:1/a/e/f"},
    {"https://u@h.org:1/a/b?c#d", "../../../e", "https://u@h.org:1/e"},
    {"https://u@h.org:1/a/b?c#d", "/e", "https://u@h.org:1/e"},
    {"https://u@h.org:1/a/b?c#d", "//o.org", "https://o.org/"},
    {"https://u@h.org:1/a/b?c#d", "https:e", "https://u@h.org:1/a/e"},
    {"https://u@h.org:1/a/b?c#d", "http:e", "http://e/"},
    {"https://u@h.org:1/a/b?c#d", "javascript:1", NULL},
};

START_TEST(test_on_a_page_an_address_means)
{
    struct bytes url = {0};
    const char *meant = rows[_i].url;
    bool found = weir__url_resolve(rows[_i].base, rows[_i].text, strlen(rows[_i].text), &url);
    ck_assert_msg(found == (meant != NULL), "'%s' is '%s'", rows[_i].text, url.data);
    ck_assert_str_eq(url.data, found ? meant : "");
    free(url.data);
}
END_TEST

/* ---- the standard's own cases, where they are ---- */

static struct bytes text_at(struct weir_value test, const char *path)
{
    struct bytes text = {0};
    bool escaped;
    struct weir_value value = weir_json_find(test, path, &escaped);
    weir__bytes_clear(&text);
    if (value.data == NULL)
        return text;
    char *plain = malloc(value.length + 1);
    uint32_t n = weir_json_unescape(value, plain);
    weir__bytes_add(&text, plain, n);
    free(plain);
    return text;
}

static bool is_http(const struct bytes *url)
{
    const char *at = url->data + strspn(url->data, " ");
    return strncasecmp(at, "http:", 5) == 0 || strncasecmp(at, "https:", 6) == 0;
}

/* -1: it is not about these schemes. */
static int agrees(struct weir_value test)
{
    struct bytes input = text_at(test, "$.input"), base = text_at(test, "$.base"),
                 href = text_at(test, "$.href"), absolute = {0}, url = {0};
    bool relative = !weir__url_is_foreign(input.data, input.count) && is_http(&base);
    bool ours = (is_http(&input) || relative) && (base.count == 0 || is_http(&base));
    bool found = weir__url_resolve(NULL, base.data, base.count, &absolute) || base.count == 0;
    found = found && weir__url_resolve(base.count == 0 ? NULL : absolute.data, input.data,
                                       input.count, &url);
    bool same = found ? strcmp(url.data, href.data) == 0 : href.count == 0;
    free(input.data);
    free(base.data);
    free(href.data);
    free(absolute.data);
    free(url.data);
    return ours ? same : -1;
}

/* The one that does not is a host whose name is a snowman, which libidn2 refuses. */
START_TEST(test_the_cases_of_the_standard_agree)
{
    char path[4096];
    int agree = 0, all = 0;
    snprintf(path, sizeof(path), "%.*s../shared/corpora/url/urltestdata.json",
             (int)(strstr(__FILE__, "tests/stages/") - __FILE__), __FILE__);
    if (access(path, R_OK) != 0) {
        printf("skipped: no %s\n", path);
        return;
    }
    struct buf file = rig_read(path);
    weir__buf_add(&file, "", 1);
    for (char *at = strstr(file.data, "\n  {\n"); at != NULL; at = strstr(at, "\n  {\n")) {
        char *end = strstr(++at, "\n  }");
        int agreed = agrees((struct weir_value){at, (uint32_t)(end + 4 - at)});
        agree += agreed == 1;
        all += agreed >= 0;
    }
    weir__buf_release(&file);
    printf("%d of %d cases about http and https agree with the URL Standard\n", agree, all);
    ck_assert_int_ge(agree, all - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url");
    TCase *tcase = tcase_create("addresses");
    weir__url_load();
    tcase_add_loop_test(tcase, test_on_a_page_an_address_means, 0, COUNT(rows));
    tcase_add_test(tcase, test_the_cases_of_the_standard_agree);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
