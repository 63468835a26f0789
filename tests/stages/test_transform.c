/* transform, without the engine. */
#include "stages/rig.h"

#include "limit.h"
#include "transform.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_release(&rig);
}

static struct node *map_of(const char *key, ...)
{
    struct node *map = weir__node_map();
    va_list args;
    va_start(args, key);
    for (; key != NULL; key = va_arg(args, const char *))
        ck_assert_int_eq(weir__node_append(map, key, weir__node_scalar(va_arg(args, const char *))),
                         0);
    va_end(args);
    return map;
}

static void transform(struct node *with)
{
    ck_assert_int_eq(rig_add(&rig, &weir_stage_transform, with), 0);
}

#define ORDERS                                                                                     \
    "id|country|quantity|price|status",                                                            \
        "1|DE|3|12.34|paid\n2|FR|60|1.10|paid\n3|DE|70|2.00|open\n"                                \
        "4|IT|~|5.00|paid\n5|DE|80|0.50|paid\n"

static void check_output(const char *expected)
{
    ck_assert_msg(rig_run(&rig) == 0, "%s", rig_error(&rig));
    ck_assert_str_eq(rig.output.data, expected);
}

START_TEST(test_where_keeps_what_is_true_and_counts_nulls)
{
    rig_table(&rig, ORDERS);
    transform(rig_with("where", "quantity >= 50 and status = 'paid'", NULL));
    check_output("2|FR|60|1.10|paid\n5|DE|80|0.50|paid\n");
    ck_assert_uint_eq(rig.stage[0].total.dropped, 3);
    ck_assert_uint_eq(rig.stage[0].total.null_dropped, 1);
}
END_TEST

START_TEST(test_set_sees_earlier_columns_and_may_replace_one)
{
    rig_table(&rig, ORDERS);
    struct node *with = rig_with("where", "quantity > 5", NULL);
    rig_put(with, "set",
            map_of("total", "round(quantity * price, 1)", "quantity", "quantity::integer + 1",
                   "twice", "total * quantity", NULL));
    rig_put(with, "select", rig_list("id", "twice", "quantity", "total", NULL));
    transform(with);
    check_output("2|4026.0|61|66.0\n3|9940.0|71|140.0\n5|3240.0|81|40.0\n");
    ck_assert_int_eq(rig.stage[0].stage.type == &weir_stage_transform_eval, 1);
}
END_TEST

START_TEST(test_drop_and_rename_change_the_columns)
{
    rig_table(&rig, ORDERS);
    struct node *with =
        rig_put(rig_with(NULL), "drop", rig_list("country", "status", "price", NULL));
    rig_put(with, "rename", map_of("id", "order", NULL));
    transform(with);
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, "1|3\n2|60\n3|70\n4|~\n5|80\n");
}
END_TEST

START_TEST(test_names_may_be_swapped)
{
    rig_table(&rig, "a|b", "1|2\n");
    transform(rig_put(rig_with(NULL), "rename", map_of("a", "b", "b", "a", NULL)));
    rig.wanted = "a";
    check_output("2\n");
}
END_TEST

START_TEST(test_limit_stops_after_its_records_over_batches)
{
    rig.batch_records = 2;
    rig_table(&rig, ORDERS);
    transform(rig_with("where", "status = 'paid'", "limit", "2", NULL));
    check_output("1|DE|3|12.34|paid\n2|FR|60|1.10|paid\n");
    ck_assert(rig.enough);
    ck_assert_uint_eq(rig.transactions, 2); /* one batch of two, and finish */
}
END_TEST

START_TEST(test_limit_counts_what_is_beyond_it_as_dropped)
{
    rig_table(&rig, ORDERS);
    transform(rig_with("limit", "3", NULL));
    check_output("1|DE|3|12.34|paid\n2|FR|60|1.10|paid\n3|DE|70|2.00|open\n");
    ck_assert_uint_eq(rig.stage[1].total.dropped, 2);
}
END_TEST

START_TEST(test_limit_of_nothing_passes_nothing)
{
    rig_table(&rig, ORDERS);
    transform(rig_with("limit", "0", NULL));
    check_output("");
    ck_assert(rig.enough);
}
END_TEST

START_TEST(test_limit_goes_on_from_the_last_commit)
{
    rig.batch_records = 1;
    rig.kill_every = 2;
    rig_table(&rig, ORDERS);
    transform(rig_with("limit", "4", NULL));
    check_output("1|DE|3|12.34|paid\n2|FR|60|1.10|paid\n3|DE|70|2.00|open\n4|IT|~|5.00|paid\n");
    ck_assert_uint_gt(rig.kills, 0);
}
END_TEST

/* ---- what is needed ---- */

START_TEST(test_only_the_columns_that_somebody_uses_are_needed)
{
    static const struct {
        const char *wanted, *needed;
    } table[] = {{"id", "id quantity price status"},
                 {"total|country", "country quantity price status"},
                 {"price", "quantity price status"}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rig one;
        rig_init(&one);
        rig_table(&one, ORDERS);
        struct node *with = rig_with("where", "status = 'paid'", NULL);
        rig_put(with, "set", map_of("total", "quantity * price", "price", "1", NULL));
        ck_assert_int_eq(rig_add(&one, &weir_stage_transform, with), 0);
        one.wanted = table[i].wanted;
        ck_assert_int_eq(rig_bind(&one), 0);
        bool needed[8] = {false};
        one.stage[0].stage.type->needs(&one.stage[0].stage, needed);
        char text[128] = "";
        for (uint32_t c = 0; c < one.input.columns; c++)
            if (needed[c])
                sprintf(text + strlen(text), "%s%s", text[0] == '\0' ? "" : " ",
                        one.input.column[c].name);
        ck_assert_str_eq(text, table[i].needed);
        rig_close(&one);
        rig_release(&one);
    }
}
END_TEST

/* So wide that work for each pair of columns would not end in the time that a test has. */
START_TEST(test_every_option_takes_a_hundred_thousand_columns)
{
    enum { COLUMNS = 100000 };
    struct buf header, row, expected;
    struct node *select = weir__node_list(), *rename = weir__node_map(), *drop = weir__node_list();
    weir__buf_init(&header);
    weir__buf_init(&row);
    weir__buf_init(&expected);
    for (unsigned i = 0; i < COLUMNS; i++) {
        unsigned last = COLUMNS - 1 - i;
        char name[24], renamed[24];
        snprintf(name, sizeof(name), "c%u", last);
        snprintf(renamed, sizeof(renamed), "d%u", last);
        weir__buf_printf(&header, "c%u|", i);
        weir__buf_printf(&row, "%u%s", i, last == 0 ? "\n" : "|");
        weir__node_append(select, NULL, weir__node_scalar(name));
        weir__node_append(rename, name, weir__node_scalar(renamed));
        if (last % 2 == 0)
            weir__node_append(drop, NULL, weir__node_scalar(renamed));
        else
            weir__buf_printf(&expected, "%u%s", last == 7 ? 100004 : last, last == 1 ? "\n" : "|");
    }
    rig_table(&rig, header.data, row.data);
    struct node *with = rig_with("where", "c99998 = '99998'", NULL);
    rig_put(with, "set", map_of("x", "c5::integer + c99999::integer", "c7", "x", NULL));
    rig_put(with, "select", select);
    transform(rig_put(with, "rename", rename));
    transform(rig_put(rig_with(NULL), "drop", drop));
    check_output(expected.data);
    weir__buf_release(&header);
    weir__buf_release(&row);
    weir__buf_release(&expected);
}
END_TEST

/* ---- records that cannot be computed ---- */

#define BROKEN "a|b", "1|2\ntwelve|2\n3|0\n4|x\n5|1\n"

START_TEST(test_stop_names_the_first_record_and_its_column)
{
    rig_table(&rig, BROKEN);
    transform(rig_put(rig_with(NULL), "set", map_of("c", "a / b", NULL)));
    ck_assert_int_eq(rig_run(&rig), WEIR_EDATA);
    ck_assert_str_eq(rig_error(&rig),
                     "(input):3 (byte 20), column 'a': 'twelve' is not a number (set c)");
}
END_TEST

START_TEST(test_records_before_one_that_ends_the_run_count_whatever_batch_they_are_in)
{
    static const char *const limits[] = {"0", "1", "2", "3", "9"};
    static const char *const outputs[] = {"", "1\n", "1\n4\n", "1\n4\n", "1\n4\n"};
    for (uint32_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        for (uint32_t records = 1; records <= 7; records++) {
            struct rig one;
            rig_init(&one);
            one.batch_records = records;
            rig_table(&one, "a", "1\n2\n3\n4\nx\n6\ny\n");
            struct node *with = rig_with("where", "a::integer not in (2, 3)", NULL);
            ck_assert_int_eq(rig_add(&one, &weir_stage_transform, with), 0);
            with = rig_with("limit", limits[i], NULL);
            ck_assert_int_eq(rig_add(&one, &weir_stage_transform, with), 0);
            ck_assert_int_eq(rig_run(&one), i <= 2 ? 0 : WEIR_EDATA);
            ck_assert_str_eq(one.output.data, outputs[i]);
            if (i > 2)
                ck_assert_str_eq(rig_error(&one), "(input):6 (byte 50), column 'a': 'x' is not an "
                                                  "integer (where)");
            rig_release(&one);
        }
}
END_TEST

START_TEST(test_of_two_transforms_the_lowest_record_ends_the_run)
{
    rig_table(&rig, "a|b", "1|1\n2|x\ny|3\n");
    transform(rig_put(rig_with(NULL), "set", map_of("c", "a::integer", NULL)));
    transform(rig_put(rig_with(NULL), "set", map_of("d", "b::integer", NULL)));
    ck_assert_int_eq(rig_run(&rig), WEIR_EDATA);
    ck_assert_str_eq(rig_error(&rig),
                     "(input):3 (byte 20), column 'b': 'x' is not an integer (set d)");
}
END_TEST

START_TEST(test_reject_sets_records_aside_in_their_order)
{
    rig.on_error = ON_ERROR_REJECT;
    rig_table(&rig, BROKEN);
    struct node *with = rig_with("where", "b <> 'x' or a / b > 0", NULL);
    rig_put(with, "set", map_of("c", "a / b", "d", "c + a", NULL));
    transform(with);
    check_output("1|2|0.5|1.5\n5|1|5|10\n");
    ck_assert_str_eq(rig.rejects.data, "(input),3,20,a,'twelve' is not a number (set c),\n"
                                       "(input),4,30,b,division by zero (set c),\n"
                                       "(input),5,40,b,'x' is not a number (where),\n");
    ck_assert_uint_eq(rig.stage[0].rejected, 3);
    ck_assert_uint_eq(rig.stage[0].total.dropped, 0);
}
END_TEST

START_TEST(test_rejects_without_room_are_continued_from_their_record)
{
    rig.on_error = ON_ERROR_REJECT;
    rig.reject_capacity = 100; /* about one row at a time */
    rig_table(&rig, BROKEN);
    struct node *with = rig_with("where", "a <> '1'", NULL);
    transform(rig_put(with, "set", map_of("c", "a / b", NULL)));
    check_output("5|1|5\n");
    ck_assert_uint_eq(rig.stage[0].rejected, 3);
    ck_assert_uint_eq(rig.stage[0].total.dropped, 1);
    size_t lines = 0;
    for (const char *at = rig.rejects.data; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    ck_assert_uint_eq(lines, 3);
}
END_TEST

START_TEST(test_set_null_makes_the_new_column_null)
{
    rig.on_error = ON_ERROR_SET_NULL;
    rig_table(&rig, BROKEN);
    transform(rig_put(rig_with(NULL), "set", map_of("c", "a / b", "d", "coalesce(c, -1)", NULL)));
    check_output("1|2|0.5|0.5\ntwelve|2|~|-1\n3|0|~|-1\n4|x|~|-1\n5|1|5|5\n");
    ck_assert_uint_eq(rig.stage[0].rejected, 0);
}
END_TEST

START_TEST(test_set_null_drops_where_the_condition_is_null)
{
    rig.on_error = ON_ERROR_SET_NULL;
    rig_table(&rig, BROKEN);
    transform(rig_with("where", "a > 2", NULL));
    check_output("3|0\n4|x\n5|1\n");
    ck_assert_uint_eq(rig.stage[0].total.dropped, 2);
    ck_assert_uint_eq(rig.stage[0].total.null_dropped, 1);
}
END_TEST

START_TEST(test_drop_leaves_bad_records_out_and_counts_them)
{
    rig.on_error = ON_ERROR_DROP;
    rig_table(&rig, BROKEN);
    transform(rig_put(rig_with("where", "a <> '5'", NULL), "set", map_of("c", "a / b", NULL)));
    check_output("1|2|0.5\n");
    ck_assert_uint_eq(rig.stage[0].total.dropped, 4);
    ck_assert_uint_eq(rig.stage[0].total.null_dropped, 0);
}
END_TEST

START_TEST(test_a_second_transform_finds_the_place_in_the_file)
{
    rig_table(&rig, "a|b", "1|x\n2|x\n3|y\n");
    transform(rig_with("where", "a >= 2", "limit", "5", NULL));
    transform(rig_put(rig_with(NULL), "set", map_of("c", "if(b = 'y', b::integer, 1)", NULL)));
    ck_assert_int_eq(rig_run(&rig), WEIR_EDATA);
    ck_assert_str_eq(rig_error(&rig),
                     "(input):4 (byte 30), column 'b': 'y' is not an integer (set c)");
}
END_TEST

/* ---- mistakes in the options ---- */

static void check_mistake(struct node *with, const char *text, const char *note)
{
    struct rig one;
    rig_init(&one);
    rig_table(&one, ORDERS);
    int code = rig_add(&one, &weir_stage_transform, with);
    ck_assert_int_lt(code < 0 ? code : rig_run(&one), 0);
    ck_assert_str_eq(rig_error(&one), text);
    ck_assert_msg(one.errors.count > 0 && strstr(one.errors.list[0].note, note) != NULL, "%s: %s",
                  text, one.errors.count > 0 ? one.errors.list[0].note : "no note");
    rig_release(&one);
}

START_TEST(test_mistakes_are_said_before_anything_runs)
{
    check_mistake(rig_with("where", "quantty > 1", NULL), "no column 'quantty'",
                  "did you mean 'quantity'?");
    check_mistake(rig_with("where", "quantity", NULL),
                  "'where' is a condition, true or false; this is untyped", "compare it");
    check_mistake(rig_with("where", "quantity + 1", NULL),
                  "'where' is a condition, true or false; this is decimal", "quantity > 0");
    check_mistake(rig_with("where", "status = ", NULL),
                  "the expression ends too early: a value is missing", "");
    check_mistake(rig_put(rig_with(NULL), "set", map_of("x", "1 +", NULL)),
                  "the expression ends too early: a value is missing", "");
    check_mistake(rig_put(rig_with(NULL), "select", rig_list("id", "contry", NULL)),
                  "no column 'contry'", "did you mean 'country'?");
    check_mistake(rig_put(rig_with(NULL), "select", rig_list("id", "id", NULL)),
                  "column 'id' is listed twice", "");
    check_mistake(rig_put(rig_with(NULL), "drop", rig_list("pric", NULL)), "no column 'pric'",
                  "did you mean 'price'?");
    check_mistake(rig_put(rig_with(NULL), "drop",
                          rig_list("id", "country", "quantity", "price", "status", NULL)),
                  "'drop' leaves no column", "");
    check_mistake(rig_put(rig_with(NULL), "rename", map_of("idd", "x", NULL)), "no column 'idd'",
                  "did you mean 'id'?");
    check_mistake(rig_put(rig_with(NULL), "rename", map_of("id", "country", NULL)),
                  "there would be two columns 'country'", "");
    check_mistake(rig_put(rig_put(rig_with(NULL), "select", rig_list("id", NULL)), "rename",
                          map_of("price", "x", NULL)),
                  "no column 'price'", "");
    check_mistake(rig_put(rig_put(rig_with(NULL), "select", rig_list("id", NULL)), "drop",
                          rig_list("id", NULL)),
                  "'select' and 'drop' cannot both be given", "");
}
END_TEST

START_TEST(test_every_mistake_is_said_at_once)
{
    rig_table(&rig, ORDERS);
    struct node *with = rig_with("where", "nope = 1", NULL);
    rig_put(with, "set", map_of("x", "foo(1)", "y", "x + 1", NULL));
    ck_assert_int_eq(
        rig_add(&rig, &weir_stage_transform, rig_put(with, "drop", rig_list("gone", NULL))), 0);
    ck_assert_int_lt(rig_run(&rig), 0);
    ck_assert_uint_eq(rig.errors.count, 3); /* y is not wrong because x is */
}
END_TEST

START_TEST(test_the_alias_is_the_same_type)
{
    ck_assert_ptr_eq(weir_stage_csv_transform.inner, weir_stage_transform.inner);
    ck_assert_ptr_eq(weir_stage_csv_transform.options, weir_stage_transform.options);
    ck_assert_ptr_eq(weir_stage_transform.inner[1], &weir_stage_limit);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("transform");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_where_keeps_what_is_true_and_counts_nulls);
    tcase_add_test(tcase, test_set_sees_earlier_columns_and_may_replace_one);
    tcase_add_test(tcase, test_drop_and_rename_change_the_columns);
    tcase_add_test(tcase, test_names_may_be_swapped);
    tcase_add_test(tcase, test_limit_stops_after_its_records_over_batches);
    tcase_add_test(tcase, test_limit_counts_what_is_beyond_it_as_dropped);
    tcase_add_test(tcase, test_limit_of_nothing_passes_nothing);
    tcase_add_test(tcase, test_limit_goes_on_from_the_last_commit);
    tcase_add_test(tcase, test_only_the_columns_that_somebody_uses_are_needed);
    tcase_add_test(tcase, test_stop_names_the_first_record_and_its_column);
    tcase_add_test(tcase,
                   test_records_before_one_that_ends_the_run_count_whatever_batch_they_are_in);
    tcase_add_test(tcase, test_of_two_transforms_the_lowest_record_ends_the_run);
    tcase_add_test(tcase, test_reject_sets_records_aside_in_their_order);
    tcase_add_test(tcase, test_rejects_without_room_are_continued_from_their_record);
    tcase_add_test(tcase, test_set_null_makes_the_new_column_null);
    tcase_add_test(tcase, test_set_null_drops_where_the_condition_is_null);
    tcase_add_test(tcase, test_drop_leaves_bad_records_out_and_counts_them);
    tcase_add_test(tcase, test_a_second_transform_finds_the_place_in_the_file);
    tcase_add_test(tcase, test_mistakes_are_said_before_anything_runs);
    tcase_add_test(tcase, test_every_mistake_is_said_at_once);
    tcase_add_test(tcase, test_the_alias_is_the_same_type);
    Suite *suite = suite_create("transform");
    suite_add_tcase(suite, tcase);
    TCase *wide = tcase_create("wide");
    tcase_set_timeout(wide, 15); /* a sanitizer needs a fifth of it */
    tcase_add_checked_fixture(wide, setup, teardown);
    tcase_add_test(wide, test_every_option_takes_a_hundred_thousand_columns);
    suite_add_tcase(suite, wide);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
