#include "engine/graph.h"

#include <weir/engine.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weir_pipeline_free(struct weir_pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    for (size_t i = 0; i < pipeline->stages; i++) {
        struct graph_stage *stage = &pipeline->stage[i];
        weir__settings_free(stage->settings);
        weir__node_free(stage->with);
        free(stage->rejects_path);
        for (uint32_t input = 0; input < stage->inputs; input++)
            free(stage->input[input].port);
        free(stage->id);
    }
    for (size_t i = 0; i < pipeline->arguments; i++)
        free(pipeline->argument[i].text);
    free(pipeline->argument);
    for (size_t i = 0; i < pipeline->tests_count; i++)
        free((void *)pipeline->test[i].excerpt.types);
    free(pipeline->test);
    weir__node_free(pipeline->tests);
    free(pipeline->stage);
    free(pipeline->name);
    free(pipeline->quarantine.path);
    free(pipeline->file);
    free(pipeline->text);
    free(pipeline);
}

const char *weir_pipeline_name(const struct weir_pipeline *pipeline)
{
    return pipeline->name;
}

const struct weir_test *weir_pipeline_test(const struct weir_pipeline *pipeline, size_t i)
{
    return i < pipeline->tests_count ? &pipeline->test[i] : NULL;
}

uint32_t weir__pipeline_add_argument(struct weir_pipeline *pipeline, const char *name,
                                     const char *value)
{
    size_t n = pipeline->arguments;
    struct argument *list = realloc(pipeline->argument, (n + 1) * sizeof(*list));
    if (list == NULL)
        return 0;
    pipeline->argument = list;
    list[n] = (struct argument){.name_bytes = strlen(name)};
    if (asprintf(&list[n].text, "%s=%s", name, value) < 0)
        return 0;
    for (char *c = list[n].text; *c != '\0'; c++)
        *c = (unsigned char)*c < 0x20 ? ' ' : *c; /* it is shown as one line */
    pipeline->arguments++;
    return ARGUMENT_LINE + (uint32_t)n;
}

static void locate_argument(const struct argument *argument, struct weir_err *err)
{
    weir_err_context(err, "%.*s", (int)argument->name_bytes, argument->text);
    if (err->code == WEIR_ECONFIG)
        err->code = WEIR_EUSAGE;
    err->line = argument->line;
    if (argument->line == 0) {
        snprintf(err->source, sizeof(err->source), "%s", argument->text);
        return;
    }
    err->column = argument->column;
    err->span = argument->span;
}

/* The line-th line of text, from 1, and its length; NULL if there are fewer. */
static const char *find_line(const char *text, uint32_t line, size_t *ret_length)
{
    while (line > 1 && text != NULL) {
        text = strchr(text, '\n');
        text = text == NULL ? NULL : text + 1;
        line--;
    }
    if (text != NULL)
        *ret_length = strcspn(text, "\r\n");
    return text;
}

void weir__pipeline_locate(const struct weir_pipeline *pipeline, struct weir_err *err)
{
    size_t length = 0;
    if (err->line >= ARGUMENT_LINE) {
        locate_argument(&pipeline->argument[err->line - ARGUMENT_LINE], err);
        if (err->line == 0)
            return;
    }
    if (err->file[0] == '\0' && pipeline->file != NULL)
        snprintf(err->file, sizeof(err->file), "%s", pipeline->file);
    if (err->line == 0 || pipeline->text == NULL)
        return;
    const char *line = find_line(pipeline->text, err->line, &length);
    if (line != NULL)
        snprintf(err->source, sizeof(err->source), "%.*s", length > 255 ? 255 : (int)length, line);
}
