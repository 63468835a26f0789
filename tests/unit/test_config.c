#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* config */
#include "config/loader.h"
/* stage */
#include "stage/option.h"

#include "pipelines.h"

/* ---- helpers ---- */

static struct weir_pipeline *pipeline;
static struct weir_errors errors;

static int parse_bytes(const char *text, size_t length, const struct weir_load_options *options)
{
    return weir_pipeline_parse("dir/orders.yaml", text, length, options, &pipeline, &errors);
}

static int parse_with(const char *text, const struct weir_load_options *options)
{
    return parse_bytes(text, strlen(text), options);
}

static int parse(const char *text)
{
    return parse_with(text, NULL);
}

/* "line:column: text | note", one error a line. */
static char *said(void)
{
    struct buf buf;
    weir__buf_init(&buf);
    for (size_t i = 0; i < errors.count; i++) {
        const struct weir_err *err = &errors.list[i];
        if (err->line != 0)
            weir__buf_printf(&buf, "%u:%u: ", err->line, err->column);
        weir__buf_puts(&buf, err->text);
        if (err->note[0] != '\0')
            weir__buf_printf(&buf, " | %s", err->note);
        weir__buf_putc(&buf, '\n');
    }
    return weir__buf_detach(&buf);
}

static void clear(void)
{
    weir_pipeline_free(pipeline);
    pipeline = NULL;
    weir_errors_release(&errors);
}

static void setup(void)
{
    struct weir_err err = {0};
    ck_assert_int_eq(weir_register(toy_types, &err), 0);
}

struct row {
    const char *text, *errors;
};

static void check_row(const char *text, const char *expected,
                      const struct weir_load_options *options)
{
    int rc = parse_with(text, options);
    char *got = said();
    ck_assert_msg(strcmp(got, expected) == 0, "of\n%s\nexpected\n%s\ngot\n%s", text, expected, got);
    ck_assert_int_eq(rc == 0, expected[0] == '\0');
    ck_assert_int_eq(pipeline != NULL, rc == 0);
    free(got);
    clear();
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_row(rows[i].text, rows[i].errors, NULL);
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

#define HEAD "version: 1\nstages:\n"
#define READ "- {type: toy.read, with: {path: a.csv}}\n"
#define END  "- type: drop\n"

/* A file whose toy.map has these lines under with, from line 6 on, indented by four. */
#define WITH(lines) HEAD READ "- type: toy.map\n  with:\n" lines END

static const struct graph_stage *stage_of(const char *text, size_t i)
{
    int rc = parse(text);
    char *got = said();
    ck_assert_msg(rc == 0, "%s", got);
    free(got);
    ck_assert_uint_lt(i, pipeline->stages);
    return &pipeline->stage[i];
}

static const char *option_of(size_t i, const char *name)
{
    return weir__settings_string(pipeline->stage[i].settings, name);
}

/* ---- what a good file becomes ---- */

START_TEST(test_a_whole_file_becomes_a_pipeline)
{
    static const char text[] =
        "version: 1\n"
        "name: paid-orders\n"
        "vars: {in: samples/orders.csv, out: paid.csv}     # a comment\n"
        "run: {memory: 64MiB, slot: 128KiB, slots: 4, max_record: 1MiB, max_rejected: 100,\n"
        "      max_failed: 5%, on_stop: publish, timeout: 1m30s, restarts: 2, order: none}\n"
        "stages:\n"
        "  - id: in\n"
        "    type: toy.read   # reads\n"
        "    with: {path: \"${in}\", delimiter: \";\"}\n"
        "  - id: paid\n"
        "    type: toy.map\n"
        "    workers: 3\n"
        "    order: preserve\n"
        "    isolate: yes\n"
        "    rejects: {path: bad.csv}\n"
        "    with:\n"
        "      where: \"quantity >= 50 and status = 'paid'\"\n"
        "      set: {total: \"round(quantity * price, 2)\"}\n"
        "      select: [id, country, total]\n"
        "  - type: toy.write\n"
        "    with: {path: \"${out}\"}\n";
    const struct graph_stage *paid = stage_of(text, 1);
    const char *const *list;
    const struct weir_pair *pair;
    ck_assert_str_eq(weir_pipeline_name(pipeline), "paid-orders");
    ck_assert_uint_eq(pipeline->stages, 3);
    ck_assert_uint_eq(pipeline->memory_bytes, 64u << 20);
    ck_assert_uint_eq(pipeline->slot_bytes, 128u << 10);
    ck_assert_uint_eq(pipeline->slots, 4);
    ck_assert_uint_eq(pipeline->max_record_bytes, 1u << 20);
    ck_assert_uint_eq(pipeline->max_rejected.value, 100);
    ck_assert(!pipeline->max_rejected.percent);
    ck_assert_uint_eq(pipeline->max_failed.value, 50000);
    ck_assert(pipeline->max_failed.percent);
    ck_assert(pipeline->stop_publishes);
    ck_assert_uint_eq(pipeline->timeout_ms, 90000);
    ck_assert_uint_eq(pipeline->restarts, 2);
    ck_assert_uint_eq(strlen(pipeline->run_id), 8);
    ck_assert_str_eq(paid->id, "paid");
    ck_assert_ptr_eq(paid->type, &toy_map);
    ck_assert_uint_eq(paid->input[0].stage, 0);
    ck_assert_uint_eq(paid->workers, 3);
    ck_assert(!paid->unordered);
    ck_assert(pipeline->stage[0].unordered);
    ck_assert(paid->isolate);
    ck_assert_int_eq(paid->on_error, ON_ERROR_REJECT);
    ck_assert_str_eq(paid->rejects_path, "bad.csv");
    ck_assert_uint_eq(paid->line, 10);
    ck_assert_str_eq(option_of(1, "where"), "quantity >= 50 and status = 'paid'");
    ck_assert_uint_eq(weir__settings_list(paid->settings, "select", &list), 3);
    ck_assert_str_eq(list[2], "total");
    ck_assert_uint_eq(weir__settings_map(paid->settings, "set", &pair), 1);
    ck_assert_str_eq(pair[0].value, "round(quantity * price, 2)");
    ck_assert_uint_eq(pipeline->stage[0].inputs, 0);
    ck_assert_str_eq(pipeline->stage[2].id, "write");
    ck_assert_str_eq(option_of(2, "path"), "paid.csv");
    clear();
}
END_TEST

START_TEST(test_what_is_not_said_has_its_default)
{
    const struct graph_stage *stage = stage_of(HEAD READ END, 1);
    ck_assert_str_eq(weir_pipeline_name(pipeline), "orders");
    ck_assert_uint_eq(pipeline->memory_bytes, 0);
    ck_assert_uint_eq(pipeline->slot_bytes, 256u << 10);
    ck_assert_uint_eq(pipeline->slots, 16);
    ck_assert_uint_eq(pipeline->max_record_bytes, 16u << 20);
    ck_assert_uint_eq(pipeline->max_rejected.value, 0);
    ck_assert(!pipeline->stop_publishes);
    ck_assert_uint_eq(pipeline->restarts, 5);
    ck_assert_str_eq(stage->id, "drop");
    ck_assert_uint_eq(stage->workers, 0);
    ck_assert_int_eq(stage->on_error, ON_ERROR_STOP);
    ck_assert_ptr_null(stage->rejects_path);
    ck_assert(!stage->unordered);
    clear();
}
END_TEST

START_TEST(test_scalars_are_what_was_written)
{
    static const char *const words[] = {"NULL", "null",       "~",        "no",  "Yes",
                                        "010",  "1e3",        "0x1F",     "1_0", "-1.50",
                                        ".inf", "2001-01-01", "12:30:45", "a:b", "it's"};
    char text[512];
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        snprintf(text, sizeof(text), WITH("    where: %s\n"), words[i]);
        stage_of(text, 1);
        ck_assert_str_eq(option_of(1, "where"), words[i]);
        clear();
    }
}
END_TEST

START_TEST(test_line_ends_and_byte_order_marks_do_not_matter)
{
    static const char text[] =
        "\xEF\xBB\xBFversion: 1\r\nstages:\r\n- type: toy.read\r\n  with:\r\n    path: a\r\n"
        "- type: drop\r\n";
    stage_of(text, 1);
    ck_assert_uint_eq(pipeline->stage[1].line, 6);
    clear();
    check_row(
        "\xEF\xBB\xBFversion: 1\r\nx: 2\r\nstages: []\r\n",
        "2:1: a pipeline file has no key 'x': it has version, name, vars, secrets, modules, run, "
        "quarantine, stages and tests\n"
        "3:9: 'stages' is empty\n",
        NULL);
}
END_TEST

START_TEST(test_inputs_may_name_the_stage_above)
{
    static const char text[] = HEAD "- {id: a, type: toy.read, with: {path: a}}\n"
                                    "- {id: x, type: toy.map, inputs: a}\n"
                                    "- {id: b, type: drop, inputs: [x]}\n";
    ck_assert_uint_eq(stage_of(text, 2)->input[0].stage, 1);
    ck_assert_uint_eq(pipeline->stage[1].input[0].stage, 0);
    clear();
}
END_TEST

START_TEST(test_an_expanding_type_is_what_its_parts_are)
{
    const struct graph_stage *stage =
        stage_of(HEAD "- {type: toy.rows, workers: 4, on_error: drop}\n- type: drop\n", 0);
    ck_assert_uint_eq(stage->inputs, 0);
    ck_assert_int_eq(stage->on_error, ON_ERROR_DROP);
    ck_assert_uint_eq(stage->workers, 4);
    clear();
}
END_TEST

START_TEST(test_the_command_line_sets_workers_where_the_file_does_not)
{
    static const struct weir_load_options options = {.workers = 5};
    static const char text[] =
        HEAD READ "- {id: a, type: toy.map}\n- {id: b, type: toy.map, workers: 2}\n"
                  "- {id: c, type: toy.map, workers: auto}\n- type: drop\n";
    ck_assert_int_eq(parse_with(text, &options), 0);
    ck_assert_uint_eq(pipeline->stage[0].workers, 0);
    ck_assert_uint_eq(pipeline->stage[1].workers, 5);
    ck_assert_uint_eq(pipeline->stage[2].workers, 2);
    ck_assert_uint_eq(pipeline->stage[3].workers, 5);
    clear();
}
END_TEST

/* ---- the text ---- */

START_TEST(test_bytes_that_are_no_pipeline_file)
{
    static const struct {
        const char *text;
        size_t length;
        const char *errors;
    } rows[] = {
        {"", 0, "the file is empty\n"},
        {"# only\n", 7, "the file is empty\n"},
        {"\n\n", 2, "the file is empty\n"},
        {"a\0b: 1\n", 7, "1:2: a NUL byte: this is a binary file, not a pipeline file\n"},
        {"\x7f"
         "ELF",
         4, "1:1: a control character: this is no pipeline file\n"},
        {"a: 1\nb: \xff\n", 10, "2:4: this is not UTF-8: save the file as UTF-8\n"},
        {"a: \xc3", 4, "1:4: this is not UTF-8: save the file as UTF-8\n"},
        {"a: \xed\xa0\x80", 6, "1:4: this is not UTF-8: save the file as UTF-8\n"},
        {"\xff\xfe"
         "a\0",
         4, "the file is UTF-16: save it as UTF-8\n"},
        {"a: 1\rb: 2\r", 10,
         "1:5: a carriage return alone does not end a line: save the file with Unix line ends\n"},
        {"hello", 5, "1:1: a pipeline file is a map with version, name and stages\n"},
        {"- a\n", 4, "1:1: a pipeline file is a map with version, name and stages\n"},
        {"a: 1\n---\nb: 1\n", 14,
         "2:1: a second document begins here: a pipeline file holds one\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(parse_bytes(rows[i].text, rows[i].length, NULL), WEIR_ECONFIG);
        char *got = said();
        ck_assert_str_eq(got, rows[i].errors);
        free(got);
        clear();
    }
}
END_TEST

START_TEST(test_text_that_is_no_yaml)
{
    static const struct row rows[] = {
        {"version: 1\nname: {a\n", "2:7: the { opened here is never closed\n"},
        {"version: 1\nname: [a #b]\n", "2:7: the [ opened here is never closed | ' #' begins a "
                                       "comment: quote it, \"a #b\"\n"},
        {"version: 1\nname: [\"x\", a \"b\" #b, c]\n",
         "2:7: the [ opened here is never closed | ' #' begins a comment: quote the value it "
         "stands in\n"},
        /* a line that stands no deeper than that of the bracket */
        {"version: 1\nname: [a #1, b]\nrun: {slots: 1}\n",
         "2:7: the [ opened here is never closed | ' #' begins a comment: quote it, \"a #1\"\n"},
        {"version: 1\nrun: {slots: 1\nstages: [a]\n", "2:6: the { opened here is never closed\n"},
        {"version: 1\nstages: [a, b\nname: x\nrun: {}\n",
         "2:9: the [ opened here is never closed\n"},
        {"stages:\n- {type: toy.read\n- {type: drop}\n",
         "2:3: the { opened here is never closed\n"},
        /* a deeper one, or the closing bracket itself, is not */
        {"run: {slots: 1\n      slot: 2}\n",
         "2:11: a value inside {} or [] ends before this | a value with a comma, a quote, ': ' or "
         "' #' in it must be quoted as a whole\n"},
        {"run: {slots: {a: b}\n]\n", "2:1: this closes none of the brackets that are open\n"},
        {"version 1\nstages: []\n", "1:1: this line has no ': ' behind a name\n"},
        {"run:\n  slots 1\n  memory: 64MiB\n", "2:3: this line has no ': ' behind a name\n"},
        {"stages:\n- type: drop\n   id: a\n",
         "2:9: this value is followed by a deeper line with a key: check the indentation below "
         "it\n"},
        {"run:\n   slots: 1\n  memory: 64MiB\n",
         "3:3: this line is indented like none of the lines that it could belong to\n"},
        {"name: &\n", "1:7: a value can't begin with & unless it is quoted | quote it: \"&\"\n"},
        {"name: &\nrun: {}\n",
         "1:7: a value can't begin with & unless it is quoted | quote it: \"&\"\n"},
        {"a: \"x\n",
         "1:4: the quote opened here is never closed | a value that is a quote is written '\"'\n"},
        {"a: '\n",
         "1:4: the quote opened here is never closed | a value that is a quote is written \"'\"\n"},
        {"a: *\n", "1:4: a value can't begin with * unless it is quoted | quote it: \"*\"\n"},
        {"a: @x # c\n", "1:4: a value can't begin with @ unless it is quoted | quote it: \"@x\"\n"},
        {"a: `x\n", "1:4: a value can't begin with ` unless it is quoted | quote it: \"`x\"\n"},
        {"a: %x\n", "1:4: a value can't begin with % unless it is quoted | quote it: \"%x\"\n"},
        {"a: ,\n", "1:4: a value can't begin with , unless it is quoted | quote it: \",\"\n"},
        {"a: -\n", "1:4: a value can't begin with - unless it is quoted | quote it: \"-\"\n"},
        {"a: {b: -}\n", "1:8: a value can't begin with - unless it is quoted | quote it: \"-\"\n"},
        {"\xc3\xbc: @\n",
         "1:5: a value can't begin with @ unless it is quoted | quote it: \"@\"\n"},
        {"a: b: c\n", "1:5: a value with ': ' in it must be quoted, and a map begins on a line of "
                      "its own | quote it: \"b: c\"\n"},
        {"a: \"b\" = 1\n", "1:8: text stands behind the closing quote | quote it: '\"b\" = 1'\n"},
        {"a:\n\tb: 1\n", "2:1: a tab can't indent a line: use spaces\n"},
        {"a: 1\n  b: 2\n", "1:4: this value is followed by a deeper line with a key: check the "
                           "indentation below it\n"},
        {"a:\n  - b: 1\n    c: 2\n   d: 3\n",
         "4:4: this line is indented like none of the lines that it could belong to\n"},
        {"a:\n-\n- x\n",
         "3:1: the item above this line has no value | for empty text write \"\"\n"},
        {"a: \"\\q\"\n", "1:5: \\ in double quotes begins an escape, and this is none | use single "
                         "quotes, or write \\\\\n"},
        {"a: {b: x in ('a', 'b')}\n", "1:22: a value inside {} or [] ends before this | a value "
                                      "with a comma, a quote, ': ' or ' #' in it "
                                      "must be quoted as a whole\n"},
    };
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(test_what_yaml_has_and_pipeline_files_do_not)
{
    static const struct row rows[] = {
        {WITH("    where: *x\n"),
         "6:12: pipeline files have no aliases (*) | as text it must be quoted: \"*x\"\n"},
        {WITH("    where: &x a\n"),
         "6:12: pipeline files have no anchors (&) | as text it must be quoted: '&x a'\n"},
        {WITH("    where: !x a\n"),
         "6:12: pipeline files have no tags (!) | as text it must be quoted: '!x a'\n"},
        {WITH("    where: !!str a\n    select: *y\n"),
         "6:12: pipeline files have no tags (!) | as text it must be quoted: '!!str a'\n"
         "7:13: pipeline files have no aliases (*) | as text it must be quoted: \"*y\"\n"},
        {"<<: {a: 1}\n", "1:1: pipeline files have no merge keys (<<)\n"},
        {"? [a, b]\n: c\n", "1:3: a key must be a plain name, not a list\n"},
        {"a: :\n",
         "1:4: a name is missing before the colon | for a colon as a value write \":\"\n"},
        {"a: \"x\\0y\"\nversion: 1\n", "the file has no 'stages'\n"
                                       "1:4: a NUL character can't stand in a value\n"},
        {WITH("    where: a\n    limit: 3\n    where: b\n"),
         "8:5: 'where' stands here twice: first in line 6\n"},
    };
    CHECK_ROWS(rows);
}
END_TEST

/* Ten megabytes each: an answer, and not by way of gigabytes or of a stack without end. */
START_TEST(test_ten_megabytes_of_nesting_are_refused)
{
    static const struct {
        const char *unit;
        const char *error;
    } rows[] = {
        {"[", "1:262146: a line of more than 256 KiB: this is no pipeline file\n"},
        {"[\n", "33:1: lists and maps stand in one another more than 32 deep\n"},
        {"{a: ", "1:262146: a line of more than 256 KiB: this is no pipeline file\n"},
        {"[],\n", "200001:1: more than 200000 brackets and commas: this is no pipeline file\n"},
        {"- a\n", "100000:3: more than 100000 values: this is no pipeline file\n"},
    };
    size_t length = 10u << 20, unit = strlen(rows[_i].unit);
    char *text = malloc(length);
    for (size_t i = 0; i < length; i++)
        text[i] = rows[_i].unit[i % unit];
    if (_i == 1)
        length = 150000; /* more brackets are refused by their number */
    ck_assert_int_eq(parse_bytes(text, length, NULL), WEIR_ECONFIG);
    char *got = said();
    if (_i == 3)
        ck_assert_msg(strstr(got, "more than 200000 brackets") != NULL, "%s", got);
    else
        ck_assert_str_eq(got, rows[_i].error);
    free(got);
    free(text);
    clear();
}
END_TEST

START_TEST(test_blocks_of_deep_maps_are_refused)
{
    struct buf buf;
    weir__buf_init(&buf);
    for (int i = 0; i < 40; i++)
        weir__buf_printf(&buf, "%*sa:\n", i, "");
    ck_assert_int_eq(parse(buf.data), WEIR_ECONFIG);
    char *got = said();
    ck_assert_str_eq(got, "33:33: lists and maps stand in one another more than 32 deep\n");
    free(got);
    weir__buf_release(&buf);
    clear();
}
END_TEST

START_TEST(test_only_the_first_hundred_mistakes_are_shown)
{
    struct buf buf;
    weir__buf_init(&buf);
    for (int i = 0; i < 3000; i++)
        weir__buf_printf(&buf, "k%d: v\n", i);
    ck_assert_int_eq(parse(buf.data), WEIR_ECONFIG);
    ck_assert_uint_eq(errors.count, 101);
    ck_assert_str_eq(errors.list[100].text, "only the first 100 mistakes are shown");
    weir__buf_release(&buf);
    clear();
}
END_TEST

/* ---- traps ---- */

START_TEST(test_values_that_yaml_ate_are_shown_in_quotes)
{
    static const struct row rows[] = {
        {HEAD "- type: toy.read\n  with:\n    path: a\n    comment: #\n" END,
         "6:5: 'comment' has no value | # begins a comment: quote it, \"#\"\n"},
        {HEAD "- type: toy.read\n  with:\n    path: a\n    delimiter: |\n" END,
         "6:5: 'delimiter' has no value | | begins a block of text: quote it, \"|\"\n"},
        {HEAD "- type: toy.read\n  with:\n    path: a\n    delimiter: >\n" END,
         "6:5: 'delimiter' has no value | > begins a block of text: quote it, \">\"\n"},
        /* the keys that the block took are not missed */
        {HEAD "- type: toy.read\n  with:\n    delimiter: |\n    path: a\n    header: x\n" END,
         "5:5: 'delimiter' has no value | | begins a block of text: quote it, \"|\"\n"},
        {HEAD "- type: toy.read\n  with:\n    delimiter: |-\n    path: a\n" END,
         "5:5: 'delimiter' has no value | | begins a block of text: quote it, \"|\"\n"},
        {HEAD "- type: toy.read\n  with:\n    delimiter: >\n    path: a\n" END,
         "5:5: 'delimiter' has no value | > begins a block of text: quote it, \">\"\n"},
        {HEAD "- type: toy.read\n  with:\n    path:\n    delimiter: a\n" END,
         "5:5: 'path' has no value | for empty text write \"\"\n"},
        {HEAD "- type: toy.read\n  with:\n    path: [a, b]\n    null_values:\n      - x\n      -\n "
              "     - y\n" END,
         "8:7: this item has no value | for empty text write \"\"\n"},
        {HEAD "- type: toy.read\n  with:\n    path: data #1.csv\n" END,
         "5:11: this value ends before ' #' | # begins a comment: quote it, \"data #1.csv\"\n"},
        {WITH("    where: tag = ' # '\n"),
         "6:12: this value ends before ' #' | # begins a comment: quote it, \"tag = ' # '\"\n"},
        {WITH("    where: f(a # b)\n"),
         "6:12: this value ends before ' #' | # begins a comment: quote it, \"f(a # b)\"\n"},
        {WITH("    set: {total: round(a, 2)}\n"),
         "6:27: '2)' in 'set' has no value | a comma inside {} ends the value: quote it, "
         "\"round(a, 2)\"\n"},
        {WITH("    set: {t: f(a, b, c), d: e}\n"),
         "6:19: 'b' in 'set' has no value | a comma inside {} ends the value: quote it, \"f(a, b, "
         "c)\"\n"},
        {WITH("    select: [id, round(a, 2)]\n"), "6:27: the value before this ends at the comma | "
                                                  "a comma inside [] ends the value: quote it, "
                                                  "\"round(a, 2)\"\n"},
        {WITH("    set: {a:b}\n"),
         "6:11: 'a:b' has no value | a space must follow the colon: a: b\n"},
        {WITH("    set: {a: b, c: }\n"), "6:17: 'c' has no value | for empty text write \"\"\n"},
        {"version: 1\nvars:\nstages:\n" READ END,
         "2:1: 'vars' has no value | for empty text write \"\"\n"},
    };
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(test_comments_and_apostrophes_are_no_traps)
{
    static const struct row rows[] = {
        {WITH("    where: a = 1 # only these\n"), ""},
        {WITH("    where: a = 1   #\n"), ""},
        {WITH("    where: a = 1 ## really\n"), ""},
        {WITH("    where: \"a\" #1\n"), ""},
        {WITH("    where: a#b\n"), ""},
        {HEAD "- type: toy.read\n  with: {path: a, null_values: [it's, don't, n/a]}\n" END, ""},
        {WITH("    where: \"\" # nothing\n"), "6:12: 'where' is empty\n"},
        {WITH("    where: |\n      a = 1\n      and b = 2\n"), ""},
    };
    CHECK_ROWS(rows);
}
END_TEST

/* ---- keys ---- */

START_TEST(test_a_key_on_the_wrong_level_is_told_where_it_belongs)
{
    static const struct row rows[] = {
        {HEAD "- type: toy.read\n  path: a\n" END,
         "4:3: 'path' is an option of toy.read: it belongs under 'with'\n"},
        {WITH("    workers: 3\n"),
         "6:5: 'workers' belongs to the stage, not under 'with': move it two spaces left\n"},
        {HEAD READ "- {type: toy.map, with: {workers: 3}}\n" END,
         "4:26: 'workers' belongs to the stage, not under 'with'\n"},
        {"version: 1\nmemory: 64MiB\nstages:\n" READ END,
         "2:1: 'memory' belongs under 'run', at the top of the file\n"},
        {"version: 1\nworkers: 3\nstages:\n" READ END,
         "2:1: 'workers' belongs to a stage, under 'stages'\n"},
        {"version: 1\nrun: {workers: 3}\nstages:\n" READ END,
         "2:7: 'workers' belongs to a stage, under 'stages'\n"},
        {"version: 1\nrun: {name: x}\nstages:\n" READ END,
         "2:7: 'name' belongs to the top of the file\n"},
        {HEAD "- {type: toy.read, with: {path: a}, vars: {a: b}}\n" END,
         "3:37: 'vars' belongs to the top of the file\n"},
        {HEAD "- {type: toy.read, with: {path: a}, timeout: 3s}\n" END,
         "3:37: 'timeout' belongs under 'run', at the top of the file\n"},
    };
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(test_an_unknown_name_is_answered_with_the_nearest)
{
    static const struct row rows[] = {
        {HEAD "- {type: toy.read, with: {path: a, delimeter: b}}\n" END,
         "3:36: toy.read has no option 'delimeter' | did you mean 'delimiter'?\n"},
        {HEAD "- {type: toy.raed, with: {path: a}}\n" END,
         "3:10: there is no stage type 'toy.raed' | did you mean 'toy.read'?\n"},
        {HEAD "- {type: sql.insert}\n" END,
         "3:10: there is no stage type 'sql.insert' | `pipeline stages` lists them\n"},
        {HEAD "- {type: toy.rows.cut}\n" END,
         "3:10: there is no stage type 'toy.rows.cut' | did you mean 'toy.rows'?\n"},
        {HEAD "- {type: toy.read, with: {path: a}, worker: 1}\n" END,
         "3:37: a stage has no key 'worker' | did you mean 'workers'?\n"},
        {HEAD "- {type: toy.read, with: {path: a}, delimeter: 1}\n" END,
         "3:37: a stage has no key 'delimeter' | did you mean 'delimiter', under 'with'?\n"},
        {"version: 1\nrun: {memroy: 1}\nstages:\n" READ END,
         "2:7: 'run' has no key 'memroy' | did you mean 'memory'?\n"},
        {"version: 1\nstage: 1\nstages:\n" READ END,
         "2:1: a pipeline file has no key 'stage': it has version, name, vars, secrets, modules, "
         "run, "
         "quarantine, stages and tests | did you mean "
         "'stages'?\n"},
    };
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(test_every_key_has_its_type)
{
    static const struct row rows[] = {
        {"stages:\n" READ END, "the file does not say its version | begin it with: version: 1\n"},
        {"version: 2\nstages:\n" READ END,
         "1:10: version '2' is not known: this program reads version 1\n"},
        {"version: [1]\nstages:\n" READ END, "1:10: 'version' must be 1\n"},
        {"version: 1\n", "the file has no 'stages'\n"},
        {"version: 1\nstages: {a: b}\n",
         "2:9: 'stages' must be a list: each stage begins with '- '\n"},
        {"version: 1\nstages: []\n", "2:9: 'stages' is empty\n"},
        {"version: 1\nname: a b\nstages:\n" READ END,
         "2:7: 'name' must be made of letters, digits, '_', '.' and '-', at most 63\n"},
        {"version: 1\nrun: 3\nstages:\n" READ END,
         "2:6: 'run' must be a map like {memory: 64MiB}\n"},
        {"version: 1\nrun: {slot: 100000}\nstages:\n" READ END,
         "2:13: 'slot' must be a multiple of 4KiB\n"},
        {"version: 1\nrun: {max_record: 64KiB}\nstages:\n" READ END,
         "2:19: 'max_record' must not be smaller than 'slot', which is 256 KiB\n"},
        {"version: 1\nrun: {max_failed: x, timeout: 5, on_stop: publsh}\nstages:\n" READ END,
         "2:19: 'max_failed' must be a number like 100 or a percentage like 5%\n"
         "2:31: 'timeout' must be a duration like 2s, 100ms or 1m30s, not '5'\n"
         "2:43: 'on_stop' must be discard or publish, not 'publsh' | did you mean 'publish'?\n"},
        {HEAD "- toy.read\n" END,
         "3:3: a stage is a map with a type, not a plain value | write - type: toy.read\n"},
        {HEAD "- [a]\n" END, "3:3: a stage is a map with a type, not a list\n"},
        {HEAD "- id: x\n" END, "3:3: this stage has no type | `pipeline stages` lists them\n"},
        {HEAD "- type: [a]\n" END, "3:9: 'type' must be the name of a stage type, not a list\n"},
        {HEAD "- {type: toy.read, id: A, with: {path: a}}\n" END,
         "3:24: an id is made of a-z, 0-9, '_' and '-', at most 48\n"},
        {HEAD "- {type: toy.read, with: [a]}\n" END,
         "3:26: options must be a map like {name: value}\n"},
        {HEAD "- type: toy.read\n" END,
         "3:3: toy.read: option 'path' is missing: the files to read\n"},
        {HEAD "- {type: toy.read, with: {path: a}, workers: 2}\n" END,
         "3:46: toy.read has one worker, whatever is asked for\n"},
        {HEAD READ "- {type: toy.map, workers: 65}\n" END,
         "4:28: 'workers' must be auto or a number from 1 to 64\n"},
        {HEAD READ "- {type: toy.map, workers: 0}\n" END,
         "4:28: 'workers' must be auto or a number from 1 to 64\n"},
        {HEAD READ "- {type: toy.map, order: any}\n" END,
         "4:26: 'order' must be preserve or none, not 'any'\n"},
        {HEAD READ "- {type: toy.map, isolate: 1}\n" END,
         "4:28: 'isolate' must be true or false\n"},
        {HEAD READ "- {type: toy.map, on_error: skip}\n" END,
         "4:29: 'on_error' must be stop, reject, drop or set_null, not 'skip'\n"},
    };
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(test_rejects_and_on_error_go_together)
{
    static const struct row rows[] = {
        {HEAD READ "- {type: toy.map, rejects: bad.csv}\n" END,
         "4:28: 'rejects' must be a map with a path | write rejects: {path: bad.csv}\n"},
        {HEAD READ "- {type: toy.map, rejects: {}}\n" END, "4:28: 'rejects' needs a path\n"},
        {HEAD READ "- {type: toy.map, rejects: {path: a, as: b}}\n" END,
         "4:38: 'rejects' has a path and no 'as'\n"},
        {HEAD READ "- {type: toy.map, rejects: {path: [a]}}\n" END,
         "4:35: the path of 'rejects' must be the name of a file\n"},
        {HEAD READ "- {type: toy.map, on_error: drop, rejects: {path: a}}\n" END,
         "4:35: 'rejects' stays empty with on_error: drop: write on_error: reject\n"},
        {HEAD READ "- {type: toy.map, on_error: stop, rejects: {path: a}}\n" END,
         "4:35: 'rejects' stays empty with on_error: stop: write on_error: reject\n"},
        {HEAD READ "- {type: toy.map, on_error: set_null, rejects: {path: a}}\n" END, ""},
        {HEAD READ "- {type: drop, on_error: reject}\n",
         "4:16: drop rejects no records: it takes no 'on_error'\n"},
        {HEAD READ "- {type: drop, rejects: {path: a}}\n",
         "4:16: drop rejects no records: it takes no 'rejects'\n"},
        {HEAD "- {type: toy.rows, rejects: {path: a}}\n" END, ""},
    };
    CHECK_ROWS(rows);
    ck_assert_int_eq(stage_of(HEAD READ "- {type: toy.map, on_error: reject}\n" END, 1)->on_error,
                     ON_ERROR_REJECT);
    ck_assert_ptr_null(pipeline->stage[1].rejects_path);
    clear();
}
END_TEST

START_TEST(test_limits_of_a_stage_are_read)
{
    static const struct row rows[] = {
        {HEAD READ "- {type: toy.map, sandbox: strict}\n" END, ""},
        {HEAD READ "- {type: toy.map, sandbox: open}\n" END,
         "4:28: 'sandbox' must be none, files, network or strict, not 'open'\n"},
        {HEAD READ "- {type: toy.map, record_timeout: soon}\n" END,
         "4:35: 'record_timeout' must be a duration like 10s: how long one record may take\n"},
        {HEAD READ "- {type: toy.map, worker_memory: 1MiB}\n" END,
         "4:34: 'worker_memory' must be a size like 256MiB, at least 16MiB: how much memory of its "
         "own "
         "a worker may use\n"},
    };
    CHECK_ROWS(rows);
}
END_TEST

/* ---- edges ---- */

START_TEST(test_who_reads_whom_is_checked)
{
    static const struct row rows[] = {
        {HEAD "- type: toy.map\n" END,
         "3:3: 'map' is first, but toy.map reads another stage: begin with a source\n"},
        {HEAD READ,
         "3:3: nobody reads what 'read' makes | end with a sink such as csv.write or discard\n"},
        {HEAD READ "- {type: toy.read, id: b, with: {path: a}}\n" END,
         "3:3: nobody reads what 'read' makes | end with a sink such as csv.write or discard\n"},
        {HEAD READ END "- {type: drop, id: x}\n",
         "5:3: this stage reads the one above, but 'drop' is a sink (drop)\n"},
        {HEAD READ "- {type: toy.map, inputs: drop}\n" END,
         "4:27: 'drop' stands below: a stage reads those that stand above it\n"},
        {HEAD READ "- {type: toy.map, inputs: map}\n" END, "4:27: 'map' can't read itself\n"},
        {HEAD READ "- {type: toy.map, inputs: raed}\n" END,
         "4:27: there is no stage 'raed' | did you mean 'read'?\n"},
        {HEAD "- {type: toy.read, with: {path: a}, inputs: x}\n" END,
         "3:37: toy.read is a source: it takes no 'inputs'\n"},
        {HEAD READ "- {type: toy.map, inputs: [read, read]}\n" END,
         "4:34: 'read' is named twice\n"},
        {HEAD READ "- {type: toy.map, inputs: [read, raed, {}]}\n" END,
         "4:34: there is no stage 'raed' | did you mean 'read'?\n"
         "4:40: 'inputs' must be the id of a stage\n"},
        {HEAD READ "- {type: toy.map, inputs: []}\n" END,
         "4:27: 'inputs' names no stage; without it a stage reads the one above\n"},
        {HEAD READ "- {type: toy.map, inputs: {a: read}}\n" END,
         "4:27: toy.map has no named inputs: name a stage, or a list\n"},
        {HEAD READ "- {type: drop, inputs: read.rejects}\n",
         "4:24: 'read' (toy.read) rejects no records\n"},
        {HEAD READ "- {type: drop, inputs: raed.else}\n",
         "4:24: there is no stage 'raed' | did you mean 'read'?\n"},
        {HEAD READ "- {type: drop}\n- {type: toy.write, with: {path: a}, inputs: drop}\n",
         "5:46: 'drop' is a sink (drop): there is nothing to read from it\n"},
        {HEAD READ "- {type: drop, id: read}\n",
         "4:20: two stages have the id 'read': here and in line 3\n"},
        {HEAD READ "- type: toy.map\n- type: toy.map\n" END,
         "5:9: two stages have the id 'map': here and in line 4 | without an id a stage has the "
         "last word of its "
         "type: give it an id\n"},
        {HEAD READ "- type: toy.mapp\n" END,
         "4:9: there is no stage type 'toy.mapp' | did you mean 'toy.map'?\n"},
    };
    CHECK_ROWS(rows);
}
END_TEST

/* ---- variables ---- */

#define VARS(vars, value)                                                                          \
    "version: 1\nvars: {" vars "}\nstages:\n" READ "- type: toy.map\n  with:\n    where: \"" value \
    "\"\n" END

START_TEST(test_references_are_filled)
{
    static const struct {
        const char *text, *value;
    } rows[] = {
        {VARS("a: 1", "${a}"), "1"},
        {VARS("a: 1, b: 2", "x${a}y${b}z"), "x1y2z"},
        {VARS("a: 1, b: \"${a}${a}\"", "${b}"), "11"},
        {VARS("a: \"x: [y\"", "${a}"), "x: [y"},
        {VARS("a: ", "${a:-d}"), "d"},
        {VARS("a: \"\"", "${a:-d}"), "d"},
        {VARS("a: \"\"", "<${a}>"), "<>"},
        {VARS("a: 1", "${a:-d}"), "1"},
        {VARS("a: 1", "${a:?m}"), "1"},
        {VARS("a: , b: 2", "${a:-${b}}"), "2"},
        {VARS("a: 1", "$${a} $a $ $$ ${a}"), "${a} $a $ $$ 1"},
        {VARS("a: 1", "$$${a}"), "$${a}"},
        {VARS("a: 1", "${env:WEIR_TEST_SET}"), "from env"},
        {VARS("a: 1", "${env:WEIR_TEST_UNSET:-none}"), "none"},
        {VARS("a: 1", "${env:WEIR_TEST_UNSET:-}"), ""},
        {VARS("a: WEIR_TEST_SET", "${env:${a}}"), "from env"},
        {VARS("a: 1", "${file:/no/such:-none}"), "none"},
    };
    setenv("WEIR_TEST_SET", "from env", 1);
    unsetenv("WEIR_TEST_UNSET");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool empty =
            rows[i].value[0] == '\0'; /* an expression must not be: taken from its note instead */
        int rc = parse(rows[i].text);
        ck_assert_msg((rc == 0) == !empty, "%s", rows[i].text);
        if (!empty)
            ck_assert_str_eq(option_of(1, "where"), rows[i].value);
        clear();
    }
}
END_TEST

START_TEST(test_references_that_can_not_be_filled)
{
    static const struct row rows[] = {
        {VARS("day: 1, in: a, out: b", "x ${dya}"),
         "7:15: no variable 'dya'; declared: day, in, out. The environment is ${env:dya} | did you "
         "mean 'day'?\n"},
        {HEAD READ "- {type: toy.map, with: {where: \"${q}\"}}\n" END,
         "4:34: no variable 'q'; none is declared. The environment is ${env:q}\n"},
        {VARS("a: ", "${a} ${a}"), "2:8: variable 'a' must be given: --var a=...\n"},
        {VARS("a: ", "x"), "2:8: variable 'a' must be given: --var a=...\n"},
        {VARS("a: ", "${a:?say which}"), "7:13: a: say which\n"},
        {VARS("b: \"${a}\", a: 1", "${b}"),
         "2:12: a variable can use those above it, and 'a' is not\n"},
        {VARS("a: \"${a}\"", "${a}"), "2:12: a variable can use those above it, and 'a' is not\n"},
        {VARS("a: [1]", "${a}"), "2:11: variable 'a' must be a plain value, not a list\n"},
        {VARS("\"a b\": 1", "x"),
         "2:9: 'a b' can't be a variable: names are made of letters, digits, _ and -\n"},
        {VARS("a: 1", "${env:WEIR_TEST_UNSET}"),
         "7:13: the environment has no 'WEIR_TEST_UNSET' | for a default write "
         "${env:WEIR_TEST_UNSET:-DEFAULT}\n"},
        {VARS("a: 1", "${file:/no/such}"),
         "7:13: cannot open '/no/such': No such file or directory\n"},
        {VARS("a: 1", "${file:/}"), "7:13: '/' is a directory\n"},
        {VARS("a: \"-\"", "${file:${a}}"), "7:13: '-' is no file for ${file:...}\n"},
        {VARS("a: 1", "${file:/dev/zero}"), "7:13: '/dev/zero' is larger than 1 MiB\n"},
        {VARS("a: 1", "${run:time}"),
         "7:13: the run has ${run:date} and ${run:id}, and no 'time'\n"},
        {VARS("a: 1", "${sys:x}"),
         "7:13: there is no ${sys:...}; there are ${env:...}, ${file:...} and ${run:...}\n"},
        {VARS("a: 1", "x ${a"), "7:15: '${' without its '}'; a literal one is $${\n"},
        {VARS("a: 1", "${}"), "7:13: ${} names nothing\n"},
        {VARS("a: 1", "${a:-x}${a:-${b}}"), ""}, /* what is not needed is not looked up */
        {VARS("a: 1", "x") "vras: 2\n",
         "9:1: a pipeline file has no key 'vras': it has version, "
         "name, vars, secrets, modules, run, quarantine, stages and tests | did you mean "
         "'vars'?\n"},
        {WITH("    set: {\"${a}\": b}\n"),
         "6:12: variables are filled into values, not into names\n"},
        {VARS("a: 1", "${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a}}}}}}}}}}"), ""},
        {VARS("a: ", "${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-x}}}}}}}}}"),
         "7:12: ${...} stand in one another too deep\n"},
    };
    unsetenv("WEIR_TEST_UNSET");
    CHECK_ROWS(rows);
}
END_TEST

START_TEST(test_variables_can_not_grow_without_end)
{
    struct buf buf;
    weir__buf_init(&buf);
    weir__buf_puts(&buf, "version: 1\nvars:\n  v0: 0123456789012345678901234567890123456789\n");
    for (int i = 1; i < 60; i++)
        weir__buf_printf(&buf, "  v%d: \"${v%d}${v%d}\"\n", i, i - 1, i - 1);
    weir__buf_puts(&buf, "stages:\n" READ END);
    ck_assert_int_eq(parse(buf.data), WEIR_ECONFIG);
    ck_assert_str_eq(errors.list[0].text, "this value becomes larger than 1 MiB");
    weir__buf_release(&buf);
    clear();
}
END_TEST

START_TEST(test_a_file_is_filled_in_without_its_last_line_end)
{
    char path[] = "/tmp/weir-test-XXXXXX", text[512];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "one\ntwo\n\n", 9), 9);
    close(fd);
    snprintf(text, sizeof(text), VARS("p: %s", "${file:${p}}"), path);
    stage_of(text, 1);
    ck_assert_str_eq(option_of(1, "where"), "one\ntwo\n");
    clear();
    unlink(path);
}
END_TEST

START_TEST(test_the_run_has_a_date_and_an_id)
{
    char date[16];
    time_t before = time(NULL), after;
    struct tm tm;
    do { /* midnight may come between the two looks */
        clear();
        before = time(NULL);
        stage_of(VARS("a: 1", "${run:date} ${run:id}"), 1);
        after = time(NULL);
    } while (before / 60 != after / 60);
    strftime(date, sizeof(date), "%Y-%m-%d", localtime_r(&before, &tm));
    const char *value = option_of(1, "where");
    ck_assert_int_eq(strncmp(value, date, 10), 0);
    ck_assert_str_eq(value + 11, pipeline->run_id);
    clear();
}
END_TEST

START_TEST(test_the_command_line_gives_variables)
{
    static const struct weir_pair vars[] = {{"a", "${b}: [x"}, {"c", "1"}, {"a", "last"}};
    static const struct weir_load_options one = {.vars = vars, .vars_count = 1},
                                          all = {.vars = vars, .vars_count = 3};
    ck_assert_int_eq(parse_with(VARS("a: ", "${a}"), &one), 0);
    ck_assert_str_eq(option_of(1, "where"), "${b}: [x");
    clear();
    ck_assert_int_eq(parse_with(VARS("a: 1, c: 2", "${a}${c}"), &all), 0);
    ck_assert_str_eq(option_of(1, "where"), "last1");
    clear();
    ck_assert_int_eq(parse_with(VARS("b: 1", "x"), &one), WEIR_EUSAGE);
    char *got = said();
    ck_assert_str_eq(got, "--var a: the file declares no such variable under 'vars'\n");
    free(got);
    clear();
}
END_TEST

START_TEST(test_a_secret_is_marked_and_its_text_is_not_shown)
{
    static const char good[] = "version: 1\nsecrets:\n  pw: hunter2\nstages:\n" READ
                               "- {type: toy.map, with: {where: \"x${pw}\", password: b}}\n" END;
    const struct node *node = weir__settings_node(stage_of(good, 1)->settings, "where", NULL);
    ck_assert_str_eq(node->text, "xhunter2");
    ck_assert(node->secret);
    ck_assert(!weir__settings_node(pipeline->stage[1].settings, "password", NULL)->secret);
    ck_assert_ptr_null(strstr(pipeline->text, "hunter2"));
    clear();
    static const char mixed[] = "version: 1\nsecrets: {a: \"hunter2${env:A:-}\", b: "
                                "\"${env:A:-hunter2}\", c: \"${env:C}\"}\n";
    ck_assert_int_eq(parse(mixed), WEIR_ECONFIG);
    ck_assert_str_eq(errors.list[errors.count - 1].source,
                     "secrets: {a: *******************, b: *******************, c: \"${env:C}\"}");
    clear();
    static const char bad[] = "version: 1\nsecrets: {pw: hunter2, \"a b\": 1}\nstages:\n" READ
                              "- {type: toy.map, with: {limit: \"${pw}\"}}\n" END;
    ck_assert_int_eq(parse(bad), WEIR_ECONFIG);
    ck_assert_uint_eq(errors.count, 2);
    for (size_t i = 0; i < errors.count; i++) {
        ck_assert_ptr_null(strstr(errors.list[i].text, "hunter2"));
        ck_assert_ptr_null(strstr(errors.list[i].source, "hunter2"));
    }
    clear();
}
END_TEST

/* ---- --set ---- */

START_TEST(test_options_can_be_set_from_the_command_line)
{
    static const struct weir_pair sets[] = {{"read.path", "[a b.csv, c]"},
                                            {"map.where", "${x}: [1"},
                                            {"map.set", "{t: \"f(a, b)\"}"},
                                            {"map.select", "one"},
                                            {"map.limit", "3"}};
    static const struct weir_load_options options = {.sets = sets, .sets_count = 5};
    static const char text[] =
        "version: 1\nvars: {p: }\nstages:\n- {type: toy.read, with: {path: [x]}}\n"
        "- {type: toy.map, with: {limit: 2, where: \"${p:-1}\"}}\n" END;
    const char *const *list;
    const struct weir_pair *pair;
    int rc = parse_with(text, &options);
    char *got = said();
    ck_assert_str_eq(got, "--set map.where: '$' has no meaning here | a column's name stands by "
                          "itself, without a dollar\n"
                          "2:8: variable 'p' must be given: --var p=...\n");
    ck_assert_int_eq(rc, WEIR_EUSAGE);
    free(got);
    clear();
    ck_assert_int_eq(parse_with(HEAD "- type: toy.read\n- type: toy.map\n" END, &options), 0);
    ck_assert_uint_eq(weir__settings_list(pipeline->stage[0].settings, "path", &list), 2);
    ck_assert_str_eq(list[0], "a b.csv");
    ck_assert_str_eq(option_of(1, "where"), "${x}: [1");
    ck_assert_uint_eq(weir__settings_map(pipeline->stage[1].settings, "set", &pair), 1);
    ck_assert_str_eq(pair[0].value, "f(a, b)");
    ck_assert_uint_eq(weir__settings_list(pipeline->stage[1].settings, "select", &list), 1);
    ck_assert_int_eq(weir__settings_number(pipeline->stage[1].settings, "limit"), 3);
    clear();
}
END_TEST

START_TEST(test_what_can_not_be_set_is_said)
{
    static const struct {
        const char *set, *value, *error;
    } rows[] = {
        {"raed.path", "x", "--set raed.path: there is no stage 'raed' | did you mean 'read'?\n"},
        {"read.paht", "x",
         "--set read.paht: toy.read has no option 'paht' | did you mean 'path'?\n"},
        {"read.workers", "2",
         "--set read.workers: toy.read has no option 'workers' | 'workers' is a key of the stage; "
         "--set is for options\n"},
        {"path", "x", "--set path: write --set STAGE.OPTION=VALUE\n"},
        {"read.", "x", "--set read.: write --set STAGE.OPTION=VALUE\n"},
        {"read.path", "[a", "--set read.path: a bracket is opened and never closed\n"},
        {"read.delimiter", "ab",
         "--set read.delimiter: 'delimiter' must be one character (one byte) like ; or \\t, not "
         "'ab'\n"},
        {"read.header", "maybe",
         "--set read.header: 'header' must be true or false (or yes, no, on, off), not 'maybe'\n"},
        {"read.types", "[a]",
         "--set read.types: 'types' must be a map like {name: value}, not '[a]'\n"},
        {"read.path", "[a, {b: c}]",
         "--set read.path: 'path' must be a list of plain values; this one is a map\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weir_pair set = {rows[i].set, rows[i].value};
        struct weir_load_options options = {.sets = &set, .sets_count = 1};
        check_row(HEAD READ END, rows[i].error, &options);
    }
}
END_TEST

/* The argument is shown as a line of the file would be, with what is wrong marked in it. */
START_TEST(test_a_mistake_in_set_is_wrong_usage_and_shows_the_argument)
{
    static const struct {
        const char *set, *value, *source, *marked;
    } rows[] = {
        {"read.delimiter", "ab", "--set read.delimiter=ab", "ab"},
        {"read.path", "[a, {b: c}]", "--set read.path=[a, {b: c}]", "{b: c}"},
        {"read.path", "[a,\n {b: c}]", "--set read.path=[a,  {b: c}]", "[a,  {b: c}]"},
        {"map.limit", "0", "--set map.limit=0", "0"},
        {"map.limti", "hunter2", "--set map.limti=...", "limti"},
        {"mpa.limit", "hunter2", "--set mpa.limit=...", "mpa"},
        {"map.password", "[]", NULL, NULL},
        {"map.set", "{a: [hunter2]}", "--set map.set={a: [hunter2]}", "[hunter2]"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weir_pair set = {rows[i].set, rows[i].value};
        struct weir_load_options options = {.sets = &set, .sets_count = 1};
        int code = parse_with(HEAD READ "- type: toy.map\n" END, &options);
        ck_assert_int_eq(code, rows[i].source == NULL ? 0 : WEIR_EUSAGE);
        if (rows[i].source != NULL) {
            const struct weir_err *err = &errors.list[0];
            ck_assert_uint_eq(errors.count, 1);
            ck_assert_str_eq(err->file, "");
            ck_assert_uint_eq(err->line, 0);
            ck_assert_str_eq(err->source, rows[i].source);
            ck_assert_uint_eq(err->span, strlen(rows[i].marked));
            ck_assert_mem_eq(err->source + err->column - 1, rows[i].marked, err->span);
        }
        clear();
    }
}
END_TEST

START_TEST(test_a_mistake_in_var_is_wrong_usage_where_the_value_is_used)
{
    static const struct weir_pair vars[] = {{"d", "ab"}, {"n", "x"}};
    static const struct weir_load_options options = {.vars = vars, .vars_count = 2};
    static const char head[] = "version: 1\nvars: {d: 1, n: 2}\nstages:\n";
    static const struct {
        const char *stage, *error;
        int code;
    } rows[] = {
        {"- {type: toy.read, with: {path: a, delimiter: \"${d}\"}}\n",
         "4:47: --var d: 'delimiter' must be one character (one byte) like ; or \\t, not 'ab'\n",
         WEIR_EUSAGE},
        {"- {type: toy.read, with: {path: a, delimiter: \"${d:-;}\"}}\n",
         "4:47: --var d: 'delimiter' must be one character (one byte) like ; or \\t, not 'ab'\n",
         WEIR_EUSAGE},
        {"- {type: toy.read, workers: \"${n}\", with: {path: a}}\n",
         "4:29: --var n: 'workers' must be auto or a number from 1 to 64\n", WEIR_EUSAGE},
        /* what the file adds may be what is wrong */
        {"- {type: toy.read, with: {path: a, delimiter: \"${d};\"}}\n",
         "4:47: 'delimiter' must be one character (one byte) like ; or \\t, not 'ab;'\n",
         WEIR_ECONFIG},
    };
    char text[256];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "%s%s" END, head, rows[i].stage);
        ck_assert_int_eq(parse_with(text, &options), rows[i].code);
        char *got = said();
        ck_assert_str_eq(got, rows[i].error);
        free(got);
        clear();
    }
}
END_TEST

START_TEST(test_too_many_workers_are_a_wrong_command_line)
{
    static const struct weir_load_options options = {.workers = 65};
    ck_assert_int_eq(parse_with(HEAD READ END, &options), WEIR_EUSAGE);
    clear();
}
END_TEST

/* ---- places ---- */

START_TEST(test_an_error_shows_its_line)
{
    ck_assert_int_eq(parse(HEAD "- {type: toy.read, with: {path: a, delimeter: \";\"}}\n" END),
                     WEIR_ECONFIG);
    ck_assert_str_eq(errors.list[0].file, "dir/orders.yaml");
    ck_assert_str_eq(errors.list[0].source,
                     "- {type: toy.read, with: {path: a, delimeter: \";\"}}");
    ck_assert_uint_eq(errors.list[0].span, strlen("delimeter"));
    clear();
}
END_TEST

START_TEST(test_every_mistake_of_a_file_is_shown_in_its_order)
{
    check_row(
        "name: a b\nstages:\n- {type: toy.read, workers: x, with: {pth: a}}\n- {type: dorp}\n",
        "the file does not say its version | begin it with: version: 1\n"
        "1:7: 'name' must be made of letters, digits, '_', '.' and '-', at most 63\n"
        "3:29: 'workers' must be auto or a number from 1 to 64\n"
        "3:39: toy.read has no option 'pth' | did you mean 'path'?\n"
        "4:10: there is no stage type 'dorp' | did you mean 'drop'?\n",
        NULL);
}
END_TEST

START_TEST(test_expressions_that_cannot_be_parsed_are_among_the_mistakes)
{
    check_row(HEAD READ "- type: toy.map\n  with:\n    where: \"a = \"\n"
                        "    set: {b: \"(c\", d: \"e && f\", g: \"h + 1\"}\n- type: dorp\n",
              "6:17: the expression ends too early: a value is missing\n"
              "7:17: the expression ends too early: ')' is missing\n"
              "7:26: '&&' has no meaning here | write and\n"
              "8:9: there is no stage type 'dorp' | did you mean 'drop'?\n",
              NULL);
    /* Where they are the only ones, the plan says it, which knows the columns as well. */
    check_row(WITH("    where: \"a = \"\n"), "", NULL);
}
END_TEST

/* Where a mistake at `offset` of the value of where is shown. */
START_TEST(test_a_place_inside_a_value_is_a_place_in_the_file)
{
    static const struct {
        const char *lines;
        size_t offset;
        uint32_t line, column;
    } rows[] = {
        {"    where: a = b\n", 4, 6, 16},
        {"    where: \"a = b\"\n", 4, 6, 17},
        {"    where: 'a = b'\n", 4, 6, 17},
        {"    where: |\n      a = b\n      and c\n", 10, 8, 11},
        {"    where: |\n      a = b\n", 4, 7, 11},
        {"    where: \"a\\x20= b\"\n", 4, 6, 12}, /* an escape: the value's beginning */
        {"    where: a\n      = b\n", 4, 6, 12},  /* folded: likewise */
        {"    where: \"$${a} b\"\n", 5, 6, 12},   /* filled in: likewise */
    };
    char text[512];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weir_err err = {0};
        snprintf(text, sizeof(text), WITH("%s"), rows[i].lines);
        const struct node *node = weir__settings_node(stage_of(text, 1)->settings, "where", NULL);
        weir__node_place(node, rows[i].offset, 1, &err);
        ck_assert_msg(err.line == rows[i].line && err.column == rows[i].column, "%s%u:%u",
                      rows[i].lines, err.line, err.column);
        clear();
    }
}
END_TEST

/* ---- the file ---- */

START_TEST(test_a_file_is_loaded_or_the_reason_given)
{
    char path[] = "/tmp/weir-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, HEAD READ END, strlen(HEAD READ END)),
                     (ssize_t)strlen(HEAD READ END));
    ck_assert_int_eq(weir_pipeline_load(path, NULL, &pipeline, &errors), 0);
    ck_assert_uint_eq(pipeline->stages, 2);
    clear();
    ck_assert_int_eq(ftruncate(fd, (16 << 20) + 1), 0);
    ck_assert_int_eq(weir_pipeline_load(path, NULL, &pipeline, &errors), WEIR_ECONFIG);
    ck_assert_ptr_nonnull(strstr(errors.list[0].text, "is larger than 16 MiB"));
    clear();
    close(fd);
    unlink(path);
    ck_assert_int_eq(weir_pipeline_load(path, NULL, &pipeline, &errors), WEIR_ENOINPUT);
    ck_assert_ptr_nonnull(strstr(errors.list[0].text, "No such file or directory"));
    clear();
    ck_assert_int_eq(weir_pipeline_load("/tmp", NULL, &pipeline, &errors), WEIR_ENOINPUT);
    ck_assert_str_eq(errors.list[0].text, "'/tmp' is a directory");
    clear();
}
END_TEST

START_TEST(test_a_pipeline_may_come_from_standard_input)
{
    char path[] = "/tmp/weir-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, "a: 1\n", 5), 5);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    ck_assert_int_eq(weir_pipeline_load("-", NULL, &pipeline, &errors), WEIR_ECONFIG);
    ck_assert_str_eq(errors.list[0].file, "(standard input)");
    clear();
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(test_the_name_is_made_of_the_file)
{
    static const struct {
        const char *file, *name;
    } rows[] = {{"a.yaml", "a"},      {"/x/y.z/b c.yaml", "b-c"},    {"-", "pipeline"},
                {"x/.yaml", ".yaml"}, {"\xc3\xbc.yaml", "pipeline"}, {"dir/plain", "plain"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = HEAD READ END;
        ck_assert_int_eq(
            weir_pipeline_parse(rows[i].file, text, strlen(text), NULL, &pipeline, &errors), 0);
        ck_assert_str_eq(weir_pipeline_name(pipeline), rows[i].name);
        clear();
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *test = tcase_create("config");
    tcase_add_checked_fixture(test, setup, clear);
    tcase_set_timeout(test, 60);
    tcase_add_test(test, test_a_whole_file_becomes_a_pipeline);
    tcase_add_test(test, test_what_is_not_said_has_its_default);
    tcase_add_test(test, test_scalars_are_what_was_written);
    tcase_add_test(test, test_line_ends_and_byte_order_marks_do_not_matter);
    tcase_add_test(test, test_inputs_may_name_the_stage_above);
    tcase_add_test(test, test_an_expanding_type_is_what_its_parts_are);
    tcase_add_test(test, test_the_command_line_sets_workers_where_the_file_does_not);
    tcase_add_test(test, test_bytes_that_are_no_pipeline_file);
    tcase_add_test(test, test_text_that_is_no_yaml);
    tcase_add_test(test, test_what_yaml_has_and_pipeline_files_do_not);
    tcase_add_loop_test(test, test_ten_megabytes_of_nesting_are_refused, 0, 5);
    tcase_add_test(test, test_blocks_of_deep_maps_are_refused);
    tcase_add_test(test, test_only_the_first_hundred_mistakes_are_shown);
    tcase_add_test(test, test_values_that_yaml_ate_are_shown_in_quotes);
    tcase_add_test(test, test_comments_and_apostrophes_are_no_traps);
    tcase_add_test(test, test_a_key_on_the_wrong_level_is_told_where_it_belongs);
    tcase_add_test(test, test_an_unknown_name_is_answered_with_the_nearest);
    tcase_add_test(test, test_every_key_has_its_type);
    tcase_add_test(test, test_rejects_and_on_error_go_together);
    tcase_add_test(test, test_limits_of_a_stage_are_read);
    tcase_add_test(test, test_who_reads_whom_is_checked);
    tcase_add_test(test, test_references_are_filled);
    tcase_add_test(test, test_references_that_can_not_be_filled);
    tcase_add_test(test, test_variables_can_not_grow_without_end);
    tcase_add_test(test, test_a_file_is_filled_in_without_its_last_line_end);
    tcase_add_test(test, test_the_run_has_a_date_and_an_id);
    tcase_add_test(test, test_the_command_line_gives_variables);
    tcase_add_test(test, test_a_secret_is_marked_and_its_text_is_not_shown);
    tcase_add_test(test, test_options_can_be_set_from_the_command_line);
    tcase_add_test(test, test_what_can_not_be_set_is_said);
    tcase_add_test(test, test_a_mistake_in_set_is_wrong_usage_and_shows_the_argument);
    tcase_add_test(test, test_a_mistake_in_var_is_wrong_usage_where_the_value_is_used);
    tcase_add_test(test, test_too_many_workers_are_a_wrong_command_line);
    tcase_add_test(test, test_an_error_shows_its_line);
    tcase_add_test(test, test_every_mistake_of_a_file_is_shown_in_its_order);
    tcase_add_test(test, test_expressions_that_cannot_be_parsed_are_among_the_mistakes);
    tcase_add_test(test, test_a_place_inside_a_value_is_a_place_in_the_file);
    tcase_add_test(test, test_a_file_is_loaded_or_the_reason_given);
    tcase_add_test(test, test_a_pipeline_may_come_from_standard_input);
    tcase_add_test(test, test_the_name_is_made_of_the_file);
    suite_add_tcase(suite, test);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
