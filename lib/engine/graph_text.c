/* What `pipeline graph` prints: stages and who reads whom, for Graphviz and for Mermaid. */
#include "engine/graph.h"

#include <weir/engine.h>

/* base */
#include "base/buf.h"

/* Both languages take text in double quotes; what stands in ids, names of types and of ports needs no
 * more care. A path may hold anything. */
static void put_quoted(struct buf *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            weir__buf_putc(to, '\'');
        else
            weir__buf_putc(to, *text == '\n' ? ' ' : *text);
    }
}

/* What an edge is called: the port that it comes from, the input that it goes to. */
static void put_label(struct buf *to, const struct graph_stage *reader, uint32_t i)
{
    const char *port = reader->input[i].port;
    const char *input = reader->type->inputs == NULL ? NULL : reader->type->inputs[i];
    weir__buf_printf(to, "%s%s%s", port == NULL ? "" : port,
                     port != NULL && input != NULL ? " as " : "", input == NULL ? "" : input);
}

static bool is_labelled(const struct graph_stage *reader, uint32_t i)
{
    return reader->input[i].port != NULL || reader->type->inputs != NULL;
}

/* ---- Graphviz ---- */

static void dot_stage(struct buf *to, const struct graph_stage *stage, size_t s)
{
    weir__buf_printf(to, "  s%zu [label=\"%s\\n%s\"];\n", s, stage->id, stage->type->name);
    if (stage->rejects_path == NULL)
        return;
    weir__buf_printf(to, "  r%zu [shape=note, label=\"", s);
    put_quoted(to, stage->rejects_path);
    weir__buf_printf(to, "\"];\n  s%zu -> r%zu [label=\"rejects\", style=dashed];\n", s, s);
}

static void dot_edge(struct buf *to, const struct graph_stage *reader, size_t s, uint32_t i)
{
    weir__buf_printf(to, "  s%u -> s%zu", reader->input[i].stage, s);
    if (is_labelled(reader, i)) {
        weir__buf_puts(to, " [label=\"");
        put_label(to, reader, i);
        weir__buf_puts(to, "\"]");
    }
    weir__buf_puts(to, ";\n");
}

/* ---- Mermaid ---- */

static void mermaid_stage(struct buf *to, const struct graph_stage *stage, size_t s)
{
    weir__buf_printf(to, "  s%zu[\"%s<br>%s\"]\n", s, stage->id, stage->type->name);
    if (stage->rejects_path == NULL)
        return;
    weir__buf_printf(to, "  s%zu -. rejects .-> r%zu[/\"", s, s);
    put_quoted(to, stage->rejects_path);
    weir__buf_puts(to, "\"/]\n");
}

static void mermaid_edge(struct buf *to, const struct graph_stage *reader, size_t s, uint32_t i)
{
    weir__buf_printf(to, "  s%u --", reader->input[i].stage);
    if (is_labelled(reader, i)) {
        weir__buf_puts(to, " \"");
        put_label(to, reader, i);
        weir__buf_puts(to, "\" --");
    }
    weir__buf_printf(to, "> s%zu\n", s);
}

char *weir_pipeline_graph(const struct weir_pipeline *pipeline, enum weir_graph_format format)
{
    struct buf text;
    bool dot = format == WEIR_GRAPH_DOT;
    weir__buf_init(&text);
    if (dot) {
        weir__buf_puts(&text, "digraph \"");
        put_quoted(&text, weir_pipeline_name(pipeline));
        weir__buf_puts(&text, "\" {\n  rankdir=LR;\n  node [shape=box];\n");
    } else {
        weir__buf_puts(&text, "flowchart LR\n");
    }
    for (size_t s = 0; s < pipeline->stages; s++)
        (dot ? dot_stage : mermaid_stage)(&text, &pipeline->stage[s], s);
    for (size_t s = 0; s < pipeline->stages; s++)
        for (uint32_t i = 0; i < pipeline->stage[s].inputs; i++)
            (dot ? dot_edge : mermaid_edge)(&text, &pipeline->stage[s], s, i);
    if (dot)
        weir__buf_puts(&text, "}\n");
    return weir__buf_detach(&text);
}
