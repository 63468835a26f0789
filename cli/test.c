/*
 * test.c - `pipeline test`: runs what a pipeline file has under `tests:`.
 */
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "command.h"
#include "load.h"
#include "rows.h"
#include "run.h"

#define DIFF_MAX 1000 /* rows; beyond them no two are matched */

/* ---- what differs ---- */

static void print_row(char mark, const struct row *row)
{
    printf("    %c %.*s\n", mark, (int)row->bytes, row->text);
}

static void print_all(char mark, const struct row *row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        print_row(mark, &row[i]);
}

/*
 * Rows that both have in this order stand once, all others with - where they were expected and with
 * + where they came. longest[i][j] is how many the rows from i and from j on have in common.
 */
static void print_matched(const struct row *expected, size_t n, const struct row *got, size_t m,
                          const unsigned *longest)
{
    size_t i = 0, j = 0;
    while (i < n || j < m) {
        const unsigned *here = &longest[i * (m + 1) + j];
        if (i < n && j < m && rows_same(&expected[i], &got[j])) {
            print_row(' ', &got[j]);
            i++, j++;
        } else if (i < n && (j == m || here[m + 1] >= here[1])) {
            print_row('-', &expected[i++]);
        } else {
            print_row('+', &got[j++]);
        }
    }
}

static void print_difference(const struct rows *expected, const struct rows *got)
{
    size_t n = expected->count, m = got->count;
    unsigned *longest =
        n > DIFF_MAX || m > DIFF_MAX ? NULL : calloc((n + 1) * (m + 1), sizeof(*longest));
    if (longest == NULL) {
        print_all('-', expected->row, n);
        print_all('+', got->row, m);
        return;
    }
    for (size_t i = n; i-- > 0;)
        for (size_t j = m; j-- > 0;) {
            unsigned *here = &longest[i * (m + 1) + j];
            if (rows_same(&expected->row[i], &got->row[j]))
                *here = here[m + 2] + 1;
            else
                *here = here[m + 1] > here[1] ? here[m + 1] : here[1];
        }
    print_matched(expected->row, n, got->row, m, longest);
    free(longest);
}

static bool same(const struct rows *a, const struct rows *b)
{
    bool ret = a->count == b->count;
    for (size_t i = 0; ret && i < a->count; i++)
        ret = rows_same(&a->row[i], &b->row[i]);
    return ret;
}

/* ---- one test ---- */

static void print_verdict(const struct arguments *args, const struct report *report,
                          const struct weir_test *test, bool passed)
{
    if (!passed)
        printf("FAILED  %s (%s:%u)\n", test->name, args->operand, test->line);
    else if (!report->quiet)
        printf("ok      %s\n", test->name);
}

static bool compare(const struct arguments *args, const struct report *report,
                    const struct weir_test *test, const char *text, size_t bytes)
{
    struct rows expected, got = {0};
    struct weir_err err;
    bool read = rows_read(test->expect, strlen(test->expect), test->csv, &expected) &&
                rows_read(text, bytes, test->csv, &got);
    bool passed = read && same(&expected, &got);
    print_verdict(args, report, test, passed);
    if (!read) {
        weir_err_set(&err, WEIR_EOS, "out of memory");
        report_error(report, &err);
    } else if (!passed) {
        print_difference(&expected, &got);
    }
    rows_release(&expected);
    rows_release(&got);
    return passed;
}

static bool run_test(const struct arguments *args, const struct report *report,
                     const struct weir_test *test)
{
    struct loaded loaded;
    struct weir_receipt *receipt = NULL;
    struct capture capture;
    struct weir_err err;
    char *text = NULL;
    size_t bytes = 0;
    bool passed = false;
    if (capture_begin(&capture, test->given, &err) < 0) {
        report_error(report, &err);
        return false;
    }
    int exit_code = load_excerpt(args, &test->excerpt, report, &loaded);
    if (exit_code == 0)
        exit_code = run_quietly(report, loaded.plan, &receipt);
    if (capture_end(&capture, &text, &bytes, &err) < 0)
        exit_code = report_error(report, &err);
    if (exit_code == 0)
        passed = compare(args, report, test, text, bytes);
    else
        print_verdict(args, report, test, false);
    free(text);
    weir_receipt_free(receipt);
    load_release(&loaded);
    return passed;
}

/* ---- the command ---- */

static int run_tests(const struct arguments *args, const struct report *report,
                     const struct weir_pipeline *pipeline)
{
    const struct weir_test *test;
    size_t count = 0, failed = 0;
    while ((test = weir_pipeline_test(pipeline, count)) != NULL) {
        count++;
        failed += !run_test(args, report, test);
    }
    if (!report->quiet && count == 0)
        printf("%s has no tests\n", args->operand);
    else if (!report->quiet || failed > 0)
        printf("%zu test%s, %zu failed\n", count, count == 1 ? "" : "s", failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int test_file(const struct arguments *args, const struct report *report)
{
    struct weir_pipeline *pipeline;
    struct weir_err err;
    if (strcmp(args->operand, "-") == 0) {
        weir_err_set(&err, WEIR_EUSAGE,
                     "a file is wanted: it is read once for each test, in which standard input is "
                     "what the test gives");
        return report_error(report, &err);
    }
    int exit_code = load_pipeline(args, report, &pipeline);
    if (exit_code != 0)
        return exit_code;
    exit_code = run_tests(args, report, pipeline);
    weir_pipeline_free(pipeline);
    return exit_code;
}

const struct command command_test = {
    .name = "test",
    .taker = TAKER_TEST,
    .operand = "FILE",
    .summary = "run the tests that a pipeline file holds",
    .doc = "Runs each of the file's `tests`: what it gives goes into a stage or into the whole "
           "pipeline, and\n"
           "what comes out must be what it expects. Prints a line for each, and below one that "
           "failed the\n"
           "records that are missing (-) and those that came instead (+). Publishes nothing. Exits "
           "with 1\n"
           "if one failed.",
    .run = test_file,
};
