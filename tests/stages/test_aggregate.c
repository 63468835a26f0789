#include "stages/rig.h"

#include "kept/aggregate.h"

/* What an aggregate of a table puts out. set is "name=call;name=call". */
struct given {
    const char *schema, *rows, *by, *set;
    enum on_error on_error;
};

#define GIVEN(schema, rows, by, set) (&(struct given){schema, rows, by, set, ON_ERROR_STOP})

static struct node *options(const struct given *given)
{
    struct node *with = weir__node_map(), *set = weir__node_map(), *by = weir__node_list();
    char *copy = strdup(given->set), *save = NULL;
    for (char *one = strtok_r(copy, ";", &save); one != NULL; one = strtok_r(NULL, ";", &save)) {
        char *call = strchr(one, '=');
        *call++ = '\0';
        ck_assert_int_eq(weir__node_append(set, one, weir__node_scalar(call)), 0);
    }
    free(copy);
    rig_put(with, "set", set);
    copy = strdup(given->by);
    for (char *one = strtok_r(copy, "|", &save); one != NULL; one = strtok_r(NULL, "|", &save))
        ck_assert_int_eq(weir__node_append(by, NULL, weir__node_scalar(one)), 0);
    free(copy);
    return rig_put(with, "by", by);
}

static int run(struct rig *rig, const struct given *given, uint32_t batch_records,
               unsigned kill_every)
{
    rig_init(rig);
    rig->batch_records = batch_records;
    rig->kill_every = kill_every;
    rig->on_error = given->on_error;
    rig_table(rig, given->schema, given->rows);
    int code = rig_add(rig, &weir_aggregate, options(given));
    return code < 0 ? code : rig_run(rig);
}

/* However the records fall into batches, and whoever dies. */
static void assert_makes(const struct given *given, const char *expected)
{
    for (uint32_t batch = 0; batch < 4; batch++)
        for (unsigned kill_every = 0; kill_every < 3; kill_every++) {
            struct rig rig;
            ck_assert_msg(run(&rig, given, batch, kill_every) == 0, "%s", rig_error(&rig));
            ck_assert_str_eq(rig.output.data, expected);
            rig_release(&rig);
        }
}

static void assert_refused(const struct given *given, const char *words)
{
    for (uint32_t batch = 0; batch < 2; batch++) {
        struct rig rig;
        ck_assert_int_lt(run(&rig, given, batch, 0), 0);
        ck_assert_msg(strstr(rig_error(&rig), words) != NULL, "%s", rig_error(&rig));
        rig_release(&rig);
    }
}

#define ORDERS                                                                                     \
    "a|x|1.5\n"                                                                                    \
    "b|y|2\n"                                                                                      \
    "a|x|~\n"                                                                                      \
    "~|z|4.25\n"                                                                                   \
    "b|~|-7\n"                                                                                     \
    "a|y|10\n"                                                                                     \
    "|q|0.5\n"

START_TEST(test_groups_come_in_the_order_of_their_columns_and_null_is_one)
{
    assert_makes(GIVEN("k|t|v", ORDERS, "k", "n=count(*)"), "|1\na|3\nb|2\n~|1\n");
    assert_makes(GIVEN("k|t|v", ORDERS, "t|k", "n=count(v)"),
                 "q||1\nx|a|1\ny|a|1\ny|b|1\nz|~|1\n~|b|1\n");
    assert_makes(GIVEN("k:integer", "10\n9\n-3\n0\n-20\n~\n9\n", "k", "n=count(*)"),
                 "-20|1\n-3|1\n0|1\n9|2\n10|1\n~|1\n");
    assert_makes(GIVEN("k:decimal", "1.0\n0.05\n1.00\n-0.5\n-0.45\n12\n1e1\n", "k", "n=count(*)"),
                 "-0.5|1\n-0.45|1\n0.05|1\n1.0|1\n1.00|1\n1e1|1\n12|1\n");
}
END_TEST

START_TEST(test_sums_are_exact_and_pass_over_nulls)
{
    assert_makes(GIVEN("k|t|v", ORDERS, "k", "s=sum(v);a=avg(v)"),
                 "|0.5|0.5\na|11.5|5.75\nb|-5|-2.5\n~|4.25|4.25\n");
    assert_makes(
        GIVEN("v:decimal", "0.1\n0.2\n99999999999999999999999999999999999.9\n", "", "s=sum(v)"),
        "100000000000000000000000000000000000.2\n");
    assert_makes(GIVEN("v:integer", "~\n~\n", "", "n=count(v);s=sum(v);a=avg(v);m=max(v)"),
                 "0|~|~|~\n");
    assert_makes(GIVEN("v:integer", "9223372036854775807\n-1\n", "", "s=sum(v)"),
                 "9223372036854775806\n");
}
END_TEST

START_TEST(test_doubles_are_added_up_without_rounding)
{
    assert_makes(
        GIVEN("v:double", "1e16\n1.0\n-1e16\n1e-300\n1e300\n-1e300\n", "", "s=sum(v);a=avg(v)"),
        "1.0|0.16666666666666666\n");
    assert_makes(
        GIVEN("v:double", "0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n", "", "s=sum(v)"),
        "1.0\n");
    assert_makes(GIVEN("v", "2\n4\n4\n4\n5\n5\n7\n9\n", "", "d=stddev(v)"), "2.138089935299395\n");
    /* A mean that is large beside the differences. */
    assert_makes(GIVEN("v", "1000000000001\n1000000000002\n1000000000003\n", "", "d=stddev(v)"),
                 "1.0\n");
    assert_makes(GIVEN("v", "3\n", "", "d=stddev(v)"), "~\n");
}
END_TEST

START_TEST(test_chosen_values_go_by_type_or_by_place)
{
    assert_makes(
        GIVEN("k|t|v", ORDERS, "k", "least=min(v::decimal);most=max(v::decimal);text=max(v::text)"),
        "|0.5|0.5|0.5\na|1.5|10|10\nb|-7|2|2\n~|4.25|4.25|4.25\n");
    assert_makes(GIVEN("k|t|v", ORDERS, "", "f=first(t);l=last(v);n=first(k)"), "x|0.5|a\n");
    assert_makes(GIVEN("k|t|v", ORDERS, "k", "f=first(v);l=last(t)"),
                 "|0.5|q\na|1.5|y\nb|2|~\n~|4.25|z\n");
}
END_TEST

START_TEST(test_values_are_counted_once_and_joined_in_order)
{
    assert_makes(
        GIVEN("k|t|v", ORDERS, "k", "d=count_distinct(t);all=string_agg(t, ', ');n=count(*)"),
        "|1|q|1\na|2|x, x, y|3\nb|1|y|2\n~|1|z|1\n");
    assert_makes(GIVEN("k|t|v", ORDERS, "", "a=string_agg(upper(k), '''');b=string_agg(t,'')"),
                 "A'B'A'B'A'|xyxzyq\n");
}
END_TEST

START_TEST(test_no_record_is_one_group_only_without_by)
{
    assert_makes(GIVEN("k|v", "", "", "n=count(*);s=sum(v)"), "0|~\n");
    assert_makes(GIVEN("k|v", "", "k", "n=count(*);s=sum(v)"), "");
}
END_TEST

START_TEST(test_more_groups_than_a_batch_has)
{
    struct rig rig;
    struct buf rows, expected;
    weir__buf_init(&rows);
    weir__buf_init(&expected);
    for (unsigned i = 0; i < 5000; i++) {
        weir__buf_printf(&rows, "%u|1\n", i * 7 % 5000);
        weir__buf_printf(&expected, "%u|1\n", i);
    }
    struct given given = {"k:integer|v:integer", rows.data, "k", "s=sum(v)", ON_ERROR_STOP};
    for (unsigned kill_every = 0; kill_every < 2; kill_every++) {
        ck_assert_int_eq(run(&rig, &given, 300, kill_every), 0);
        ck_assert_str_eq(rig.output.data, expected.data);
        rig_release(&rig);
    }
    weir__buf_release(&rows);
    weir__buf_release(&expected);
}
END_TEST

START_TEST(test_what_is_no_number_is_rejected)
{
    static const char rows[] = "1\nten\n2\n";
    assert_refused(GIVEN("v", rows, "", "s=sum(v)"), "'ten' is not a number (sum(v))");
    assert_refused(GIVEN("v:integer", "1\n", "", "s=sum(1 / (v - 1))"), "(sum(1 / (v - 1)))");
    assert_makes(&(struct given){"v", rows, "", "n=count(*);s=sum(v)", ON_ERROR_DROP}, "2|3\n");
    assert_makes(&(struct given){"v", rows, "", "n=count(*);s=sum(v)", ON_ERROR_SET_NULL}, "3|3\n");
    struct rig rig;
    struct given given = {"v", rows, "", "n=count(*);s=sum(v)", ON_ERROR_REJECT};
    ck_assert_int_eq(run(&rig, &given, 2, 1), 0);
    ck_assert_str_eq(rig.output.data, "2|3\n");
    ck_assert(strstr(rig.rejects.data, ",v,'ten' is not a number (sum(v)),") != NULL);
    rig_release(&rig);
}
END_TEST

START_TEST(test_what_has_no_place_fails)
{
    assert_refused(GIVEN("v:integer", "9223372036854775807\n1\n", "", "s=sum(v)"),
                   "too large for integer");
    assert_refused(GIVEN("v:decimal",
                         "99999999999999999999999999999999999999\n"
                         "99999999999999999999999999999999999999\n",
                         "", "s=sum(v)"),
                   "sum(v) of a group is too large");
    assert_refused(GIVEN("v:double", "1e308\n1e308\n", "", "s=sum(v)"), "too large");
}
END_TEST

START_TEST(test_mistakes_are_said)
{
    static const struct {
        const char *by, *set, *words;
    } table[] = {
        {"k", "n=median(v)", "'median(v)' is not one of what can be made of a group"},
        {"k", "n=count", "'count' is not one of what can be made of a group"},
        {"k", "n=sum()", "sum has an argument"},
        {"k", "n=sum(w)", "no column 'w'"},
        {"k", "n=sum(k)", "this wants numbers"},
        {"k", "n=max(v)", "has no type"},
        {"k", "n=string_agg(v)", "string_agg has two arguments"},
        {"kk", "n=count(*)", "no column 'kk'"},
        {"k|k", "n=count(*)", "listed twice"},
        {"k", "k=count(*)", "is a column of 'by' as well"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_refused(GIVEN("k:text|v", "a|1\n", table[i].by, table[i].set), table[i].words);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("aggregate");
    TCase *tcase = tcase_create("aggregate");
    tcase_add_test(tcase, test_groups_come_in_the_order_of_their_columns_and_null_is_one);
    tcase_add_test(tcase, test_sums_are_exact_and_pass_over_nulls);
    tcase_add_test(tcase, test_doubles_are_added_up_without_rounding);
    tcase_add_test(tcase, test_chosen_values_go_by_type_or_by_place);
    tcase_add_test(tcase, test_values_are_counted_once_and_joined_in_order);
    tcase_add_test(tcase, test_no_record_is_one_group_only_without_by);
    tcase_add_test(tcase, test_more_groups_than_a_batch_has);
    tcase_add_test(tcase, test_what_is_no_number_is_rejected);
    tcase_add_test(tcase, test_what_has_no_place_fails);
    tcase_add_test(tcase, test_mistakes_are_said);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
