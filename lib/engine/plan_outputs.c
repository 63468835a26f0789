/* Where the sinks of a plan write. */
#include "engine/plan.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct place {
    dev_t device;
    ino_t inode;
    char directory[512], name[256];
    bool exists;
};

static bool place_of(const char *path, struct place *ret)
{
    char a[4096], b[4096];
    struct stat status;
    if (path == NULL || strcmp(path, "-") == 0 || strlen(path) >= sizeof(a))
        return false;
    *ret = (struct place){0};
    if (stat(path, &status) == 0) {
        ret->exists = true;
        ret->device = status.st_dev;
        ret->inode = status.st_ino;
        return S_ISREG(status.st_mode);
    }
    snprintf(a, sizeof(a), "%s", path);
    snprintf(b, sizeof(b), "%s", path);
    char *real = realpath(dirname(a), NULL);
    snprintf(ret->directory, sizeof(ret->directory), "%s", real == NULL ? "" : real);
    snprintf(ret->name, sizeof(ret->name), "%s", basename(b));
    free(real);
    return true;
}

static bool same_place(const struct place *a, const struct place *b)
{
    if (a->exists || b->exists)
        return a->exists && b->exists && a->device == b->device && a->inode == b->inode;
    return strcmp(a->directory, b->directory) == 0 && strcmp(a->name, b->name) == 0;
}

static bool is_sink(const struct draft *draft)
{
    return (draft->handle.type->traits & WEIR_SINK) != 0;
}

static const char *output_path(const struct draft *draft)
{
    for (const struct weir_option *row = draft->outer->options; row != NULL && row->name != NULL;
         row++)
        if (is_sink(draft) && row->type == WEIR_OPT_PATH && strcmp(row->name, "path") == 0)
            return weir_option_string(&draft->handle, "path");
    return NULL;
}

/* The draft whose records go to draft d: itself, or the one whose rejects it takes. */
static const struct draft *writer_of(const struct weir_plan *plan, uint32_t d)
{
    for (uint32_t e = 0; e < plan->chain; e++)
        if (plan->draft[e].rejects_to == (int)d)
            return &plan->draft[e];
    return &plan->draft[d];
}

static int check_output(struct weir_plan *plan, uint32_t d, struct weir_errors *errors)
{
    struct place out, other;
    struct draft *draft = &plan->draft[d];
    const char *path = output_path(draft);
    draft->runtime.errors = errors;
    for (uint32_t e = 0; e < d && path != NULL && strcmp(path, "-") == 0; e++) {
        const char *earlier = output_path(&plan->draft[e]);
        if (earlier != NULL && strcmp(earlier, "-") == 0)
            return weir_option_error(&draft->handle, "path", NULL, 0, 0, NULL,
                                     "standard output is written by stage '%s' as well",
                                     plan->draft[e].handle.id);
    }
    if (!place_of(path, &out))
        return 0;
    if (place_of(plan->pipeline->file, &other) && same_place(&out, &other))
        return weir_option_error(&draft->handle, "path", NULL, 0, 0, NULL,
                                 "'%s' is the pipeline file itself", path);
    for (size_t f = 0; f < plan->blueprint.files; f++)
        if (place_of(plan->blueprint.file[f], &other) && same_place(&out, &other))
            return weir_option_error(&draft->handle, "path", NULL, 0, 0, NULL,
                                     "'%s' is an input of this run as well", path);
    for (uint32_t e = 0; e < d; e++)
        if (place_of(output_path(&plan->draft[e]), &other) && same_place(&out, &other))
            return weir_option_error(&draft->handle, "path", NULL, 0, 0, NULL,
                                     "'%s' is written by stage '%s' as well", path,
                                     plan->draft[e].handle.id);
    return 0;
}

int weir__plan_check_outputs(struct weir_plan *plan, struct weir_errors *errors)
{
    int worst = 0;
    for (uint32_t d = 0; d < plan->drafts; d++) {
        size_t before = errors->count;
        if (check_output(plan, d, errors) < 0)
            worst = WEIR_ECONFIG;
        weir__plan_place(writer_of(plan, d), errors, before);
    }
    return worst;
}

bool weir_plan_writes_stdout(const struct weir_plan *plan)
{
    for (uint32_t d = 0; d < plan->drafts; d++) {
        const char *path = output_path(&plan->draft[d]);
        if (path != NULL && strcmp(path, "-") == 0)
            return true;
    }
    return false;
}

bool weir_plan_uses(const struct weir_plan *plan, const char *path)
{
    struct place place, other;
    if (!place_of(path, &place))
        return false;
    bool uses = place_of(plan->pipeline->file, &other) && same_place(&place, &other);
    for (size_t f = 0; f < plan->blueprint.files && !uses; f++)
        uses = place_of(plan->blueprint.file[f], &other) && same_place(&place, &other);
    for (uint32_t d = 0; d < plan->drafts && !uses; d++)
        uses = place_of(output_path(&plan->draft[d]), &other) && same_place(&place, &other);
    return uses;
}
