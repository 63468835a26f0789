/* csv.read on bad input: files that are refused, rows that are rejected, what is too large. */
#include "stages/rig.h"

#include <csv.h>
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

static int run_files(struct node *paths, struct node *with)
{
    rig_put(with, "path", paths);
    int rc = rig_add(&rig, &weir_csv_read, with);
    return rc < 0 ? rc : rig_run(&rig);
}

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

/* ---- rows that are rejected ---- */

static const struct {
    const char *text, *rejects, *output;
} rejected[] = {
    {"a,b\n1,2\n3\n4,5\n", "3,8,,\"expected 2 fields, found 1\",3\n", "1|2\n4|5\n"},
    {"a,b\r\n1,2\r\n3,4,5\r\n", "3,10,,\"expected 2 fields, found 3\",\"3,4,5\"\n", "1|2\n"},
    {"a,b\n\"1\n\n1\",2\n\nx\n", "6,14,,\"expected 2 fields, found 1\",x\n", "1\n\n1|2\n"},
    {"a\n1,2\n3\n", "2,2,,\"expected 1 field, found 2\",\"1,2\"\n", "3\n"},
    {"a,b\n1,x\"y\n2,3\n",
     "2,4,,\"a quote inside a field that is not quoted, at line 2, column 4; "
     "stray_quotes: keep takes it\",\"1,x\"\"y\"\n",
     "2|3\n"},
    {"a,b\n1,\"\nx\" y\"\n2,3\n",
     "2,4,,\"text behind a closing quote, at line 3, column 3; stray_quotes: keep takes "
     "it\",\"1,\"\"\nx\"\" y\"\"\"\n",
     "2|3\n"},
    {"a,b\n1,2\n3,\"x\ny\n",
     "3,8,,\"the quote opened at line 3, column 3 is never closed; 5 bytes up to the end of "
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
    ck_assert_uint_eq(rig.stage[1].rejected, 1);
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
    ck_assert_uint_eq(rig.stage[1].total.in, rig.stage[1].records + 1);
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
    ck_assert_ptr_nonnull(strstr(rig.rejects.data,
                                 "in.csv,3,8,,\"a row of 21.0 MB is larger than max_record (16 "
                                 "MiB); a quote is open from line 3, column 1 on\",\"\"\"xxxx"));
    ck_assert_ptr_nonnull(strstr(rig.rejects.data, ",6,20971539,,\"expected 2 fields"));
    ck_assert_uint_eq(rig.rejects.len > 65536 && rig.rejects.len < 67000, true);
    ck_assert_uint_eq(rig.stage[1].total.in, 4);
    ck_assert_uint_eq(rig.stage[1].rejected, 2);
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

/* ---- any text at all ---- */

static uint64_t seed;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed % n);
}

static void random_text(struct buf *to)
{
    static const char *const nasty[] = {"\"", "\"", ",",    ",",  "\n",  "\r\n", "\r",  " ",
                                        "\t", "x",  "\"\"", "ab", ",\"", "\",",  "\"\n"};
    static const char *const tame[] = {
        "1,2,3\n",           "\"a, b\",,\"\"\n", "x\n", "y y,\"z\"\"\",4\r\n",
        "a b,c d,e f,g h\n", " a, b ,c\n",       "\n"};
    uint32_t kind = below(3);
    for (uint32_t n = below(60); n > 0; n--)
        weir__buf_puts(to, kind == 0 || (kind == 1 && below(8) == 0) ? nasty[below(15)]
                                                                     : tame[below(7)]);
}

/* What a single pass of libcsv makes of a text, short rows filled up and long ones cut. */
struct single_pass {
    struct buf row, all;
    uint32_t columns, field;
    int last_end;
};

static void pass_field(void *bytes, size_t length, void *context)
{
    struct single_pass *pass = context;
    if (pass->field++ >= pass->columns)
        return;
    if (pass->field > 1)
        weir__buf_putc(&pass->row, '|');
    weir__buf_add(&pass->row, bytes == NULL ? "~" : bytes, bytes == NULL ? 1 : length);
}

static void pass_row(int end, void *context)
{
    struct single_pass *pass = context;
    bool half = pass->field == 0 && end == '\n' && pass->last_end == '\r';
    pass->last_end = half ? 0 : end;
    if (half)
        return;
    while (pass->field < pass->columns)
        pass_field(NULL, 0, pass);
    weir__buf_add(&pass->all, pass->row.data, pass->row.len);
    weir__buf_putc(&pass->all, '\n');
    weir__buf_truncate(&pass->row, 0);
    pass->field = 0;
}

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void pass_once(struct single_pass *pass, const struct buf *text)
{
    enum { IN_FIELD = 2 }; /* libcsv's FIELD_BEGUN */
    struct csv_parser parser;
    csv_init(&parser,
             (unsigned char)(CSV_EMPTY_IS_NULL | (pass->columns == 1 ? CSV_REPALL_NL : 0)));
    csv_set_space_func(&parser, no_space);
    ck_assert_uint_eq(csv_parse(&parser, text->data, text->len, pass_field, pass_row, pass),
                      text->len);
    /* A quote that is never closed makes no record. */
    if (parser.pstate != IN_FIELD || !parser.quoted)
        csv_fini(&parser, pass_field, pass_row, pass);
    csv_free(&parser);
}

static struct node *lenient(uint32_t columns)
{
    struct node *with = rig_with("header", "false", "missing_columns", "null_fill", "extra_columns",
                                 "ignore", "stray_quotes", "keep", NULL);
    struct node *names = rig_list("a", NULL);
    for (uint32_t c = 1; c < columns; c++)
        ck_assert_int_eq(
            weir__node_append(names, NULL, weir__node_scalar((const char *[]){"", "b", "c"}[c])),
            0);
    return rig_put(with, "names", names);
}

START_TEST(test_any_text_cut_anywhere_reads_as_in_a_single_pass_of_libcsv)
{
    seed = 0x9e3779b97f4a7c15 + (uint64_t)_i;
    for (int round = 0; round < 120; round++) {
        struct buf text;
        struct single_pass pass = {.columns = below(2) ? 3 : 1};
        weir__buf_init(&text);
        weir__buf_init(&pass.row);
        weir__buf_init(&pass.all);
        random_text(&text);
        pass_once(&pass, &text);
        rig_init(&rig);
        rig.on_error = ON_ERROR_REJECT;
        rig.capacity = 1 + below(below(2) ? 20 : 400);
        rig.kill_every = below(4);
        ck_assert_int_eq(add_file(text.data, text.len, lenient(pass.columns)), 0);
        int rc = rig_run(&rig);
        if (rc == 0)
            ck_assert_str_eq(rig.output.data, pass.all.data);
        else
            check_error("is never closed"); /* in the first row of all */
        rig_release(&rig);
        weir__buf_release(&text);
        weir__buf_release(&pass.row);
        weir__buf_release(&pass.all);
    }
    rig_init(&rig);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void add_refusing(TCase *tcase)
{
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
}

static void add_large(TCase *tcase)
{
    tcase_add_test(tcase, test_a_field_of_ten_megabytes_comes_through);
    tcase_add_test(tcase, test_a_row_larger_than_max_record_is_rejected_with_its_length);
    tcase_add_test(tcase, test_a_large_row_that_ends_in_crlf_at_a_piece_is_one_line);
    tcase_add_test(tcase, test_a_row_of_a_hundred_thousand_columns_works);
}

static void add_any(TCase *tcase)
{
    tcase_add_loop_test(tcase, test_any_text_cut_anywhere_reads_as_in_a_single_pass_of_libcsv, 0,
                        8);
}

int main(void)
{
    Suite *suite = suite_create("csv.read, bad input");
    TCase *refusing = tcase_create("refusing");
    tcase_set_timeout(refusing, 60);
    tcase_add_checked_fixture(refusing, setup, teardown);
    add_refusing(refusing);
    suite_add_tcase(suite, refusing);
    TCase *rejecting = tcase_create("rejecting");
    tcase_set_timeout(rejecting, 60);
    tcase_add_checked_fixture(rejecting, setup, teardown);
    add_rejecting(rejecting);
    suite_add_tcase(suite, rejecting);
    TCase *large = tcase_create("large");
    tcase_set_timeout(large, 60);
    tcase_add_checked_fixture(large, setup, teardown);
    add_large(large);
    suite_add_tcase(suite, large);
    TCase *any = tcase_create("any");
    tcase_set_timeout(any, 60);
    tcase_add_checked_fixture(any, setup, teardown);
    add_any(any);
    suite_add_tcase(suite, any);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
