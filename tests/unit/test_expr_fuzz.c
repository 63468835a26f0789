/*
 * Random expressions, of random bytes and of random words: compiling never crashes, a fault lies
 * within the text, and what compiles can be evaluated. The sanitizer run is where this test is at
 * its best.
 */
#include "expr_table.h"

static uint64_t seed = 20261122;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed % n);
}

static struct table table;

static void setup(void)
{
    static const char *const rows[] = {"1|paid|2.5|1.5|true|7", "~|~|~|~|~|~",
                                       "12.34||x|1e3|no|99999999999999999999",
                                       "abc|\xC3|-0.05|nan|maybe|-9223372036854775808"};
    table_init(&table, "a t:text d:decimal r:double b:boolean n:integer", rows, 4);
}

static void teardown(void)
{
    table_release(&table);
}

/* 1 if it compiles. */
static int try_text(const char *text)
{
    struct weir_expr *expr = NULL;
    struct weir_expr_fault fault = {0};
    int code = weir_expr_compile(text, &table.schema, &expr, &fault);
    if (code != 0) {
        ck_assert_msg(code == WEIR_ECONFIG, "%s: %d", text, code);
        ck_assert_msg(fault.text[0] != '\0', "%s: no text", text);
        ck_assert_msg(fault.offset <= strlen(text) && fault.span >= 1, "%s: at %zu, %zu wide", text,
                      fault.offset, fault.span);
        ck_assert_msg(fault.offset + fault.span <= strlen(text) + 1, "%s: at %zu, %zu wide", text,
                      fault.offset, fault.span);
        return 0;
    }
    struct weir_column column;
    struct weir_expr_errors errors;
    ck_assert_msg(weir_expr_column(expr, &table.batch, &column, &errors) == 0, "%s", text);
    for (uint32_t r = 0; r < table.batch.records; r++)
        (void)table_value(&column, &errors, r);
    for (size_t i = 1; i < errors.count; i++)
        ck_assert_uint_lt(errors.list[i - 1].record, errors.list[i].record);
    if (weir_expr_type(expr) == WEIR_BOOLEAN) {
        const uint8_t *truth;
        ck_assert_int_eq(weir_expr_filter(expr, &table.batch, 0, &truth, &errors), 0);
        for (uint32_t r = 0; r < table.batch.records; r++)
            ck_assert_uint_le(truth[r], WEIR_UNKNOWN);
    }
    weir_expr_free(expr);
    return 1;
}

START_TEST(test_random_bytes_never_crash_the_compiler)
{
    char text[64];
    for (int i = 0; i < 50000; i++) {
        uint32_t n = below(sizeof(text));
        for (uint32_t k = 0; k < n; k++)
            text[k] = (char)(below(4) == 0 ? 1 + below(255) : 32 + below(95));
        text[n] = '\0';
        try_text(text);
    }
}
END_TEST

START_TEST(test_random_words_never_crash_the_compiler)
{
    static const char *const words[] = {"a",
                                        "t",
                                        "d",
                                        "r",
                                        "b",
                                        "n",
                                        "1",
                                        "0",
                                        "2.50",
                                        "1e3",
                                        "'x'",
                                        "''",
                                        "'1'",
                                        "null",
                                        "true",
                                        "+",
                                        "-",
                                        "*",
                                        "/",
                                        "%",
                                        "||",
                                        "=",
                                        "<>",
                                        "<",
                                        ">=",
                                        "(",
                                        ")",
                                        ",",
                                        "and",
                                        "or",
                                        "not",
                                        "in",
                                        "(",
                                        ")",
                                        "between",
                                        "like",
                                        "ilike",
                                        "is",
                                        "is null",
                                        "is not distinct from",
                                        "case",
                                        "when",
                                        "then",
                                        "else",
                                        "end",
                                        "::",
                                        "::integer",
                                        "::decimal(5, 2)",
                                        "::text",
                                        "::boolean",
                                        "cast(",
                                        "as",
                                        "try(",
                                        "coalesce(",
                                        "if(",
                                        "round(",
                                        "length(",
                                        "escape",
                                        "9223372036854775807",
                                        "99999999999999999999999999999999999999",
                                        "least(",
                                        "zz",
                                        "\"a\"",
                                        "`n`"};
    char text[512];
    for (int i = 0; i < 100000; i++) {
        uint32_t n = 1 + below(14);
        text[0] = '\0';
        for (uint32_t k = 0; k < n; k++) {
            strcat(text, words[below(sizeof(words) / sizeof(words[0]))]);
            strcat(text, " ");
        }
        try_text(text);
    }
}
END_TEST

/* ---- expressions that follow the grammar ---- */

struct writer {
    char text[4096];
    size_t used;
};

static void put(struct writer *w, const char *text)
{
    w->used += (size_t)snprintf(w->text + w->used, sizeof(w->text) - w->used, "%s", text);
}

static void write_any(struct writer *w, int depth);

/* Fills the holes of a form: each $ is an expression. */
static void write_form(struct writer *w, const char *form, int depth)
{
    char one[2] = "";
    for (; *form != '\0'; form++) {
        one[0] = *form;
        if (*form == '$')
            write_any(w, depth - 1);
        else
            put(w, one);
    }
}

static void write_any(struct writer *w, int depth)
{
    static const char *const leaves[] = {"a",    "t",   "d",    "r",    "b",     "n",   "1", "-2.5",
                                         "'pa'", "'7'", "null", "true", "false", "1e2", "0"};
    static const char *const forms[] = {"($ + $)",
                                        "($ - $)",
                                        "($ * $)",
                                        "($ / $)",
                                        "($ % $)",
                                        "($ || $)",
                                        "($ = $)",
                                        "($ < $)",
                                        "($ >= $)",
                                        "($ and $)",
                                        "($ or $ or $)",
                                        "(not $)",
                                        "($ is null)",
                                        "($ is distinct from $)",
                                        "($ between $ and $)",
                                        "($ in ($, $))",
                                        "($ not in (1, 2, $))",
                                        "($ like $)",
                                        "case when $ then $ else $ end",
                                        "case $ when $ then $ when $ then $ end",
                                        "if($, $, $)",
                                        "coalesce($, $)",
                                        "try($)",
                                        "nullif($, $)",
                                        "least($, $)",
                                        "($)::integer",
                                        "($)::decimal",
                                        "($)::decimal(6, 2)",
                                        "($)::double",
                                        "($)::text",
                                        "($)::boolean",
                                        "round($, $)",
                                        "abs($)",
                                        "floor($)",
                                        "length(($)::text)",
                                        "upper(($)::text)",
                                        "substr(($)::text, 2, 2)",
                                        "(-$)"};
    if (depth <= 0 || w->used > sizeof(w->text) / 2 || below(6) == 0)
        put(w, leaves[below(sizeof(leaves) / sizeof(leaves[0]))]);
    else
        write_form(w, forms[below(sizeof(forms) / sizeof(forms[0]))], depth);
}

START_TEST(test_random_sentences_are_computed_or_refused)
{
    int compiled = 0;
    for (int i = 0; i < 100000; i++) {
        struct writer w = {.used = 0};
        write_any(&w, 1 + (int)below(4));
        compiled += try_text(w.text);
    }
    ck_assert_int_gt(compiled, 10000); /* it is not only the checker that is tried */
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("fuzz");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_random_bytes_never_crash_the_compiler);
    tcase_add_test(tcase, test_random_words_never_crash_the_compiler);
    tcase_add_test(tcase, test_random_sentences_are_computed_or_refused);
    tcase_set_timeout(tcase, 300);
    Suite *suite = suite_create("expr_fuzz");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
