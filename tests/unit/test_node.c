#include <check.h>
#include <stdlib.h>
#include <string.h>

/* stage */
#include "stage/node.h"

static char *written(const struct node *node)
{
    struct buf buf;
    weir__buf_init(&buf);
    weir__node_write(node, &buf);
    return weir__buf_detach(&buf);
}

START_TEST(test_canonical_text_reads_back_as_it_was_written)
{
    static const char *const texts[] = {
        "\"\"",
        "\"a\"",
        "\"a \\\"quoted\\\" \\\\ line\\nand another\"",
        "[]",
        "{}",
        "[\"a\" \"b\"]",
        "{\"path\" [\"a\" \"b\"] \"set\" {\"x\" \"y + 1\"} \"empty\" \"\"}",
        "[[] {} [\"\"]]",
        "\"\xc3\xbc\t\r\"",
    };
    const char *text = texts[_i];
    struct node *node = weir__node_read(&text);
    ck_assert_ptr_nonnull(node);
    ck_assert_str_eq(text, "");
    char *again = written(node);
    ck_assert_str_eq(again, texts[_i]);
    free(again);
    weir__node_free(node);
}
END_TEST

START_TEST(test_other_text_is_refused)
{
    static const char *const texts[] = {
        "",         "a",
        "\"a",      "[",
        "[\"a\"",   "[\"a\"\"b\"]",
        "[ \"a\"]", "{\"a\"}",
        "{\"a\"",   "{\"a\" ",
        "{a b}",    "\"\\x\"",
        "\"a\\",    "[\"a\"  \"b\"]",
        "]",        "{\"a\" \"b\" \"c\"}",
        "\"a\nb\"",
    };
    const char *text = texts[_i];
    ck_assert_ptr_null(weir__node_read(&text));
}
END_TEST

START_TEST(test_reading_stops_behind_the_value)
{
    const char *text = "\"a\" \"b\"";
    struct node *node = weir__node_read(&text);
    ck_assert_ptr_nonnull(node);
    ck_assert_str_eq(text, " \"b\"");
    weir__node_free(node);
}
END_TEST

START_TEST(test_a_tower_of_brackets_is_refused)
{
    char tower[4096];
    memset(tower, '[', sizeof(tower));
    tower[sizeof(tower) - 1] = '\0';
    const char *text = tower;
    ck_assert_ptr_null(weir__node_read(&text));
}
END_TEST

/* As after a failed allocation. */
START_TEST(test_what_lacks_a_child_is_not_written)
{
    struct node *map = weir__node_map(), *list = weir__node_list();
    ck_assert_int_eq(weir__node_append(list, NULL, weir__node_scalar(NULL)), WEIR_EOS);
    ck_assert_int_eq(weir__node_append(list, NULL, weir__node_scalar("a")), 0);
    ck_assert_int_eq(weir__node_append(map, "list", list), 0);
    ck_assert_ptr_null(written(map));
    ck_assert_ptr_null(written(NULL));
    ck_assert_int_eq(weir__node_append(NULL, "a", weir__node_scalar("b")), WEIR_EOS);
    weir__node_free(map);
}
END_TEST

START_TEST(test_a_map_finds_its_members_by_key)
{
    struct node *map = weir__node_map();
    ck_assert_int_eq(weir__node_append(map, "a", weir__node_scalar("1")), 0);
    ck_assert_int_eq(weir__node_append(map, "b", weir__node_scalar("2")), 0);
    ck_assert_str_eq(weir__node_get(map, "b")->text, "2");
    ck_assert_ptr_null(weir__node_get(map, "c"));
    ck_assert_ptr_null(weir__node_get(NULL, "a"));
    ck_assert_ptr_null(weir__node_get(weir__node_get(map, "a"), "a"));
    weir__node_free(map);
}
END_TEST

START_TEST(test_take_leaves_the_others_in_order)
{
    static const char *const left[] = {"[\"b\" \"c\" \"z\"]", "[\"a\" \"c\" \"z\"]",
                                       "[\"a\" \"b\" \"z\"]"};
    const char *text = "[\"a\" \"b\" \"c\"]";
    struct node *list = weir__node_read(&text);
    struct node *child = list->child;
    for (int i = 0; i < _i; i++)
        child = child->next;
    weir__node_take(list, child);
    weir__node_free(child);
    ck_assert_int_eq(weir__node_append(list, NULL, weir__node_scalar("z")), 0);
    char *rest = written(list);
    ck_assert_str_eq(rest, left[_i]);
    free(rest);
    weir__node_free(list);
}
END_TEST

START_TEST(test_a_copy_has_the_same_text_and_places)
{
    const char *text = "{\"a\" [\"b\" {\"c\" \"d\"}]}";
    struct node *node = weir__node_read(&text);
    node->child->line = 7;
    node->child->key_column = 3;
    node->child->child->secret = true;
    struct node *copy = weir__node_copy(node);
    char *of_node = written(node), *of_copy = written(copy);
    ck_assert_str_eq(of_node, of_copy);
    ck_assert_uint_eq(copy->child->line, 7);
    ck_assert_uint_eq(copy->child->key_column, 3);
    ck_assert(copy->child->child->secret);
    free(of_node);
    free(of_copy);
    weir__node_free(node);
    weir__node_free(copy);
}
END_TEST

/* The text "ab\ncd" as a block whose lines begin in column 5 of lines 3 and 4. */
START_TEST(test_an_offset_in_a_text_becomes_a_place_in_the_file)
{
    static const struct {
        bool verbatim;
        size_t offset, span;
        uint32_t line, column, bytes;
    } rows[] = {
        {true, 0, 0, 3, 5, 99},  {true, 0, 1, 3, 5, 1}, {true, 1, 0, 3, 6, 1},
        {true, 3, 2, 4, 5, 2},   {true, 4, 0, 4, 6, 1}, {false, 4, 1, 3, 5, 99},
        {true, 50, 1, 3, 5, 99},
    };
    struct weir_err err = {0};
    struct node *node = weir__node_scalar("ab\ncd");
    node->line = 3;
    node->column = node->text_column = 5;
    node->bytes = 99;
    node->verbatim = rows[_i].verbatim;
    weir__node_place(node, rows[_i].offset, rows[_i].span, &err);
    ck_assert_uint_eq(err.line, rows[_i].line);
    ck_assert_uint_eq(err.column, rows[_i].column);
    ck_assert_uint_eq(err.span, rows[_i].bytes);
    weir__node_free(node);
}
END_TEST

START_TEST(test_a_node_that_stands_nowhere_gives_no_place)
{
    struct weir_err err = {.line = 1, .column = 2};
    struct node *node = weir__node_scalar("a");
    weir__node_place(node, 0, 1, &err);
    weir__node_place_key(node, &err);
    ck_assert_uint_eq(err.line, 1);
    ck_assert_uint_eq(err.column, 2);
    weir__node_free(node);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node");
    TCase *test = tcase_create("node");
    tcase_add_loop_test(test, test_canonical_text_reads_back_as_it_was_written, 0, 9);
    tcase_add_loop_test(test, test_other_text_is_refused, 0, 17);
    tcase_add_test(test, test_reading_stops_behind_the_value);
    tcase_add_test(test, test_a_tower_of_brackets_is_refused);
    tcase_add_test(test, test_what_lacks_a_child_is_not_written);
    tcase_add_test(test, test_a_map_finds_its_members_by_key);
    tcase_add_loop_test(test, test_take_leaves_the_others_in_order, 0, 3);
    tcase_add_test(test, test_a_copy_has_the_same_text_and_places);
    tcase_add_loop_test(test, test_an_offset_in_a_text_becomes_a_place_in_the_file, 0, 7);
    tcase_add_test(test, test_a_node_that_stands_nowhere_gives_no_place);
    suite_add_tcase(suite, test);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
