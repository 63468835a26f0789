/* Exact decimals: reading, printing, arithmetic at its edges, and against plain __int128 arithmetic
 * on random numbers. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/number.h"
#include "expr/number_lanes.h"

static struct number number(const char *text)
{
    struct number result = {0};
    ck_assert_msg(weir__number_read(text, strlen(text), NUMBER_ANY, &result) == REASON_NONE,
                  "cannot read '%s'", text);
    return result;
}

static const char *print(const struct number *number)
{
    static char text[NUMBER_TEXT_BYTES + 1];
    text[weir__number_print(number, text)] = '\0';
    return text;
}

/* ---- text ---- */

START_TEST(test_read_keeps_every_digit_and_print_writes_it_again)
{
    static const struct {
        const char *text, *printed;
    } table[] = {
        {"0", "0"},
        {"-0", "0"},
        {"+5", "5"},
        {"007", "7"},
        {"1.50", "1.50"},
        {".5", "0.5"},
        {"5.", "5"},
        {"-.25", "-0.25"},
        {" 3\t", "3"},
        {"0.000", "0.000"},
        {"-0.05", "-0.05"},
        {"9223372036854775807", "9223372036854775807"},
        {"9223372036854775808", "9223372036854775808"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
        {"-1.0000000000000000000000000000000000001", "-1.0000000000000000000000000000000000001"},
        {"0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"},
        {"000000000000000000000000000000000000000000012", "12"},
        {"1000000000000000000", "1000000000000000000"},
        {"100000000000000000000000000", "100000000000000000000000000"},
        {"1e3", "1000.0"},
        {"1E-2", "0.01"},
        {"1.5e+300", "1.5e+300"},
        {"-2.5e-7", "-2.5e-07"},
        {"1e22", "1e+22"},
    };
    struct number read = number(table[_i].text);
    ck_assert_str_eq(print(&read), table[_i].printed);
}
END_TEST

START_TEST(test_read_refuses_what_is_not_a_number)
{
    static const struct {
        const char *text;
        enum number_style style;
        enum reason reason;
    } table[] = {
        {"", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {" ", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"twelve", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"1,5", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"1 2", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"-", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {".", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"-.", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"1.2.3", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"--1", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"1-", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"1e", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"1e+", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"e5", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"0x10", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"nan", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"inf", NUMBER_DOUBLE, REASON_NOT_A_NUMBER},
        {"1\n", NUMBER_ANY, REASON_NOT_A_NUMBER},
        {"100000000000000000000000000000000000000", NUMBER_ANY, REASON_READ_DIGITS},
        {"0.000000000000000000000000000000000000001", NUMBER_ANY, REASON_READ_DIGITS},
        {"1e999", NUMBER_ANY, REASON_READ_DOUBLE},
        {"1e99999999999999999999", NUMBER_ANY, REASON_READ_DOUBLE},
        {"1e38", NUMBER_EXACT, REASON_READ_DIGITS},
        {"1e-39", NUMBER_EXACT, REASON_READ_DIGITS},
        {"1.0", NUMBER_INTEGER, REASON_NOT_AN_INTEGER},
        {"1e3", NUMBER_INTEGER, REASON_NOT_AN_INTEGER},
        {"x", NUMBER_INTEGER, REASON_NOT_AN_INTEGER},
        {"9223372036854775808", NUMBER_INTEGER, REASON_INTEGER_RANGE},
        {"-9223372036854775809", NUMBER_INTEGER, REASON_INTEGER_RANGE},
    };
    struct number untouched = number_integer(42);
    ck_assert_int_eq(
        weir__number_read(table[_i].text, strlen(table[_i].text), table[_i].style, &untouched),
        table[_i].reason);
    ck_assert(untouched.exact == 42);
}
END_TEST

START_TEST(test_read_exact_moves_the_point_by_the_exponent)
{
    static const struct {
        const char *text, *printed;
    } table[] = {{"1e3", "1000"},     {"1.5e1", "15"},
                 {"1.5e-2", "0.015"}, {"-2.50e1", "-25.0"},
                 {"0e99999", "0"},    {"1e37", "10000000000000000000000000000000000000"}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct number read;
        ck_assert_int_eq(
            weir__number_read(table[i].text, strlen(table[i].text), NUMBER_EXACT, &read),
            REASON_NONE);
        ck_assert_str_eq(print(&read), table[i].printed);
    }
}
END_TEST

START_TEST(test_the_short_reader_agrees_with_the_full_one)
{
    static const char letters[] = "0123456789.-+ e";
    char text[24];
    for (int i = 0; i < 200000; i++) {
        size_t n = (size_t)(rand() % 21);
        for (size_t k = 0; k < n; k++)
            text[k] = rand() % 8 == 0 ? letters[rand() % 15] : letters[rand() % 10];
        int64_t value;
        uint8_t scale;
        if (!number_read_short(text, (uint32_t)n, &value, &scale))
            continue;
        struct number full;
        ck_assert_msg(weir__number_read(text, n, NUMBER_ANY, &full) == REASON_NONE, "'%.*s'",
                      (int)n, text);
        ck_assert(full.exact == value && full.scale == scale && !full.is_real);
    }
}
END_TEST

static void check_print(int64_t value, uint8_t scale)
{
    char digits[64], expected[64], text[NUMBER_TEXT_BYTES];
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    int n = snprintf(digits, sizeof(digits), "%0*" PRIu64, scale + 1, size), whole = n - scale;
    n = snprintf(expected, sizeof(expected), "%s%.*s%s%s", value < 0 ? "-" : "", whole, digits,
                 scale > 0 ? "." : "", digits + whole);
    size_t length = weir__number_print_short(value, scale, text);
    if (length != (size_t)n || memcmp(text, expected, length) != 0)
        ck_abort_msg("'%.*s', not '%s'", (int)length, text, expected);
}

START_TEST(test_a_short_number_prints_its_digits_around_the_point)
{
    for (uint8_t scale = 0; scale <= NUMBER_DIGITS; scale++) {
        check_print(INT64_MAX, scale);
        check_print(INT64_MIN, scale);
        for (int power = 0; power <= 18; power++)
            for (int64_t beside = -1; beside <= 1; beside++) {
                check_print(weir__power10[power] + beside, scale);
                check_print(-weir__power10[power] + beside, scale);
            }
        for (int bit = 0; bit < 63; bit++) {
            check_print(INT64_C(1) << bit, scale);
            check_print((INT64_C(1) << bit) - 1, scale);
        }
        for (int i = 0; i < 5000; i++)
            check_print(((int64_t)rand() << 32 | rand()) >> rand() % 60, scale);
    }
}
END_TEST

/* Text of n bytes, what follows it being anything. */
static void check_eight(const char *text, uint32_t n)
{
    int64_t value = 0, value_of_eight = 0;
    uint8_t scale = 0, scale_of_eight = 0;
    bool has_point = memchr(text, '.', n) != NULL;
    bool read = number_read_short(text, n, &value, &scale);
    bool read_eight = number_read_eight(text, n, true, &value_of_eight, &scale_of_eight);
    bool without_point = number_read_eight(text, n, false, &value, &scale);
    if (read != read_eight || value != value_of_eight || scale != scale_of_eight ||
        without_point != (read && !has_point))
        ck_abort_msg("'%.*s'", (int)n, text);
}

START_TEST(test_the_reader_of_eight_agrees_with_the_short_one)
{
    static const char letters[] = {'0', '1', '9', '.', '-', '+', ' ', '/', ':', '\0', '\xb0'};
    char text[9];
    for (uint32_t i = 0; i < 11 * 11 * 11 * 11 * 11; i++) {
        for (uint32_t k = 0, rest = i; k < 8; k++, rest /= 11)
            text[k] = letters[rest % 11]; /* zeros from the sixth on */
        for (uint32_t n = 1; n <= 8; n++)
            check_eight(text, n);
    }
    for (int i = 0; i < 1000000; i++) {
        for (int k = 0; k < 8; k++)
            text[k] = (char)(rand() % 16 == 0 ? rand() : letters[rand() % 4] + rand() % 2);
        check_eight(text, 1 + (uint32_t)rand() % 8);
    }
}
END_TEST

/* Values one behind the other: nearly all are numbers, lest one among eight be no number always. */
START_TEST(test_the_reader_of_eight_values_agrees_with_the_reader_of_one)
{
    static const char rare[] = {'-', '+', ' ', '/', ':', '.', 'e', '\0', '\xb0'};
    char heap[9 * NUMBER_LANES + 8];
    int read_at_once = 0;
    for (int round = 0; round < 100000 && weir__number_lanes_run(); round++) {
        uint64_t entry[NUMBER_LANES];
        uint32_t used = 0, rarity = 2 + (uint32_t)rand() % 200;
        for (int i = 0; i < NUMBER_LANES; i++) {
            uint32_t n = 1 + (uint32_t)rand() % 8, point = (uint32_t)rand() % 12;
            for (uint32_t k = 0; k < n; k++)
                heap[used + k] = (char)(k == point ? '.' : '0' + rand() % 10);
            if (rand() % 4 == 0)
                heap[used] = '-';
            if ((uint32_t)rand() % rarity == 0)
                heap[used + (uint32_t)rand() % n] = rare[rand() % 9];
            if ((uint32_t)rand() % rarity == 0)
                n = (uint32_t)rand() % 2 * 9;
            entry[i] = weir_entry(used, n);
            if ((uint32_t)rand() % rarity == 0)
                entry[i] |= weir_entry_null();
            used += n;
        }
        bool point_allowed = rand() % 4 != 0, expected = true;
        uint32_t heap_bytes = rand() % 4 == 0 ? used : used + 8;
        int64_t value[NUMBER_LANES], values[NUMBER_LANES];
        uint8_t scale[NUMBER_LANES], scales[NUMBER_LANES];
        for (int i = 0; i < NUMBER_LANES && expected; i++) {
            uint32_t n = weir_entry_length(entry[i]), at = weir_entry_offset(entry[i]);
            expected = !weir_entry_is_null(entry[i]) && n >= 1 && n <= 8 && at + 8 <= heap_bytes &&
                       number_read_eight(heap + at, n, point_allowed, &value[i], &scale[i]);
        }
        bool read = weir__number_read_lanes(entry, heap, heap_bytes, point_allowed, values, scales);
        if (read != expected || (read && (memcmp(value, values, sizeof(value)) != 0 ||
                                          memcmp(scale, scales, sizeof(scale)) != 0)))
            ck_abort_msg("'%.*s'", (int)used, heap);
        read_at_once += read;
    }
    ck_assert(read_at_once > 10000 || !weir__number_lanes_run());
}
END_TEST

/* ---- arithmetic ---- */

struct operation {
    const char *a;
    char op;
    const char *b;
    const char *result; /* NULL: reason */
    enum reason reason;
};

static enum reason apply(const struct number *a, char op, const struct number *b,
                         struct number *ret)
{
    switch (op) {
    case '+': return weir__number_add(a, b, ret);
    case '-': return weir__number_subtract(a, b, ret);
    case '*': return weir__number_multiply(a, b, ret);
    case '/': return weir__number_divide(a, b, ret);
    default: return weir__number_modulo(a, b, ret);
    }
}

#define MOST "99999999999999999999999999999999999999"

static const struct operation operations[] = {
    {"1", '+', "2", "3", 0},
    {"0.1", '+', "0.2", "0.3", 0},
    {"1.50", '+', "2", "3.50", 0},
    {"1", '-', "0.15", "0.85", 0},
    {"9223372036854775807", '+', "1", "9223372036854775808", 0},
    {"-9223372036854775808", '-', "1", "-9223372036854775809", 0},
    {MOST, '+', "0", MOST, 0},
    {MOST, '+', "1", NULL, REASON_DECIMAL_RESULT},
    {"-" MOST, '-', MOST, NULL, REASON_DECIMAL_RESULT},
    {MOST, '+', MOST, NULL, REASON_DECIMAL_RESULT},
    {MOST, '+', "0.1", NULL, REASON_DECIMAL_RESULT},
    {"3", '*', "12.34", "37.02", 0},
    {"37.02", '*', "0.85", "31.4670", 0},
    {"-0.5", '*', "0.5", "-0.25", 0},
    {"9223372036854775807", '*', "9223372036854775807", "85070591730234615847396907784232501249",
     0},
    {MOST, '*', "1", MOST, 0},
    {MOST, '*', "-1", "-" MOST, 0},
    {MOST, '*', "2", NULL, REASON_DECIMAL_RESULT},
    {"10000000000000000000", '*', "10000000000000000000", NULL, REASON_DECIMAL_RESULT},
    {"9999999999999999999", '*', "9999999999999999999", "99999999999999999980000000000000000001",
     0},
    {"0.00000000000000000001", '*', "0.0000000000000000001", NULL, REASON_DECIMAL_RESULT},
    {"0.00000000000000000010", '*', "0.0000000000000000001",
     "0.00000000000000000000000000000000000001", 0},
    {"1", '/', "3", "0.3333333333333333", 0},
    {"2", '/', "3", "0.6666666666666667", 0},
    {"-2", '/', "3", "-0.6666666666666667", 0},
    {"2", '/', "3000000", "0.0000006666666666666667", 0},
    {"10.25", '/', "3", "3.416666666666667", 0},
    {"100000000000", '/', "3", "33333333333.333333", 0},
    {"1", '/', "8", "0.125", 0},
    {"1", '/', "1024", "0.0009765625", 0},
    {"1", '/', "1048576", "0.00000095367431640625", 0},
    {"10", '/', "5", "2", 0},
    {"37.50", '/', "2", "18.75", 0},
    {"37.50", '/', "1", "37.50", 0},
    {"1", '/', "0.5", "2", 0},
    {"1", '/', "0.00000000000000000000000000000000000001", NULL, REASON_DECIMAL_RESULT},
    {"0.1", '/', "0.00000000000000000000000000000000000001",
     "10000000000000000000000000000000000000", 0},
    {"0", '/', "7", "0", 0},
    {MOST, '/', MOST, "1", 0},
    {"1", '/', MOST, "0.00000000000000000000000000000000000001", 0},
    {MOST, '/', "7", "14285714285714285714285714285714285714", 0},
    {"12345678901234567890", '/', "98765432109876543211", "0.1249999988609375", 0},
    {"1", '/', "0", NULL, REASON_DIVISION_BY_ZERO},
    {"1", '/', "0.00", NULL, REASON_DIVISION_BY_ZERO},
    {"1", '/', "0e0", NULL, REASON_DIVISION_BY_ZERO},
    {"7", '%', "3", "1", 0},
    {"-7", '%', "3", "-1", 0},
    {"7", '%', "-3", "1", 0},
    {"7.5", '%', "2", "1.5", 0},
    {"7", '%', "0.4", "0.2", 0},
    {MOST, '%', "0.7", "0.3", 0},
    {"1.5", '%', MOST, "1.5", 0},
    {"1", '%', "0", NULL, REASON_DIVISION_BY_ZERO},
    {"1e3", '+', "1", "1001.0", 0},
    {"1e308", '*', "10", NULL, REASON_DOUBLE_RESULT},
    {"1e0", '/', "4", "0.25", 0},
    {"7e0", '%', "4", "3.0", 0},
};

START_TEST(test_arithmetic_is_exact_or_says_why_not)
{
    const struct operation *operation = &operations[_i];
    struct number a = number(operation->a), b = number(operation->b), result = {0};
    enum reason reason = apply(&a, operation->op, &b, &result);
    ck_assert_int_eq(reason, operation->reason);
    if (operation->result != NULL)
        ck_assert_str_eq(print(&result), operation->result);
}
END_TEST

START_TEST(test_compare_does_not_depend_on_the_scale)
{
    static const struct {
        const char *a, *b;
        int order;
    } table[] = {
        {"1", "1.000", 0},     {"1", "1.001", -1},
        {"-1", "-1.001", 1},   {"9", "10", -1},
        {"0", "-0.0", 0},      {MOST, "0.00000000000000000000000000000000000001", 1},
        {"-" MOST, "0.1", -1}, {"0.1", "-" MOST, 1},
        {"1e2", "100", 0},     {"0.1", "1e-1", 0},
        {"1e300", MOST, 1},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct number a = number(table[i].a), b = number(table[i].b);
        ck_assert_msg(weir__number_compare(&a, &b) == table[i].order, "%s and %s", table[i].a,
                      table[i].b);
        ck_assert_int_eq(weir__number_compare(&b, &a), -table[i].order);
    }
}
END_TEST

START_TEST(test_round_goes_half_away_from_zero_and_keeps_its_digits)
{
    static const struct {
        const char *x;
        int digits;
        const char *result;
    } table[] = {
        {"2.5", 0, "3"},        {"-2.5", 0, "-3"},      {"3.5", 0, "4"},
        {"2.4999999", 0, "2"},  {"37.5", 2, "37.50"},   {"5", 3, "5.000"},
        {"1.005", 2, "1.01"},   {"-1.005", 2, "-1.01"}, {"0.004", 2, "0.00"},
        {"-0.004", 2, "0.00"},  {"1250", -2, "1300"},   {"1249", -2, "1200"},
        {"-1250", -2, "-1300"}, {"49", -2, "0"},        {"50", -2, "100"},
        {"1", -38, "0"},        {"2.675e0", 2, "2.68"}, {"1e300", 2, "1e+300"},
        {"2.5e0", 0, "3.0"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct number x = number(table[i].x), result;
        ck_assert_int_eq(weir__number_round(&x, table[i].digits, &result), REASON_NONE);
        ck_assert_str_eq(print(&result), table[i].result);
    }
    struct number x = number(MOST), result;
    ck_assert_int_eq(weir__number_round(&x, 1, &result), REASON_DECIMAL_RESULT);
    ck_assert_int_eq(weir__number_round(&x, -38, &result), REASON_DECIMAL_RESULT);
    ck_assert_int_eq(weir__number_round(&x, 39, &result), REASON_DIGITS_RANGE);
}
END_TEST

START_TEST(test_floor_and_ceil_go_down_and_up)
{
    static const struct {
        const char *x, *floor, *ceil;
    } table[] = {{"2.5", "2", "3"},   {"-2.5", "-3", "-2"}, {"2.00", "2", "2"},
                 {"-0.1", "-1", "0"}, {"0.1", "0", "1"},    {"-1.5e0", "-2.0", "-1.0"}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct number x = number(table[i].x), result;
        ck_assert_int_eq(weir__number_floor(&x, &result), REASON_NONE);
        ck_assert_str_eq(print(&result), table[i].floor);
        ck_assert_int_eq(weir__number_ceil(&x, &result), REASON_NONE);
        ck_assert_str_eq(print(&result), table[i].ceil);
    }
}
END_TEST

/* ---- against plain 128-bit arithmetic ---- */

static uint64_t seed = 20261122;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Up to 15 digits, so that everything below has room in 128 bits. */
static struct number random_number(void)
{
    int64_t value = (int64_t)(next_random() % (uint64_t)weir__power10[1 + next_random() % 15]);
    struct number number = number_integer(next_random() % 2 ? value : -value);
    number.scale = (uint8_t)(next_random() % 8);
    return number;
}

static int128 scaled(const struct number *x, int scale)
{
    return x->exact * weir__power10_wide[scale - x->scale];
}

START_TEST(test_random_arithmetic_equals_plain_int128)
{
    for (int i = 0; i < 300000; i++) {
        struct number a = random_number(), b = random_number(), r;
        int scale = a.scale > b.scale ? a.scale : b.scale;
        ck_assert_int_eq(weir__number_add(&a, &b, &r), REASON_NONE);
        ck_assert(r.scale == scale && r.exact == scaled(&a, scale) + scaled(&b, scale));
        ck_assert_int_eq(weir__number_subtract(&a, &b, &r), REASON_NONE);
        ck_assert(r.scale == scale && r.exact == scaled(&a, scale) - scaled(&b, scale));
        ck_assert_int_eq(weir__number_multiply(&a, &b, &r), REASON_NONE);
        ck_assert(r.scale == a.scale + b.scale && r.exact == a.exact * b.exact);
        int128 x = scaled(&a, scale), y = scaled(&b, scale);
        ck_assert_int_eq(weir__number_compare(&a, &b), (x > y) - (x < y));
        if (y == 0)
            continue;
        ck_assert_int_eq(weir__number_modulo(&a, &b, &r), REASON_NONE);
        ck_assert(r.scale == scale && r.exact == x % y);
    }
}
END_TEST

/* |a - q * b| <= half a unit of q's last digit, or exactly 0 where the division ends. */
START_TEST(test_random_quotients_are_the_nearest_at_their_scale)
{
    for (int i = 0; i < 200000; i++) {
        struct number a = number_integer((int64_t)(next_random() % 1000000000)), q;
        struct number b = number_integer((int64_t)(1 + next_random() % 1000000));
        a.scale = (uint8_t)(next_random() % 4);
        b.scale = (uint8_t)(next_random() % 4);
        if (next_random() % 2)
            b.exact = -b.exact;
        ck_assert_int_eq(weir__number_divide(&a, &b, &q), REASON_NONE);
        int scale = q.scale + b.scale;
        int128 rest = scaled(&a, scale < a.scale ? a.scale : scale) -
                      q.exact * b.exact * weir__power10_wide[scale < a.scale ? a.scale - scale : 0];
        int128 by = b.exact < 0 ? -b.exact : b.exact;
        rest = rest < 0 ? -rest : rest;
        ck_assert(rest * 2 <= by);
        if (rest != 0)
            ck_assert_int_ge(q.scale, (a.scale > b.scale ? a.scale : b.scale) + 6);
    }
}
END_TEST

START_TEST(test_random_rounding_equals_plain_int128)
{
    for (int i = 0; i < 300000; i++) {
        struct number a = random_number(), r;
        int digits = (int)(next_random() % 10);
        ck_assert_int_eq(weir__number_round(&a, digits, &r), REASON_NONE);
        ck_assert_int_eq(r.scale, digits);
        int cut = a.scale - digits;
        int128 by = weir__power10_wide[cut > 0 ? cut : 0];
        int128 expected = cut <= 0      ? a.exact * weir__power10_wide[-cut]
                          : a.exact < 0 ? -((-a.exact + by / 2) / by)
                                        : (a.exact + by / 2) / by;
        ck_assert(r.exact == expected);
    }
}
END_TEST

START_TEST(test_random_doubles_print_so_that_they_read_back)
{
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next_random();
        struct number x = {.is_real = true}, back;
        memcpy(&x.real, &bits, sizeof(bits));
        if (!(x.real - x.real == 0)) /* not finite */
            continue;
        char text[NUMBER_TEXT_BYTES];
        size_t n = weir__number_print(&x, text);
        ck_assert_uint_le(n, NUMBER_TEXT_BYTES);
        ck_assert_int_eq(weir__number_read(text, n, NUMBER_DOUBLE, &back), REASON_NONE);
        ck_assert_mem_eq(&back.real, &x.real, sizeof(double));
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("number");
    tcase_add_loop_test(tcase, test_read_keeps_every_digit_and_print_writes_it_again, 0, 25);
    tcase_add_loop_test(tcase, test_read_refuses_what_is_not_a_number, 0, 29);
    tcase_add_test(tcase, test_read_exact_moves_the_point_by_the_exponent);
    tcase_add_test(tcase, test_the_short_reader_agrees_with_the_full_one);
    tcase_add_test(tcase, test_a_short_number_prints_its_digits_around_the_point);
    tcase_add_test(tcase, test_the_reader_of_eight_agrees_with_the_short_one);
    tcase_add_test(tcase, test_the_reader_of_eight_values_agrees_with_the_reader_of_one);
    tcase_add_loop_test(tcase, test_arithmetic_is_exact_or_says_why_not, 0,
                        (int)(sizeof(operations) / sizeof(operations[0])));
    tcase_add_test(tcase, test_compare_does_not_depend_on_the_scale);
    tcase_add_test(tcase, test_round_goes_half_away_from_zero_and_keeps_its_digits);
    tcase_add_test(tcase, test_floor_and_ceil_go_down_and_up);
    tcase_add_test(tcase, test_random_arithmetic_equals_plain_int128);
    tcase_add_test(tcase, test_random_quotients_are_the_nearest_at_their_scale);
    tcase_add_test(tcase, test_random_rounding_equals_plain_int128);
    tcase_add_test(tcase, test_random_doubles_print_so_that_they_read_back);
    tcase_set_timeout(tcase, 120);
    Suite *suite = suite_create("expr_number");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
