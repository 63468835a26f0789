/*
 * Expressions that cannot be parsed. The plan finds these, and says more: with the columns of the
 * input. But a file with other mistakes is never planned, and every mistake is to be shown at once.
 */
#include "config/loader.h"

/* expr */
#include "expr/parse.h"

static void check_expression(struct loader *loader, const struct graph_stage *stage,
                             const char *option, const char *key, const char *text)
{
    const struct node *node = weir__settings_node(stage->settings, option, key);
    struct weir_expr_fault fault = {0};
    struct arena memory = {0};
    if (node == NULL || node->faulty)
        return;
    if (weir__parse(text, &memory, &fault) == NULL && fault.text[0] == '\0')
        loader->no_memory = true;
    if (fault.text[0] != '\0') {
        struct weir_err *err = weir__complain(loader, NULL, "%s", fault.text);
        weir__advise(err, "%s", fault.note);
        weir__node_place(node, fault.offset, fault.span, err);
    }
    weir__arena_release(&memory);
}

static void check_stage(struct loader *loader, const struct graph_stage *stage)
{
    for (const struct weir_option *row = stage->type->options; row != NULL && row->name != NULL;
         row++) {
        const char *text = weir__settings_string(stage->settings, row->name);
        const struct weir_pair *pair;
        if (row->type == WEIR_OPT_EXPR && text != NULL)
            check_expression(loader, stage, row->name, NULL, text);
        if (row->type != WEIR_OPT_EXPR_MAP)
            continue;
        size_t pairs = weir__settings_map(stage->settings, row->name, &pair);
        for (size_t i = 0; i < pairs; i++)
            check_expression(loader, stage, row->name, pair[i].key, pair[i].value);
    }
}

void weir__check_expressions(struct loader *loader)
{
    const struct weir_pipeline *pipeline = loader->pipeline;
    for (size_t s = 0; s < pipeline->stages; s++)
        if (pipeline->stage[s].settings != NULL)
            check_stage(loader, &pipeline->stage[s]);
}
