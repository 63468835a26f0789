#include "load.h"

#include <stdlib.h>
#include <string.h>

static struct weir_load_options options_of(const struct arguments *args)
{
    return (struct weir_load_options){
        .vars = args->vars.list,
        .vars_count = args->vars.count,
        .sets = args->sets.list,
        .sets_count = args->sets.count,
        .workers = args->workers,
    };
}

int load_pipeline(const struct arguments *args, const struct report *report,
                  struct weir_pipeline **ret)
{
    struct weir_errors errors = {0};
    const struct weir_load_options options = options_of(args);
    if (weir_pipeline_load(args->operand, &options, ret, &errors) < 0)
        return report_errors(report, &errors);
    return 0;
}

int load_excerpt(const struct arguments *args, const struct weir_excerpt *excerpt,
                 const struct report *report, struct loaded *ret)
{
    struct weir_errors errors = {0};
    struct weir_load_options options = options_of(args);
    options.excerpt = excerpt;
    *ret = (struct loaded){0};
    if (weir_pipeline_load(args->operand, &options, &ret->pipeline, &errors) < 0 ||
        weir_plan_make(ret->pipeline, false, &ret->plan, &errors) < 0)
        return report_errors(report, &errors);
    return 0;
}

int load_plan(const struct arguments *args, const char *text, const struct report *report,
              bool lenient, struct loaded *ret)
{
    struct weir_errors errors = {0};
    const struct weir_load_options options = options_of(args);
    *ret = (struct loaded){0};
    int code = text == NULL ? weir_pipeline_load(args->operand, &options, &ret->pipeline, &errors)
                            : weir_pipeline_parse("do", text, strlen(text), &options,
                                                  &ret->pipeline, &errors);
    if (code < 0)
        return report_errors(report, &errors);
    if (weir_plan_make(ret->pipeline, lenient, &ret->plan, &errors) < 0)
        return report_errors(report, &errors);
    weir_errors_release(&errors);
    return 0;
}

void load_release(struct loaded *loaded)
{
    if (loaded->plan != NULL)
        weir_plan_free(loaded->plan);
    if (loaded->pipeline != NULL)
        weir_pipeline_free(loaded->pipeline);
}

int load_print_plan(const struct weir_plan *plan, const struct report *report)
{
    char *text = weir_plan_text(plan);
    if (text == NULL) {
        struct weir_err err;
        weir_err_set(&err, WEIR_EOS, "out of memory");
        return report_error(report, &err);
    }
    fputs(text, stdout);
    free(text);
    return 0;
}
