/*
 * Files that are read in splits give what one pass over them gives: the same records, rejected rows
 * with their lines and offsets, and counts, wherever the cuts fall. The one pass is the source's
 * own other way, produce, which tests/stages/test_csv_*.c hold to libcsv.
 */
#include "stages/rig.h"

#include <glob.h>

#include "csv/read.h"
#include "lines/lines.h"

/* What a run gave, to compare. */
struct outcome {
    int code;
    char error[600];
    struct buf output, rejects;
    uint64_t in, rejected, bytes;
};

struct text {
    const struct weir_stage_type *type;
    const char *bytes;
    size_t n;
    const char *options[8]; /* name, value, ..., NULL */
    size_t max_record;
};

static struct node *options_of(const struct text *text, const char *path)
{
    struct node *with = weir__node_map();
    weir__node_append(with, "path", weir__node_scalar(path));
    for (size_t i = 0; text->options[i] != NULL; i += 2)
        weir__node_append(with, text->options[i], weir__node_scalar(text->options[i + 1]));
    return with;
}

static const char *write_text(struct rig *rig, const char *bytes, size_t n)
{
    const char *path = rig_path(rig, "in");
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

/* split_bytes 0: in one pass. */
static void run(const struct text *text, const char *path, size_t split_bytes, struct outcome *ret)
{
    struct rig rig;
    rig_init(&rig);
    rig.on_error = ON_ERROR_REJECT;
    rig.by_splits = split_bytes > 0;
    rig.facts.split_bytes = split_bytes > 0 ? split_bytes : 1;
    rig.facts.max_record = text->max_record;
    ck_assert_int_eq(rig_add(&rig, text->type, options_of(text, path)), 0);
    ret->code = rig_run(&rig);
    snprintf(ret->error, sizeof(ret->error), "%s", ret->code < 0 ? rig_error(&rig) : "");
    ret->output = rig.output;
    ret->rejects = rig.rejects;
    weir__buf_init(&rig.output);
    weir__buf_init(&rig.rejects);
    ret->in = rig.stage[1].total.in;
    ret->rejected = rig.stage[1].rejected;
    ret->bytes = rig.stage[0].total.bytes;
    rig_release(&rig);
}

static void release(struct outcome *outcome)
{
    weir__buf_release(&outcome->output);
    weir__buf_release(&outcome->rejects);
}

static bool same_bytes(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void assert_same(const struct text *text, const char *path, const struct outcome *want,
                        size_t split_bytes)
{
    struct outcome got;
    run(text, path, split_bytes, &got);
    const char *differs =
        got.code != want->code || strcmp(got.error, want->error) != 0 ? "outcome"
        : !same_bytes(&got.output, &want->output)                     ? "output"
        : !same_bytes(&got.rejects, &want->rejects)                   ? "rejects"
        : got.in != want->in || got.rejected != want->rejected || got.bytes != want->bytes
            ? "counts"
            : NULL;
    ck_assert_msg(differs == NULL,
                  "%s, max_record %zu: %s of splits of %zu bytes: %zu bytes of output for %zu, "
                  "%zu of rejects for %zu, '%s' for '%s'; the text is\n%.*s",
                  text->type->name, text->max_record, differs, split_bytes, got.output.len,
                  want->output.len, got.rejects.len, want->rejects.len, got.error, want->error,
                  (int)(text->n < 400 ? text->n : 400), text->bytes);
    release(&got);
}

/* Every size of splits up to `most`, then in growing steps. */
static void assert_cuts_do_not_matter(const struct text *text, size_t most)
{
    struct rig rig; /* for its folder */
    struct outcome want;
    rig_init(&rig);
    const char *path = write_text(&rig, text->bytes, text->n);
    run(text, path, 0, &want);
    size_t last = text->n + 2 < text->max_record ? text->n + 2 : text->max_record;
    for (size_t bytes = 1; bytes <= last; bytes += bytes < most ? 1 : 1 + bytes / 3)
        assert_same(text, path, &want, bytes);
    release(&want);
    rig_release(&rig);
}

/* ---- random texts ---- */

static uint64_t seed = 88172645463325252u;

static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 11) % below);
}

/* Any mixture; a text whose every piece is likely to be misread from its middle. */
static size_t draw_wild(char *to, size_t n)
{
    static const char bytes[] = ",,\"\"\"\n\n\r ab##\0";
    memcpy(to, "a,b,c\n", 6);
    for (size_t i = 6; i < n; i++)
        to[i] = bytes[draw(sizeof(bytes))];
    return n;
}

/* Well-formed rows, fields of all kinds, some of them long, any line ends. */
static size_t draw_tame(char *to, size_t n)
{
    static const char *const fields[] = {
        "1",      "",          "\"\"",       "word",     "\"a,b\"", "\"say \"\"x\"\"\"",
        "\"\n\"", "\"\r\n,\"", "two\twords", "\"\"\"\"", "\"x\"",   "\"l1\nl2\r\nl3\""};
    static const char *const ends[] = {"\n", "\r\n", "\r", "\n\n"};
    size_t used = (size_t)sprintf(to, "a,b,c\n");
    while (used + 60 < n) {
        for (int f = 0; f < 3; f++)
            used += (size_t)sprintf(to + used, "%s%s", f > 0 ? "," : "",
                                    fields[draw(sizeof(fields) / sizeof(fields[0]))]);
        used += (size_t)sprintf(to + used, "%s", ends[draw(8) == 0 ? draw(4) : draw(2)]);
    }
    return used;
}

static uint32_t rounds(uint32_t usual)
{
    const char *text = getenv("WEIR_SPLIT_ROUNDS");
    return text == NULL ? usual : (uint32_t)strtoul(text, NULL, 10);
}

START_TEST(test_no_cut_of_a_wild_text_matters)
{
    char bytes[400];
    for (uint32_t i = 0; i < rounds(150); i++) {
        size_t n = draw_wild(bytes, 8 + draw(sizeof(bytes) - 8));
        bool keep = draw(2) == 0;
        struct text text = {
            &weir_csv_read, bytes, n, {"stray_quotes", keep ? "keep" : "error"}, 16 << 20};
        if (draw(3) == 0)
            text.options[2] = "extra_columns", text.options[3] = "ignore";
        assert_cuts_do_not_matter(&text, 1000);
    }
}
END_TEST

START_TEST(test_no_cut_matters_where_lines_are_skipped_or_spaces_trimmed)
{
    char bytes[300];
    for (uint32_t i = 0; i < rounds(100); i++) {
        size_t n = draw_wild(bytes, 8 + draw(sizeof(bytes) - 8));
        struct text text = {&weir_csv_read,
                            bytes,
                            n,
                            {"comment", "#", "trim", i % 2 == 0 ? "true" : "false"},
                            draw(3) == 0 ? 12 + draw(60) : 16 << 20};
        if (draw(2) == 0)
            text.options[4] = "blank_lines", text.options[5] = "keep";
        assert_cuts_do_not_matter(&text, 1000);
    }
}
END_TEST

START_TEST(test_no_cut_of_a_tame_text_matters)
{
    char bytes[3000];
    for (uint32_t i = 0; i < rounds(40); i++) {
        size_t n = draw_tame(bytes, 100 + draw(sizeof(bytes) - 100));
        assert_cuts_do_not_matter(&(struct text){&weir_csv_read, bytes, n, {NULL}, 16 << 20}, 150);
    }
}
END_TEST

/* $WEIR_SPLIT_STRIDE 1: every size. */
START_TEST(test_no_size_of_splits_of_a_larger_text_matters)
{
    enum { BYTES = 64 << 10 };
    const char *stride = getenv("WEIR_SPLIT_STRIDE");
    char *bytes = malloc(BYTES);
    ck_assert_ptr_nonnull(bytes);
    for (int i = 0; i < 2; i++) {
        struct text text = {&weir_csv_read, bytes, 0, {NULL}, 16 << 20};
        text.n = i == 0 ? draw_tame(bytes, BYTES) : draw_wild(bytes, BYTES);
        struct rig rig;
        struct outcome want;
        rig_init(&rig);
        const char *path = write_text(&rig, text.bytes, text.n);
        run(&text, path, 0, &want);
        for (size_t size = 64; size <= BYTES;
             size += stride == NULL ? 331 : strtoul(stride, NULL, 10))
            assert_same(&text, path, &want, size);
        release(&want);
        rig_release(&rig);
    }
    free(bytes);
}
END_TEST

START_TEST(test_no_cut_of_a_file_of_one_column_matters)
{
    char bytes[300];
    for (uint32_t i = 0; i < rounds(100); i++) {
        size_t n = draw_wild(bytes, 8 + draw(sizeof(bytes) - 8));
        for (size_t at = 0; at < n; at++)
            if (bytes[at] == ',')
                bytes[at] = draw(2) == 0 ? '\n' : 'x';
        assert_cuts_do_not_matter(&(struct text){&weir_csv_read, bytes, n, {NULL}, 16 << 20}, 1000);
    }
}
END_TEST

START_TEST(test_no_cut_matters_where_records_are_too_large)
{
    char bytes[2000];
    for (uint32_t i = 0; i < rounds(60); i++) {
        size_t n = draw(2) == 0 ? draw_tame(bytes, sizeof(bytes)) : draw_wild(bytes, 300);
        struct text text = {&weir_csv_read, bytes, n, {NULL}, 12 + draw(60)};
        assert_cuts_do_not_matter(&text, 1000);
    }
}
END_TEST

START_TEST(test_no_cut_of_lines_matters)
{
    static const char alphabet[] = "\n\n\r ab\0";
    char bytes[300];
    for (uint32_t i = 0; i < rounds(100); i++) {
        size_t n = draw(sizeof(bytes));
        for (size_t at = 0; at < n; at++)
            bytes[at] = alphabet[draw(sizeof(alphabet))];
        struct text text = {&weir_lines_read, bytes, n, {NULL}, i % 2 == 0 ? 16 << 20 : 5};
        assert_cuts_do_not_matter(&text, 1000);
    }
}
END_TEST

/* ---- places that are known to be hard ---- */

START_TEST(test_a_quoted_field_may_be_longer_than_many_splits)
{
    char bytes[5000];
    size_t used = (size_t)sprintf(bytes, "a,b\n1,\"");
    for (int i = 0; i < 400; i++)
        used += (size_t)sprintf(bytes + used, i % 3 == 0 ? "x,\"\"y\n" : "plain\r\n");
    used += (size_t)sprintf(bytes + used, "\"\n2,\"\"\n3,x\n");
    assert_cuts_do_not_matter(&(struct text){&weir_csv_read, bytes, used, {NULL}, 16 << 20}, 130);
}
END_TEST

START_TEST(test_a_quoted_field_that_is_never_closed_ends_with_the_file)
{
    char bytes[900];
    size_t used = (size_t)sprintf(bytes, "a,b\n1,2\n3,\"open\n");
    for (int i = 0; i < 100; i++)
        used += (size_t)sprintf(bytes + used, "4,5\n");
    assert_cuts_do_not_matter(&(struct text){&weir_csv_read, bytes, used, {NULL}, 16 << 20}, 1000);
    assert_cuts_do_not_matter(&(struct text){&weir_csv_read, bytes, used, {NULL}, 64}, 1000);
}
END_TEST

START_TEST(test_files_begin_anew)
{
    struct rig rig;
    rig_init(&rig);
    const char *const parts[] = {"a,b\n1,2\n3,4", "b,a\r\n5,6\r\n", "a,b\n",
                                 "a,b\n7,8,9\n\"x\ny\",1\n"};
    char pattern[600];
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char name[16];
        sprintf(name, "p%zu.csv", i);
        rig_write(&rig, name, parts[i]);
    }
    snprintf(pattern, sizeof(pattern), "%s", rig_path(&rig, "p*.csv"));
    struct text text = {&weir_csv_read, "several files", 13, {NULL}, 16 << 20};
    struct outcome want;
    run(&text, pattern, 0, &want);
    ck_assert_uint_gt(want.output.len, 10);
    for (size_t bytes = 1; bytes < 40; bytes++)
        assert_same(&text, pattern, &want, bytes);
    release(&want);
    rig_release(&rig);
}
END_TEST

/* ---- the corpora ---- */

static char *read_file(const char *path, size_t *ret)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *bytes = malloc(64 << 10);
    *ret = fread(bytes, 1, 64 << 10, file);
    fclose(file);
    return bytes;
}

START_TEST(test_no_cut_of_the_corpora_matters)
{
    const char *source = getenv("WEIR_SOURCE");
    char pattern[4096];
    glob_t found;
    snprintf(pattern, sizeof(pattern), "%s/../shared/corpora/*/{csv,csvs,*}/*.csv",
             source == NULL ? "." : source);
    if (glob(pattern, GLOB_BRACE, NULL, &found) != 0) {
        printf("skipped: the corpora are not there\n");
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t n;
        char *bytes = read_file(found.gl_pathv[i], &n);
        ck_assert_ptr_nonnull(bytes);
        assert_cuts_do_not_matter(&(struct text){&weir_csv_read, bytes, n, {NULL}, 16 << 20}, 300);
        free(bytes);
    }
    globfree(&found);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("splits");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 3600);
    tcase_add_test(all, test_no_cut_of_a_wild_text_matters);
    tcase_add_test(all, test_no_cut_matters_where_lines_are_skipped_or_spaces_trimmed);
    tcase_add_test(all, test_no_cut_of_a_tame_text_matters);
    tcase_add_test(all, test_no_size_of_splits_of_a_larger_text_matters);
    tcase_add_test(all, test_no_cut_of_a_file_of_one_column_matters);
    tcase_add_test(all, test_no_cut_matters_where_records_are_too_large);
    tcase_add_test(all, test_no_cut_of_lines_matters);
    tcase_add_test(all, test_a_quoted_field_may_be_longer_than_many_splits);
    tcase_add_test(all, test_a_quoted_field_that_is_never_closed_ends_with_the_file);
    tcase_add_test(all, test_files_begin_anew);
    tcase_add_test(all, test_no_cut_of_the_corpora_matters);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
