#include "stage/option.h"

#include <weir/engine.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* base */
#include "base/nearest.h"

struct value {
    const struct weir_option *row;
    const struct node *node; /* NULL: not given */
    const char *string;      /* borrowed from the node or the row */
    int64_t number;          /* -1: none */
    const char **item;       /* LIST, owned; the strings are borrowed */
    struct weir_pair *pair;  /* MAP, owned; likewise */
    size_t count;
    char *storage; /* of a list's fallback, owned */
};

struct settings {
    size_t count;
    struct value value[];
};

/* ---- errors ---- */

/* Adds an error about a node. Every value is named by its key, and a secret's text is never part of
 * the words. */
__attribute__((format(printf, 3, 4))) static struct weir_err *
complain(struct weir_errors *errors, const struct node *node, const char *format, ...)
{
    struct weir_err *err = weir_errors_add(errors);
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    err->code = WEIR_ECONFIG;
    if (node != NULL)
        weir__node_place(node, 0, 0, err);
    return err;
}

/* ", not 'x'", or nothing where that would show a secret. Longer values are cut. */
static const char *not_this(const struct weir_option *row, const struct node *node, char to[80])
{
    to[0] = '\0';
    if (node->kind == NODE_LIST)
        snprintf(to, 80, ", not a list");
    else if (node->kind == NODE_MAP)
        snprintf(to, 80, ", not a map");
    else if (node->text[0] == '\0')
        snprintf(to, 80, "; it is empty");
    else if (!node->secret && row->type != WEIR_OPT_SECRET)
        snprintf(to, 80, ", not '%.40s'%s", node->text, strlen(node->text) > 40 ? "..." : "");
    return to;
}

static int wrong_type(const struct weir_option *row, const struct node *node,
                      struct weir_errors *errors)
{
    char not_it[80];
    complain(errors, node, "'%s' must be %s%s", row->name, weir__option_type_text(row->type),
             not_this(row, node, not_it));
    return WEIR_ECONFIG;
}

/* "a, b or c" from "a|b|c". */
static void list_choices(const char *choices, char *to, size_t room)
{
    size_t used = 0;
    for (;;) {
        size_t n = strcspn(choices, "|");
        const char *rest = choices[n] == '\0' ? NULL : choices + n + 1;
        const char *joint = rest == NULL ? "" : strchr(rest, '|') != NULL ? ", " : " or ";
        int added = snprintf(to + used, room - used, "%.*s%s", (int)n, choices, joint);
        used += (size_t)added;
        if (rest == NULL || used >= room)
            return;
        choices = rest;
    }
}

static const char *nearest_choice(const char *choices, const char *text, char to[64])
{
    struct nearest nearest;
    const char *best = NULL;
    weir__nearest_begin(&nearest, text);
    for (;;) {
        size_t n = strcspn(choices, "|");
        char word[64];
        snprintf(word, sizeof(word), "%.*s", (int)n, choices);
        nearest.best = NULL;
        weir__nearest_offer(&nearest, word);
        if (nearest.best != NULL)
            best = memcpy(to, word, sizeof(word));
        if (choices[n] == '\0')
            return best;
        choices += n + 1;
    }
}

static int wrong_choice(const struct weir_option *row, const struct node *node,
                        struct weir_errors *errors)
{
    char choices[256], near[64], not_it[80];
    list_choices(row->choices, choices, sizeof(choices));
    struct weir_err *err = complain(errors, node, "'%s' must be %s%s", row->name, choices,
                                    not_this(row, node, not_it));
    if (nearest_choice(row->choices, node->text, near) != NULL)
        snprintf(err->note, sizeof(err->note), "did you mean '%s'?", near);
    return WEIR_ECONFIG;
}

static int wrong_range(const struct weir_option *row, const struct node *node,
                       struct weir_errors *errors)
{
    char not_it[80];
    const char *dots = strstr(row->choices, "..");
    int low = (int)(dots - row->choices);
    not_this(row, node, not_it);
    if (dots[2] == '\0')
        complain(errors, node, "'%s' must be at least %.*s%s", row->name, low, row->choices,
                 not_it);
    else
        complain(errors, node, "'%s' must be from %.*s to %s%s", row->name, low, row->choices,
                 dots + 2, not_it);
    return WEIR_ECONFIG;
}

/* ---- values ---- */

/* Reads text as a scalar of the row's type. node is NULL for the fallback, which has been checked.
 */
static int read_scalar(struct value *value, const char *text, const struct node *node,
                       struct weir_errors *errors)
{
    const struct weir_option *row = value->row;
    const char *message;
    int64_t number = -1;
    if (weir__option_is_number(row->type)) {
        if (weir__option_number(row->type, text, &number, &message) < 0)
            return wrong_type(row, node, errors);
        if (!weir__option_in_range(row->type, row->choices, number))
            return wrong_range(row, node, errors);
    } else if (row->type == WEIR_OPT_ENUM) {
        number = weir__option_choice(row->choices, text);
        if (number < 0)
            return wrong_choice(row, node, errors);
    } else if (text[0] == '\0' && row->type != WEIR_OPT_STRING) {
        complain(errors, node, "'%s' is empty", row->name);
        return WEIR_ECONFIG;
    }
    value->string = text;
    value->number = number;
    return 0;
}

static int read_list(struct value *value, const struct node *node, struct weir_errors *errors)
{
    size_t n = node->kind == NODE_SCALAR ? 1 : 0;
    if (node->kind == NODE_MAP)
        return wrong_type(value->row, node, errors);
    for (const struct node *child = node->child; child != NULL; child = child->next, n++)
        if (child->kind != NODE_SCALAR) {
            complain(errors, child, "'%s' must be a list of plain values; this one is a %s",
                     value->row->name, child->kind == NODE_LIST ? "list" : "map");
            return WEIR_ECONFIG;
        }
    value->item = calloc(n + 1, sizeof(*value->item));
    if (value->item == NULL)
        return WEIR_EOS;
    if (node->kind == NODE_SCALAR)
        value->item[value->count++] = node->text;
    for (const struct node *child = node->child; child != NULL; child = child->next)
        value->item[value->count++] = child->text;
    return 0;
}

/* Finds the member of a map that has members. Else *ret_near is the one that may be meant, or "". */
static bool find_member(const char *members, const char *name, struct option_member *ret,
                        char ret_near[64])
{
    struct nearest nearest;
    weir__nearest_begin(&nearest, name);
    ret_near[0] = '\0';
    while (weir__option_next_member(&members, ret)) {
        if (strcmp(ret->name, name) == 0)
            return true;
        nearest.best = NULL;
        weir__nearest_offer(&nearest, ret->name);
        if (nearest.best != NULL)
            memcpy(ret_near, ret->name, sizeof(ret->name));
    }
    return false;
}

/* The same for what stands under a key of such a map. */
static int check_member(const struct weir_option *row, const struct node *child,
                        struct weir_errors *errors)
{
    struct option_member member;
    const char *message;
    int64_t number;
    char near[64], not_it[80];
    if (!find_member(row->choices, child->key, &member, near)) {
        struct weir_err *err = complain(errors, NULL, "'%s' has no '%s'", row->name, child->key);
        weir__node_place_key(child, err);
        if (near[0] != '\0')
            snprintf(err->note, sizeof(err->note), "did you mean '%s'?", near);
        return WEIR_ECONFIG;
    }
    if (child->faulty || weir__option_number(member.type, child->text, &number, &message) == 0)
        return 0;
    complain(errors, child, "'%s' of '%s' must be %s%s", child->key, row->name, message,
             not_this(row, child, not_it));
    return WEIR_ECONFIG;
}

static int read_map(struct value *value, const struct node *node, struct weir_errors *errors)
{
    size_t n = 0;
    if (node->kind != NODE_MAP)
        return wrong_type(value->row, node, errors);
    for (const struct node *child = node->child; child != NULL; child = child->next, n++) {
        bool empty = child->kind == NODE_SCALAR && child->text[0] == '\0' && !child->faulty;
        if (child->kind != NODE_SCALAR || (empty && value->row->type == WEIR_OPT_EXPR_MAP)) {
            complain(errors, child, "'%s' of '%s' must be %s%s", child->key, value->row->name,
                     value->row->type == WEIR_OPT_EXPR_MAP ? "an expression" : "a plain value",
                     child->kind == NODE_LIST  ? ", not a list"
                     : child->kind == NODE_MAP ? ", not a map"
                                               : "; it is empty");
            return WEIR_ECONFIG;
        }
        if (value->row->choices != NULL && check_member(value->row, child, errors) < 0)
            return WEIR_ECONFIG;
    }
    value->pair = calloc(n + 1, sizeof(*value->pair));
    if (value->pair == NULL)
        return WEIR_EOS;
    for (const struct node *child = node->child; child != NULL; child = child->next)
        value->pair[value->count++] = (struct weir_pair){child->key, child->text};
    return 0;
}

/* The options of one of the stages, with its name. NULL: no memory. */
static struct node *stage_options(const struct weir_stage_type *type, const struct node *child)
{
    struct node *with = weir__node_copy(child), *name = weir__node_scalar(child->key);
    if (with != NULL && name != NULL) {
        name->line = child->key_line;
        name->column = name->text_column = child->key_column;
        name->bytes = (uint32_t)strlen(child->key);
        name->verbatim = true;
        if (weir__node_put(with, type->options[0].name, name) == 0)
            return with;
    }
    weir__node_free(with);
    return NULL;
}

static int read_stages(struct value *value, const struct node *node, struct weir_errors *errors)
{
    const struct weir_stage_type *type = weir_stage_type(value->row->choices);
    int worst = 0;
    if (type == NULL) {
        complain(errors, node, "there is no stage type '%s' for '%s'", value->row->choices,
                 value->row->name);
        return WEIR_ECONFIG;
    }
    if (node->kind != NODE_MAP)
        return wrong_type(value->row, node, errors);
    for (const struct node *child = node->child; child != NULL; child = child->next) {
        if (child->kind != NODE_MAP) {
            complain(errors, child, "'%s' of '%s' must be a map of options of %s", child->key,
                     value->row->name, type->name);
            worst = WEIR_ECONFIG;
            continue;
        }
        const struct node *named = weir__node_get(child, type->options[0].name);
        if (named != NULL) {
            struct weir_err *err =
                complain(errors, NULL, "'%s' is said by the name '%s'", named->key, child->key);
            weir__node_place_key(named, err);
            worst = WEIR_ECONFIG;
            continue;
        }
        struct settings *settings = NULL;
        struct node *with = stage_options(type, child);
        int code =
            with == NULL ? WEIR_EOS : weir__settings_read(type->options, with, errors, &settings);
        weir__settings_free(settings);
        weir__node_free(with);
        worst = worst == 0 ? code : worst;
    }
    return worst;
}

static int read_value(struct value *value, const struct node *node, struct weir_errors *errors)
{
    if (node->faulty)
        return 0;
    if (value->row->type == WEIR_OPT_CHAR && node->kind == NODE_SCALAR && strlen(node->text) > 1 &&
        strchr(node->text, '\n') != NULL) {
        complain(errors, node,
                 "'%s' has no value: | and > begin a block of lines; for the character write \"|\"",
                 value->row->name);
        return WEIR_ECONFIG;
    }
    switch (value->row->type) {
    case WEIR_OPT_LIST: return read_list(value, node, errors);
    case WEIR_OPT_MAP:
    case WEIR_OPT_EXPR_MAP: return read_map(value, node, errors);
    case WEIR_OPT_STAGES: return read_stages(value, node, errors);
    default: break;
    }
    if (node->kind != NODE_SCALAR)
        return wrong_type(value->row, node, errors);
    return read_scalar(value, node->text, node, errors);
}

/* "a" or "[a, b]". */
static int read_list_fallback(struct value *value, const char *text)
{
    char *rest;
    value->storage = strdup(text);
    value->item = calloc(strlen(text) + 2, sizeof(*value->item));
    if (value->storage == NULL || value->item == NULL)
        return WEIR_EOS;
    if (text[0] != '[') {
        value->item[value->count++] = value->storage;
        return 0;
    }
    for (char *item = strtok_r(value->storage, "[], ", &rest); item != NULL;
         item = strtok_r(NULL, "[], ", &rest))
        value->item[value->count++] = item;
    return 0;
}

static int read_fallback(struct value *value)
{
    const char *text = value->row->fallback;
    if (text == NULL || value->string != NULL || value->item != NULL || value->pair != NULL)
        return 0;
    if (value->row->type == WEIR_OPT_LIST)
        return read_list_fallback(value, text);
    return read_scalar(value, text, NULL, NULL);
}

/* ---- the whole ---- */

static size_t count_rows(const struct weir_option *table)
{
    size_t n = 0;
    while (table != NULL && table[n].name != NULL)
        n++;
    return n;
}

static int unknown_options(const struct weir_option *table, const struct node *with,
                           struct weir_errors *errors)
{
    int rc = 0;
    for (const struct node *child = with->child; child != NULL; child = child->next) {
        struct nearest nearest;
        bool known = false;
        weir__nearest_begin(&nearest, child->key);
        for (size_t i = 0; i < count_rows(table) && !known; i++) {
            known = strcmp(table[i].name, child->key) == 0;
            weir__nearest_offer(&nearest, table[i].name);
        }
        if (known)
            continue;
        struct weir_err *err = complain(errors, NULL, "no option '%s'", child->key);
        weir__node_place_key(child, err);
        if (nearest.best != NULL)
            snprintf(err->note, sizeof(err->note), "did you mean '%s'?", nearest.best);
        rc = WEIR_ECONFIG;
    }
    return rc;
}

static int not_a_map(const struct node *with, struct weir_errors *errors)
{
    if (with->faulty)
        return WEIR_ECONFIG;
    struct weir_err *err = complain(errors, with, "options must be a map like {name: value}");
    const char *colon = with->kind == NODE_SCALAR ? strchr(with->text, ':') : NULL;
    if (colon != NULL)
        snprintf(err->note, sizeof(err->note), "a space must follow the colon: %.*s: %.60s",
                 (int)(colon - with->text > 60 ? 60 : colon - with->text), with->text, colon + 1);
    else if (with->kind == NODE_SCALAR)
        snprintf(err->note, sizeof(err->note), "a colon and a space must follow the name");
    return WEIR_ECONFIG;
}

static int read_row(struct value *value, const struct node *with, struct weir_errors *errors)
{
    int rc = 0;
    value->node = weir__node_get(with, value->row->name);
    if (value->node != NULL && value->row->required && value->row->type == WEIR_OPT_LIST &&
        value->node->kind == NODE_LIST && value->node->child == NULL) {
        complain(errors, value->node, "option '%s' is an empty list: %s", value->row->name,
                 value->row->help);
        rc = WEIR_ECONFIG;
    } else if (value->node != NULL)
        rc = read_value(value, value->node, errors);
    else if (value->row->required && (with == NULL || (with->kind == NODE_MAP && !with->faulty))) {
        complain(errors, with, "option '%s' is missing: %s", value->row->name, value->row->help);
        rc = WEIR_ECONFIG;
    }
    int fallback = rc == WEIR_EOS ? rc : read_fallback(value);
    return fallback < 0 ? fallback : rc;
}

int weir__settings_read(const struct weir_option *table, const struct node *with,
                        struct weir_errors *errors, struct settings **ret)
{
    int rc = 0;
    size_t n = count_rows(table);
    struct settings *settings = calloc(1, sizeof(*settings) + n * sizeof(settings->value[0]));
    *ret = NULL;
    if (settings == NULL)
        return WEIR_EOS;
    if (with != NULL && with->kind == NODE_MAP)
        rc = unknown_options(table, with, errors);
    else if (with != NULL)
        rc = not_a_map(with, errors);
    for (size_t i = 0; i < n; i++) {
        settings->value[i] = (struct value){.row = &table[i], .number = -1};
        settings->count++;
        int of_row = read_row(&settings->value[i], with, errors);
        if (of_row == WEIR_EOS) {
            weir__settings_free(settings);
            return WEIR_EOS;
        }
        rc = rc == 0 ? of_row : rc;
    }
    *ret = settings;
    return rc;
}

void weir__settings_free(struct settings *settings)
{
    if (settings == NULL)
        return;
    for (size_t i = 0; i < settings->count; i++) {
        free(settings->value[i].item);
        free(settings->value[i].pair);
        free(settings->value[i].storage);
    }
    free(settings);
}

/* ---- asking ---- */

/* A name that the table lacks is answered as an option that was not given. */
static const struct value *find(const struct settings *settings, const char *name)
{
    static const struct value none = {.number = -1};
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (strcmp(settings->value[i].row->name, name) == 0)
            return &settings->value[i];
    return &none;
}

bool weir__settings_given(const struct settings *settings, const char *name)
{
    return find(settings, name)->node != NULL;
}

const char *weir__settings_string(const struct settings *settings, const char *name)
{
    return find(settings, name)->string;
}

int64_t weir__settings_number(const struct settings *settings, const char *name)
{
    return find(settings, name)->number;
}

size_t weir__settings_list(const struct settings *settings, const char *name,
                           const char *const **ret)
{
    const struct value *value = find(settings, name);
    *ret = value->item;
    return value->item == NULL ? 0 : value->count;
}

size_t weir__settings_map(const struct settings *settings, const char *name,
                          const struct weir_pair **ret)
{
    const struct value *value = find(settings, name);
    *ret = value->pair;
    return value->pair == NULL ? 0 : value->count;
}

int64_t weir__settings_member(const struct settings *settings, const char *name, const char *member)
{
    const struct value *value = find(settings, name);
    struct option_member known;
    const char *message;
    char near[64];
    int64_t number;
    for (size_t i = 0; i < value->count && value->pair != NULL; i++)
        if (strcmp(value->pair[i].key, member) == 0 &&
            find_member(value->row->choices, member, &known, near) &&
            weir__option_number(known.type, value->pair[i].value, &number, &message) == 0)
            return number;
    return -1;
}

struct node *weir__settings_stage(const struct settings *settings, size_t i,
                                  const struct weir_stage_type **ret_type)
{
    for (size_t v = 0; v < settings->count; v++) {
        const struct value *value = &settings->value[v];
        if (value->row->type != WEIR_OPT_STAGES || value->node == NULL)
            continue;
        for (const struct node *child = value->node->child; child != NULL; child = child->next)
            if (i-- == 0) {
                *ret_type = weir_stage_type(value->row->choices);
                return stage_options(*ret_type, child);
            }
    }
    return NULL;
}

size_t weir__settings_stages(const struct settings *settings)
{
    size_t n = 0;
    for (size_t v = 0; v < settings->count; v++) {
        const struct value *value = &settings->value[v];
        if (value->row->type != WEIR_OPT_STAGES || value->node == NULL)
            continue;
        for (const struct node *child = value->node->child; child != NULL; child = child->next)
            n++;
    }
    return n;
}

const struct node *weir__settings_node(const struct settings *settings, const char *name,
                                       const char *key)
{
    const struct node *node = find(settings, name)->node;
    if (node == NULL || key == NULL || node->kind == NODE_SCALAR)
        return node;
    for (const struct node *child = node->child; child != NULL; child = child->next)
        if (node->kind == NODE_MAP ? strcmp(child->key, key) == 0
                                   : child->kind == NODE_SCALAR && strcmp(child->text, key) == 0)
            return child;
    return node;
}
