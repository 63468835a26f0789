/* Values that YAML took away without a word: what the writer meant stands in the text and not in
 * the nodes. */
#include "config/loader.h"

#include <ctype.h>
#include <string.h>

#define SHOWN_MAX    100
#define SIBLINGS_MAX 16 /* so many commas may have been meant as part of one value */

static const char *text_at(const struct loader *loader, const struct node *node)
{
    return loader->pipeline->text + node->offset;
}

static bool is_flow(const struct loader *loader, const struct node *parent)
{
    return *text_at(loader, parent) == (parent->kind == NODE_MAP ? '{' : '[');
}

/* A bracket or a quote is open at the end of these bytes. An apostrophe inside a word is none. */
static bool is_open(const char *text, size_t n)
{
    long depth = 0;
    char quote = '\0';
    for (size_t i = 0; i < n; i++) {
        bool in_word = i > 0 && isalnum((unsigned char)text[i - 1]);
        if (quote != '\0')
            quote = text[i] == quote ? '\0' : quote;
        else if (text[i] == '"' || (text[i] == '\'' && !in_word))
            quote = text[i];
        else
            depth += (text[i] == '(') - (text[i] == ')');
    }
    return quote != '\0' || depth > 0;
}

/* "text", or 'text' where it holds double quotes. */
static void advise_quoted(struct weir_err *err, const char *why, const char *text, size_t n)
{
    char quote = memchr(text, '"', n) != NULL || memchr(text, '\\', n) != NULL ? '\'' : '"';
    if (n > SHOWN_MAX || memchr(text, quote, n) != NULL || memchr(text, '\n', n) != NULL)
        weir__advise(err, "%s: put the whole value in quotes", why);
    else
        weir__advise(err, "%s: quote it, %c%.*s%c", why, quote, (int)n, text, quote);
}

/* ---- a comma inside {} or [] ---- */

/* The text from first's value to the end of the last sibling that belongs to it. */
static void complain_about_comma(struct loader *loader, const struct node *parent,
                                 struct node *first, struct node *last)
{
    const char *from = text_at(loader, first), *to = text_at(loader, last) + last->bytes;
    struct node *next = first->next;
    struct weir_err *err;
    if (parent->kind == NODE_LIST)
        err = weir__complain(loader, next, "the value before this ends at the comma");
    else
        err = weir__complain_key(loader, next, "'%.60s' in '%.60s' has no value", next->key,
                                 parent->key == NULL ? "{}" : parent->key);
    advise_quoted(err,
                  parent->kind == NODE_LIST ? "a comma inside [] ends the value"
                                            : "a comma inside {} ends the value",
                  from, (size_t)(to - from));
    for (struct node *node = first; node != last->next; node = node->next)
        node->faulty = true;
}

/* A key of { } behind which there is not even a colon. */
static bool is_bare_key(const struct loader *loader, const struct node *node)
{
    const char *behind = text_at(loader, node) + node->bytes;
    return weir__node_is_missing(node) && behind[strspn(behind, " \t\r\n")] != ':';
}

/* The last of the siblings behind first that were one value with it, or NULL if first is whole. */
static struct node *find_rest(const struct loader *loader, const struct node *parent,
                              struct node *first)
{
    const char *from = text_at(loader, first);
    struct node *last = NULL;
    if (first->kind != NODE_SCALAR || first->quoted || weir__node_is_missing(first))
        return NULL;
    if (parent->kind == NODE_MAP) {
        for (struct node *node = first->next; node != NULL; node = node->next) {
            if (!is_bare_key(loader, node))
                break;
            last = node;
        }
        return last;
    }
    if (!is_open(from, first->bytes))
        return NULL;
    struct node *node = first->next;
    for (int i = 0; i < SIBLINGS_MAX && node != NULL; i++, node = node->next)
        if (!is_open(from, (size_t)(text_at(loader, node) - from) + node->bytes))
            return node;
    return NULL;
}

static void find_commas(struct loader *loader, const struct node *parent)
{
    if (!is_flow(loader, parent))
        return;
    for (struct node *node = parent->child; node != NULL; node = node->next) {
        struct node *last = node->faulty ? NULL : find_rest(loader, parent, node);
        if (last != NULL) {
            complain_about_comma(loader, parent, node, last);
            node = last;
        }
    }
}

/* ---- no value ---- */

static void complain_about_item(struct loader *loader, struct node *node)
{
    struct weir_err *err = weir__complain(loader, node, "this item has no value");
    weir__advise(err, "for empty text write \"\"");
}

/* What the writer may have meant by what stands behind the colon. */
static void advise_missing(const struct node *node, const char *behind, bool flow,
                           struct weir_err *err)
{
    behind += strspn(behind, "\"': \t");
    const char *colon = strchr(node->key, ':');
    if (*behind == '#' && (behind[1] == '\0' || strchr("\r\n", behind[1]) != NULL))
        weir__advise(err, "# begins a comment: quote it, \"#\"");
    else if (flow && colon != NULL)
        weir__advise(err, "a space must follow the colon: %.*s: %.60s", (int)(colon - node->key),
                     node->key, colon + 1);
    else
        weir__advise(err, "for empty text write \"\"");
}

static void complain_about_missing(struct loader *loader, const struct node *parent,
                                   struct node *node)
{
    const char *behind = text_at(loader, node) + node->bytes;
    struct weir_err *err = weir__complain_key(loader, node, "'%.100s' has no value", node->key);
    advise_missing(node, behind, is_flow(loader, parent), err);
}

/* `delimiter: |` is the beginning of a block of text, and the block is empty. */
static bool is_empty_block(const struct loader *loader, const struct node *node)
{
    char first = *text_at(loader, node);
    bool quotes = node->bytes >= 2 && (first == '"' || first == '\'');
    return node->quoted && !quotes && node->text[strspn(node->text, " \n")] == '\0';
}

/* The lines below were meant as keys: they stand no deeper than the block's own. */
static bool is_greedy_block(const struct loader *loader, const struct node *node)
{
    char first = *text_at(loader, node);
    bool quotes = first == '"' || first == '\'';
    return node->quoted && !quotes && node->key != NULL && node->line > node->key_line &&
           node->column <= node->key_column;
}

static void complain_about_block(struct loader *loader, struct node *node)
{
    const char *text = loader->pipeline->text, *at = text_at(loader, node) - 1;
    while (at > text && *at != '|' && *at != '>')
        at--;
    struct weir_err *err =
        node->key != NULL ? weir__complain_key(loader, node, "'%.100s' has no value", node->key)
                          : weir__complain(loader, node, "this item has no value");
    weir__advise(err, "%c begins a block of text: quote it, \"%c\"", *at, *at);
}

/* ---- a value cut by " #" ---- */

/* "# words" behind a value is a comment; "#words", or one that closes what the value opened, was
 * meant as text. */
static void find_comment(struct loader *loader, struct node *node)
{
    const char *text = text_at(loader, node), *hash = text + node->bytes;
    hash += strspn(hash, " \t");
    if (*hash != '#' || node->quoted || hash == text + node->bytes)
        return;
    size_t n = strcspn(hash, "\r\n");
    bool closes = is_open(text, node->bytes) && !is_open(text, (size_t)(hash - text) + n);
    bool word = hash[1] != ' ' && hash[1] != '\t' && hash[1] != '#' && n > 1;
    if (!closes && !word)
        return;
    struct weir_err *err = weir__complain(loader, node, "this value ends before ' #'");
    advise_quoted(err, "# begins a comment", text, (size_t)(hash - text) + n);
}

/* ---- the tree ---- */

static void check_scalar(struct loader *loader, struct node *parent, struct node *node,
                         bool may_be_missing)
{
    if (node->faulty || (may_be_missing && weir__node_is_missing(node)))
        return;
    if (weir__node_is_missing(node) && node->key == NULL)
        complain_about_item(loader, node);
    else if (weir__node_is_missing(node))
        complain_about_missing(loader, parent, node);
    else if (is_empty_block(loader, node))
        complain_about_block(loader, node);
    else if (is_greedy_block(loader, node)) {
        complain_about_block(loader, node);
        parent->faulty = true; /* the keys that it took are missing */
    } else
        find_comment(loader, node);
}

static void walk(struct loader *loader, struct node *parent, bool may_be_missing)
{
    if (!may_be_missing)
        find_commas(loader, parent);
    for (struct node *node = parent->child; node != NULL; node = node->next) {
        if (node->kind == NODE_SCALAR)
            check_scalar(loader, parent, node, may_be_missing);
        else
            walk(loader, node, false);
    }
}

/* Under vars and secrets a name without a value is one that must be given. */
void weir__find_traps(struct loader *loader)
{
    if (loader->root->kind != NODE_MAP)
        return;
    find_commas(loader, loader->root);
    for (struct node *node = loader->root->child; node != NULL; node = node->next) {
        bool variables = strcmp(node->key, "vars") == 0 || strcmp(node->key, "secrets") == 0;
        if (node->kind == NODE_SCALAR)
            check_scalar(loader, loader->root, node, false);
        else
            walk(loader, node, variables && node->kind == NODE_MAP);
    }
}
