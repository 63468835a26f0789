/*
 * Random expressions that Weir and SQLite both have, written for each of them at once, must give
 * the same. Integers stay small: where numbers get too large the two differ, and are meant to.
 */
#include <sqlite3.h>

#include "expr_table.h"

#define EXPRESSIONS 4000
#define RECORDS     5

static uint64_t seed = 20261123;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed % n);
}

/* ---- one sentence, twice ---- */

struct sentence {
    char weir[4096], sqlite[4096];
};

/* In both, in the same order, I stands for an integer, T for a text, B for a boolean, D for a date,
 * unless it is within quotes. NULL: it is written as for Weir. */
struct form {
    const char *weir, *sqlite;
};

static const struct form integers[] = {
    {"i", NULL},
    {"j", NULL},
    {"3", NULL},
    {"(I + I)", NULL},
    {"(I - I)", NULL},
    {"(I * 3)", NULL},
    {"(-I)", NULL},
    {"(I % 7)", NULL},
    {"mod(I, 5)", "(I % 5)"},
    {"abs(I)", NULL},
    {"sign(I)", NULL},
    {"length(T)", NULL},
    {"strpos(T, T)", "instr(T, T)"},
    {"nullif(unicode(T), -1)", "unicode(T)"},
    {"case when B then I else I end", NULL},
    {"case I when 1 then I when 2 then 5 end", NULL},
    {"coalesce(I, I)", NULL},
    {"nullif(I, I)", NULL},
    {"if(B, I, I)", "iif(B, I, I)"},
    {"(D - D)", "cast(julianday(D) - julianday(D) as integer)"},
    {"year(D)", "cast(strftime('%Y', D) as integer)"},
    {"month(D)", "cast(strftime('%m', D) as integer)"},
    {"day(D)", "cast(strftime('%d', D) as integer)"},
    {"dayofyear(D)", "cast(strftime('%j', D) as integer)"},
    {"dayofweek(D)", "cast(strftime('%w', D) as integer)"},
    {"epoch(D)::integer", "unixepoch(D)"},
};

static const struct form texts[] = {
    {"s", NULL},
    {"t", NULL},
    {"'abc'", NULL},
    {"(T || T)", NULL},
    {"upper(T)", NULL},
    {"lower(T)", NULL},
    {"trim(T)", NULL},
    {"ltrim(T, 'ab')", NULL},
    {"rtrim(T, 'bc ')", NULL},
    {"substr(T, 2, 3)", NULL},
    {"substr(T, -2)", NULL},
    {"left(T, 2)", "substr(T, 1, 2)"},
    {"replace(T, 'a', T)", NULL},
    {"hex(coalesce(T, ''))", NULL},
    {"(I)::text", "cast(I as text)"},
    {"case when B then T end", NULL},
    {"coalesce(T, T)", NULL},
    {"nullif(T, T)", NULL},
    {"(D)::text", "D"},
    {"strftime(D, '%d.%m.%Y %j')", "strftime('%d.%m.%Y %j', D)"},
    {"json_extract_string('{\"a\":[1,\"x\"]}', '$.a[1]')",
     "json_extract('{\"a\":[1,\"x\"]}', '$.a[1]')"},
};

static const struct form booleans[] = {
    {"(I < I)", NULL},
    {"(I >= I)", NULL},
    {"(T = T)", NULL},
    {"(T < T)", NULL},
    {"(T <> T)", NULL},
    {"(D < D)", NULL},
    {"(D = D)", NULL},
    {"(I between I and I)", NULL},
    {"(I in (1, 2, I))", NULL},
    {"(I not in (1, 2, 3))", NULL},
    {"(T in ('abc', 'x', T))", NULL},
    {"(D between D and D)", NULL},
    {"(T like 'a%')", NULL},
    {"(T like '%b_')", NULL},
    {"(T not like T)", NULL},
    {"(B and B)", NULL},
    {"(B or B)", NULL},
    {"(not B)", NULL},
    {"(I is null)", NULL},
    {"(B is not null)", NULL},
    {"(T is distinct from T)", "(T is not T)"},
    {"(D is not distinct from D)", "(D is D)"},
    {"contains(T, 'b')", "(instr(T, 'b') > 0)"},
    {"starts_with(T, 'a')", "(substr(T, 1, 1) = 'a')"},
    {"ends_with(T, 'c')", "(substr(T, -1) = 'c')"},
};

static const struct form dates[] = {
    {"d", NULL},
    {"date '2024-02-29'", "'2024-02-29'"},
    {"make_date(1999, 12, 31)", "'1999-12-31'"},
    {"(D + I % 500)", "date(D, (I % 500) || ' days')"},
    {"(D - 7)", "date(D, '-7 days')"},
    {"(D + interval (I % 300) day)::date", "date(D, (I % 300) || ' days')"},
    {"last_day(D)", "date(D, 'start of month', '+1 month', '-1 day')"},
    {"date_trunc('month', D)", "date(D, 'start of month')"},
    {"date_trunc('year', D)", "date(D, 'start of year')"},
    {"date_trunc('week', D)", "date(D, '-6 days', 'weekday 1')"},
    {"coalesce(D, D)", NULL},
    {"case when B then D else D end", NULL},
};

#define FORMS(list)                                                                                \
    (struct forms)                                                                                 \
    {                                                                                              \
        list, sizeof(list) / sizeof((list)[0])                                                     \
    }

struct forms {
    const struct form *list;
    size_t count;
};

/* Of the letter; none if it is no hole. */
static struct forms forms_of(char letter)
{
    switch (letter) {
    case 'I': return FORMS(integers);
    case 'T': return FORMS(texts);
    case 'B': return FORMS(booleans);
    case 'D': return FORMS(dates);
    default: return (struct forms){NULL, 0};
    }
}

static void put(char *to, size_t room, const char *text, size_t n)
{
    size_t used = strlen(to);
    snprintf(to + used, room - used, "%.*s", (int)n, text);
}

static void write_sentence(struct sentence *to, char letter, int depth);

/* Both forms have their holes in the same order. */
static void write_form(struct sentence *to, const struct form *form, int depth)
{
    const char *a = form->weir, *b = form->sqlite == NULL ? form->weir : form->sqlite;
    bool in_text = false;
    for (; *a != '\0'; a++) {
        in_text = in_text != (*a == '\'');
        if (in_text || forms_of(*a).count == 0) {
            put(to->weir, sizeof(to->weir), a, 1);
        } else {
            struct sentence hole = {"", ""};
            write_sentence(&hole, *a, depth - 1);
            bool quoted = false;
            for (; *b != *a || quoted; b++) {
                quoted = quoted != (*b == '\'');
                put(to->sqlite, sizeof(to->sqlite), b, 1);
            }
            b++;
            put(to->weir, sizeof(to->weir), hole.weir, strlen(hole.weir));
            put(to->sqlite, sizeof(to->sqlite), hole.sqlite, strlen(hole.sqlite));
        }
    }
    put(to->sqlite, sizeof(to->sqlite), b, strlen(b));
}

static void write_sentence(struct sentence *to, char letter, int depth)
{
    struct forms forms = forms_of(letter);
    /* The first two of a list have no holes, or such that end. */
    write_form(to, &forms.list[below(depth <= 0 ? 2 : (uint32_t)forms.count)], depth);
}

/* ---- both engines ---- */

static const char *const rows[RECORDS] = {"1|-7|abc| ab|2024-01-31", "~|2|~|b|~",
                                          "0|13|||1970-01-01", "-3|~|aAbB|xyzc|2100-03-01",
                                          "40|1|a%b_|~|1904-02-29"};
static struct table table;
static sqlite3 *db;

/* The table's record as a subquery. */
static void write_record(char *to, size_t room, uint32_t record)
{
    static const char *const names[] = {"i", "j", "s", "t", "d"};
    snprintf(to, room, "select ");
    for (uint32_t c = 0; c < 5; c++) {
        struct weir_value value = weir_value(&table.column[c], record);
        const char *quote = c < 2 || value.data == NULL ? "" : "'";
        size_t used = strlen(to);
        snprintf(to + used, room - used, "%s%s%.*s%s as %s", c == 0 ? "" : ", ", quote,
                 value.data == NULL ? 4 : (int)value.length,
                 value.data == NULL ? "null" : value.data, quote, names[c]);
    }
}

/* "~" for null. In static memory. */
static const char *ask_sqlite(const char *expression, uint32_t record)
{
    static char text[16384];
    char query[8192], from[512];
    sqlite3_stmt *statement;
    write_record(from, sizeof(from), record);
    snprintf(query, sizeof(query), "select %s from (%s)", expression, from);
    ck_assert_msg(sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK, "%s: %s", query,
                  sqlite3_errmsg(db));
    ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "%s: %s", query, sqlite3_errmsg(db));
    const unsigned char *value = sqlite3_column_text(statement, 0);
    snprintf(text, sizeof(text), "%s", value == NULL ? "~" : (const char *)value);
    sqlite3_finalize(statement);
    return text;
}

static void compare(const struct sentence *sentence, bool is_boolean)
{
    struct weir_expr *expr = table_compile(&table, sentence->weir);
    struct weir_column column;
    struct weir_expr_errors errors;
    ck_assert_int_eq(weir_expr_column(expr, &table.batch, &column, &errors), 0);
    for (uint32_t r = 0; r < RECORDS; r++) {
        const char *ours = table_value(&column, &errors, r);
        const char *theirs = ask_sqlite(sentence->sqlite, r);
        if (is_boolean)
            ours = strcmp(ours, "true") == 0 ? "1" : strcmp(ours, "false") == 0 ? "0" : ours;
        ck_assert_msg(strncmp(ours, theirs, 4000) == 0, "%s gives '%s'; %s gives '%s' (record %u)",
                      sentence->weir, ours, sentence->sqlite, theirs, r);
    }
    weir_expr_free(expr);
}

START_TEST(test_sqlite_gives_the_same)
{
    table_init(&table, "i:integer j:integer s:text t:text d:date", rows, RECORDS);
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "pragma case_sensitive_like = on", NULL, NULL, NULL),
                     SQLITE_OK);
    for (int i = 0; i < EXPRESSIONS; i++) {
        struct sentence sentence = {"", ""};
        char letter = "ITBD"[below(4)];
        write_sentence(&sentence, letter, 1 + (int)below(3));
        if (strlen(sentence.weir) < 2000 && strlen(sentence.sqlite) < 3500)
            compare(&sentence, letter == 'B');
    }
    sqlite3_close(db);
    table_release(&table);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("sqlite");
    tcase_add_test(tcase, test_sqlite_gives_the_same);
    tcase_set_timeout(tcase, 120);
    Suite *suite = suite_create("expr_sqlite");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
