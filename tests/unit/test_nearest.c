#include "base/nearest.h"

#include <string.h>

#include "unit/unit.h"

static const char *nearest_of(const char *name, const char *const *candidates)
{
    struct nearest nearest;
    weir__nearest_begin(&nearest, name);
    for (; *candidates != NULL; candidates++)
        weir__nearest_offer(&nearest, *candidates);
    return nearest.best;
}

/* The nearest of the candidates, or NULL. Names have a multiple of three letters, of which a third
 * may differ. */
static const struct {
    const char *name;
    const char *candidates[5];
    const char *nearest;
} rows[] = {
    {"delimeter", {"path", "delimiter", "header"}, "delimiter"},
    {"delimiter", {"delimiter"}, "delimiter"},
    {"discnt", {"discount", "quantity"}, "discount"},
    {"dya", {"in", "out", "day"}, "day"},
    {"DAY", {"day"}, "day"},
    {"Header", {"headers", "header"}, "header"},
    {"headers", {"header"}, "header"},
    {"ehader", {"header"}, "header"},
    {"abc", {"abd"}, "abd"},
    {"abc", {"ab"}, "ab"},
    {"abc", {"bac"}, "bac"},
    {"abc", {"axx", "xbx"}, NULL},
    {"abc", {"cab"}, NULL}, /* no swap of neighbours: two letters */
    {"abcdef", {"abcdxx"}, "abcdxx"},
    {"abcdef", {"abcxxx"}, NULL},
    {"abcdef", {"badcef"}, "badcef"},
    {"abcdef", {"badcfe"}, NULL},
    {"abcdef", {"abcdxx", "abcdex"}, "abcdex"},
    {"abcdef", {"abcdex", "abcdxx"}, "abcdex"},
    {"quantity", {"price", "country", "id"}, NULL},
    {"slot_size", {"memory", "slot", "slots", "max"}, "slot"},
    {"slot_size", {"slot", "slotsize"}, "slotsize"},
    {"slot_size", {"slotsize", "slot"}, "slotsize"},
    {"slotted_size", {"slot"}, NULL},
    {"_size", {""}, NULL},
    {"abc", {NULL}, NULL},
    {"", {"a", "ab"}, NULL},
};

START_TEST(test_the_nearest_name_is_found_if_one_is_near)
{
    const char *found = nearest_of(rows[_i].name, rows[_i].candidates);
    if (rows[_i].nearest == NULL)
        ck_assert_ptr_null(found);
    else
        ck_assert_str_eq(found, rows[_i].nearest);
}
END_TEST

START_TEST(test_a_name_without_a_common_letter_is_not_near)
{
    ck_assert_ptr_null(nearest_of("x", (const char *const[]){"a", "b", NULL}));
    ck_assert_ptr_null(nearest_of("xy", (const char *const[]){"a", "ab", NULL}));
}
END_TEST

START_TEST(test_long_names_are_compared_too)
{
    char name[401], near[401], far[401];
    memset(name, 'a', 400), memset(near, 'a', 400), memset(far, 'b', 400);
    name[400] = near[400] = far[400] = '\0';
    near[10] = 'b';
    ck_assert_ptr_eq(nearest_of(name, (const char *const[]){far, near, NULL}), near);
    ck_assert_ptr_null(nearest_of(name, (const char *const[]){far, NULL}));
    ck_assert_ptr_null(nearest_of(name, (const char *const[]){"id", "", NULL}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nearest");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_the_nearest_name_is_found_if_one_is_near, 0, (int)COUNT(rows));
    tcase_add_test(all, test_a_name_without_a_common_letter_is_not_near);
    tcase_add_test(all, test_long_names_are_compared_too);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
