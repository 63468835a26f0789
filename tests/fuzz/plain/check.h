/*
 * check.h - for fuzz targets, which use stages/rig.h outside of tests: what fails aborts.
 */
#ifndef WEIR_TESTS_PLAIN_CHECK_H
#define WEIR_TESTS_PLAIN_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define ck_abort_msg(...)        (fprintf(stderr, __VA_ARGS__), abort())
#define ck_assert_msg(yes, ...)  ((yes) ? (void)0 : ck_abort_msg(__VA_ARGS__))
#define ck_assert(yes)           ck_assert_msg(yes, "%s:%d: not %s\n", __FILE__, __LINE__, #yes)
#define ck_assert_int_eq(a, b)   ck_assert((a) == (b))
#define ck_assert_int_ge(a, b)   ck_assert((a) >= (b))
#define ck_assert_int_gt(a, b)   ck_assert((a) > (b))
#define ck_assert_uint_eq(a, b)  ck_assert((a) == (b))
#define ck_assert_uint_le(a, b)  ck_assert((a) <= (b))
#define ck_assert_uint_lt(a, b)  ck_assert((a) < (b))
#define ck_assert_ptr_nonnull(a) ck_assert((a) != NULL)
#define ck_assert_str_eq(a, b)   ck_assert(strcmp(a, b) == 0)

#endif
