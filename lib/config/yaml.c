#include "config/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* config */
#include "config/syntax.h"

#define SHOWN_MAX  60
#define ERRORS_MAX 1000

/* A place in the text. It moves with the events, so that finding lines costs one pass over the text
 * in all. */
struct cursor {
    size_t offset, line_start;
    uint32_t line;
};

/* A list or map that is being read; in a map, the key whose value comes next. */
struct level {
    struct node *node;
    struct node *key; /* a scalar, owned; NULL: a key comes next */
};

struct builder {
    const char *text;
    size_t length;
    struct weir_errors *errors;
    struct cursor cursor;
    struct level level[YAML_DEPTH_MAX];
    size_t depth;
    struct node *root;
    size_t nodes;
    size_t end; /* of the last event that had a place */
    bool had_document;
};

/* ---- places ---- */

static void cursor_move(struct builder *builder, size_t offset)
{
    struct cursor *cursor = &builder->cursor;
    const char *text = builder->text;
    offset = offset > builder->length ? builder->length : offset;
    for (; cursor->offset < offset; cursor->offset++)
        if (text[cursor->offset] == '\n') {
            cursor->line++;
            cursor->line_start = cursor->offset + 1;
        }
    if (offset >= cursor->line_start) {
        cursor->offset = offset;
        return;
    }
    for (; cursor->offset > offset; cursor->offset--)
        if (text[cursor->offset - 1] == '\n')
            cursor->line--;
    cursor->line_start = cursor->offset;
    while (cursor->line_start > 0 && text[cursor->line_start - 1] != '\n')
        cursor->line_start--;
}

static void place(struct builder *builder, struct node *node, size_t from, size_t to)
{
    cursor_move(builder, from);
    node->offset = (uint32_t)from;
    node->bytes = (uint32_t)(to > from ? to - from : 0);
    node->line = builder->cursor.line;
    node->column = (uint32_t)(from - builder->cursor.line_start) + 1;
    node->text_column = node->column;
}

__attribute__((format(printf, 4, 5))) static struct weir_err *
complain(struct builder *builder, size_t offset, size_t bytes, const char *format, ...)
{
    struct weir_err *err = weir_errors_add(builder->errors);
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    cursor_move(builder, offset);
    err->code = WEIR_ECONFIG;
    err->line = builder->cursor.line;
    err->column = (uint32_t)(offset - builder->cursor.line_start) + 1;
    err->span = (uint32_t)bytes;
    return err;
}

/* ---- scalars ---- */

/* True if the text stands in the file as it is, each of its lines from the same column on. */
static bool is_verbatim(const struct builder *builder, const struct node *node, size_t offset)
{
    const char *at = builder->text + offset;
    size_t indent = node->text_column - 1;
    for (const char *c = node->text; *c != '\0'; c++, at++) {
        if (*c != *at)
            return *c == '\n' && *at == '\0';
        if (*c == '\n' && c[1] != '\0' && c[1] != '\n') {
            if (strspn(at + 1, " ") < indent)
                return false;
            at += indent;
        }
    }
    return true;
}

/* The marks of a quoted scalar stand inside its quotes; those of a block begin at its first line.
 */
static void place_scalar(struct builder *builder, struct node *node, enum fy_scalar_style style,
                         size_t from, size_t to)
{
    size_t text_at = from;
    if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) {
        place(builder, node, from - (from > 0), to + 1);
        node->text_column++;
    } else if (style == FYSS_LITERAL || style == FYSS_FOLDED) {
        text_at += strspn(builder->text + from, " ");
        place(builder, node, text_at, to);
    } else {
        place(builder, node, from, to);
    }
    node->verbatim = is_verbatim(builder, node, text_at);
}

/* A scalar without marks is one that was not written: it stands behind what came before. */
static void place_missing(struct builder *builder, struct node *node)
{
    size_t at = builder->end;
    if (builder->depth > 0 && builder->level[builder->depth - 1].key != NULL) {
        const struct node *key = builder->level[builder->depth - 1].key;
        place(builder, node, key->offset, (size_t)key->offset + key->bytes);
        return;
    }
    at += strspn(builder->text + at, " \t\r\n,");
    place(builder, node, at, at + 1);
}

static struct node *make_scalar(struct builder *builder, struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    const struct fy_mark *from = fy_event_start_mark(event), *to = fy_event_end_mark(event);
    size_t length = 0;
    const char *text = token == NULL ? "" : fy_token_get_text(token, &length);
    struct node *node = weir__node_scalar("");
    char *copy = text == NULL ? NULL : strndup(text, length);
    if (node == NULL || copy == NULL) {
        free(copy);
        weir__node_free(node);
        return NULL;
    }
    weir__node_set_text(node, copy);
    enum fy_scalar_style style = token == NULL ? FYSS_PLAIN : fy_token_scalar_style(token);
    node->quoted = style != FYSS_PLAIN;
    if (from != NULL && to != NULL)
        place_scalar(builder, node, style, from->input_pos, to->input_pos);
    else
        place_missing(builder, node);
    if (strlen(copy) != length && style != FYSS_LITERAL && style != FYSS_FOLDED) {
        complain(builder, node->offset, node->bytes, "a NUL character can't stand in a value");
        node->faulty = true;
    }
    return node;
}

/* ---- keys ---- */

static int compare_keys(const void *a, const void *b)
{
    const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
    int order = strcmp(x->key, y->key);
    if (order != 0)
        return order;
    if (x->key_line != y->key_line)
        return x->key_line > y->key_line ? 1 : -1;
    return x->key_column > y->key_column ? 1 : -1;
}

static int find_duplicates(struct builder *builder, const struct node *map)
{
    size_t n = 0;
    for (const struct node *child = map->child; child != NULL; child = child->next)
        n++;
    if (n < 2)
        return 0;
    const struct node **keys = calloc(n, sizeof(*keys));
    if (keys == NULL)
        return WEIR_EOS;
    n = 0;
    for (const struct node *child = map->child; child != NULL; child = child->next)
        keys[n++] = child;
    qsort(keys, n, sizeof(*keys), compare_keys);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (strcmp(keys[first]->key, keys[i]->key) != 0) {
            first = i;
            continue;
        }
        struct weir_err *err =
            complain(builder, 0, 0, "'%.100s' stands here twice: first in line %u", keys[i]->key,
                     keys[first]->key_line);
        weir__node_place_key(keys[i], err);
    }
    free(keys);
    return 0;
}

/* Takes key over. */
static int take_key(struct builder *builder, struct level *level, struct node *key)
{
    level->key = key;
    if (key->text[0] == '\0') {
        struct weir_err *err =
            complain(builder, key->offset, 1, "a name is missing before the colon");
        snprintf(err->note, sizeof(err->note), "for a colon as a value write \":\"");
        return WEIR_ECONFIG;
    }
    if (strcmp(key->text, "<<") == 0 && !key->quoted) {
        complain(builder, key->offset, 2, "pipeline files have no merge keys (<<)");
        return WEIR_ECONFIG;
    }
    return 0;
}

/* ---- the tree ---- */

/* Puts a node (taken over) where it belongs: as a key, a value, an item, or the root. */
static int add_node(struct builder *builder, struct node *node)
{
    struct level *level = builder->depth == 0 ? NULL : &builder->level[builder->depth - 1];
    if (++builder->nodes > YAML_NODES_MAX) {
        complain(builder, node->offset, 1, "more than %d values: this is no pipeline file",
                 YAML_NODES_MAX);
        weir__node_free(node);
        return WEIR_ECONFIG;
    }
    if (level == NULL) {
        builder->root = node;
        return 0;
    }
    if (level->node->kind == NODE_LIST)
        return weir__node_append(level->node, NULL, node);
    if (level->key == NULL && node->kind == NODE_SCALAR)
        return take_key(builder, level, node);
    if (level->key == NULL) {
        complain(builder, node->offset, 1, "a key must be a plain name, not a %s",
                 node->kind == NODE_LIST ? "list" : "map");
        weir__node_free(node);
        return WEIR_ECONFIG;
    }
    node->key_line = level->key->line;
    node->key_column = level->key->text_column;
    int rc = weir__node_append(level->node, level->key->text, node);
    weir__node_free(level->key);
    level->key = NULL;
    return rc;
}

static int open_node(struct builder *builder, struct fy_event *event, struct node *node)
{
    const struct fy_mark *from = fy_event_start_mark(event);
    if (node == NULL)
        return WEIR_EOS;
    place(builder, node, from == NULL ? builder->end : from->input_pos,
          (from == NULL ? builder->end : from->input_pos) + 1);
    if (builder->depth == YAML_DEPTH_MAX) {
        complain(builder, node->offset, 1, "lists and maps stand in one another more than %d deep",
                 YAML_DEPTH_MAX);
        weir__node_free(node);
        return WEIR_ECONFIG;
    }
    int rc = add_node(builder, node);
    if (rc == 0)
        builder->level[builder->depth++] = (struct level){.node = node};
    return rc;
}

static int close_node(struct builder *builder, struct fy_event *event)
{
    struct node *node = builder->level[--builder->depth].node;
    const struct fy_mark *to = fy_event_end_mark(event);
    if (to != NULL && to->input_pos > node->offset)
        node->bytes = (uint32_t)(to->input_pos - node->offset);
    return node->kind == NODE_MAP ? find_duplicates(builder, node) : 0;
}

/* ---- what YAML has and pipeline files do not ---- */

/* The bytes from at to the end of the word or of the line, as far as a note shows them. */
static size_t shown(const char *at, const char *ends)
{
    size_t n = 0;
    while (n < SHOWN_MAX && at[n] != '\0' && strchr(ends, at[n]) == NULL)
        n++;
    return n;
}

/* The mark of an anchor or alias stands behind its & or *. */
static int refuse_alias(struct builder *builder, struct fy_event *event)
{
    const struct fy_mark *from = fy_event_start_mark(event);
    size_t at = from == NULL || from->input_pos == 0 ? builder->end : from->input_pos - 1;
    size_t n = 1 + shown(builder->text + at + 1, " \t\r\n,]}");
    struct weir_err *err = complain(builder, at, n, "pipeline files have no aliases (*)");
    snprintf(err->note, sizeof(err->note), "as text it must be quoted: \"%.*s\"", (int)n,
             builder->text + at);
    struct node *node = weir__node_scalar("");
    if (node == NULL)
        return WEIR_EOS;
    node->faulty = true;
    place(builder, node, at, at + n);
    return add_node(builder, node);
}

/* True if the node had an anchor or a tag, which is then an error. */
static bool refuse_properties(struct builder *builder, struct fy_token *anchor,
                              struct fy_token *tag)
{
    struct fy_token *token = anchor != NULL ? anchor : tag;
    const struct fy_mark *from = token == NULL ? NULL : fy_token_start_mark(token);
    if (from == NULL)
        return token != NULL;
    size_t at = from->input_pos;
    if (anchor != NULL && at > 0)
        at--;
    size_t n = 1 + shown(builder->text + at + 1, " \t\r\n,]}");
    struct weir_err *err = complain(builder, at, n, "pipeline files have no %s",
                                    anchor != NULL ? "anchors (&)" : "tags (!)");
    size_t line = shown(builder->text + at, "\r\n");
    if (line == SHOWN_MAX)
        snprintf(err->note, sizeof(err->note), "as text it must be quoted");
    else
        snprintf(err->note, sizeof(err->note), "as text it must be quoted: '%.*s'", (int)line,
                 builder->text + at);
    return true;
}

/* ---- events ---- */

static int second_document(struct builder *builder, struct fy_event *event)
{
    const struct fy_mark *from = fy_event_start_mark(event);
    bool first = !builder->had_document;
    builder->had_document = true;
    if (first)
        return 0;
    complain(builder, from == NULL ? builder->end : from->input_pos, 3,
             "a second document begins here: a pipeline file holds one");
    return WEIR_ECONFIG;
}

static int take_scalar(struct builder *builder, struct fy_event *event)
{
    struct node *node = make_scalar(builder, event);
    if (node == NULL)
        return WEIR_EOS;
    if (refuse_properties(builder, event->scalar.anchor, event->scalar.tag))
        node->faulty = true;
    return add_node(builder, node);
}

static int take_event(struct builder *builder, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START: return second_document(builder, event);
    case FYET_SCALAR: return take_scalar(builder, event);
    case FYET_ALIAS: return refuse_alias(builder, event);
    case FYET_SEQUENCE_START:
        refuse_properties(builder, event->sequence_start.anchor, event->sequence_start.tag);
        return open_node(builder, event, weir__node_list());
    case FYET_MAPPING_START:
        refuse_properties(builder, event->mapping_start.anchor, event->mapping_start.tag);
        return open_node(builder, event, weir__node_map());
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END: return close_node(builder, event);
    default: return 0;
    }
}

/* The innermost { or [ that is open. */
static void find_open_bracket(const struct builder *builder, struct syntax_error *error)
{
    for (size_t i = builder->depth; i-- > 0;) {
        const struct node *node = builder->level[i].node;
        char c = builder->text[node->offset];
        if ((node->kind == NODE_MAP && c == '{') || (node->kind == NODE_LIST && c == '[')) {
            error->open_bracket = builder->text + node->offset;
            error->open_line = node->line;
            return;
        }
    }
}

static int syntax_error(struct builder *builder, struct fy_diag *diag)
{
    void *position = NULL;
    struct syntax_error error = {.text = builder->text, .message = "it can't be read"};
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &position);
    error.line = (int)builder->cursor.line;
    if (first != NULL) {
        error.message = first->msg;
        error.line = first->line;
        error.column = first->column;
    }
    find_open_bracket(builder, &error);
    weir__syntax_explain(&error, weir_errors_add(builder->errors));
    return WEIR_ECONFIG;
}

static int build(struct builder *builder, struct fy_parser *parser, struct fy_diag *diag)
{
    struct fy_event *event;
    int rc = 0;
    while (rc == 0 && builder->errors->count < ERRORS_MAX &&
           (event = fy_parser_parse(parser)) != NULL) {
        rc = take_event(builder, event);
        const struct fy_mark *to = fy_event_end_mark(event);
        if (to != NULL && to->input_pos <= builder->length)
            builder->end = to->input_pos;
        fy_parser_event_free(parser, event);
    }
    if (rc == 0 && builder->errors->count >= ERRORS_MAX)
        rc = WEIR_ECONFIG;
    if (rc == 0 && fy_parser_get_stream_error(parser))
        rc = syntax_error(builder, diag);
    return rc;
}

/* Errors are collected; nothing is printed. */
static void print_nothing(struct fy_diag *diag, void *user, const char *text, size_t length)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)length;
}

static struct fy_diag *make_diag(void)
{
    struct fy_diag_cfg config;
    fy_diag_cfg_default(&config);
    config.fp = NULL;
    config.output_fn = print_nothing;
    struct fy_diag *diag = fy_diag_create(&config);
    if (diag != NULL)
        fy_diag_set_collect_errors(diag, true);
    return diag;
}

/*
 * Inside brackets libfyaml reads far ahead before it tells of what it read first, at some hundred
 * bytes of memory a token: ten megabytes of brackets would cost gigabytes. So brackets and commas
 * are counted first, be they quoted or not, with a limit that no pipeline file meets by chance.
 */
static int count_brackets(struct builder *builder)
{
    size_t found = 0;
    for (size_t i = 0; i < builder->length; i++) {
        char c = builder->text[i];
        found += c == '[' || c == '{' || c == ',';
        if (found > 2 * YAML_NODES_MAX) {
            complain(builder, i, 1, "more than %d brackets and commas: this is no pipeline file",
                     2 * YAML_NODES_MAX);
            return WEIR_ECONFIG;
        }
    }
    return 0;
}

int weir__yaml_read(const char *text, size_t length, struct weir_errors *errors, struct node **ret)
{
    int rc = WEIR_EOS;
    struct builder builder = {.text = text, .length = length, .errors = errors, .cursor.line = 1};
    struct fy_parser *parser = NULL;
    struct fy_diag *diag = make_diag();
    *ret = NULL;
    if (diag == NULL)
        goto out;
    rc = count_brackets(&builder);
    if (rc < 0)
        goto out;
    rc = WEIR_EOS;
    struct fy_parse_cfg config = {.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE |
                                           FYPCF_SLOPPY_FLOW_INDENTATION,
                                  .diag = diag};
    parser = fy_parser_create(&config);
    if (parser == NULL || fy_parser_set_string(parser, text, length) != 0)
        goto out;
    rc = build(&builder, parser, diag);
    if (rc == 0) {
        *ret = builder.root;
        builder.root = NULL;
    }
out:
    for (size_t i = 0; i < builder.depth; i++)
        weir__node_free(builder.level[i].key);
    weir__node_free(builder.root);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return rc;
}
