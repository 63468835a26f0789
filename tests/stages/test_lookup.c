#include "stages/rig.h"

#include "csv/lookup.h"

#define COUNTRIES                                                                                  \
    "code,name,region\nDE,Germany,\"Central, \"\"old\"\"\"\nFR,,\"\"\nES,Spain,South\n,None,x\n"

/* What the options say beside path and column; take is one name, or NULL. */
struct given {
    const char *file, *key, *take, *missing;
    enum on_error on_error;
    uint32_t batch_records;
};

static int run(struct rig *rig, const struct given *given)
{
    rig_init(rig);
    rig->batch_records = given->batch_records;
    rig->kill_every = given->batch_records;
    rig->on_error = given->on_error;
    rig_table(rig, "id|country", "1|DE\n2|FR\n3|XX\n4|~\n5|ES\n6|DE\n");
    struct node *with = rig_with("path", rig_write(rig, "c.csv", given->file), "column", "country",
                                 "key", given->key, "missing", given->missing, NULL);
    if (given->take != NULL)
        rig_put(with, "take", rig_list(given->take, NULL));
    int code = rig_add(rig, &weir_lookup, with);
    return code < 0 ? code : rig_run(rig);
}

START_TEST(test_the_columns_of_the_row_are_added)
{
    struct rig rig;
    for (uint32_t batch = 0; batch < 3; batch++) {
        ck_assert_int_eq(
            run(&rig, &(struct given){COUNTRIES, "code", NULL, "set_null", ON_ERROR_STOP, batch}),
            0);
        ck_assert_str_eq(rig.output.data, "1|DE|Germany|Central, \"old\"\n"
                                          "2|FR|~|\n"
                                          "3|XX|~|~\n"
                                          "4|~|~|~\n"
                                          "5|ES|Spain|South\n"
                                          "6|DE|Germany|Central, \"old\"\n");
        rig_release(&rig);
    }
}
END_TEST

START_TEST(test_what_is_missing_may_be_rejected)
{
    struct rig rig;
    struct given given = {COUNTRIES, "code", "name", "reject", ON_ERROR_REJECT, 0};
    for (given.batch_records = 0; given.batch_records < 3; given.batch_records++) {
        ck_assert_int_eq(run(&rig, &given), 0);
        ck_assert_str_eq(rig.output.data, "1|DE|Germany\n2|FR|~\n5|ES|Spain\n6|DE|Germany\n");
        ck_assert(strstr(rig.rejects.data, ",country,'XX' is not in ") != NULL);
        ck_assert(strstr(rig.rejects.data, ",country,null is not in ") != NULL);
        rig_release(&rig);
    }
    given.on_error = ON_ERROR_STOP;
    ck_assert_int_eq(run(&rig, &given), WEIR_EDATA);
    ck_assert_str_eq(rig.output.data, "1|DE|Germany\n2|FR|~\n");
    rig_release(&rig);
}
END_TEST

START_TEST(test_a_file_of_a_key_alone_is_a_list_of_what_is_known)
{
    struct rig rig;
    ck_assert_int_eq(run(&rig, &(struct given){"\xef\xbb\xbf"
                                               "country\r\nES\r\nDE\r\n",
                                               "country", NULL, "reject", ON_ERROR_DROP, 2}),
                     0);
    ck_assert_str_eq(rig.output.data, "1|DE\n5|ES\n6|DE\n");
    rig_release(&rig);
}
END_TEST

START_TEST(test_mistakes_are_said)
{
    static const struct {
        const char *file, *key, *take, *words;
    } table[] = {
        {"", "code", NULL, "it has no header"},
        {COUNTRIES, "cod", NULL, "no column 'cod' in '"},
        {COUNTRIES, "code", "names", "no column 'names' in '"},
        {"code,id\nDE,1\n", "code", NULL, "there is a column 'id' already"},
        {"code,name\nDE,a\nFR,b\nDE,c\n", "code", NULL, "has 'DE' twice, in rows 2 and 4"},
        {"code,name\nDE,a\nFR\n", "code", NULL, "row 3 has another number of fields"},
        {"code,name\nDE,\"a\nFR,b\n", "code", NULL, "a quote in row 2"},
        {"code,name\nDE,a\"b\n", "code", NULL, "a quote in row 2"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rig rig;
        ck_assert_int_eq(run(&rig, &(struct given){table[i].file, table[i].key, table[i].take,
                                                   "set_null", ON_ERROR_STOP, 0}),
                         WEIR_ECONFIG);
        ck_assert_msg(strstr(rig_error(&rig), table[i].words) != NULL, "%s", rig_error(&rig));
        rig_release(&rig);
    }
}
END_TEST

START_TEST(test_a_file_that_is_not_there_is_said)
{
    struct rig rig;
    rig_init(&rig);
    rig_table(&rig, "a", "1\n");
    rig_add(&rig, &weir_lookup, rig_with("path", "/nowhere.csv", "column", "b", NULL));
    ck_assert_int_eq(rig_plan(&rig), WEIR_ECONFIG);
    ck_assert_uint_eq(rig.errors.count, 2);
    ck_assert_str_eq(rig.errors.list[0].text, "no column 'b'");
    ck_assert_str_eq(rig.errors.list[1].text,
                     "cannot read '/nowhere.csv': No such file or directory");
    rig_release(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lookup");
    TCase *tcase = tcase_create("lookup");
    tcase_add_test(tcase, test_the_columns_of_the_row_are_added);
    tcase_add_test(tcase, test_what_is_missing_may_be_rejected);
    tcase_add_test(tcase, test_a_file_of_a_key_alone_is_a_list_of_what_is_known);
    tcase_add_test(tcase, test_mistakes_are_said);
    tcase_add_test(tcase, test_a_file_that_is_not_there_is_said);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
