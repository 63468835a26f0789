#include "engine/blueprint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* stage */
#include "stage/node.h"

struct group *weir__blueprint_add_group(struct blueprint *blueprint)
{
    struct group *group = realloc(blueprint->group, (blueprint->groups + 1) * sizeof(*group));
    if (group == NULL)
        return NULL;
    blueprint->group = group;
    group = &blueprint->group[blueprint->groups++];
    *group = (struct group){.ordered = true, .aside_port = -1, .head_fd = -1};
    return group;
}

struct blueprint_stage *weir__blueprint_add_stage(struct blueprint *blueprint)
{
    struct blueprint_stage *stage =
        realloc(blueprint->stage, (blueprint->stages + 1) * sizeof(*stage));
    if (stage == NULL)
        return NULL;
    blueprint->stage = stage;
    stage = &blueprint->stage[blueprint->stages++];
    *stage = (struct blueprint_stage){0};
    return stage;
}

void weir__group_name(const struct blueprint *blueprint, uint32_t group, char *to, size_t room)
{
    const struct group *of = &blueprint->group[group];
    const struct member *first =
        &of->member[of->splits > 0]; /* what is read in splits is read on the way */
    const char *id = blueprint->stage[first->stage].id, *part = strrchr(first->type->name, '.');
    if (first->type == first->outer || blueprint->stage[first->stage].implicit)
        snprintf(to, room, "%s", id);
    else
        snprintf(to, room, "%s.%s", id, part == NULL ? first->type->name : part + 1);
}

bool weir__group_publishes(const struct group *group)
{
    return group->member[group->members - 1].type->publish != NULL;
}

bool weir__group_totals(const struct group *group)
{
    return (group->member[group->members - 1].type->traits & WEIR_TOTALS) != 0;
}

bool weir__group_keeps(const struct group *group)
{
    for (uint32_t m = 0; m < group->members; m++)
        if ((group->member[m].type->traits & WEIR_KEEPS) != 0)
            return true;
    return false;
}

static void release_group(struct group *group)
{
    for (uint32_t m = 0; m < group->members; m++) {
        weir__node_free(group->member[m].with);
        free(group->member[m].out.needed);
        free(group->member[m].probed);
    }
    for (uint32_t i = 0; i < GROUP_INPUTS; i++)
        weir_schema_release(&group->input[i].schema);
    for (uint32_t p = 0; p < group->ports; p++) {
        free(group->port[p].columns.needed);
        free(group->port[p].name);
    }
}

void weir__blueprint_release(struct blueprint *blueprint)
{
    for (uint32_t g = 0; g < blueprint->groups; g++)
        release_group(&blueprint->group[g]);
    free(blueprint->group);
    for (uint32_t s = 0; s < blueprint->stages; s++)
        free(blueprint->stage[s].id);
    free(blueprint->stage);
    for (size_t f = 0; f < blueprint->files; f++)
        free(blueprint->file[f]);
    free(blueprint->file);
    free(blueprint->name);
    free(blueprint->run_id);
    *blueprint = (struct blueprint){0};
}
