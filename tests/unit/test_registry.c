#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <weir/engine.h>

/* stage */
#include "stage/registry.h"

static int produce(struct weir_stage *stage, struct weir_output *out)
{
    (void)stage;
    (void)out;
    return WEIR_DONE;
}

static int process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                   struct weir_output *out)
{
    (void)stage;
    (void)in;
    (void)out;
    *cursor = UINT64_MAX;
    return 0;
}

#define ROW_END                                                                                    \
    {                                                                                              \
        NULL, 0, NULL, NULL, false, NULL                                                           \
    }

static const struct weir_option good_options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file to read"},
    {"quoting", WEIR_OPT_ENUM, "minimal", "minimal|all|none", false,
     "when a field is quoted | or not"},
    {"slots", WEIR_OPT_COUNT, "16", "1..64", false, "how many"},
    {"size", WEIR_OPT_BYTES, NULL, "4KiB..", false, "how large"},
    ROW_END,
};

/* A type that is well made; each test changes one thing of it. */
static struct weir_stage_type make_type(const char *name, uint32_t traits)
{
    return (struct weir_stage_type){.abi = WEIR_STAGE_ABI,
                                    .size = sizeof(struct weir_stage_type),
                                    .name = name,
                                    .summary = "does a thing",
                                    .doc = "One paragraph.\n\n  an: example\n",
                                    .options = good_options,
                                    .traits = traits,
                                    .produce = (traits & WEIR_SOURCE) != 0 ? produce : NULL,
                                    .process = (traits & WEIR_SOURCE) != 0 ? NULL : process};
}

static int register_one(const struct weir_stage_type *type, struct weir_err *err)
{
    const struct weir_stage_type *const list[] = {type, NULL};
    return weir_register(list, err);
}

START_TEST(test_types_are_listed_by_name_without_the_inner_ones)
{
    const struct weir_stage_type b = make_type("b.write", WEIR_SINK),
                                 a = make_type("a.read", WEIR_SOURCE),
                                 c = make_type("a.inner", WEIR_INNER);
    const struct weir_stage_type *const list[] = {&b, &c, &a, NULL};
    struct weir_err err = {0};
    ck_assert_int_eq(weir_register(list, &err), 0);
    ck_assert_ptr_eq(weir_stage_type_at(0), &a);
    ck_assert_ptr_eq(weir_stage_type_at(1), &b);
    ck_assert_ptr_null(weir_stage_type_at(2));
    ck_assert_ptr_eq(weir_stage_type("b.write"), &b);
    ck_assert_ptr_eq(weir_stage_type("a.inner"), &c);
    ck_assert_ptr_null(weir_stage_type("a.rea"));
    ck_assert_str_eq(weir__type_nearest("a.raed"), "a.read");
    ck_assert_ptr_null(weir__type_nearest("xyzzy"));
}
END_TEST

START_TEST(test_a_type_may_be_registered_again_but_not_another_of_its_name)
{
    const struct weir_stage_type a = make_type("a", WEIR_SINK), other = make_type("a", WEIR_SINK);
    struct weir_err err = {0};
    ck_assert_int_eq(register_one(&a, &err), 0);
    ck_assert_int_eq(register_one(&a, &err), 0);
    ck_assert_int_eq(register_one(&other, &err), WEIR_EINTERNAL);
    ck_assert_str_eq(err.text, "two stage types have the name 'a'");
}
END_TEST

START_TEST(test_an_expanding_type_has_the_traits_of_its_parts)
{
    const struct weir_stage_type cut = make_type("r.cut", WEIR_INNER | WEIR_SOURCE | WEIR_ONE_SEAT),
                                 parse = make_type("r.parse", WEIR_INNER | WEIR_REJECTS);
    const struct weir_stage_type *const inner[] = {&cut, &parse, NULL};
    struct weir_stage_type outer = make_type("r", 0);
    struct weir_err err = {0};
    outer.process = NULL;
    outer.inner = inner;
    ck_assert_int_eq(register_one(&outer, &err), 0);
    ck_assert_uint_eq(weir__type_traits(&outer), WEIR_SOURCE | WEIR_REJECTS);
    ck_assert_ptr_eq(weir_stage_type("r.parse"), &parse);
}
END_TEST

START_TEST(test_an_ill_made_type_is_refused)
{
    static const char long_name[] = "a123456789012345678901234567890123456789012345678";
    struct weir_stage_type type[12];
    static const char *const reasons[12] = {
        "a stage type was made for ABI 2; this is 1",
        "bytes; this library's have",
        "a stage type's name must be made of a-z, 0-9, _ and dots",
        "a stage type's name must be made of a-z, 0-9, _ and dots",
        "stage type 't' needs a summary of one line",
        "stage type 't' wants more than 1024 bytes of state",
        "stage type 't' is a source and has no produce",
        "stage type 't' has no process",
        "stage type 't' is a source and a sink",
        "stage type 't' expands into nothing",
        "stage type 't' expands and does work itself",
        "a stage type's name must be made of a-z, 0-9, _ and dots",
    };
    static const struct weir_stage_type *const nothing[] = {NULL};
    const struct weir_stage_type part = make_type("part", WEIR_INNER);
    const struct weir_stage_type *const parts[] = {&part, NULL};
    for (int i = 0; i < 12; i++)
        type[i] = make_type("t", 0);
    type[0].abi = 2;
    type[1].size = 8;
    type[2].name = "Upper";
    type[3].name = "yes";
    type[4].summary = "";
    type[5].state_bytes = 1025;
    type[6].traits = WEIR_SOURCE;
    type[7].process = NULL;
    type[8].traits = WEIR_SOURCE | WEIR_SINK;
    type[9].inner = nothing;
    type[10].inner = parts;
    type[11].name = long_name;
    struct weir_err err = {0};
    ck_assert_int_eq(register_one(&type[_i], &err), WEIR_EINTERNAL);
    ck_assert_msg(strstr(err.text, reasons[_i]) != NULL, "'%s'", err.text);
    ck_assert_ptr_null(weir_stage_type_at(0));
}
END_TEST

START_TEST(test_an_ill_made_option_table_is_refused)
{
    static const struct {
        struct weir_option row[3];
        const char *reason;
    } rows[] = {
        {{{"Path", WEIR_OPT_PATH, NULL, NULL, false, "h"}, ROW_END}, "has a name that is not"},
        {{{"off", WEIR_OPT_PATH, NULL, NULL, false, "h"}, ROW_END}, "has a name that is not"},
        {{{"a", WEIR_OPT_PATH, NULL, NULL, false, "h"},
          {"a", WEIR_OPT_BOOL, NULL, NULL, false, "h"},
          ROW_END},
         "stands there twice"},
        {{{"a", WEIR_OPT_PATH, NULL, NULL, false, NULL}, ROW_END}, "has no help"},
        {{{"a", WEIR_OPT_PATH, NULL, NULL, false, ""}, ROW_END}, "has no help"},
        {{{"a", WEIR_OPT_PATH, NULL, NULL, false, "h."}, ROW_END}, "full stop"},
        {{{"a", WEIR_OPT_ENUM, NULL, NULL, false, "h"}, ROW_END}, "has no choices"},
        {{{"a", WEIR_OPT_ENUM, NULL, "x|no", false, "h"}, ROW_END},
         "has no choices, or one that YAML"},
        {{{"a", WEIR_OPT_ENUM, "z", "x|w", false, "h"}, ROW_END}, "none of its choices"},
        {{{"a", WEIR_OPT_COUNT, "many", NULL, false, "h"}, ROW_END}, "fallback of another type"},
        {{{"a", WEIR_OPT_COUNT, "0", "1..2", false, "h"}, ROW_END}, "outside its range"},
        {{{"a", WEIR_OPT_COUNT, "0", "some", false, "h"}, ROW_END}, "range that can't be read"},
        {{{"a", WEIR_OPT_PATH, "x", NULL, true, "h"}, ROW_END}, "is required and has a fallback"},
        {{{"a", WEIR_OPT_MAP, "x", NULL, false, "h"}, ROW_END}, "maps and secrets"},
        {{{"a", WEIR_OPT_PATH, NULL, "x|w", false, "h"}, ROW_END}, "does not use"},
        {{{"a", WEIR_OPT_MAP, NULL, "x:count|w", false, "h"}, ROW_END}, "no names of numbers"},
        {{{"a", WEIR_OPT_STAGES, NULL, NULL, false, "h"}, ROW_END}, "names no type of stages"},
        {{{"a", (enum weir_option_type)99, NULL, NULL, false, "h"}, ROW_END}, "no known type"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weir_stage_type type = make_type("t", 0);
        struct weir_err err = {0};
        type.options = rows[i].row;
        ck_assert_int_eq(register_one(&type, &err), WEIR_EINTERNAL);
        ck_assert_msg(strstr(err.text, rows[i].reason) != NULL, "%zu: '%s'", i, err.text);
        ck_assert_msg(strstr(err.text, rows[i].row[0].name) != NULL, "%zu: '%s'", i, err.text);
    }
}
END_TEST

START_TEST(test_help_says_all_of_the_table)
{
    const struct weir_stage_type type =
        make_type("a.read", WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_REJECTS);
    char *help = weir_stage_help(&type);
    ck_assert_str_eq(help,
                     "a.read - does a thing\n"
                     "(a source; one worker; takes on_error and rejects, which are a port of it)\n"
                     "\n"
                     "One paragraph.\n"
                     "\n"
                     "  an: example\n"
                     "\n"
                     "Options, under 'with':\n"
                     "  path               path; required\n"
                     "                     the file to read\n"
                     "  quoting            minimal, all, none; default minimal\n"
                     "                     when a field is quoted | or not\n"
                     "  slots              number, 1 to 64; default 16\n"
                     "                     how many\n"
                     "  size               bytes, 4KiB or more\n"
                     "                     how large\n");
    free(help);
}
END_TEST

START_TEST(test_long_help_is_wrapped_between_words)
{
    struct weir_stage_type type = make_type("a", 0);
    type.options = NULL;
    type.doc =
        "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhhhhhh iiii j";
    char *help = weir_stage_help(&type);
    ck_assert_ptr_nonnull(strstr(help, "ggggggggg hhhhhhhhh\niiii j\n"));
    ck_assert_ptr_nonnull(strstr(help, "No options."));
    free(help);
}
END_TEST

START_TEST(test_the_page_is_a_table_with_bars_escaped)
{
    const struct weir_stage_type type = make_type("a.read", WEIR_SOURCE);
    char *page = weir_stage_markdown(&type);
    ck_assert_ptr_nonnull(
        strstr(page, "# a.read\n\ndoes a thing (a source; any number of workers).\n"));
    ck_assert_ptr_nonnull(strstr(page, "| `path` | path | required | the file to read |\n"));
    ck_assert_ptr_nonnull(strstr(
        page,
        "| `quoting` | minimal, all, none | `minimal` | when a field is quoted \\| or not |\n"));
    free(page);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry");
    TCase *test = tcase_create("registry");
    tcase_add_test(test, test_types_are_listed_by_name_without_the_inner_ones);
    tcase_add_test(test, test_a_type_may_be_registered_again_but_not_another_of_its_name);
    tcase_add_test(test, test_an_expanding_type_has_the_traits_of_its_parts);
    tcase_add_loop_test(test, test_an_ill_made_type_is_refused, 0, 12);
    tcase_add_test(test, test_an_ill_made_option_table_is_refused);
    tcase_add_test(test, test_help_says_all_of_the_table);
    tcase_add_test(test, test_long_help_is_wrapped_between_words);
    tcase_add_test(test, test_the_page_is_a_table_with_bars_escaped);
    suite_add_tcase(suite, test);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
