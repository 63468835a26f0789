/*
 * A module: a function and a stage type of one's own, for pipeline files.
 *
 *     cc -shared -fPIC -o shout.so shout.c $(pkg-config --cflags weir)
 *
 *     modules: [shout.so]
 *     stages:
 *       - {type: csv.read, with: {path: names.csv}}
 *       - {type: transform, with: {set: {name: "shout(name)"}}}
 *       - {type: nowhere}
 */
#include <ctype.h>

#include <weir/module.h>

/* ---- shout(x): in capitals, with an exclamation mark ---- */

static void shout(struct weir_call *call)
{
    struct weir_value text = weir_call_text(call, 0);
    char *to = weir_call_room(call, text.length + 1);
    if (to == NULL)
        return;
    for (uint32_t i = 0; i < text.length; i++)
        to[i] = (char)toupper((unsigned char)text.data[i]);
    to[text.length] = '!';
    weir_call_give_text(call, to, text.length + 1);
}

static const struct weir_function functions[] = {
    {.help = {"shout", "text", "shout(x)", "in capitals, with an exclamation mark",
              "shout('ahoy') -> AHOY!"},
     .arguments = "t",
     .least = 1,
     .result = WEIR_TEXT,
     .call = shout},
    {.help.name = NULL}};

/* ---- nowhere: takes records and forgets them ---- */

static int process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                   struct weir_output *out)
{
    (void)stage, (void)in, (void)out;
    *cursor = UINT64_MAX; /* done with the whole batch */
    return 0;
}

static const struct weir_option options[] = {{0}};

static const struct weir_stage_type nowhere = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "nowhere",
    .summary = "takes records and forgets them",
    .doc = "Takes records and forgets them.",
    .options = options,
    .traits = WEIR_SINK,
    .process = process,
};

static const struct weir_stage_type *const types[] = {&nowhere, NULL};
static const struct weir_function *const tables[] = {functions, NULL};
WEIR_MODULE(types, tables);
