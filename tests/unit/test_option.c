#include <check.h>
#include <stdlib.h>
#include <string.h>

/* stage */
#include "stage/option.h"

/* ---- scalars ---- */

START_TEST(test_scalars_are_read_by_their_type)
{
    static const struct {
        enum weir_option_type type;
        const char *text;
        int64_t value; /* -1: refused */
    } rows[] = {
        {WEIR_OPT_BOOL, "true", 1},
        {WEIR_OPT_BOOL, "no", 0},
        {WEIR_OPT_BOOL, "on", 1},
        {WEIR_OPT_BOOL, "True", -1},
        {WEIR_OPT_BOOL, "1", -1},
        {WEIR_OPT_CHAR, ";", ';'},
        {WEIR_OPT_CHAR, "\\t", '\t'},
        {WEIR_OPT_CHAR, "\t", '\t'},
        {WEIR_OPT_CHAR, "\\", '\\'},
        {WEIR_OPT_CHAR, "", -1},
        {WEIR_OPT_CHAR, ";;", -1},
        {WEIR_OPT_CHAR, "\xc2\xa7", -1},
        {WEIR_OPT_COUNT, "0", 0},
        {WEIR_OPT_COUNT, "010", 10},
        {WEIR_OPT_COUNT, "1_000", 1000},
        {WEIR_OPT_COUNT, "2k", 2000},
        {WEIR_OPT_COUNT, "3M", 3000000},
        {WEIR_OPT_COUNT, "9223372036854775807", INT64_MAX},
        {WEIR_OPT_COUNT, "9223372036854775808", -1},
        {WEIR_OPT_COUNT, "9223372036854775807k", -1},
        {WEIR_OPT_COUNT, "_1", -1},
        {WEIR_OPT_COUNT, "1_", -1},
        {WEIR_OPT_COUNT, "1__0", -1},
        {WEIR_OPT_COUNT, "-1", -1},
        {WEIR_OPT_COUNT, "+1", -1},
        {WEIR_OPT_COUNT, "1e3", -1},
        {WEIR_OPT_COUNT, "1.5", -1},
        {WEIR_OPT_COUNT, "0x10", -1},
        {WEIR_OPT_COUNT, " 1", -1},
        {WEIR_OPT_COUNT, "", -1},
        {WEIR_OPT_BYTES, "4096", 4096},
        {WEIR_OPT_BYTES, "64KiB", 65536},
        {WEIR_OPT_BYTES, "64MiB", 67108864},
        {WEIR_OPT_BYTES, "1GB", 1000000000},
        {WEIR_OPT_BYTES, "2TiB", 2199023255552},
        {WEIR_OPT_BYTES, "7B", 7},
        {WEIR_OPT_BYTES, "9999999TiB", -1},
        {WEIR_OPT_BYTES, "64M", -1},
        {WEIR_OPT_BYTES, "64MiBs", -1},
        {WEIR_OPT_DURATION, "0", 0},
        {WEIR_OPT_DURATION, "2s", 2000},
        {WEIR_OPT_DURATION, "100ms", 100},
        {WEIR_OPT_DURATION, "1m30s", 90000},
        {WEIR_OPT_DURATION, "1d2h3m4s5ms", 93784005},
        {WEIR_OPT_DURATION, "2", -1},
        {WEIR_OPT_DURATION, "30s1m", -1},
        {WEIR_OPT_DURATION, "1s1s", -1},
        {WEIR_OPT_DURATION, "s", -1},
        {WEIR_OPT_DURATION, "", -1},
        {WEIR_OPT_DURATION, "999999999999999d", -1},
        {WEIR_OPT_RATE, "5/s", 5000},
        {WEIR_OPT_RATE, "0.5/s", 500},
        {WEIR_OPT_RATE, "300/m", 5000},
        {WEIR_OPT_RATE, "1000/h", 278},
        {WEIR_OPT_RATE, "5", -1},
        {WEIR_OPT_RATE, "5/d", -1},
        {WEIR_OPT_RATE, "0.0005/s", -1},
        {WEIR_OPT_PERCENT, "5%", 50000},
        {WEIR_OPT_PERCENT, "0.1%", 1000},
        {WEIR_OPT_PERCENT, "0.0001%", 1},
        {WEIR_OPT_PERCENT, "100%", 1000000},
        {WEIR_OPT_PERCENT, "100.0001%", -1},
        {WEIR_OPT_PERCENT, "5", -1},
        {WEIR_OPT_PERCENT, "5 %", -1},
        {WEIR_OPT_PERCENT, "5.%", -1},
        {WEIR_OPT_STRING, "5", -1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *message = NULL;
        int64_t value = -7;
        int rc = weir__option_number(rows[i].type, rows[i].text, &value, &message);
        ck_assert_msg((rc == 0) == (rows[i].value >= 0), "'%s': %d", rows[i].text, rc);
        if (rc == 0)
            ck_assert_msg(value == rows[i].value, "'%s' is %ld", rows[i].text, (long)value);
        else
            ck_assert_ptr_nonnull(message);
    }
}
END_TEST

START_TEST(test_a_range_holds_its_ends)
{
    ck_assert(weir__option_in_range(WEIR_OPT_COUNT, "1..64", 1));
    ck_assert(weir__option_in_range(WEIR_OPT_COUNT, "1..64", 64));
    ck_assert(!weir__option_in_range(WEIR_OPT_COUNT, "1..64", 0));
    ck_assert(!weir__option_in_range(WEIR_OPT_COUNT, "1..64", 65));
    ck_assert(weir__option_in_range(WEIR_OPT_BYTES, "4KiB..", INT64_MAX));
    ck_assert(!weir__option_in_range(WEIR_OPT_BYTES, "4KiB..", 4095));
    ck_assert(weir__option_in_range(WEIR_OPT_COUNT, NULL, 5));
    ck_assert(!weir__option_in_range(WEIR_OPT_COUNT, "many", 5));
}
END_TEST

START_TEST(test_a_choice_is_the_whole_word)
{
    ck_assert_int_eq(weir__option_choice("minimal|all|none", "minimal"), 0);
    ck_assert_int_eq(weir__option_choice("minimal|all|none", "none"), 2);
    ck_assert_int_eq(weir__option_choice("minimal|all|none", "al"), -1);
    ck_assert_int_eq(weir__option_choice("minimal|all|none", "all|none"), -1);
    ck_assert_int_eq(weir__option_choice("minimal|all|none", ""), -1);
}
END_TEST

START_TEST(test_the_nearest_name_is_found)
{
    static const char *const names[] = {"delimiter", "header", "path", NULL};
    ck_assert_str_eq(weir__nearest("delimeter", names), "delimiter");
    ck_assert_str_eq(weir__nearest("paht", names), "path");
    ck_assert_str_eq(weir__nearest("Header", names), "header");
    ck_assert_ptr_null(weir__nearest("xyzzy", names));
    ck_assert_ptr_null(weir__nearest("a", names));
}
END_TEST

/* ---- settings ---- */

static const struct weir_option table[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file"},
    {"note", WEIR_OPT_STRING, NULL, NULL, false, "any text"},
    {"delimiter", WEIR_OPT_CHAR, ",", NULL, false, "between fields"},
    {"slots", WEIR_OPT_COUNT, "16", "1..64", false, "how many"},
    {"size", WEIR_OPT_BYTES, NULL, "4KiB..", false, "how large"},
    {"quoting", WEIR_OPT_ENUM, "minimal", "minimal|all|none", false, "when"},
    {"columns", WEIR_OPT_LIST, "[a, b]", NULL, false, "which"},
    {"types", WEIR_OPT_MAP, NULL, NULL, false, "of columns"},
    {"split", WEIR_OPT_MAP, NULL, "rows:count|bytes:bytes", false, "where to cut"},
    {"where", WEIR_OPT_EXPR, NULL, NULL, false, "condition"},
    {"set", WEIR_OPT_EXPR_MAP, NULL, NULL, false, "new columns"},
    {"password", WEIR_OPT_SECRET, NULL, NULL, false, "never shown"},
    {NULL, 0, NULL, NULL, false, NULL},
};

struct reading {
    struct node *with;
    struct settings *settings;
    struct weir_errors errors;
    int rc;
};

static struct reading read_canonical(const char *text)
{
    struct reading reading = {0};
    reading.with = text == NULL ? NULL : weir__node_read(&text);
    reading.rc = weir__settings_read(table, reading.with, &reading.errors, &reading.settings);
    return reading;
}

static void release(struct reading *reading)
{
    weir__settings_free(reading->settings);
    weir__node_free(reading->with);
    weir_errors_release(&reading->errors);
}

START_TEST(test_values_are_read_and_the_rest_falls_back)
{
    struct reading reading = read_canonical("{\"path\" \"x.csv\" \"slots\" \"2\" \"quoting\" "
                                            "\"none\" \"types\" {\"a\" \"text\" \"b\" \"date\"}}");
    const struct settings *settings = reading.settings;
    const char *const *list;
    const struct weir_pair *pair;
    ck_assert_int_eq(reading.rc, 0);
    ck_assert_str_eq(weir__settings_string(settings, "path"), "x.csv");
    ck_assert_int_eq(weir__settings_number(settings, "slots"), 2);
    ck_assert_int_eq(weir__settings_number(settings, "quoting"), 2);
    ck_assert_int_eq(weir__settings_number(settings, "delimiter"), ',');
    ck_assert_int_eq(weir__settings_number(settings, "size"), -1);
    ck_assert_ptr_null(weir__settings_string(settings, "note"));
    ck_assert(weir__settings_given(settings, "slots"));
    ck_assert(!weir__settings_given(settings, "delimiter"));
    ck_assert_uint_eq(weir__settings_list(settings, "columns", &list), 2);
    ck_assert_str_eq(list[1], "b");
    ck_assert_uint_eq(weir__settings_map(settings, "types", &pair), 2);
    ck_assert_str_eq(pair[1].key, "b");
    ck_assert_str_eq(pair[1].value, "date");
    ck_assert_uint_eq(weir__settings_map(settings, "set", &pair), 0);
    ck_assert(!weir__settings_given(settings, "no_such"));
    release(&reading);
}
END_TEST

START_TEST(test_members_of_a_map_are_numbers)
{
    struct reading reading = read_canonical("{\"path\" \"x\" \"split\" {\"bytes\" \"2KiB\"}}");
    ck_assert_int_eq(reading.rc, 0);
    ck_assert_int_eq(weir__settings_member(reading.settings, "split", "bytes"), 2048);
    ck_assert_int_eq(weir__settings_member(reading.settings, "split", "rows"), -1);
    ck_assert_int_eq(weir__settings_member(reading.settings, "columns", "rows"), -1);
    release(&reading);
}
END_TEST

START_TEST(test_a_single_value_stands_for_a_list_of_one)
{
    struct reading reading = read_canonical("{\"path\" \"x\" \"columns\" \"only\"}");
    const char *const *list;
    ck_assert_uint_eq(weir__settings_list(reading.settings, "columns", &list), 1);
    ck_assert_str_eq(list[0], "only");
    release(&reading);
}
END_TEST

START_TEST(test_a_value_is_traced_to_its_node)
{
    struct reading reading =
        read_canonical("{\"path\" \"x\" \"columns\" [\"a\" \"b\"] \"set\" {\"t\" \"1 + 1\"}}");
    const struct settings *settings = reading.settings;
    ck_assert_str_eq(weir__settings_node(settings, "path", NULL)->text, "x");
    ck_assert_str_eq(weir__settings_node(settings, "columns", "b")->text, "b");
    ck_assert_str_eq(weir__settings_node(settings, "set", "t")->text, "1 + 1");
    ck_assert_int_eq(weir__settings_node(settings, "set", "u")->kind, NODE_MAP);
    ck_assert_ptr_null(weir__settings_node(settings, "delimiter", NULL));
    release(&reading);
}
END_TEST

START_TEST(test_every_mistake_is_said)
{
    static const struct {
        const char *with, *errors; /* texts, and notes behind a bar, one a line */
    } rows[] = {
        {NULL, "option 'path' is missing: the file|\n"},
        {"{}", "option 'path' is missing: the file|\n"},
        {"[]", "options must be a map like {name: value}|\n"},
        {"{\"path\" \"x\" \"delimeter\" \";\"}",
         "no option 'delimeter'|did you mean 'delimiter'?\n"},
        {"{\"path\" \"x\" \"xyzzy\" \";\"}", "no option 'xyzzy'|\n"},
        {"{\"path\" \"\"}", "'path' is empty|\n"},
        {"{\"path\" []}", "'path' must be the path of a file, not a list|\n"},
        {"{\"path\" \"x\" \"delimiter\" \"ab\"}",
         "'delimiter' must be one character (one byte) like ; or \\t, not 'ab'|\n"},
        {"{\"path\" \"x\" \"slots\" \"0\"}", "'slots' must be from 1 to 64, not '0'|\n"},
        {"{\"path\" \"x\" \"size\" \"1B\"}", "'size' must be at least 4KiB, not '1B'|\n"},
        {"{\"path\" \"x\" \"slots\" \"many\"}",
         "'slots' must be a number like 1000, 1_000 or 2k, not 'many'|\n"},
        {"{\"path\" \"x\" \"quoting\" \"al\"}",
         "'quoting' must be minimal, all or none, not 'al'|did you mean 'all'?\n"},
        {"{\"path\" \"x\" \"quoting\" \"\"}",
         "'quoting' must be minimal, all or none; it is empty|\n"},
        {"{\"path\" \"x\" \"columns\" {}}", "'columns' must be a list like [a, b], not a map|\n"},
        {"{\"path\" \"x\" \"columns\" [\"a\" []]}",
         "'columns' must be a list of plain values; this one is a list|\n"},
        {"{\"path\" \"x\" \"types\" \"a\"}",
         "'types' must be a map like {name: value}, not 'a'|\n"},
        {"{\"path\" \"x\" \"types\" {\"a\" {}}}",
         "'a' of 'types' must be a plain value, not a map|\n"},
        {"{\"path\" \"x\" \"split\" {\"row\" \"1\"}}",
         "'split' has no 'row'|did you mean 'rows'?\n"},
        {"{\"path\" \"x\" \"split\" {\"rows\" \"few\"}}",
         "'rows' of 'split' must be a number like 1000, 1_000 or 2k, not 'few'|\n"},
        {"{\"path\" \"x\" \"split\" {\"rows\" []}}",
         "'rows' of 'split' must be a plain value, not a list|\n"},
        {"{\"path\" \"x\" \"set\" {\"a\" \"\"}}",
         "'a' of 'set' must be an expression; it is empty|\n"},
        {"{\"path\" \"x\" \"where\" \"\"}", "'where' is empty|\n"},
        {"{\"path\" \"x\" \"password\" []}",
         "'password' must be text that is never shown, not a list|\n"},
        {"{\"path\" \"x\" \"note\" \"\"}", ""},
        {"{\"path\" \"x\" \"types\" {\"a\" \"\"}}", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reading reading = read_canonical(rows[i].with);
        struct buf said;
        weir__buf_init(&said);
        for (size_t e = 0; e < reading.errors.count; e++)
            weir__buf_printf(&said, "%s|%s\n", reading.errors.list[e].text,
                             reading.errors.list[e].note);
        ck_assert_str_eq(said.data, rows[i].errors);
        ck_assert_int_eq(reading.rc, said.len == 0 ? 0 : WEIR_ECONFIG);
        ck_assert_ptr_nonnull(reading.settings);
        weir__buf_release(&said);
        release(&reading);
    }
}
END_TEST

START_TEST(test_a_secret_is_not_part_of_the_words)
{
    struct reading reading = {0};
    const char *text = "{\"path\" \"x\" \"slots\" \"hunter2\"}";
    reading.with = weir__node_read(&text);
    weir__node_get(reading.with, "slots")->secret = true;
    weir__settings_read(table, reading.with, &reading.errors, &reading.settings);
    ck_assert_uint_eq(reading.errors.count, 1);
    ck_assert_ptr_null(strstr(reading.errors.list[0].text, "hunter2"));
    release(&reading);
}
END_TEST

START_TEST(test_a_wrong_value_leaves_the_fallback)
{
    struct reading reading = read_canonical("{\"path\" \"x\" \"slots\" \"0\" \"columns\" {}}");
    const char *const *list;
    ck_assert_int_eq(weir__settings_number(reading.settings, "slots"), 16);
    ck_assert_uint_eq(weir__settings_list(reading.settings, "columns", &list), 2);
    ck_assert(weir__settings_given(reading.settings, "slots"));
    release(&reading);
}
END_TEST

START_TEST(test_nothing_more_is_said_about_a_faulty_value)
{
    struct reading reading = {0};
    const char *text = "{\"path\" \"\"}";
    reading.with = weir__node_read(&text);
    reading.with->child->faulty = true;
    ck_assert_int_eq(weir__settings_read(table, reading.with, &reading.errors, &reading.settings),
                     0);
    ck_assert_uint_eq(reading.errors.count, 0);
    release(&reading);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("option");
    TCase *test = tcase_create("option");
    tcase_add_test(test, test_scalars_are_read_by_their_type);
    tcase_add_test(test, test_a_range_holds_its_ends);
    tcase_add_test(test, test_a_choice_is_the_whole_word);
    tcase_add_test(test, test_the_nearest_name_is_found);
    tcase_add_test(test, test_values_are_read_and_the_rest_falls_back);
    tcase_add_test(test, test_members_of_a_map_are_numbers);
    tcase_add_test(test, test_a_single_value_stands_for_a_list_of_one);
    tcase_add_test(test, test_a_value_is_traced_to_its_node);
    tcase_add_test(test, test_every_mistake_is_said);
    tcase_add_test(test, test_a_secret_is_not_part_of_the_words);
    tcase_add_test(test, test_a_wrong_value_leaves_the_fallback);
    tcase_add_test(test, test_nothing_more_is_said_about_a_faulty_value);
    suite_add_tcase(suite, test);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
