/* url.fetch, and a server that does everything wrong. */
#include "stages/rig.h"

#include "stages/hostile.h"
#include "web/address.h"
#include "web/web.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    hostile_start();
}

static void teardown(void)
{
    hostile_stop();
    rig_release(&rig);
}

/* Fetches `paths` of the server, one a line; "*" in them is its address. */
static void fetch(const char *columns, const char *paths, struct node *with)
{
    struct buf rows;
    weir__buf_init(&rows);
    for (; *paths != '\0'; paths++) {
        if (*paths == '*')
            weir__buf_printf(&rows, "http://127.0.0.1:%d", hostile.port);
        else
            weir__buf_putc(&rows, *paths);
    }
    weir__buf_add(&rows, "", 1);
    rig_table(&rig, "url", rows.data);
    weir__buf_release(&rows);
    rig.wanted = columns;
    ck_assert_int_eq(rig_add(&rig, &weir_url_fetch, with), 0);
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
}

static struct node *locally(void)
{
    return rig_with("allow_private", "true", "attempts", "1", NULL);
}

static const struct {
    const char *path, *row;
} answers[] = {
    {"*/ok", "200|text/html|<title>t</title>|1|~"},
    {"*/none", "404|~|gone|1|http_404"},
    {"*/empty", "204|~|~|1|~"},
    {"*/short", "200|~|~|1|truncated"},
    {"*/excess", "200|~|abc|1|~"},
    {"*/chunk", "200|~|~|1|closed"},
    {"*/lastchunk", "200|~|~|1|truncated"},
    {"*/reset", "200|~|~|1|closed"},
    {"*/closed", "~|~|~|1|closed"},
    {"*/old", "~|~|~|1|protocol"},
    {"*/garbage", "~|~|~|1|protocol"},
    {"*/busy", "503|~|~|1|http_503"},
    {"*/to-ok", "200|text/html|<title>t</title>|1|~"},
    {"*/loop", "301|~|~|1|too_many_redirects"},
    {"*/file", "302|~|~|1|forbidden_scheme"},
    {"*/gopher", "302|~|~|1|forbidden_scheme"},
    {"*/badgzip", "200|~|~|1|encoding"},
    {"*/unknown", "200|~|~|1|encoding"},
    {"*/endless", "200|~|~|1|too_large"},
    {"*/bomb", "200|~|~|1|too_large"},
    {"*/headers", "200|~|~|1|headers_too_large"},
    {"*/line", "200|~|~|1|headers_too_large"},
    {"http://no-such-host.invalid/", "~|~|~|1|dns"},
    {"http://127.0.0.1:1/", "~|~|~|1|refused"},
    {"file:///etc/passwd", "~|~|~|0|bad_url"},
    {"", "~|~|~|0|bad_url"},
    {"http://[", "~|~|~|0|bad_url"},
};

START_TEST(test_a_url_gives)
{
    char path[256], expected[256];
    snprintf(path, sizeof(path), "%s\n", answers[_i].path);
    snprintf(expected, sizeof(expected), "%s\n", answers[_i].row);
    fetch("status|content_type|body|attempts|error", path, locally());
    ck_assert_str_eq(rig.output.data, expected);
}
END_TEST

static const char *const silences[] = {"*/silent", "*/drip", "*/body"};

START_TEST(test_a_server_that_falls_silent_is_given_up)
{
    char path[64];
    snprintf(path, sizeof(path), "%s\n", silences[_i]);
    fetch("error", path, rig_put(locally(), "timeout", weir__node_scalar("200ms")));
    ck_assert_str_eq(rig.output.data, "timeout\n");
}
END_TEST

/* However an address is written, and wherever a redirect leads. */
static const char *const forbidden[] = {
    "*/ok",
    "http://localhost:1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://0/",
};

START_TEST(test_no_connection_is_made_to_private_addresses)
{
    char path[64];
    snprintf(path, sizeof(path), "%s\n", forbidden[_i]);
    fetch("error", path, rig_with(NULL));
    ck_assert_str_eq(rig.output.data, "forbidden_address\n");
    ck_assert_int_eq(atomic_load(&hostile.requests), 0);
}
END_TEST

static const struct {
    int family;
    const char *address;
    bool is_public;
} addresses[] = {
    {AF_INET, "8.8.8.8", true},
    {AF_INET, "100.63.255.255", true},
    {AF_INET, "100.64.0.0", false},
    {AF_INET, "172.15.255.255", true},
    {AF_INET, "172.31.0.1", false},
    {AF_INET, "169.254.169.254", false},
    {AF_INET, "224.0.0.1", false},
    {AF_INET, "255.255.255.255", false},
    {AF_INET, "198.19.255.255", false},
    {AF_INET, "192.167.1.1", true},
    {AF_INET6, "2606:4700::1", true},
    {AF_INET6, "::1", false},
    {AF_INET6, "::", false},
    {AF_INET6, "fe80::1", false},
    {AF_INET6, "fd00:ec2::254", false},
    {AF_INET6, "::ffff:10.0.0.1", false},
    {AF_INET6, "::ffff:8.8.8.8", true},
    {AF_INET6, "64:ff9b::7f00:1", false},
    {AF_INET6, "2002:7f00:1::", false},
    {AF_INET6, "2001::1", false},
    {AF_INET6, "2001:db8::1", false},
    {AF_INET6, "::127.0.0.1", false},
    {AF_INET6, "2001:4860::8888", true},
};

START_TEST(test_an_address_is_public_or_not)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool four = addresses[_i].family == AF_INET;
    void *to = four ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr;
    ck_assert_int_eq(inet_pton(addresses[_i].family, addresses[_i].address, to), 1);
    ck_assert_int_eq(
        weir__address_is_public(four ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6),
        addresses[_i].is_public);
}
END_TEST

START_TEST(test_what_may_be_better_later_is_tried_again)
{
    fetch("attempts|error", "*/busy\n*/none\n*/later\n",
          rig_with("allow_private", "true", "attempts", "3", "backoff", "1ms", NULL));
    ck_assert_str_eq(rig.output.data, "3|http_503\n1|http_404\n1|http_429\n");
    ck_assert_int_eq(atomic_load(&hostile.requests), 5);
}
END_TEST

/* 127.0.0.1 and localhost are two hosts, to who looks at names. */
START_TEST(test_headers_do_not_follow_a_redirect_to_another_host)
{
    char urls[256];
    snprintf(urls, sizeof(urls), "*/to-ok\n*/to?http://localhost:%d/to?http://127.0.0.1:%d/ok\n",
             hostile.port, hostile.port);
    fetch("error", urls, rig_put(locally(), "headers", rig_with("X-Secret", "s", NULL)));
    ck_assert_str_eq(rig.output.data, "~\n~\n");
    ck_assert_int_eq(atomic_load(&hostile.requests), 5);
    ck_assert_int_eq(atomic_load(&hostile.secrets), 3);
}
END_TEST

START_TEST(test_proxies_of_the_environment_are_not_used)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    fetch("error", "*/ok\n", locally());
    ck_assert_str_eq(rig.output.data, "~\n");
}
END_TEST

enum { MANY = 3000 }; /* more than are under way at once */

static void expect_many(void)
{
    char *urls = calloc(MANY, 32), *expected = calloc(MANY, 32);
    size_t n = 0, m = 0;
    for (int i = 0; i < MANY; i++) {
        bool good = i % 3 != 0;
        n += (size_t)sprintf(urls + n, good ? "*/ok#%d\n" : "no#%d\n", i);
        m += (size_t)sprintf(expected + m, good ? "*/ok#%d|200|~\n" : "no#%d|~|bad_url\n", i);
    }
    rig.batch_records = 1250;
    fetch("url|status|error", urls, rig_put(locally(), "per_host", weir__node_scalar("8")));
    const char *got = rig.output.data;
    char server[64];
    snprintf(server, sizeof(server), "http://127.0.0.1:%d", hostile.port);
    for (const char *at = expected; *at != '\0'; at++) {
        size_t length = *at == '*' ? strlen(server) : 1;
        ck_assert_int_eq(strncmp(got, *at == '*' ? server : at, length), 0);
        got += length;
    }
    ck_assert_int_eq(*got, '\0');
    free(urls);
    free(expected);
}

START_TEST(test_every_url_gives_one_record_in_order_wherever_workers_die)
{
    rig.kill_every = (unsigned)_i;
    expect_many();
    ck_assert_uint_eq(rig.kills > 0, _i > 0);
}
END_TEST

START_TEST(test_a_host_gets_no_more_than_per_host_at_once)
{
    char urls[40 * 8 + 1] = "";
    for (int i = 0; i < 40; i++)
        strcat(urls, "*/slow\n");
    fetch("url", urls, rig_put(locally(), "per_host", weir__node_scalar("2")));
    ck_assert_int_eq(atomic_load(&hostile.requests), 40);
    ck_assert_int_le(atomic_load(&hostile.most), 2);
}
END_TEST

START_TEST(test_a_header_with_a_line_end_is_an_error_of_planning)
{
    rig_table(&rig, "url", "x\n");
    ck_assert(rig_add(&rig, &weir_url_fetch,
                      rig_put(rig_with(NULL), "headers", rig_with("A", "b\r\nC: d", NULL))) < 0 ||
              rig_run(&rig) < 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url.fetch");
    TCase *tcase = tcase_create("url.fetch");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_a_url_gives, 0, COUNT(answers));
    tcase_add_loop_test(tcase, test_a_server_that_falls_silent_is_given_up, 0, COUNT(silences));
    tcase_add_loop_test(tcase, test_no_connection_is_made_to_private_addresses, 0,
                        COUNT(forbidden));
    tcase_add_loop_test(tcase, test_an_address_is_public_or_not, 0, COUNT(addresses));
    tcase_add_test(tcase, test_what_may_be_better_later_is_tried_again);
    tcase_add_test(tcase, test_headers_do_not_follow_a_redirect_to_another_host);
    tcase_add_test(tcase, test_proxies_of_the_environment_are_not_used);
    tcase_add_loop_test(tcase, test_every_url_gives_one_record_in_order_wherever_workers_die, 0, 3);
    tcase_add_test(tcase, test_a_host_gets_no_more_than_per_host_at_once);
    tcase_add_test(tcase, test_a_header_with_a_line_end_is_an_error_of_planning);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
