/* syntax.h - what libfyaml says about text that is not YAML, in words that help. */
#ifndef WEIR_CONFIG_SYNTAX_H
#define WEIR_CONFIG_SYNTAX_H

#include <weir/err.h>

/* One place in a text, as libfyaml counts (characters, not bytes), and the bracket that is open
 * there. */
struct syntax_error {
    const char *text; /* the whole, ending with a NUL */
    const char *message;
    int line, column;         /* from 1 */
    const char *open_bracket; /* in text: the innermost { or [ that was not closed yet, or NULL */
    uint32_t open_line;       /* where it stands */
};

/* Fills err: code, text, note and place. */
void weir__syntax_explain(const struct syntax_error *error, struct weir_err *err);

#endif
