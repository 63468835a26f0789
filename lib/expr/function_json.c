#include "expr/function.h"
#include "expr/json.h"

#define SUBJECT "JSON"

/* The value at the path of the second argument, if there is one, in the first. False if there is
 * no such value, or no JSON, which is an error. */
static bool find(struct weir_call *call, struct text *ret)
{
    struct text x = call_text(call, 0);
    struct text path = call_has(call, 1) ? call_text(call, 1) : (struct text){"", 0};
    if (weir__json_is_valid(x))
        return weir__json_find(x, path, ret);
    weir__call_fail(call, x, "is not JSON");
    return false;
}

FUNCTION(json_extract)
{
    struct text value;
    if (find(call, &value))
        call_give_text(call, value.data, value.length);
}

FUNCTION(json_extract_string)
{
    struct text value;
    bool escaped;
    char *to = NULL;
    if (!find(call, &value))
        return;
    struct text string = weir__json_string(value, &escaped);
    if (string.data != NULL && !escaped)
        call_give_text(call, string.data, string.length);
    else if (string.data != NULL && (to = call_room(call, string.length)) != NULL)
        call_give_text(call, to, weir__json_unescape(string, to));
}

FUNCTION(json_array_length)
{
    struct text value;
    if (!find(call, &value))
        return;
    int64_t count = weir__json_count(value);
    call_give_integer(call, count < 0 ? 0 : count);
}

FUNCTION(json_valid)
{
    call_give_truth(call, weir__json_is_valid(call_text(call, 0)));
}

/* ---- the table ---- */

const struct function weir__functions_json[] = {
    ROW(json_array_length, "tj", 1, INTEGER, "json_array_length(x [, path])",
        "the number of elements of the array; 0 for another value",
        "json_array_length('[1, 2, 3]') -> 3"),
    ROW(json_extract, "tj", 2, TEXT, "json_extract(x, path)",
        "the value at the path as it is written, null if there is none",
        "json_extract('{\"a\": {\"b\": [1.50, 2]}}', '$.a.b[0]') -> 1.50\n"
        "json_extract('{\"a\": \"x\"}', '/a') -> \"x\""),
    ROW(json_extract_string, "tj", 2, TEXT, "json_extract_string(x, path)",
        "the value at the path as a text: of a string without its quotes, null of null",
        "json_extract_string('{\"name\": \"M\\u00fcller\"}', '$.name') -> Müller"),
    ROW(json_valid, "t", 1, BOOLEAN, "json_valid(x)", "whether x is JSON",
        "json_valid('{\"a\": 1,}') -> false"),
    FUNCTIONS_END,
};
