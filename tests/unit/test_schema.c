#include <weir/batch.h>

#include <string.h>

#include "unit/unit.h"

START_TEST(test_every_type_has_a_name_that_finds_it)
{
    static const char *const names[] = {"untyped", "text", "integer",   "decimal", "double",
                                        "boolean", "date", "timestamp", "json"};
    for (int type = 0; type < (int)COUNT(names); type++) {
        ck_assert_str_eq(weir_type_name((enum weir_type)type), names[type]);
        ck_assert_int_eq(weir_type_find(names[type]), type);
    }
    ck_assert_int_eq(weir_type_find(""), -1);
    ck_assert_int_eq(weir_type_find("Text"), -1);
    ck_assert_int_eq(weir_type_find("int"), -1);
}
END_TEST

START_TEST(test_columns_are_added_and_found_by_their_exact_names)
{
    struct weir_schema schema = {0};
    char name[16] = "first";
    ck_assert_int_eq(weir_schema_find(&schema, "first"), -1);
    ck_assert_int_eq(weir_schema_add(&schema, name, WEIR_TEXT), 0);
    strcpy(name, "Second");
    ck_assert_int_eq(weir_schema_add(&schema, name, WEIR_DATE), 0);
    ck_assert_int_eq(weir_schema_add(&schema, "", WEIR_INTEGER), 0);
    ck_assert_int_eq(weir_schema_add(&schema, "first", WEIR_JSON), 0);
    ck_assert_uint_eq(schema.columns, 4);
    ck_assert_int_eq(weir_schema_find(&schema, "first"), 0);
    ck_assert_int_eq(weir_schema_find(&schema, "Second"), 1);
    ck_assert_int_eq(weir_schema_find(&schema, ""), 2);
    ck_assert_int_eq(weir_schema_find(&schema, "second"), -1);
    ck_assert_int_eq(weir_schema_find(&schema, "firs"), -1);
    ck_assert_int_eq(schema.column[1].type, WEIR_DATE);
    weir_schema_release(&schema);
}
END_TEST

START_TEST(test_a_schema_grows_to_any_width)
{
    enum { COLUMNS = 200000 }; /* more than can be found by looking at each */
    struct weir_schema schema = {0};
    char name[16];
    for (int i = 0; i < COLUMNS; i++) {
        snprintf(name, sizeof(name), "column_%d", i);
        ck_assert_int_eq(weir_schema_add(&schema, name, (enum weir_type)(i % 9)), 0);
    }
    for (int i = 0; i < COLUMNS; i++) {
        snprintf(name, sizeof(name), "column_%d", i);
        ck_assert_int_eq(weir_schema_find(&schema, name), i);
        ck_assert_int_eq((int)schema.column[i].type, i % 9);
    }
    weir_schema_release(&schema);
}
END_TEST

START_TEST(test_of_columns_of_one_name_the_first_is_found)
{
    struct weir_schema schema = {0};
    weir_schema_add(&schema, "a", WEIR_TEXT);
    for (int i = 0; i < 100; i++)
        weir_schema_add(&schema, i % 2 == 0 ? "b" : "c", WEIR_TEXT);
    ck_assert_int_eq(weir_schema_find(&schema, "a"), 0);
    ck_assert_int_eq(weir_schema_find(&schema, "b"), 1);
    ck_assert_int_eq(weir_schema_find(&schema, "c"), 2);
    weir_schema_release(&schema);
}
END_TEST

START_TEST(test_the_nearest_column_is_named_if_one_is_near)
{
    struct weir_schema schema = {0};
    ck_assert_ptr_null(weir_schema_nearest(&schema, "quantity"));
    weir_schema_add(&schema, "quantity", WEIR_UNTYPED);
    weir_schema_add(&schema, "unit_price", WEIR_UNTYPED);
    ck_assert_str_eq(weir_schema_nearest(&schema, "quantiy"), "quantity");
    ck_assert_str_eq(weir_schema_nearest(&schema, "Unit_Price"), "unit_price");
    ck_assert_ptr_null(weir_schema_nearest(&schema, "country"));
    weir_schema_release(&schema);
}
END_TEST

START_TEST(test_a_copy_is_whole_and_its_own)
{
    struct weir_schema schema = {.raw = true, .preamble_bytes = 6}, copy;
    schema.preamble = malloc(6);
    memcpy(schema.preamble, "a,\0b\r\n", 6);
    weir_schema_add(&schema, "a", WEIR_TEXT);
    weir_schema_add(&schema, "b", WEIR_DECIMAL);
    memset(&copy, 'x', sizeof(copy));
    ck_assert_int_eq(weir_schema_copy(&copy, &schema), 0);
    weir_schema_release(&schema);
    ck_assert(copy.raw);
    ck_assert_uint_eq(copy.columns, 2);
    ck_assert_str_eq(copy.column[1].name, "b");
    ck_assert_int_eq(copy.column[1].type, WEIR_DECIMAL);
    ck_assert_uint_eq(copy.preamble_bytes, 6);
    ck_assert_mem_eq(copy.preamble, "a,\0b\r\n", 6);
    ck_assert_int_eq(weir_schema_add(&copy, "c", WEIR_DATE), 0);
    ck_assert_int_eq(weir_schema_find(&copy, "c"), 2);
    weir_schema_release(&copy);
}
END_TEST

START_TEST(test_a_released_schema_is_empty_and_may_be_released_again)
{
    struct weir_schema schema = {0}, copy;
    weir_schema_add(&schema, "a", WEIR_TEXT);
    weir_schema_release(&schema);
    ck_assert_uint_eq(schema.columns, 0);
    ck_assert_ptr_null(schema.column);
    weir_schema_release(&schema);
    ck_assert_int_eq(weir_schema_copy(&copy, &schema), 0);
    ck_assert_uint_eq(copy.columns, 0);
    ck_assert_ptr_null(copy.preamble);
    weir_schema_release(&copy);
}
END_TEST

/* ---- entries ---- */

START_TEST(test_an_entry_holds_offsets_and_lengths_up_to_its_limits)
{
    static const uint32_t sizes[] = {0, 1, 255, 65536, WEIR_ENTRY_MAX - 1, WEIR_ENTRY_MAX};
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t j = 0; j < COUNT(sizes); j++) {
            uint64_t entry = weir_entry(sizes[i], sizes[j]);
            ck_assert_uint_eq(weir_entry_offset(entry), sizes[i]);
            ck_assert_uint_eq(weir_entry_length(entry), sizes[j]);
            ck_assert(!weir_entry_is_null(entry));
        }
    ck_assert(weir_entry_is_null(weir_entry_null()));
    ck_assert_uint_eq(weir_entry_offset(weir_entry_null()), 0);
    ck_assert_uint_eq(weir_entry_length(weir_entry_null()), 0);
}
END_TEST

START_TEST(test_a_value_outside_of_its_heap_reads_as_null)
{
    const uint64_t entry[] = {weir_entry(0, 3),  weir_entry(3, 0),
                              weir_entry(1, 3),  weir_entry(4, 0),
                              weir_entry_null(), weir_entry(WEIR_ENTRY_MAX, WEIR_ENTRY_MAX)};
    const struct weir_column column = {entry, "abc", 3};
    ck_assert_uint_eq(weir_value(&column, 0).length, 3);
    ck_assert_ptr_eq(weir_value(&column, 0).data, column.heap);
    ck_assert_uint_eq(weir_value(&column, 1).length, 0);
    ck_assert_ptr_nonnull(weir_value(&column, 1).data); /* empty, not null */
    for (uint32_t r = 2; r < COUNT(entry); r++) {
        ck_assert_ptr_null(weir_value(&column, r).data);
        ck_assert_uint_eq(weir_value(&column, r).length, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *all = tcase_create("all");
    tcase_add_test(all, test_every_type_has_a_name_that_finds_it);
    tcase_add_test(all, test_columns_are_added_and_found_by_their_exact_names);
    tcase_add_test(all, test_of_columns_of_one_name_the_first_is_found);
    tcase_add_test(all, test_the_nearest_column_is_named_if_one_is_near);
    tcase_add_test(all, test_a_copy_is_whole_and_its_own);
    tcase_add_test(all, test_a_released_schema_is_empty_and_may_be_released_again);
    tcase_add_test(all, test_an_entry_holds_offsets_and_lengths_up_to_its_limits);
    tcase_add_test(all, test_a_value_outside_of_its_heap_reads_as_null);
    suite_add_tcase(suite, all);
    TCase *wide = tcase_create("wide");
    tcase_set_timeout(wide, 15); /* a sanitizer needs a fifth of it */
    tcase_add_test(wide, test_a_schema_grows_to_any_width);
    suite_add_tcase(suite, wide);
    return unit_run(suite);
}
