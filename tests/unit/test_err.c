#include <weir/err.h>

#include <errno.h>
#include <string.h>

#include "unit/unit.h"

/* ---- setting ---- */

START_TEST(test_set_clears_what_was_there)
{
    struct weir_err err;
    memset(&err, 'x', sizeof(err));
    ck_assert_int_eq(weir_err_set(&err, WEIR_EDATA, "%s is %d", "a", 7), WEIR_EDATA);
    struct weir_err expected = {.code = WEIR_EDATA, .text = "a is 7"};
    ck_assert_mem_eq(&err, &expected, sizeof(err));
}
END_TEST

START_TEST(test_errno_of_no_memory_or_descriptor_is_the_systems_refusal)
{
    const int refusal[] = {ENOMEM, EMFILE, ENFILE};
    struct weir_err err;
    for (size_t i = 0; i < sizeof(refusal) / sizeof(refusal[0]); i++) {
        errno = refusal[i];
        ck_assert_int_eq(weir_err_errno(&err, WEIR_ENOINPUT, "cannot open 'a.csv'"), WEIR_EOS);
        ck_assert_int_eq(err.code, WEIR_EOS);
    }
}
END_TEST

START_TEST(test_errno_adds_the_text_of_errno_and_keeps_it)
{
    struct weir_err err;
    errno = ENOENT;
    ck_assert_int_eq(weir_err_errno(&err, WEIR_ENOINPUT, "cannot open '%s'", "a.csv"),
                     WEIR_ENOINPUT);
    ck_assert_str_eq(err.text, "cannot open 'a.csv': No such file or directory");
    ck_assert_int_eq(err.code, WEIR_ENOINPUT);
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(test_nobody_need_listen)
{
    errno = EIO;
    ck_assert_int_eq(weir_err_set(NULL, WEIR_EIO, "%s", "lost"), WEIR_EIO);
    ck_assert_int_eq(weir_err_errno(NULL, WEIR_EOS, "lost"), WEIR_EOS);
    ck_assert_int_eq(errno, EIO);
}
END_TEST

START_TEST(test_context_comes_before_and_leaves_the_rest)
{
    struct weir_err err;
    weir_err_set(&err, WEIR_EIO, "it broke");
    err.line = 7;
    strcpy(err.file, "a.yaml");
    ck_assert_int_eq(weir_err_context(&err, "cannot read '%s'", "x"), WEIR_EIO);
    ck_assert_int_eq(weir_err_context(&err, "stage '%s'", "hash"), WEIR_EIO);
    ck_assert_str_eq(err.text, "stage 'hash': cannot read 'x': it broke");
    ck_assert_str_eq(err.file, "a.yaml");
    ck_assert_uint_eq(err.line, 7);
}
END_TEST

START_TEST(test_texts_that_are_too_long_are_cut)
{
    char text[3000];
    struct weir_err err;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    errno = EIO;
    weir_err_errno(&err, WEIR_EIO, "%s", text);
    ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
    weir_err_set(&err, WEIR_EIO, "b");
    weir_err_context(&err, "%s", text);
    ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
    weir_err_context(&err, "c");
    ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
    ck_assert_int_eq(strncmp(err.text, "c: aaa", 6), 0);
}
END_TEST

START_TEST(test_every_code_has_the_exit_code_of_its_name)
{
    static const struct {
        int code, exit_code;
    } rows[] = {{WEIR_EUSAGE, 64},
                {WEIR_EDATA, 65},
                {WEIR_ENOINPUT, 66},
                {WEIR_EUNAVAILABLE, 69},
                {WEIR_EINTERNAL, 70},
                {WEIR_EOS, 71},
                {WEIR_ECANTCREATE, 73},
                {WEIR_EIO, 74},
                {WEIR_ETEMPFAIL, 75},
                {WEIR_ECONFIG, 78},
                {0, 70},
                {-1, 70},
                {65, 70},
                {-1000, 70}};
    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_int_eq(weir_err_exit_code(rows[i].code), rows[i].exit_code);
}
END_TEST

/* ---- printing ---- */

static struct {
    struct weir_err err;
    const char *printed;
} prints[] = {
    {{.text = "it broke"}, "error: it broke\n"},
    {{.text = "it broke", .note = "mend it"}, "error: it broke\n      mend it\n"},
    {{.text = "it broke", .file = "a.yaml"}, "a.yaml: error: it broke\n"},
    {{.text = "it broke", .file = "a.yaml", .line = 3}, "a.yaml:3: error: it broke\n"},
    {{.text = "it broke", .file = "a.yaml", .column = 3}, "a.yaml: error: it broke\n"},
    {{.text = "it broke", .file = "a.yaml", .line = 3, .column = 9, .note = "mend it"},
     "a.yaml:3:9: error: it broke\n      mend it\n"},
    {{.text = "no option 'delimeter'",
      .file = "orders.yaml",
      .line = 9,
      .column = 12,
      .span = 9,
      .source = "    with: {delimeter: \";\"}",
      .note = "did you mean 'delimiter'?"},
     "orders.yaml:9:12: error: no option 'delimeter'\n"
     "    9 |     with: {delimeter: \";\"}\n"
     "      |            ^^^^^^^^^ did you mean 'delimiter'?\n"},
    /* no span: one caret; no note: nothing behind it */
    {{.text = "x", .file = "f", .line = 12, .column = 2, .source = "abc"},
     "f:12:2: error: x\n   12 | abc\n      |  ^\n"},
    {{.text = "x", .file = "f", .line = 12, .column = 1, .span = 3, .source = "abc"},
     "f:12:1: error: x\n   12 | abc\n      | ^^^\n"},
    /* right behind the line's end, and a span that passes it */
    {{.text = "x", .file = "f", .line = 12, .column = 4, .span = 1, .source = "abc"},
     "f:12:4: error: x\n   12 | abc\n      |    ^\n"},
    {{.text = "x", .file = "f", .line = 12, .column = 3, .span = 50, .source = "abc"},
     "f:12:3: error: x\n   12 | abc\n      |   ^\n"},
    /* a tab is one column wide, before the mistake and in it */
    {{.text = "x", .file = "f", .line = 1, .column = 3, .span = 3, .source = "\t\ta\tb"},
     "f:1:3: error: x\n    1 |   a b\n      |   ^^^\n"},
    /* columns count bytes, carets stand under characters */
    {{.text = "x",
      .file = "f",
      .line = 1,
      .column = 9,
      .span = 4,
      .source = "M\xC3\xBCller: \xE2\x82\xAC!"},
     "f:1:9: error: x\n    1 | M\xC3\xBCller: \xE2\x82\xAC!\n      |        ^^\n"},
    {{.text = "x", .line = 5, .column = 1, .span = 2, .source = "\xF0\x9F\x8C\x8A"},
     "error: x\n    5 | \xF0\x9F\x8C\x8A\n      | ^\n"},
    /* one without a line is no line of a file: an argument, if a place in it is known */
    {{.text = "x", .column = 3, .span = 2, .source = "a=bc", .note = "mend it"},
     "error: x\n      | a=bc\n      |   ^^ mend it\n"},
    {{.text = "x", .file = "f", .source = "abc", .note = "mend it"},
     "f: error: x\n      mend it\n"},
};

static void assert_printed(const struct weir_err *err, const char *expected)
{
    char *text;
    size_t bytes;
    FILE *to = open_memstream(&text, &bytes);
    weir_err_print(to, err, false);
    fclose(to);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(test_an_error_is_shown_as_a_compiler_shows_it)
{
    assert_printed(&prints[_i].err, prints[_i].printed);
}
END_TEST

START_TEST(test_the_note_is_shown_where_no_caret_can_be)
{
    struct weir_err err = {.text = "x", .file = "f", .line = 4, .source = "abc", .note = "mend it"};
    assert_printed(&err, "f:4: error: x\n    4 | abc\n      mend it\n");
    err.column = 300; /* the mistake stands behind what source holds of the line */
    assert_printed(&err, "f:4:300: error: x\n    4 | abc\n      mend it\n");
}
END_TEST

START_TEST(test_the_caret_stands_right_under_a_line_of_many_digits_too)
{
    struct weir_err err = {.text = "x", .line = 1234567, .column = 2, .source = "abc"};
    assert_printed(&err, "error: x\n1234567 | abc\n        |  ^\n");
}
END_TEST

START_TEST(test_colour_comes_only_when_told)
{
    struct weir_err err = prints[6].err;
    char *text, plain[1024];
    size_t bytes, n = 0;
    FILE *to = open_memstream(&text, &bytes);
    weir_err_print(to, &err, true);
    fclose(to);
    ck_assert_ptr_nonnull(strchr(text, '\033'));
    /* Without its colours it is the plain one, and it ends in the terminal's own colour. */
    const char *last = "";
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\033') {
            last = text + i;
            i += strcspn(text + i, "m");
        } else {
            plain[n++] = text[i];
        }
    }
    plain[n] = '\0';
    ck_assert_str_eq(plain, prints[6].printed);
    ck_assert_int_eq(strncmp(last, "\033[0m", 4), 0);
    free(text);
}
END_TEST

/* ---- lists ---- */

START_TEST(test_a_list_grows_and_keeps_what_it_has)
{
    struct weir_errors errors = {0};
    for (int i = 0; i < 100; i++) {
        struct weir_err *err = weir_errors_add(&errors);
        struct weir_err zeroed = {0};
        ck_assert_mem_eq(err, &zeroed, sizeof(zeroed));
        weir_err_set(err, WEIR_ECONFIG, "number %d", i);
        ck_assert_uint_eq(errors.count, (size_t)i + 1);
        ck_assert_ptr_eq(err, &errors.list[i]);
    }
    for (int i = 0; i < 100; i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "number %d", i);
        ck_assert_str_eq(errors.list[i].text, expected);
    }
    weir_errors_release(&errors);
    ck_assert_uint_eq(errors.count, 0);
    ck_assert_ptr_null(errors.list);
    weir_errors_release(&errors);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("err");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_set_clears_what_was_there);
    tcase_add_test(all, test_errno_of_no_memory_or_descriptor_is_the_systems_refusal);
    tcase_add_test(all, test_errno_adds_the_text_of_errno_and_keeps_it);
    tcase_add_test(all, test_nobody_need_listen);
    tcase_add_test(all, test_context_comes_before_and_leaves_the_rest);
    tcase_add_test(all, test_texts_that_are_too_long_are_cut);
    tcase_add_test(all, test_every_code_has_the_exit_code_of_its_name);
    tcase_add_loop_test(all, test_an_error_is_shown_as_a_compiler_shows_it, 0, (int)COUNT(prints));
    tcase_add_test(all, test_the_note_is_shown_where_no_caret_can_be);
    tcase_add_test(all, test_the_caret_stands_right_under_a_line_of_many_digits_too);
    tcase_add_test(all, test_colour_comes_only_when_told);
    tcase_add_test(all, test_a_list_grows_and_keeps_what_it_has);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
