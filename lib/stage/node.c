#include "stage/node.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* of canonical text; config refuses deeper files long before */

static struct node *make(enum node_kind kind)
{
    struct node *node = calloc(1, sizeof(*node));
    if (node != NULL)
        node->kind = kind;
    return node;
}

struct node *weir__node_scalar(const char *text)
{
    struct node *node = text == NULL ? NULL : make(NODE_SCALAR);
    if (node == NULL)
        return NULL;
    node->text = strdup(text);
    if (node->text == NULL) {
        free(node);
        return NULL;
    }
    return node;
}

struct node *weir__node_list(void)
{
    return make(NODE_LIST);
}

struct node *weir__node_map(void)
{
    return make(NODE_MAP);
}

int weir__node_append(struct node *parent, const char *key, struct node *child)
{
    char *copy = NULL;
    bool whole = parent != NULL && child != NULL;
    if (whole && parent->kind == NODE_MAP)
        whole = (copy = strdup(key)) != NULL;
    if (!whole) {
        if (parent != NULL)
            parent->incomplete = true;
        weir__node_free(child);
        return WEIR_EOS;
    }
    if (parent->kind == NODE_MAP) {
        free(child->key);
        child->key = copy;
    }
    if (parent->last == NULL)
        parent->child = child;
    else
        parent->last->next = child;
    parent->last = child;
    return 0;
}

struct node *weir__node_get(const struct node *map, const char *key)
{
    if (map == NULL || map->kind != NODE_MAP)
        return NULL;
    for (struct node *child = map->child; child != NULL; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

void weir__node_take(struct node *parent, struct node *child)
{
    struct node *before = NULL;
    for (struct node *node = parent->child; node != child; node = node->next)
        before = node;
    if (before == NULL)
        parent->child = child->next;
    else
        before->next = child->next;
    if (parent->last == child)
        parent->last = before;
    child->next = NULL;
}

int weir__node_put(struct node *map, const char *key, struct node *child)
{
    struct node *old = weir__node_get(map, key);
    if (old != NULL) {
        weir__node_take(map, old);
        weir__node_free(old);
    }
    return weir__node_append(map, key, child);
}

struct node *weir__node_copy(const struct node *node)
{
    struct node *copy =
        node->kind == NODE_SCALAR ? weir__node_scalar(node->text) : make(node->kind);
    if (copy == NULL)
        return NULL;
    copy->quoted = node->quoted;
    copy->secret = node->secret;
    copy->verbatim = node->verbatim;
    copy->faulty = node->faulty;
    copy->line = node->line;
    copy->column = node->column;
    copy->text_column = node->text_column;
    copy->offset = node->offset;
    copy->bytes = node->bytes;
    copy->key_line = node->key_line;
    copy->key_column = node->key_column;
    for (const struct node *child = node->child; child != NULL; child = child->next)
        if (weir__node_append(copy, child->key, weir__node_copy(child)) < 0) {
            weir__node_free(copy);
            return NULL;
        }
    return copy;
}

void weir__node_free(struct node *node)
{
    if (node == NULL)
        return;
    for (struct node *child = node->child, *next; child != NULL; child = next) {
        next = child->next;
        weir__node_free(child);
    }
    free(node->key);
    free(node->text);
    free(node);
}

void weir__node_set_text(struct node *node, char *text)
{
    free(node->text);
    node->text = text;
    node->verbatim = false;
    node->text_column = node->column;
}

bool weir__node_is_missing(const struct node *node)
{
    return node->kind == NODE_SCALAR && !node->quoted && node->text[0] == '\0';
}

/* ---- places ---- */

void weir__node_place(const struct node *node, size_t offset, size_t span, struct weir_err *err)
{
    if (node->line == 0)
        return;
    err->line = node->line;
    err->column = node->column;
    err->span = node->bytes;
    bool inside = node->verbatim && (offset != 0 || span != 0) && offset <= strlen(node->text);
    if (!inside)
        return;
    size_t line_start = 0;
    for (size_t i = 0; i < offset; i++)
        if (node->text[i] == '\n') {
            err->line++;
            line_start = i + 1;
        }
    err->column = node->text_column + (uint32_t)(offset - line_start);
    err->span = (uint32_t)(span != 0 ? span : strcspn(node->text + offset, "\n"));
}

void weir__node_place_key(const struct node *node, struct weir_err *err)
{
    if (node->key_line == 0)
        return;
    err->line = node->key_line;
    err->column = node->key_column;
    err->span = (uint32_t)strlen(node->key);
}

/* ---- canonical text ---- */

static void write_text(const char *text, struct buf *to)
{
    weir__buf_putc(to, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n') {
            weir__buf_puts(to, "\\n");
            continue;
        }
        if (*c == '"' || *c == '\\')
            weir__buf_putc(to, '\\');
        weir__buf_putc(to, *c);
    }
    weir__buf_putc(to, '"');
}

void weir__node_write(const struct node *node, struct buf *to)
{
    if (node == NULL || node->incomplete) {
        to->failed = true;
        return;
    }
    if (node->kind == NODE_SCALAR) {
        write_text(node->text, to);
        return;
    }
    weir__buf_putc(to, node->kind == NODE_LIST ? '[' : '{');
    for (const struct node *child = node->child; child != NULL; child = child->next) {
        if (child != node->child)
            weir__buf_putc(to, ' ');
        if (node->kind == NODE_MAP) {
            write_text(child->key, to);
            weir__buf_putc(to, ' ');
        }
        weir__node_write(child, to);
    }
    weir__buf_putc(to, node->kind == NODE_LIST ? ']' : '}');
}

/* Reads "..." from *text; the caller frees what it returns. */
static char *read_text(const char **text)
{
    struct buf buf;
    weir__buf_init(&buf);
    const char *c = *text;
    if (*c++ != '"')
        return NULL;
    for (; *c != '"'; c++) {
        if (*c == '\0' || *c == '\n' || (*c == '\\' && strchr("\"\\n", c[1]) == NULL) ||
            (*c == '\\' && c[1] == '\0')) {
            weir__buf_release(&buf);
            return NULL;
        }
        if (*c == '\\') {
            c++;
            weir__buf_putc(&buf, *c == 'n' ? '\n' : *c);
        } else {
            weir__buf_putc(&buf, *c);
        }
    }
    *text = c + 1;
    return weir__buf_detach(&buf);
}

static struct node *read_node(const char **text, int depth);

/* Reads one member of a list or map, with its key if it has one. False if it is not canonical. */
static bool read_member(struct node *parent, const char **text, int depth)
{
    char *key = NULL;
    if (parent->kind == NODE_MAP) {
        key = read_text(text);
        if (key == NULL || *(*text)++ != ' ') {
            free(key);
            return false;
        }
    }
    struct node *child = read_node(text, depth + 1);
    bool good = child != NULL && weir__node_append(parent, key, child) == 0;
    free(key);
    return good;
}

static struct node *read_members(struct node *parent, const char **text, char end, int depth)
{
    while (parent != NULL && **text != end) {
        bool separated = parent->child == NULL || *(*text)++ == ' ';
        if (!separated || !read_member(parent, text, depth)) {
            weir__node_free(parent);
            parent = NULL;
        }
    }
    if (parent != NULL)
        (*text)++;
    return parent;
}

static struct node *read_node(const char **text, int depth)
{
    if (depth > DEPTH_MAX)
        return NULL;
    if (**text == '[' || **text == '{') {
        bool list = *(*text)++ == '[';
        return read_members(list ? weir__node_list() : weir__node_map(), text, list ? ']' : '}',
                            depth);
    }
    char *scalar = read_text(text);
    struct node *node = scalar == NULL ? NULL : make(NODE_SCALAR);
    if (node == NULL) {
        free(scalar);
        return NULL;
    }
    node->text = scalar;
    node->quoted = true;
    return node;
}

struct node *weir__node_read(const char **text)
{
    return read_node(text, 0);
}
