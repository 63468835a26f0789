/*
 * Random expressions, of random bytes and of random words: compiling never crashes, a fault lies
 * within the text, and what compiles can be evaluated. The sanitizer run is where this test is at
 * its best.
 */
#include <weir/engine.h>

/* expr */
#include "expr/function.h"
/* stages */
#include "list.h"

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
    static const char *const rows[] = {
        "1|paid|2.5|1.5|true|7|2024-02-29|2024-01-31 13:45:00.5|[1, {\"a\": \"\\u00fc\"}]",
        "~|~|~|~|~|~|~|~|~",
        "12.34||x|1e3|no|99999999999999999999|0001-01-01|9999-12-31 23:59:59.999999|{\"a\": [1.5]}",
        "abc|\xC3|-0.05|nan|maybe|-9223372036854775808|2024-02-30|1969-12-31|{\"a\""};
    table_init(&table,
               "a t:text d:decimal r:double b:boolean n:integer day:date at:timestamp j:json", rows,
               4);
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
    static const char *const leaves[] = {"a",     "t",    "d",    "r",   "b",    "n",
                                         "1",     "-2.5", "'pa'", "'7'", "null", "true",
                                         "false", "1e2",  "0",    "day", "at",   "j"};
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
                                        "(-$)",
                                        "($)::date",
                                        "($)::timestamp",
                                        "($ + interval ($) month)",
                                        "($ - interval 3 day)",
                                        "($ between day and at)"};
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

/* ---- calls of every function, with arguments of the right kind ---- */

/* What each letter of struct function's arguments may be given. */
static const char *argument(char kind)
{
    static const char *const texts[] = {
        "t",      "j",      "''",       "'ü€😀'",    "'31.01.2026'",
        "'4d4g'", "'YWI='", "'%4'",     "'[1, 2]'", "repeat('ab', 5000)",
        "null",   "t || t", "upper(t)", "day::text"};
    static const char *const numbers[] = {"n",
                                          "d",
                                          "r",
                                          "a",
                                          "0",
                                          "-1",
                                          "2.5",
                                          "1e300",
                                          "-1e-300",
                                          "99999999999999999999999999999999999999",
                                          "0.00000000000000000000000000000000000001",
                                          "n / 3",
                                          "null"};
    static const char *const integers[] = {
        "n",         "0",   "1", "-1", "3", "5000", "9223372036854775807", "-9223372036854775808",
        "length(t)", "null"};
    static const char *const moments[] = {"day",
                                          "at",
                                          "date '0001-01-01'",
                                          "date '9999-12-31'",
                                          "timestamp '9999-12-31 23:59:59.999999'",
                                          "timestamp '1969-12-31 23:59:59.9'",
                                          "day + 1",
                                          "at - interval 1 month",
                                          "a",
                                          "null"};
    static const char *const parts[] = {
        "'year'",   "'quarter'",     "'month'",       "'week'", "'day'",    "'hour'", "'minutes'",
        "'second'", "'millisecond'", "'microsecond'", "'dow'",  "'isodow'", "'doy'",  "'isoyear'"};
    static const char *const formats[] = {
        "'%Y-%m-%d'", "'%d.%m.%y %H:%M:%S.%f'", "'%I %p %j %a %B %%'", "''", "'%Y%z'",
        "'%A%b%u%w'"};
    static const char *const paths[] = {"'$'",      "'$.a'",    "'/0/a'", "'a'",
                                        "'$[1].a'", "'$[#-1]'", "'/'"};
    static const char *const constants[] = {"'a'",  "'(a|b)*c?$'", "'^.'",  "''",           "'i'",
                                            "'ab'", "null",        "'UTC'", "'Asia/Tehran'"};
#define ONE_OF(list) list[below(sizeof(list) / sizeof((list)[0]))]
    switch (kind) {
    case 'n':
    case 'r': return ONE_OF(numbers);
    case 'i': return ONE_OF(integers);
    case 'm':
    case 'k': return ONE_OF(moments);
    case 'p':
    case 'u': return ONE_OF(parts);
    case 'f':
    case 'F': return ONE_OF(formats);
    case 'j': return ONE_OF(paths);
    case 'c': return ONE_OF(constants);
    default: return ONE_OF(texts);
    }
}

static void write_call(struct writer *w, const struct function *f)
{
    size_t kinds = strlen(f->arguments);
    uint32_t most = f->most > kinds ? f->least + 3u : f->most;
    uint32_t n = f->least + below(most - f->least + 1);
    put(w, f->help.name);
    put(w, "(");
    for (uint32_t i = 0; i < n; i++) {
        put(w, i == 0 ? "" : ", ");
        put(w, argument(f->arguments[i < kinds ? i : kinds - 1]));
    }
    put(w, ")");
}

START_TEST(test_every_function_takes_what_it_says)
{
    const struct weir_function_help *help;
    for (size_t i = 0; (help = weir_function_at(i)) != NULL; i++) {
        const struct function *f =
            weir__function_find((struct text){help->name, (uint32_t)strlen(help->name)});
        int compiled = 0;
        for (int k = 0; k < 400 && f->form == FORM_PLAIN; k++) {
            struct writer w = {.used = 0};
            write_call(&w, f);
            compiled += try_text(w.text);
        }
        ck_assert_msg(f->form != FORM_PLAIN || compiled > 0, "%s is never computed", help->name);
    }
}
END_TEST

int main(void)
{
    struct weir_err err;
    if (weir_register_functions(weir_builtin_functions, &err) < 0)
        return 1;
    TCase *tcase = tcase_create("fuzz");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_random_bytes_never_crash_the_compiler);
    tcase_add_test(tcase, test_random_words_never_crash_the_compiler);
    tcase_add_test(tcase, test_random_sentences_are_computed_or_refused);
    tcase_add_test(tcase, test_every_function_takes_what_it_says);
    tcase_set_timeout(tcase, 300);
    Suite *suite = suite_create("expr_fuzz");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
