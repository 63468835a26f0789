/*
 * The short ways of the evaluator (numbers of few digits, values right from a column, comparisons
 * with constants) give what the functions of number.h, and comparisons byte by byte, give. Every
 * record is followed by others or stands at the very end of its heap.
 */
#include "expr_table.h"

#include "expr/number.h"

#define RECORDS 4000 /* several chunks */

static uint64_t seed = 20261123;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed % n);
}

/* ---- numbers ---- */

static const char *const edges[] = {
    "~", "", "0", "-0", "+0", "-0.00", "007", "00000000",
    "0000000000000000000000000000000000000001", "5.", ".5", "-.5", "-5.", ".", "-", "-.", "+",
    "1.2.3", "1-", "--1", "1 ", " 1", "\t1.50 ", "1 2", "12345678", "-1234567", "-12345678",
    "1234.678", "-123.567", "99999999", "999999999", "12345678.", ".12345678", "-.1234567", "49",
    "50", "51", "50.0", "50.00000", "-50", "49.999999", "5e1", "5E1", "0.5e2", "1e400", "nan",
    "0x10", "1,5", "twelve",
    /* 18, 19 and 38 digits, and what has no place any more */
    "999999999999999999", "-999999999999999999", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "9.223372036854775807", "0.999999999999999999",
    "0.0000000000000000005", "99999999999999999999999999999999999999",
    "-99999999999999999999999999999999999999", "0.00000000000000000000000000000000000001",
    "999999999999999999999999999999999999999", "4999999999999999999.5", "2.345", "2.355", "-2.345",
    "-0.005", "0.004999"};

#define EDGES (sizeof(edges) / sizeof(edges[0]))

static void put_digits(char **at, uint32_t n)
{
    while (n-- > 0)
        *(*at)++ = (char)('0' + (below(3) == 0 ? below(2) * 9 : below(10)));
}

/* tame: short, and a number for certain. */
static void put_number(char *at, bool tame)
{
    if (!tame && below(8) == 0) {
        strcpy(at, edges[below(EDGES)]);
        return;
    }
    uint32_t most = tame ? 3 : below(4) == 0 ? 21 : 5;
    if (below(3) == 0)
        *at++ = '-';
    put_digits(&at, 1 + below(most));
    if (below(2) == 0) {
        *at++ = '.';
        put_digits(&at, below(most));
    }
    if (!tame && below(40) == 0)
        *at++ = "x .-e"[below(5)];
    *at = '\0';
}

struct values {
    struct table table;
    char text[RECORDS][112];
};

/* Two columns a and b of numbers: every edge with every other one, then random ones. */
static void make_numbers(struct values *values, int round)
{
    const char *rows[RECORDS];
    for (uint32_t r = 0; r < RECORDS; r++) {
        char *text = values->text[r];
        size_t pair = (size_t)round * RECORDS + r;
        if (pair < EDGES * EDGES) {
            sprintf(text, "%s|%s", edges[pair / EDGES], edges[pair % EDGES]);
        } else {
            bool tame = r / 50 % 2 == 0;
            put_number(text, tame);
            strcat(text, "|");
            put_number(text + strlen(text), tame);
        }
        rows[r] = text;
    }
    table_init(&values->table, "a b", rows, RECORDS);
}

enum operand { NOTHING, NUMBER, BAD };

static enum operand read_operand(const struct values *values, uint32_t column, uint32_t record,
                                 enum number_style style, struct number *ret)
{
    struct weir_value value = weir_value(&values->table.column[column], record);
    if (value.data == NULL)
        return NOTHING;
    return weir__number_read(value.data, value.length, style, ret) == REASON_NONE ? NUMBER : BAD;
}

static const char *printed(enum reason reason, const struct number *number)
{
    static char text[NUMBER_TEXT_BYTES + 1];
    if (reason != REASON_NONE)
        return "!";
    text[weir__number_print(number, text)] = '\0';
    return text;
}

static enum reason apply(uint32_t operation, const struct number *a, const struct number *b,
                         struct number *ret)
{
    switch (operation) {
    case 0: return weir__number_add(a, b, ret);
    case 1: return weir__number_subtract(a, b, ret);
    case 2: return weir__number_multiply(a, b, ret);
    case 3: return weir__number_divide(a, b, ret);
    case 4: return weir__number_round(a, 2, ret);
    default: *ret = *a; return REASON_NONE;
    }
}

static void check_column(const struct values *values, const char *text, uint32_t operation,
                         enum number_style style)
{
    struct weir_expr *expr = table_compile(&values->table, text);
    struct weir_column column;
    struct weir_expr_errors errors;
    ck_assert_int_eq(weir_expr_column(expr, &values->table.batch, &column, &errors), 0);
    size_t error = 0;
    for (uint32_t r = 0; r < RECORDS; r++) {
        struct number a, b, result = {0};
        enum operand left = read_operand(values, 0, r, style, &a), right = NUMBER;
        if (operation < 4)
            right = read_operand(values, 1, r, style, &b);
        const char *expected;
        if (left == BAD || right == BAD)
            expected = "!";
        else if (left == NOTHING || right == NOTHING)
            expected = "~";
        else
            expected = printed(apply(operation, &a, &b, &result), &result);
        bool failed = error < errors.count && errors.list[error].record == r;
        struct weir_value value = weir_value(&column, r);
        const char *got = failed ? "!" : value.data == NULL ? "~" : value.data;
        size_t n = failed || value.data == NULL ? 1 : value.length;
        ck_assert_msg(n == strlen(expected) && memcmp(got, expected, n) == 0,
                      "%s of %s: %.*s, not %s", text, values->text[r], (int)n, got, expected);
        error += failed;
    }
    weir_expr_free(expr);
}

START_TEST(test_numbers_are_computed_as_by_the_general_functions)
{
    static struct values values;
    make_numbers(&values, _i);
    check_column(&values, "a + b", 0, NUMBER_ANY);
    check_column(&values, "a - b", 1, NUMBER_ANY);
    check_column(&values, "a * b", 2, NUMBER_ANY);
    check_column(&values, "a / b", 3, NUMBER_ANY);
    check_column(&values, "round(a, 2)", 4, NUMBER_ANY);
    check_column(&values, "cast(a as decimal)", 5, NUMBER_EXACT);
    check_column(&values, "cast(a as integer)", 5, NUMBER_INTEGER);
    table_release(&values.table);
}
END_TEST

START_TEST(test_a_branch_reads_the_numbers_of_its_own_records_only)
{
    static struct values values;
    struct weir_column column;
    struct weir_expr_errors errors;
    make_numbers(&values, 2);
    struct weir_expr *expr =
        table_compile(&values.table, "case when b like '%1%' then cast(a as decimal) else 7 end");
    ck_assert_int_eq(weir_expr_column(expr, &values.table.batch, &column, &errors), 0);
    for (uint32_t r = 0; r < RECORDS; r++) {
        struct number a;
        const char *expected = "7";
        if (strchr(strchr(values.text[r], '|'), '1') != NULL) {
            enum operand operand = read_operand(&values, 0, r, NUMBER_EXACT, &a);
            if (operand == BAD)
                continue;
            expected = operand == NOTHING ? "~" : printed(REASON_NONE, &a);
        }
        ck_assert_str_eq(table_value(&column, &errors, r), expected);
    }
    weir_expr_free(expr);
    table_release(&values.table);
}
END_TEST

static const struct {
    const char *text;
    unsigned accepted; /* 1 less, 2 equal, 4 greater */
} operators[] = {{"<", 1}, {"<=", 3}, {"=", 2}, {"<>", 5}, {">=", 6}, {">", 4}};

START_TEST(test_numbers_compare_with_constants_as_by_the_general_function)
{
    static const char *const constants[] = {"50",
                                            "50.0",
                                            "0",
                                            "2.345",
                                            "9223372036854775807",
                                            "99999999999999999999",
                                            "0.00000000000000000001"};
    static struct values values;
    make_numbers(&values, _i);
    for (size_t c = 0; c < sizeof(constants) / sizeof(constants[0]); c++) {
        struct number constant;
        ck_assert_int_eq(
            weir__number_read(constants[c], strlen(constants[c]), NUMBER_ANY, &constant), 0);
        for (size_t o = 0; o < sizeof(operators) / sizeof(operators[0]); o++) {
            char text[80];
            const uint8_t *truth;
            struct weir_expr_errors errors;
            sprintf(text, "a %s %s", operators[o].text, constants[c]);
            struct weir_expr *expr = table_compile(&values.table, text);
            ck_assert_int_eq(weir_expr_filter(expr, &values.table.batch, 0, &truth, &errors), 0);
            for (uint32_t r = 0; r < RECORDS; r++) {
                struct number a;
                unsigned expected = WEIR_UNKNOWN;
                if (read_operand(&values, 0, r, NUMBER_ANY, &a) == NUMBER)
                    expected =
                        operators[o].accepted >> (weir__number_compare(&a, &constant) + 1) & 1;
                ck_assert_msg(truth[r] == expected, "%s, a of %s", text, values.text[r]);
            }
            weir_expr_free(expr);
        }
    }
    table_release(&values.table);
}
END_TEST

/* ---- texts ---- */

/* The constant itself, or something that differs from it at one place or in length; or null. */
static void put_near(char *to, const char *constant)
{
    size_t n = strlen(constant);
    strcpy(to, constant);
    switch (below(6)) {
    case 0: strcpy(to, "~"); break;
    case 1: to[n > 0 ? below((uint32_t)n) : 0] = '\0'; break;
    case 2: strcat(to, below(2) == 0 ? "d" : "dddddddddd"); break;
    case 3:
        if (n > 0)
            to[below((uint32_t)n)] ^= 1;
        break;
    default: break;
    }
}

START_TEST(test_texts_equal_constants_byte_by_byte)
{
    static struct values values;
    static const char whole[] = "paidpaidpaidpaidpaid";
    char constant[sizeof(whole)];
    const char *rows[RECORDS];
    snprintf(constant, sizeof(constant), "%.*s", _i, whole);
    for (uint32_t r = 0; r < RECORDS; r++) {
        put_near(values.text[r], constant);
        rows[r] = values.text[r];
    }
    table_init(&values.table, "a", rows, RECORDS);
    for (int form = 0; form < 4; form++) {
        static const char *const forms[] = {"a = '%s'", "'%s' = a", "a <> '%s'", "'%s' <> a"};
        char text[80];
        const uint8_t *truth;
        struct weir_expr_errors errors;
        sprintf(text, forms[form], constant);
        struct weir_expr *expr = table_compile(&values.table, text);
        ck_assert_int_eq(weir_expr_filter(expr, &values.table.batch, 0, &truth, &errors), 0);
        for (uint32_t r = 0; r < RECORDS; r++) {
            int expected = (strcmp(rows[r], constant) == 0) == (form < 2);
            if (strcmp(rows[r], "~") == 0)
                expected = WEIR_UNKNOWN;
            ck_assert_msg(truth[r] == expected, "%s, a being %s", text, rows[r]);
        }
        weir_expr_free(expr);
    }
    table_release(&values.table);
}
END_TEST

/* ---- damage ---- */

START_TEST(test_entries_that_point_outside_their_heap_read_as_null)
{
    static const char *const rows[] = {"12", "12", "12", "12"};
    struct table table;
    const uint8_t *truth;
    struct weir_expr_errors errors;
    table_init(&table, "a", rows, 4);
    table.entry[0][0] = weir_entry(7, 2);
    table.entry[0][1] = weir_entry(WEIR_ENTRY_MAX, 2);
    table.entry[0][2] = weir_entry_null() | weir_entry(0, 2);
    static const char *const conditions[] = {"a = '12'", "a = 12"};
    for (int i = 0; i < 2; i++) {
        struct weir_expr *expr = table_compile(&table, conditions[i]);
        ck_assert_int_eq(weir_expr_filter(expr, &table.batch, 0, &truth, &errors), 0);
        for (uint32_t r = 0; r < 4; r++)
            ck_assert_uint_eq(truth[r], r < 3 ? WEIR_UNKNOWN : WEIR_TRUE);
        weir_expr_free(expr);
    }
    table_release(&table);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, test_numbers_are_computed_as_by_the_general_functions, 0, 6);
    tcase_add_test(tcase, test_a_branch_reads_the_numbers_of_its_own_records_only);
    tcase_add_loop_test(tcase, test_numbers_compare_with_constants_as_by_the_general_function, 0,
                        3);
    tcase_add_loop_test(tcase, test_texts_equal_constants_byte_by_byte, 0, 21);
    tcase_add_test(tcase, test_entries_that_point_outside_their_heap_read_as_null);
    tcase_set_timeout(tcase, 120);
    Suite *suite = suite_create("expr_fast");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
