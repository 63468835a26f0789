/*
 * The JSON Schema of pipeline files, which editors complete and check them by. Everything that has
 * a table is made from it.
 */
#include <string.h>

#include <weir/engine.h>

/* base */
#include "base/buf.h"
/* expr */
#include "expr/json_text.h"
/* stage */
#include "stage/option.h"
/* config */
#include "config/keys.h"

/* Every value may be written as text, since ${NAME} may stand in it. */
#define SCALAR   "{\"type\":[\"string\",\"number\",\"boolean\"]}"
#define VARIABLE "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{\"}"

static void put_text(struct buf *to, const char *text)
{
    weir__json_put_text(to, text, strlen(text));
}

static void put_choices(struct buf *to, const char *choices)
{
    const char *between = "";
    weir__buf_puts(to, "\"anyOf\":[{\"enum\":[");
    for (size_t bytes; *choices != '\0'; choices += bytes + (choices[bytes] == '|')) {
        bytes = strcspn(choices, "|");
        weir__buf_puts(to, between);
        weir__json_put_text(to, choices, bytes);
        between = ",";
    }
    weir__buf_puts(to, "]}," VARIABLE "]");
}

static void put_members(struct buf *to, const char *members)
{
    struct option_member member;
    const char *between = "";
    weir__buf_puts(to, "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    for (; weir__option_next_member(&members, &member); between = ",") {
        weir__buf_puts(to, between);
        put_text(to, member.name);
        weir__buf_puts(to, ":{\"type\":[\"integer\",\"string\"]}");
    }
    weir__buf_putc(to, '}');
}

static void put_options(struct buf *to, const struct weir_option *table);

static void put_type(struct buf *to, const struct weir_option *row)
{
    const struct weir_stage_type *type;
    switch (row->type) {
    case WEIR_OPT_ENUM: put_choices(to, row->choices); return;
    case WEIR_OPT_LIST:
        weir__buf_puts(to, "\"anyOf\":[" SCALAR ",{\"type\":\"array\",\"items\":" SCALAR "}]");
        return;
    case WEIR_OPT_MAP:
    case WEIR_OPT_EXPR_MAP:
        if (row->choices != NULL)
            put_members(to, row->choices);
        else
            weir__buf_puts(to, "\"type\":\"object\",\"additionalProperties\":" SCALAR);
        return;
    case WEIR_OPT_STAGES: /* the first option is the name */
        type = weir_stage_type(row->choices);
        weir__buf_puts(to, "\"type\":\"object\",\"additionalProperties\":");
        put_options(to, type == NULL ? NULL : type->options + 1);
        return;
    case WEIR_OPT_BOOL: weir__buf_puts(to, "\"type\":[\"boolean\",\"string\"]"); return;
    case WEIR_OPT_COUNT: weir__buf_puts(to, "\"type\":[\"integer\",\"string\"]"); return;
    default: weir__buf_puts(to, "\"type\":[\"string\",\"number\",\"boolean\"]"); return;
    }
}

/* The rows of a table as the properties of an object that has no others. */
static void put_options(struct buf *to, const struct weir_option *table)
{
    const char *between = "";
    weir__buf_puts(to, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    for (const struct weir_option *row = table; row != NULL && row->name != NULL; row++) {
        weir__buf_puts(to, between);
        put_text(to, row->name);
        weir__buf_puts(to, ":{");
        put_type(to, row);
        weir__buf_puts(to, ",\"description\":");
        put_text(to, row->help);
        if (row->fallback != NULL) {
            weir__buf_puts(to, ",\"default\":");
            put_text(to, row->fallback);
        }
        weir__buf_putc(to, '}');
        between = ",";
    }
    weir__buf_puts(to, "},\"required\":[");
    between = "";
    for (const struct weir_option *row = table; row != NULL && row->name != NULL; row++) {
        if (!row->required)
            continue;
        weir__buf_puts(to, between);
        put_text(to, row->name);
        between = ",";
    }
    weir__buf_puts(to, "]}");
}

static void put_type_names(struct buf *to)
{
    const struct weir_stage_type *type;
    for (size_t i = 0; (type = weir_stage_type_at(i)) != NULL; i++) {
        weir__buf_puts(to, i > 0 ? "," : "");
        weir__buf_puts(to, "{\"const\":");
        put_text(to, type->name);
        weir__buf_puts(to, ",\"description\":");
        put_text(to, type->summary);
        weir__buf_putc(to, '}');
    }
}

/* What may stand under `with` depends on the type. */
static void put_withs(struct buf *to)
{
    const struct weir_stage_type *type;
    for (size_t i = 0; (type = weir_stage_type_at(i)) != NULL; i++) {
        weir__buf_puts(to, i > 0 ? "," : "");
        weir__buf_puts(to, "{\"if\":{\"properties\":{\"type\":{\"const\":");
        put_text(to, type->name);
        weir__buf_puts(to, "}}},\"then\":{\"properties\":{\"with\":");
        put_options(to, type->options);
        weir__buf_puts(to, "}}}");
    }
}

static void put_stage_key(struct buf *to, const char *key)
{
    static const char *const known[][2] = {
        {"id", "{\"type\":\"string\",\"pattern\":\"^[a-z0-9_-]+$\"}"},
        {"inputs",
         "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":"
         "\"string\"}},{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}]"
         "}"},
        {"workers", "{\"type\":[\"integer\",\"string\"]}"},
        {"order", "{\"enum\":[\"preserve\",\"none\"]}"},
        {"on_error", "{\"enum\":[\"stop\",\"reject\",\"drop\",\"set_null\"]}"},
        {"rejects", "{\"type\":\"object\",\"required\":[\"path\"],\"additionalProperties\":false,"
                    "\"properties\":{\"path\":{\"type\":\"string\"}}}"},
        {"isolate", "{\"type\":[\"boolean\",\"string\"]}"},
        {"sandbox", "{\"enum\":[\"none\",\"files\",\"network\",\"strict\"]}"},
        {"with", "{\"type\":\"object\"}"},
    };
    put_text(to, key);
    weir__buf_putc(to, ':');
    if (strcmp(key, "type") == 0) {
        weir__buf_puts(to, "{\"oneOf\":[");
        put_type_names(to);
        weir__buf_puts(to, "]}");
        return;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i][0], key) == 0) {
            weir__buf_puts(to, known[i][1]);
            return;
        }
    weir__buf_puts(to, SCALAR);
}

static void put_stages(struct buf *to)
{
    weir__buf_puts(to, "{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"object\","
                       "\"required\":[\"type\"],\"additionalProperties\":false,\"properties\":{");
    for (const char *const *key = weir__stage_keys; *key != NULL; key++) {
        weir__buf_puts(to, key > weir__stage_keys ? "," : "");
        put_stage_key(to, *key);
    }
    weir__buf_puts(to, "},\"allOf\":[");
    put_withs(to);
    weir__buf_puts(to, "]}}");
}

static void put_file_key(struct buf *to, const char *key)
{
    put_text(to, key);
    weir__buf_putc(to, ':');
    if (strcmp(key, "version") == 0)
        weir__buf_puts(to, "{\"enum\":[1,\"1\"]}");
    else if (strcmp(key, "name") == 0)
        weir__buf_puts(to, "{\"type\":\"string\"}");
    else if (strcmp(key, "modules") == 0)
        weir__buf_puts(to, "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":"
                           "{\"type\":\"string\"}}]}");
    else if (strcmp(key, "run") == 0)
        put_options(to, weir__run_keys);
    else if (strcmp(key, "quarantine") == 0)
        put_options(to, weir__quarantine_keys);
    else if (strcmp(key, "stages") == 0)
        put_stages(to);
    else if (strcmp(key, "tests") == 0)
        weir__buf_puts(
            to, "{\"type\":\"array\",\"items\":{\"type\":\"object\","
                "\"required\":[\"name\",\"given\",\"expect\"],\"additionalProperties\":false,"
                "\"properties\":{\"name\":" SCALAR ",\"stage\":" SCALAR ",\"types\":"
                "{\"type\":\"object\"},\"given\":" SCALAR ",\"expect\":" SCALAR "}}}");
    else /* vars, secrets */
        weir__buf_puts(to, "{\"type\":\"object\"}");
}

char *weir_pipeline_schema(void)
{
    struct buf text;
    weir__buf_init(&text);
    weir__buf_puts(&text, "{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
                          "\"title\":\"Weir pipeline file\",\"type\":\"object\","
                          "\"required\":[\"version\",\"name\",\"stages\"],"
                          "\"additionalProperties\":false,\"properties\":{");
    for (const char *const *key = weir__file_keys; *key != NULL; key++) {
        weir__buf_puts(&text, key > weir__file_keys ? "," : "");
        put_file_key(&text, *key);
    }
    weir__buf_puts(&text, "}}\n");
    return weir__buf_detach(&text);
}
