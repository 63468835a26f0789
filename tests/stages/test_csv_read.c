/* csv.read: csv.cut and csv.parse together, on files that are as they should be. */
#include "stages/rig.h"

#include <errno.h>

#include "csv/read.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

/* Adds csv.read of a file with these bytes, and options as pairs up to NULL. */
static int add_file(const char *text, size_t n, struct node *with)
{
    const char *path = rig_write_bytes(&rig, "in.csv", text, n);
    ck_assert_int_eq(weir__node_append(with, "path", weir__node_scalar(path)), 0);
    return rig_add(&rig, &weir_csv_read, with);
}

static int run(const char *text, struct node *with)
{
    int rc = add_file(text, strlen(text), with);
    return rc < 0 ? rc : rig_run(&rig);
}

static void check_output(const char *expected)
{
    ck_assert_str_eq(rig.output.data, expected);
}

static void check_error(const char *part)
{
    ck_assert_msg(strstr(rig_error(&rig), part) != NULL, "said '%s', not '%s'", rig_error(&rig),
                  part);
}

/* ---- what a file means ---- */

static const struct {
    const char *text, *key, *value, *expected;
} meanings[] = {
    {"a,b\n1,2\n", "header", "true", "1|2\n"},
    {"a,b\r\n1,2\r\n", "header", "true", "1|2\n"},
    {"a,b\r1,2\r3,4", "header", "true", "1|2\n3|4\n"},
    {"a,b\n1,2\r\n3,4\r5,6\n\r7,8", "header", "true", "1|2\n3|4\n5|6\n7|8\n"},
    {"\n\r\na,b\n\n1,2\n\n\n", "header", "true", "1|2\n"},
    {"a,b\n,\"\"\n", "header", "true", "~|\n"},
    {"a,b\n 1 ,\t2\t\n", "header", "true", " 1 |\t2\t\n"},
    {"a,b\n\" x \", y\n", "stray_quotes", "keep", " x | y\n"},
    {"a,b\n\"x,\ny\",\"say \"\"hi\"\"\"\n", "header", "true", "x,\ny|say \"hi\"\n"},
    {"\xef\xbb\xbf"
     "a,b\n1,2\n",
     "header", "true", "1|2\n"},
    {"\xef\xbb\xbf\"a\",b\n1,2\n", "header", "true", "1|2\n"},
    {"a,b\n1,\xff\xfe\n", "header", "true", "1|\xff\xfe\n"},
    {"a,b\n", "header", "true", ""},
    {"a,b", "header", "true", ""},
    {"1,2\n3,4\n", "header", "false", "1|2\n3|4\n"},
    {"\xef\xbb\xbf"
     "1,2\n",
     "header", "false", "1|2\n"},
    {"a;b\n1;2,5\n", "delimiter", ";", "1|2,5\n"},
    {"a\tb\n\t2\n", "delimiter", "\\t", "~|2\n"},
    {"a b\n1 2\n", "delimiter", " ", "1|2\n"},
    {"a,b\n'x,y',\"2\n", "quote", "'", "x,y|\"2\n"},
    {"a,b\nNULL,\"NULL\"\nNULLS,x\n", "null_values", "NULL", "~|~\nNULLS|x\n"},
    {"a,b\n1\n2,3\n", "missing_columns", "null_fill", "1|~\n2|3\n"},
    {"a,b\n1,2,3\n4,5\n", "extra_columns", "ignore", "1|2\n4|5\n"},
    {"a,b\n1,2\"3\n\"x\"y\",4\n", "stray_quotes", "keep", "1|2\"3\nx\"y|4\n"},
    /* one column: a blank line is a null */
    {"a\n1\n\n\"\"\n2\n", "header", "true", "1\n~\n\n2\n"},
    {"a\r\n1\r\n\r\n2\r\n\r\n", "header", "true", "1\n~\n2\n~\n"},
    {"a\r1\r\r2\r", "header", "true", "1\n~\n2\n"},
    {"a\n\r\n\r\n", "header", "true", "~\n~\n"},
    {"\n\n", "header", "false", "~\n~\n"},
};

START_TEST(test_a_file_means)
{
    ck_assert_int_eq(run(meanings[_i].text, rig_with(meanings[_i].key, meanings[_i].value, NULL)),
                     0);
    check_output(meanings[_i].expected);
}
END_TEST

START_TEST(test_a_file_means_the_same_in_small_pieces_and_when_workers_die)
{
    rig.capacity = 10;
    rig.kill_every = 2;
    ck_assert_int_eq(run(meanings[_i].text, rig_with(meanings[_i].key, meanings[_i].value, NULL)),
                     0);
    check_output(meanings[_i].expected);
}
END_TEST

START_TEST(test_nul_bytes_pass_through)
{
    ck_assert_int_eq(add_file("a,b\n1\0x,\0\n", 10, rig_with(NULL)), 0);
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_uint_eq(rig.output.len, 6);
    ck_assert_mem_eq(rig.output.data, "1\0x|\0\n", 6);
}
END_TEST

/* ---- columns ---- */

START_TEST(test_columns_are_named_by_the_header)
{
    ck_assert_int_eq(add_file("id,,\"full name\"\n", 16, rig_with(NULL)), 0);
    ck_assert_int_eq(rig_plan(&rig), 0);
    const struct weir_schema *schema = &rig.stage[1].out;
    ck_assert_uint_eq(schema->columns, 3);
    ck_assert_str_eq(schema->column[0].name, "id");
    ck_assert_str_eq(schema->column[1].name, "column_2");
    ck_assert_str_eq(schema->column[2].name, "full name");
    ck_assert_int_eq(schema->column[0].type, WEIR_UNTYPED);
    rig_close(&rig);
}
END_TEST

START_TEST(test_columns_without_a_header_have_the_names_given_or_numbers)
{
    struct node *with = rig_with("header", "false", NULL);
    rig_put(with, "names", rig_list("x", "y", NULL));
    rig_put(with, "types", rig_with("y", "decimal", NULL));
    ck_assert_int_eq(add_file("1,2\n", 4, with), 0);
    ck_assert_int_eq(rig_plan(&rig), 0);
    ck_assert_str_eq(rig.stage[1].out.column[0].name, "x");
    ck_assert_str_eq(rig.stage[1].out.column[1].name, "y");
    ck_assert_int_eq(rig.stage[1].out.column[1].type, WEIR_DECIMAL);
    rig_close(&rig);
}
END_TEST

START_TEST(test_only_needed_columns_are_made)
{
    rig.wanted = "c|a";
    ck_assert_int_eq(run("a,b,c\n1,2,3\n4,\"5\",6\n", rig_with(NULL)), 0);
    check_output("1|3\n4|6\n");
}
END_TEST

START_TEST(test_records_are_counted_when_no_column_is_needed)
{
    rig.wanted = "none";
    ck_assert_int_eq(run("a,b\n1,2\n3,4\n", rig_with(NULL)), 0);
    ck_assert_uint_eq(rig.stage[1].records, 2);
    ck_assert_uint_eq(rig.stage[1].total.in, 2);
}
END_TEST

/* ---- several files ---- */

static int run_files(struct node *paths, struct node *with)
{
    rig_put(with, "path", paths);
    int rc = rig_add(&rig, &weir_csv_read, with);
    return rc < 0 ? rc : rig_run(&rig);
}

START_TEST(test_files_follow_each_other_and_may_order_their_columns_otherwise)
{
    const char *one = rig_write(&rig, "1.csv", "a,b,c\n1,2,3\n");
    const char *two = rig_write(&rig, "2.csv", "c,a,b\n3,1,2\n6,4,5");
    const char *three = rig_write(&rig, "3.csv", "a,b,c\n7,8,9\n");
    rig.capacity = 12;
    ck_assert_int_eq(run_files(rig_list(one, two, three, NULL), rig_with(NULL)), 0);
    check_output("1|2|3\n1|2|3\n4|5|6\n7|8|9\n");
    ck_assert_uint_eq(rig.stage[0].total.bytes, 12 + 17 + 12);
    ck_assert_uint_eq(rig.probe.bytes, 12 + 17 + 12);
}
END_TEST

START_TEST(test_patterns_are_expanded_and_sorted)
{
    rig_write(&rig, "b2.csv", "a\n2\n");
    rig_write(&rig, "b10.csv", "a\n10\n");
    rig_write(&rig, "x.txt", "no\n");
    ck_assert_int_eq(run_files(rig_list(rig_path(&rig, "b*.csv"), NULL), rig_with(NULL)), 0);
    check_output("10\n2\n");
}
END_TEST

START_TEST(test_a_file_with_other_columns_is_named)
{
    const char *one = rig_write(&rig, "1.csv", "id,discount,x\n");
    const char *two = rig_write(&rig, "2.csv", "id,x,discnt\n");
    ck_assert_int_eq(run_files(rig_list(one, two, NULL), rig_with(NULL)), WEIR_EDATA);
    check_error("/2.csv has other columns than ");
    check_error("/1.csv: lacks 'discount', has 'discnt' (did you mean it?)");
}
END_TEST

START_TEST(test_a_file_with_fewer_columns_is_named)
{
    const char *one = rig_write(&rig, "1.csv", "id,price,x\n");
    const char *two = rig_write(&rig, "2.csv", "x,id\n");
    ck_assert_int_eq(run_files(rig_list(one, two, NULL), rig_with(NULL)), WEIR_EDATA);
    check_error("/1.csv: lacks 'price'");
}
END_TEST

/* ---- standard input ---- */

static pid_t feed_standard_input(const char *text, size_t piece)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (size_t n = strlen(text); n > 0;) {
            ssize_t wrote = write(ends[1], text, n < piece ? n : piece);
            if (wrote <= 0)
                _exit(1);
            text += wrote;
            n -= (size_t)wrote;
        }
        _exit(0);
    }
    ck_assert_int_eq(dup2(ends[0], 0), 0);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

START_TEST(test_standard_input_is_read_behind_what_the_probe_took)
{
    struct buf text, expected;
    weir__buf_init(&text);
    weir__buf_init(&expected);
    weir__buf_puts(&text, "a,b\r\n");
    for (int i = 0; i < 30000; i++) {
        weir__buf_printf(&text, "%d,\"x\r\ny\"\r\n", i);
        weir__buf_printf(&expected, "%d|x\r\ny\n", i);
    }
    rig.capacity = 1000 + (size_t)_i * 100000;
    feed_standard_input(text.data, _i == 0 ? 77 : 1 << 20);
    ck_assert_int_eq(run_files(rig_list("-", NULL), rig_with(NULL)), 0);
    check_output(expected.data);
    ck_assert_uint_eq(rig.stage[0].total.bytes, text.len);
    weir__buf_release(&text);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_a_large_row_on_standard_input_is_rejected)
{
    struct buf text;
    weir__buf_init(&text);
    weir__buf_printf(&text, "a,b\n1,2\n3,%0200000d\n5,6\n7\n", 0);
    rig.facts.max_record = 100000;
    rig.capacity = 1000;
    rig.on_error = ON_ERROR_REJECT;
    feed_standard_input(text.data, 5000);
    ck_assert_int_eq(run_files(rig_list("-", NULL), rig_with(NULL)), 0);
    check_output("1|2\n5|6\n");
    ck_assert_ptr_nonnull(
        strstr(rig.rejects.data, "(standard input),3,8,,a row of 200.0 kB is larger"));
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, "(standard input),5,200015,"));
    weir__buf_release(&text);
}
END_TEST

START_TEST(test_a_reader_of_standard_input_cannot_be_replaced)
{
    feed_standard_input("a,b\n1,2\n", 100);
    rig_add(&rig, &weir_csv_read, rig_put(rig_with(NULL), "path", rig_list("-", NULL)));
    ck_assert_int_eq(rig_plan(&rig), 0);
    ck_assert(rig.stage[0].stage.irreplaceable);
    rig_close(&rig);
    rig_release(&rig);
    setup();
    ck_assert_int_eq(run("a\n", rig_with(NULL)), 0);
    ck_assert(!rig.stage[0].stage.irreplaceable);
}
END_TEST

/* ---- options ---- */

START_TEST(test_names_are_for_files_without_a_header)
{
    const char *path = rig_write(&rig, "in.csv", "1,2\n");
    struct node *with = rig_put(rig_with("path", path, NULL), "names", rig_list("a", "b", NULL));
    ck_assert_int_eq(rig_add(&rig, &weir_csv_read, with), WEIR_ECONFIG);
    check_error("'names' is for files without a header");
}
END_TEST

START_TEST(test_delimiter_and_quote_differ_and_are_no_line_ends)
{
    ck_assert_int_eq(rig_add(&rig, &weir_csv_read, rig_with("path", "x", "quote", ",", NULL)),
                     WEIR_ECONFIG);
    check_error("'quote' and 'delimiter' cannot be the same byte");
    rig_release(&rig);
    rig_init(&rig);
    ck_assert_int_eq(rig_add(&rig, &weir_csv_read, rig_with("path", "x", "delimiter", "\n", NULL)),
                     WEIR_ECONFIG);
    check_error("'delimiter' cannot be a line end");
}
END_TEST

START_TEST(test_types_name_types_and_columns)
{
    const char *path = rig_write(&rig, "in.csv", "amount\n1\n");
    struct node *with =
        rig_put(rig_with("path", path, NULL), "types", rig_with("amount", "decimals", NULL));
    ck_assert_int_eq(rig_add(&rig, &weir_csv_read, with), WEIR_ECONFIG);
    check_error("'decimals' is no type");
    rig_release(&rig);
    rig_init(&rig);
    path = rig_write(&rig, "in.csv", "amount\n1\n");
    with = rig_put(rig_with("path", path, NULL), "types", rig_with("amuont", "decimal", NULL));
    ck_assert_int_eq(rig_add(&rig, &weir_csv_read, with), 0);
    ck_assert_int_eq(rig_run(&rig), WEIR_ECONFIG);
    check_error("no column 'amuont'");
    ck_assert_str_eq(rig.errors.list[0].note, "did you mean 'amount'?");
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void add_meaning(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_a_file_means, 0, COUNT(meanings));
    tcase_add_loop_test(tcase, test_a_file_means_the_same_in_small_pieces_and_when_workers_die, 0,
                        COUNT(meanings));
    tcase_add_test(tcase, test_nul_bytes_pass_through);
    tcase_add_test(tcase, test_columns_are_named_by_the_header);
    tcase_add_test(tcase, test_columns_without_a_header_have_the_names_given_or_numbers);
    tcase_add_test(tcase, test_only_needed_columns_are_made);
    tcase_add_test(tcase, test_records_are_counted_when_no_column_is_needed);
    tcase_add_test(tcase, test_files_follow_each_other_and_may_order_their_columns_otherwise);
    tcase_add_test(tcase, test_patterns_are_expanded_and_sorted);
    tcase_add_test(tcase, test_a_file_with_other_columns_is_named);
    tcase_add_test(tcase, test_a_file_with_fewer_columns_is_named);
}

static void add_standard_input(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_standard_input_is_read_behind_what_the_probe_took, 0, 2);
    tcase_add_test(tcase, test_a_large_row_on_standard_input_is_rejected);
    tcase_add_test(tcase, test_a_reader_of_standard_input_cannot_be_replaced);
}

static void add_options(TCase *tcase)
{
    tcase_add_test(tcase, test_names_are_for_files_without_a_header);
    tcase_add_test(tcase, test_delimiter_and_quote_differ_and_are_no_line_ends);
    tcase_add_test(tcase, test_types_name_types_and_columns);
}

int main(void)
{
    Suite *suite = suite_create("csv.read");
    TCase *meaning = tcase_create("meaning");
    tcase_set_timeout(meaning, 60);
    tcase_add_checked_fixture(meaning, setup, teardown);
    add_meaning(meaning);
    suite_add_tcase(suite, meaning);
    TCase *standard_input = tcase_create("standard_input");
    tcase_set_timeout(standard_input, 60);
    tcase_add_checked_fixture(standard_input, setup, teardown);
    add_standard_input(standard_input);
    suite_add_tcase(suite, standard_input);
    TCase *options = tcase_create("options");
    tcase_set_timeout(options, 60);
    tcase_add_checked_fixture(options, setup, teardown);
    add_options(options);
    suite_add_tcase(suite, options);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
