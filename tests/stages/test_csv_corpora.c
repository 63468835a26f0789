/*
 * csv.read on the public corpora csv-spectrum and csv-test-data, compared with their JSON. They are
 * looked for in
 * ../shared/corpora beside the source tree ($WEIR_SOURCE); where they are not, the tests say that
 * they are skipped.
 */
#include "stages/rig.h"

#include <errno.h>
#include <glob.h>

#include "csv/read.h"

#define FIELD_END  '\x1f'
#define RECORD_END '\x1e'

static char folder[4096];

/* The tree is known from the environment, or from where this file is. */
static bool find_corpora(void)
{
    const char *source = getenv("WEIR_SOURCE");
    char here[4096];
    snprintf(here, sizeof(here), "%s", __FILE__);
    char *tests = strstr(here, "/tests/stages/");
    if (tests == NULL)
        tests = strcpy(here, ".") + 1;
    *tests = '\0';
    snprintf(folder, sizeof(folder), "%s/../shared/corpora", source != NULL ? source : here);
    return access(folder, R_OK) == 0;
}

/* ---- the JSON of the corpora: a list of lists or of flat objects, of strings ---- */

static void skip_blank(const char **at)
{
    *at += strspn(*at, " \t\r\n");
}

static bool take(const char **at, char c)
{
    skip_blank(at);
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static void read_string(const char **at, struct buf *to)
{
    static const char names[] = "nrt\"\\/", bytes[] = "\n\r\t\"\\/";
    ck_assert_msg(take(at, '"'), "no string at '%.20s'", *at);
    for (; **at != '"'; ++*at) {
        ck_assert_int_ne(**at, '\0');
        if (**at != '\\') {
            weir__buf_putc(to, **at);
            continue;
        }
        const char *name = strchr(names, *++*at);
        ck_assert_msg(name != NULL && *name != '\0', "escape \\%c", **at);
        weir__buf_putc(to, bytes[name - names]);
    }
    ++*at;
}

/* One record's values; of an object the keys go to `header`. */
static void read_record(const char **at, struct buf *to, struct buf *header)
{
    bool object = take(at, '{'), first = true;
    char end = object ? '}' : ']';
    weir__buf_truncate(header, 0);
    ck_assert(object || take(at, '['));
    while (!take(at, end)) {
        ck_assert(first || take(at, ','));
        if (!first) {
            weir__buf_putc(to, FIELD_END);
            weir__buf_putc(header, FIELD_END);
        }
        if (object) {
            read_string(at, header);
            ck_assert(take(at, ':'));
        }
        read_string(at, to);
        first = false;
    }
    weir__buf_putc(to, RECORD_END);
}

static void read_json(const char *text, struct buf *to, struct buf *header)
{
    const char *at = text;
    ck_assert(take(&at, '['));
    bool first = true;
    while (!take(&at, ']')) {
        ck_assert(first || take(&at, ','));
        read_record(&at, to, header);
        first = false;
    }
}

/* ---- comparing ---- */

static bool is_list_of_lists(const char *json)
{
    return take(&json, '[') && take(&json, '[');
}

static void check_header(const struct rig *rig, const struct buf *header)
{
    struct buf names;
    weir__buf_init(&names);
    for (uint32_t c = 0; c < rig->probe.schema.columns; c++) {
        if (c > 0)
            weir__buf_putc(&names, FIELD_END);
        weir__buf_puts(&names, rig->probe.schema.column[c].name);
    }
    ck_assert_str_eq(names.data, header->data);
    weir__buf_release(&names);
}

/* A file of CRLF line ends may have lost them on its way here; then they are put back. */
static const char *with_line_ends(struct rig *rig, const char *csv)
{
    struct buf text = rig_read(csv), crlf;
    weir__buf_init(&crlf);
    if (strstr(csv, "crlf.csv") != NULL && strchr(text.data, '\r') == NULL) {
        for (const char *at = text.data; *at != '\0'; at++) {
            if (*at == '\n')
                weir__buf_putc(&crlf, '\r');
            weir__buf_putc(&crlf, *at);
        }
        csv = rig_write(rig, "crlf.csv", crlf.data);
    }
    weir__buf_release(&crlf);
    weir__buf_release(&text);
    return csv;
}

static void check_pair(const char *csv, const char *json_path, size_t capacity, const char *parser)
{
    struct rig rig;
    struct buf json = rig_read(json_path), expected, header;
    bool lists = is_list_of_lists(json.data);
    weir__buf_init(&expected);
    weir__buf_init(&header);
    read_json(json.data, &expected, &header);
    rig_init(&rig);
    rig.between = FIELD_END;
    rig.end = RECORD_END;
    rig.null = "";
    rig.capacity = capacity;
    csv = with_line_ends(&rig, csv);
    rig_add(&rig, &weir_csv_read,
            rig_with("path", csv, "header", lists ? "false" : "true", "parser", parser, NULL));
    ck_assert_msg(rig_run(&rig) == 0, "%s: %s", csv, rig_error(&rig));
    ck_assert_msg(rig.output.len == expected.len &&
                      memcmp(rig.output.data, expected.data, expected.len) == 0,
                  "%s gives '%s', not '%s'", csv, rig.output.data, expected.data);
    if (!lists && header.len > 0)
        check_header(&rig, &header);
    weir__buf_release(&json);
    weir__buf_release(&expected);
    weir__buf_release(&header);
    rig_release(&rig);
}

static void check_corpus(const char *csvs, const char *jsons, size_t least)
{
    char pattern[5000], json[5000];
    glob_t found = {0};
    size_t checked = 0;
    if (!find_corpora()) {
        printf("skipped: no %s\n", folder);
        return;
    }
    snprintf(pattern, sizeof(pattern), "%s/%s/*.csv", folder, csvs);
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *name = strrchr(found.gl_pathv[i], '/') + 1;
        if (strncmp(name, "bad-", 4) == 0)
            continue;
        snprintf(json, sizeof(json), "%s/%s/%.*s.json", folder, jsons, (int)strlen(name) - 4, name);
        check_pair(found.gl_pathv[i], json, 256 << 10, "libcsv");
        check_pair(found.gl_pathv[i], json, 256 << 10, "verify");
        check_pair(found.gl_pathv[i], json, 8, "verify");
        checked++;
    }
    ck_assert_uint_ge(checked, least);
    globfree(&found);
}

START_TEST(test_csv_spectrum_reads_as_its_json)
{
    check_corpus("csv-spectrum/csvs", "csv-spectrum/json", 11);
}
END_TEST

START_TEST(test_csv_test_data_reads_as_its_json)
{
    check_corpus("csv-test-data/csv", "csv-test-data/json", 18);
}
END_TEST

static const struct {
    const char *name, *error;
} bad[] = {
    {"bad-header-less-fields", ".csv:2 (byte 12): expected 3 fields, found 2"},
    {"bad-header-more-fields", ".csv:2 (byte 12): expected 3 fields, found 4"},
    {"bad-header-no-header", "bad-header-no-header.csv is empty: not even a header"},
    {"bad-missing-quote", ".csv:2 (byte 12): the quote opened at line 2, column 3 is never closed"},
    {"bad-quotes-with-unescaped-quote",
     ".csv:2 (byte 12): text behind a closing quote, at line 2, column 19"},
    {"bad-unescaped-quote",
     ".csv:2 (byte 12): a quote inside a field that is not quoted, at line 2, column 8"},
};

/* (bad-header-wrong-header is a file of a header only; that it should be another one nobody can
 * know.) */
START_TEST(test_malformed_files_are_refused_with_a_place)
{
    struct rig rig;
    char path[5000];
    if (!find_corpora())
        return;
    rig_init(&rig);
    snprintf(path, sizeof(path), "%s/csv-test-data/csv/%s.csv", folder, bad[_i].name);
    rig_add(&rig, &weir_csv_read, rig_with("path", path, NULL));
    ck_assert_int_eq(rig_run(&rig), WEIR_EDATA);
    ck_assert_msg(strstr(rig_error(&rig), bad[_i].error) != NULL, "%s", rig_error(&rig));
    rig_release(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv corpora");
    TCase *tcase = tcase_create("corpora");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_csv_spectrum_reads_as_its_json);
    tcase_add_test(tcase, test_csv_test_data_reads_as_its_json);
    tcase_add_loop_test(tcase, test_malformed_files_are_refused_with_a_place, 0,
                        sizeof(bad) / sizeof(bad[0]));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
