/* json.format: what records look like as JSON Lines. */
#include "stages/rig.h"
#include "unit/unit.h"

#include "json/jsonl.h"

static struct rig rig;

static const struct {
    const char *columns, *rows, *expected;
} formats[] = {
    {"a|b", "1|x y\n~|\n", "{\"a\":\"1\",\"b\":\"x y\"}\n{\"a\":null,\"b\":\"\"}\n"},
    {"a", "say \"hi\"\\\n\t\r\x01\n",
     "{\"a\":\"say \\\"hi\\\"\\\\\"}\n{\"a\":\"\\t\\r\\u0001\"}\n"},
    {"\"a\"\\", "x\n", "{\"\\\"a\\\"\\\\\":\"x\"}\n"},
    {"a", "J\xc3\xbcrgen \xe2\x82\xac \xf0\x9d\x84\x9e\n",
     "{\"a\":\"J\xc3\xbcrgen \xe2\x82\xac \xf0\x9d\x84\x9e\"}\n"},
    /* No UTF-8: a lone byte, a surrogate, more bytes than need be, beyond Unicode. */
    {"a", "\xe9\n\xed\xa0\x80\n\xc0\xaf\n\xf4\x90\x80\x80\n",
     "{\"a_base64\":\"6Q==\"}\n{\"a_base64\":\"7aCA\"}\n{\"a_base64\":\"wK8=\"}\n"
     "{\"a_base64\":\"9JCAgA==\"}\n"},
};

static void write_table(int i)
{
    rig_table(&rig, formats[i].columns, formats[i].rows);
    ck_assert_int_eq(rig_add(&rig, &weir_jsonl_write, rig_with("path", "unused", NULL)), 0);
    rig.stages = 1; /* without file.write */
    ck_assert_int_eq(rig_run(&rig), 0);
    ck_assert_str_eq(rig.output.data, formats[i].expected);
}

START_TEST(test_records_are_written_as)
{
    rig_init(&rig);
    write_table(_i);
    rig_release(&rig);
}
END_TEST

START_TEST(test_records_are_written_alike_whatever_the_slots)
{
    for (size_t capacity = 1; capacity < 80; capacity++) {
        rig_init(&rig);
        rig.capacity = capacity;
        rig.kill_every = 2;
        write_table(_i);
        rig_release(&rig);
    }
}
END_TEST

int main(void)
{
    int count = (int)(sizeof(formats) / sizeof(formats[0]));
    Suite *suite = suite_create("jsonl");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_records_are_written_as, 0, count);
    tcase_add_loop_test(all, test_records_are_written_alike_whatever_the_slots, 0, count);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
