/* csv.read: csv.cut and csv.parse together, on files. */
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

/* ---- files that cannot be read ---- */

START_TEST(test_a_missing_file_is_said)
{
    const char *path = rig_path(&rig, "none.csv");
    ck_assert_int_eq(run_files(rig_list(path, NULL), rig_with(NULL)), WEIR_ENOINPUT);
    check_error("none.csv': No such file or directory");
}
END_TEST

START_TEST(test_a_pattern_that_matches_nothing_is_said)
{
    const char *path = rig_path(&rig, "*.csv");
    ck_assert_int_eq(run_files(rig_list(path, NULL), rig_with(NULL)), WEIR_ENOINPUT);
    check_error("no file matches '");
}
END_TEST

START_TEST(test_a_directory_is_no_file)
{
    const char *path = rig_path(&rig, "folder");
    ck_assert_int_eq(mkdir(path, 0777), 0);
    ck_assert_int_eq(run_files(rig_list(path, NULL), rig_with(NULL)), WEIR_ENOINPUT);
    check_error("folder' is a directory");
}
END_TEST

START_TEST(test_a_fifo_is_refused_without_waiting_for_a_writer)
{
    const char *path = rig_path(&rig, "fifo");
    ck_assert_int_eq(mkfifo(path, 0666), 0);
    ck_assert_int_eq(run_files(rig_list(path, NULL), rig_with(NULL)), WEIR_ENOINPUT);
    check_error("fifo' is not a regular file; read it as standard input");
}
END_TEST

START_TEST(test_a_file_without_permission_is_said)
{
    const char *path = rig_write(&rig, "secret.csv", "a\n");
    ck_assert_int_eq(chmod(path, 0), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    if (access(path, F_OK) < 0)
        ck_assert_int_eq(errno,
                         EACCES); /* the folder itself is closed to nobody: the same message */
    ck_assert_int_eq(run_files(rig_list(path, NULL), rig_with(NULL)), WEIR_ENOINPUT);
    check_error("secret.csv': Permission denied");
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(test_standard_input_twice_is_refused)
{
    ck_assert_int_eq(run_files(rig_list("-", "-", NULL), rig_with(NULL)), WEIR_ECONFIG);
    check_error("standard input ('-') can be read only once");
}
END_TEST

/* ---- files that are not what they should be ---- */

static const struct {
    const char *text, *error;
} refused[] = {
    {"", "in.csv is empty: not even a header"},
    {"\xef\xbb\xbf", "in.csv is empty: not even a header"},
    {"\n\n\r\n", "in.csv has no header: its lines are all blank"},
    {"a,b,a\n1,2,3\n", "in.csv:1: the header has the column 'a' twice: columns 1 and 3"},
    {"\n\na,b,\"b\"\n", "in.csv:3: the header has the column 'b' twice: columns 2 and 3"},
    {"id;name;city\n1;Ann;Rome\n2;Bob;Oslo\n",
     "in.csv: only one column, named 'id;name;city': the delimiter is probably ';' (it is ',')"},
    {"id\tname\n1\tAnn\n", "the delimiter is probably '\\t' (it is ',')"},
    {"id|name\n1|Ann", "the delimiter is probably '|' (it is ',')"},
    {"a,\"b\n1,2\n", "in.csv: the quote opened at line 1, column 3 is never closed"},
    {"\xff\xfe"
     "a\0",
     "in.csv is UTF-16"},
};

START_TEST(test_a_file_is_refused_before_the_run)
{
    ck_assert_int_eq(run(refused[_i].text, rig_with(NULL)), WEIR_EDATA);
    check_error(refused[_i].error);
}
END_TEST

START_TEST(test_one_column_with_other_bytes_in_it_is_no_wrong_delimiter)
{
    ck_assert_int_eq(run("note;s\na\nb;c;d\n", rig_with(NULL)), 0);
    check_output("a\nb;c;d\n");
}
END_TEST

START_TEST(test_an_empty_file_without_a_header_needs_names)
{
    ck_assert_int_eq(run("", rig_with("header", "false", NULL)), WEIR_EDATA);
    check_error("is empty: without a header its columns can be told only with names");
}
END_TEST

START_TEST(test_an_empty_file_with_names_has_no_records)
{
    ck_assert_int_eq(
        run("", rig_put(rig_with("header", "false", NULL), "names", rig_list("a", "b", NULL))), 0);
    check_output("");
}
END_TEST

/* ---- rows that are rejected ---- */

static const struct {
    const char *text, *rejects, *output;
} rejected[] = {
    {"a,b\n1,2\n3\n4,5\n", "3,8,\"\",\"expected 2 fields, found 1\",3\n", "1|2\n4|5\n"},
    {"a,b\r\n1,2\r\n3,4,5\r\n", "3,10,\"\",\"expected 2 fields, found 3\",\"3,4,5\"\n", "1|2\n"},
    {"a,b\n\"1\n\n1\",2\n\nx\n", "6,14,\"\",\"expected 2 fields, found 1\",x\n", "1\n\n1|2\n"},
    {"a\n1,2\n3\n", "2,2,\"\",\"expected 1 field, found 2\",\"1,2\"\n", "3\n"},
    {"a,b\n1,x\"y\n2,3\n",
     "2,4,\"\",\"a quote inside a field that is not quoted, at line 2, column 4; "
     "stray_quotes: keep takes it\",\"1,x\"\"y\"\n",
     "2|3\n"},
    {"a,b\n1,\"\nx\" y\"\n2,3\n",
     "2,4,\"\",\"text behind a closing quote, at line 3, column 3; stray_quotes: keep takes "
     "it\",\"1,\"\"\nx\"\" y\"\"\"\n",
     "2|3\n"},
    {"a,b\n1,2\n3,\"x\ny\n",
     "3,8,\"\",\"the quote opened at line 3, column 3 is never closed; 5 bytes up to the end of "
     "the file were one field. The line begins: 3,\"\"x\",\"3,\"\"x\ny\n\"\n",
     "1|2\n"},
};

static void check_rejects(const char *expected)
{
    /* Each row begins with the file's name. */
    struct buf rest;
    weir__buf_init(&rest);
    for (const char *at = rig.rejects.data; *at != '\0'; at++) {
        const char *name = strstr(at, "in.csv,");
        if (name == NULL)
            break;
        const char *next = strstr(name + 7, rig.dir);
        size_t n = next == NULL ? strlen(name + 7) : (size_t)(next - name - 7);
        weir__buf_add(&rest, name + 7, n);
        at = name + 6 + n;
    }
    ck_assert_str_eq(rest.data, expected);
    weir__buf_release(&rest);
}

START_TEST(test_a_row_is_rejected_with_its_place)
{
    rig.on_error = ON_ERROR_REJECT;
    ck_assert_int_eq(run(rejected[_i].text, rig_with(NULL)), 0);
    check_output(rejected[_i].output);
    check_rejects(rejected[_i].rejects);
    ck_assert_uint_eq(rig.stage[0].rejected + rig.stage[1].rejected, 1);
}
END_TEST

START_TEST(test_a_row_is_rejected_alike_in_small_pieces_and_when_workers_die)
{
    rig.on_error = ON_ERROR_REJECT;
    rig.capacity = 9;
    rig.kill_every = 2;
    ck_assert_int_eq(run(rejected[_i].text, rig_with(NULL)), 0);
    check_output(rejected[_i].output);
    check_rejects(rejected[_i].rejects);
    uint64_t in = rig.stage[0].total.in + rig.stage[1].total.in;
    ck_assert_uint_eq(in, rig.stage[1].records + 1);
}
END_TEST

START_TEST(test_a_bad_row_stops_the_run_behind_the_records_before_it)
{
    ck_assert_int_eq(run("a,b\n1,2\n3\n4,5\n6\n", rig_with(NULL)), WEIR_EDATA);
    check_output("1|2\n");
    check_error("in.csv:3 (byte 8): expected 2 fields, found 1");
}
END_TEST

START_TEST(test_bad_rows_are_dropped_if_so_wanted)
{
    rig.on_error = ON_ERROR_DROP;
    ck_assert_int_eq(run("a,b\n1\n2,3\n4\n", rig_with(NULL)), 0);
    check_output("2|3\n");
    ck_assert_uint_eq(rig.stage[1].total.dropped, 2);
    ck_assert_uint_eq(rig.stage[1].total.in, 3);
}
END_TEST

START_TEST(test_a_parse_goes_on_where_the_rejects_had_no_room)
{
    struct buf text, expected;
    weir__buf_init(&text);
    weir__buf_init(&expected);
    weir__buf_puts(&text, "a,b\n");
    for (int i = 0; i < 500; i++) {
        weir__buf_printf(&text, i % 3 ? "%d,x\n" : "%d\n", i);
        if (i % 3)
            weir__buf_printf(&expected, "%d|x\n", i);
    }
    rig.on_error = ON_ERROR_REJECT;
    rig.reject_capacity = 300;
    ck_assert_int_eq(run(text.data, rig_with(NULL)), 0);
    check_output(expected.data);
    ck_assert_uint_eq(rig.stage[1].rejected, 167);
    ck_assert_uint_eq(rig.stage[1].total.in, 500);
    weir__buf_release(&text);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_records_tell_where_they_came_from)
{
    ck_assert_int_eq(add_file("a,b\n1,2\nx\n\n\"3\n\",4\r\n5,6", 22, rig_with(NULL)), 0);
    rig.on_error = ON_ERROR_REJECT;
    ck_assert_int_eq(rig_bind(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    struct weir_output cut, parsed;
    rig_begin_call(&rig, &rig.stage[0], &cut);
    ck_assert_int_eq(weir_csv_cut.produce(&rig.stage[0].stage, &cut), WEIR_MORE);
    struct weir_batch batch = {.bytes = cut.bytes, .byte_count = cut.used, .origin = cut.origin};
    uint64_t cursor = 0;
    rig_begin_call(&rig, &rig.stage[1], &parsed);
    ck_assert_int_eq(weir_csv_parse.process(&rig.stage[1].stage, &batch, &cursor, &parsed), 0);
    static const struct {
        uint64_t line, offset;
        const char *raw;
    } places[] = {{2, 4, "1,2"}, {5, 11, "\"3\n\",4"}, {7, 19, "5,6"}};
    ck_assert_uint_eq(parsed.batch.records, 3);
    for (uint32_t i = 3; i-- > 0;) {
        struct weir_position position;
        parsed.batch.locate(&parsed.batch, i, &position);
        ck_assert_uint_eq(position.line, places[i].line);
        ck_assert_uint_eq(position.offset, places[i].offset);
        ck_assert_uint_eq(position.raw_bytes, strlen(places[i].raw));
        ck_assert_mem_eq(position.raw, places[i].raw, position.raw_bytes);
    }
    rig_close(&rig);
}
END_TEST

/* ---- large things ---- */

START_TEST(test_a_field_of_ten_megabytes_comes_through)
{
    size_t n = 10 << 20;
    struct buf text;
    weir__buf_init(&text);
    weir__buf_puts(&text, "a,b\n1,2\n\"");
    char *large = malloc(n);
    memset(large, 'x', n);
    weir__buf_add(&text, large, n);
    weir__buf_puts(&text, "\",4\n5,6\n");
    ck_assert_int_eq(run(text.data, rig_with(NULL)), 0);
    ck_assert_uint_eq(rig.output.len, n + 11);
    ck_assert_mem_eq(rig.output.data, "1|2\nxxx", 7);
    ck_assert_mem_eq(rig.output.data + n + 3, "x|4\n5|6\n", 8);
    free(large);
    weir__buf_release(&text);
}
END_TEST

START_TEST(test_a_row_larger_than_max_record_is_rejected_with_its_length)
{
    size_t n = 20 << 20;
    struct buf text;
    weir__buf_init(&text);
    weir__buf_puts(&text, "a,b\n1,2\n\"");
    char *large = malloc(n);
    memset(large, 'x', n);
    weir__buf_add(&text, large, n);
    weir__buf_puts(&text, "\n\",4\r\n5,6\n7\n");
    rig.on_error = ON_ERROR_REJECT;
    ck_assert_int_eq(run(text.data, rig_with(NULL)), 0);
    check_output("1|2\n5|6\n");
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, "in.csv,3,8,\"\",a row of 21.0 MB is larger "
                                                   "than max_record (16 MiB),\"\"\"xxxx"));
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, ",6,20971539,\"\",\"expected 2 fields"));
    ck_assert_uint_eq(rig.rejects.len > 65536 && rig.rejects.len < 67000, true);
    ck_assert_uint_eq(rig.stage[0].total.in, 1);
    ck_assert_uint_eq(rig.stage[0].rejected, 1);
    ck_assert_uint_eq(rig.stage[0].total.bytes, text.len);
    free(large);
    weir__buf_release(&text);
}
END_TEST

START_TEST(test_a_large_row_that_ends_in_crlf_at_a_piece_is_one_line)
{
    /* Row ends fall on every place of the pieces in which a too large row is passed over. */
    for (size_t n = 60; n < 90; n++) {
        char text[200];
        int length = snprintf(text, sizeof(text), "a\n%0*d\r\n\r\nz\n", (int)n, 0);
        rig_init(&rig);
        rig.capacity = 16;
        rig.facts.max_record = 32;
        rig.on_error = ON_ERROR_REJECT;
        ck_assert_int_eq(add_file(text, (size_t)length, rig_with(NULL)), 0);
        ck_assert_int_eq(rig_run(&rig), 0);
        check_output("~\nz\n");
        rig_release(&rig);
    }
    rig_init(&rig);
}
END_TEST

START_TEST(test_a_row_of_a_hundred_thousand_columns_works)
{
    struct buf text;
    weir__buf_init(&text);
    for (int i = 0; i < 100000; i++)
        weir__buf_printf(&text, "%sc%d", i ? "," : "", i);
    for (int row = 0; row < 3; row++) {
        for (int i = 0; i < 100000; i++)
            weir__buf_printf(&text, "%s%d", i ? "," : "\n", row + i);
    }
    weir__buf_puts(&text, "\n1,2\n");
    rig.wanted = "c0|c99999";
    rig.on_error = ON_ERROR_REJECT;
    ck_assert_int_eq(run(text.data, rig_with(NULL)), 0);
    check_output("0|99999\n1|100000\n2|100001\n");
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, "expected 100000 fields, found 2"));
    weir__buf_release(&text);
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
        strstr(rig.rejects.data, "(standard input),3,8,\"\",a row of 200.0 kB is larger"));
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, "(standard input),5,200015,"));
    weir__buf_release(&text);
}
END_TEST

START_TEST(test_a_reader_of_standard_input_is_not_replaced)
{
    rig.kill_every = 2;
    feed_standard_input("a,b\n1,2\n", 100);
    ck_assert_int_eq(run_files(rig_list("-", NULL), rig_with(NULL)), WEIR_EIO);
    check_error("the worker that read standard input died");
}
END_TEST

/* ---- files that change ---- */

START_TEST(test_a_file_that_shrinks_while_it_is_read_is_said)
{
    struct weir_output out;
    rig.capacity = 8;
    ck_assert_int_eq(add_file("a,b\n1,2\n3,4\n5,6\n", 16, rig_with(NULL)), 0);
    ck_assert_int_eq(rig_bind(&rig), 0);
    ck_assert_int_eq(rig_open(&rig), 0);
    rig_begin_call(&rig, &rig.stage[0], &out);
    ck_assert_int_eq(weir_csv_cut.produce(&rig.stage[0].stage, &out), WEIR_MORE);
    ck_assert_int_eq(truncate(rig.facts.file[0], 14), 0);
    rig_begin_call(&rig, &rig.stage[0], &out);
    ck_assert_int_eq(weir_csv_cut.produce(&rig.stage[0].stage, &out), WEIR_EIO);
    check_error("in.csv' shrank while it was read: it was 16 bytes and ends at byte 14 now");
    rig_close(&rig);
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

static void add_reading(TCase *tcase)
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
    tcase_add_test(tcase, test_a_field_of_ten_megabytes_comes_through);
    tcase_add_test(tcase, test_a_row_of_a_hundred_thousand_columns_works);
    tcase_add_loop_test(tcase, test_standard_input_is_read_behind_what_the_probe_took, 0, 2);
    tcase_add_test(tcase, test_a_reader_of_standard_input_is_not_replaced);
}

static void add_refusing(TCase *tcase)
{
    tcase_add_test(tcase, test_a_file_with_other_columns_is_named);
    tcase_add_test(tcase, test_a_file_with_fewer_columns_is_named);
    tcase_add_test(tcase, test_a_missing_file_is_said);
    tcase_add_test(tcase, test_a_pattern_that_matches_nothing_is_said);
    tcase_add_test(tcase, test_a_directory_is_no_file);
    tcase_add_test(tcase, test_a_fifo_is_refused_without_waiting_for_a_writer);
    tcase_add_test(tcase, test_a_file_without_permission_is_said);
    tcase_add_test(tcase, test_standard_input_twice_is_refused);
    tcase_add_loop_test(tcase, test_a_file_is_refused_before_the_run, 0, COUNT(refused));
    tcase_add_test(tcase, test_one_column_with_other_bytes_in_it_is_no_wrong_delimiter);
    tcase_add_test(tcase, test_an_empty_file_without_a_header_needs_names);
    tcase_add_test(tcase, test_an_empty_file_with_names_has_no_records);
    tcase_add_test(tcase, test_a_file_that_shrinks_while_it_is_read_is_said);
    tcase_add_test(tcase, test_names_are_for_files_without_a_header);
    tcase_add_test(tcase, test_delimiter_and_quote_differ_and_are_no_line_ends);
    tcase_add_test(tcase, test_types_name_types_and_columns);
}

static void add_rejecting(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_a_row_is_rejected_with_its_place, 0, COUNT(rejected));
    tcase_add_loop_test(tcase, test_a_row_is_rejected_alike_in_small_pieces_and_when_workers_die, 0,
                        COUNT(rejected));
    tcase_add_test(tcase, test_a_bad_row_stops_the_run_behind_the_records_before_it);
    tcase_add_test(tcase, test_bad_rows_are_dropped_if_so_wanted);
    tcase_add_test(tcase, test_a_parse_goes_on_where_the_rejects_had_no_room);
    tcase_add_test(tcase, test_records_tell_where_they_came_from);
    tcase_add_test(tcase, test_a_row_larger_than_max_record_is_rejected_with_its_length);
    tcase_add_test(tcase, test_a_large_row_that_ends_in_crlf_at_a_piece_is_one_line);
    tcase_add_test(tcase, test_a_large_row_on_standard_input_is_rejected);
}

int main(void)
{
    static void (*const add[])(TCase *) = {add_reading, add_refusing, add_rejecting};
    static const char *const names[] = {"reading", "refusing", "rejecting"};
    Suite *suite = suite_create("csv.read");
    for (size_t i = 0; i < 3; i++) {
        TCase *tcase = tcase_create(names[i]);
        tcase_set_timeout(tcase, 60);
        tcase_add_checked_fixture(tcase, setup, teardown);
        add[i](tcase);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
