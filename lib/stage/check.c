#include "stage/check.h"

#include <string.h>

/* stage */
#include "stage/option.h"
#include "stage/registry.h"

#define STATE_MAX      1024
#define NAME_MAX_BYTES 48

static bool is_name(const char *name, const char *also)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (name == NULL || strlen(name) > NAME_MAX_BYTES || weir__is_yaml_word(name))
        return false;
    for (; *name != '\0'; name++)
        if (strchr(letters, *name) == NULL && strchr(also, *name) == NULL)
            return false;
    return true;
}

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* ---- option rows ---- */

/* Every choice is a word that YAML leaves alone. */
static bool choices_are_good(const char *choices)
{
    char word[NAME_MAX_BYTES + 1];
    if (is_empty(choices))
        return false;
    for (;;) {
        size_t n = strcspn(choices, "|");
        if (n == 0 || n >= sizeof(word))
            return false;
        memcpy(word, choices, n);
        word[n] = '\0';
        if (weir__is_yaml_word(word))
            return false;
        if (choices[n] == '\0')
            return true;
        choices += n + 1;
    }
}

/* Every member is a name, and a number. */
static bool members_are_good(const char *members)
{
    struct option_member member;
    bool good = !is_empty(members);
    while (good && weir__option_next_member(&members, &member))
        good = is_name(member.name, "") && weir__option_is_number(member.type);
    return good;
}

static const char *wrong_fallback(const struct weir_option *row)
{
    const char *message;
    int64_t number;
    if (row->fallback == NULL)
        return NULL;
    if (row->required)
        return "is required and has a fallback";
    if (row->type == WEIR_OPT_MAP || row->type == WEIR_OPT_EXPR_MAP ||
        row->type == WEIR_OPT_SECRET || row->type == WEIR_OPT_STAGES)
        return "has a fallback, which maps and secrets can't have";
    if (row->type == WEIR_OPT_ENUM)
        return weir__option_choice(row->choices, row->fallback) < 0
                   ? "has a fallback that is none of its choices"
                   : NULL;
    if (!weir__option_is_number(row->type))
        return NULL;
    if (weir__option_number(row->type, row->fallback, &number, &message) < 0)
        return "has a fallback of another type";
    return weir__option_in_range(row->type, row->choices, number)
               ? NULL
               : "has a fallback outside its range, or a range that can't be read";
}

static const char *wrong_row(const struct weir_option *table, const struct weir_option *row)
{
    if (!is_name(row->name, ""))
        return "has a name that is not made of a-z, 0-9 and _, or that YAML reads as another type";
    for (const struct weir_option *other = table; other != row; other++)
        if (strcmp(other->name, row->name) == 0)
            return "stands there twice";
    if (is_empty(row->help))
        return "has no help";
    if (row->help[strlen(row->help) - 1] == '.')
        return "has a help that ends with a full stop";
    if ((unsigned)row->type > WEIR_OPT_STAGES)
        return "has no known type";
    if (row->type == WEIR_OPT_ENUM && !choices_are_good(row->choices))
        return "has no choices, or one that YAML reads as another type";
    if (row->type == WEIR_OPT_MAP && row->choices != NULL)
        return members_are_good(row->choices) ? wrong_fallback(row)
                                              : "has members that are no names of numbers";
    if (row->type == WEIR_OPT_STAGES)
        return is_empty(row->choices) ? "names no type of stages" : wrong_fallback(row);
    if (row->choices != NULL && row->type != WEIR_OPT_ENUM && !weir__option_is_number(row->type))
        return "has choices, which its type does not use";
    return wrong_fallback(row);
}

static int check_options(const struct weir_stage_type *type, struct weir_err *err)
{
    const struct weir_option *row = type->options;
    for (; row != NULL && row->name != NULL; row++) {
        const char *wrong = wrong_row(type->options, row);
        if (wrong != NULL)
            return weir_err_set(err, WEIR_EINTERNAL, "stage type '%s': option '%s' %s", type->name,
                                row->name, wrong);
    }
    return 0;
}

/* ---- the type ---- */

static const char *wrong_functions(const struct weir_stage_type *type)
{
    uint32_t traits = type->traits;
    if ((traits & WEIR_SOURCE) != 0 && (traits & WEIR_SINK) != 0)
        return "is a source and a sink";
    if (type->inner != NULL) {
        if (type->inner[0] == NULL)
            return "expands into nothing";
        for (size_t i = 0; type->inner[i] != NULL; i++)
            if (type->inner[i]->inner != NULL)
                return "expands into a type that expands";
        return type->produce != NULL || type->process != NULL ? "expands and does work itself"
                                                              : NULL;
    }
    if ((traits & WEIR_SOURCE) != 0)
        return type->produce == NULL ? "is a source and has no produce" : NULL;
    if (type->process == NULL)
        return "has no process";
    return type->publish != NULL && (traits & WEIR_SINK) == 0 ? "publishes and is no sink" : NULL;
}

int weir__type_check(const struct weir_stage_type *type, struct weir_err *err)
{
    const char *wrong = NULL;
    if (type->abi != WEIR_STAGE_ABI)
        return weir_err_set(err, WEIR_EINTERNAL, "a stage type was made for ABI %u; this is %u",
                            type->abi, WEIR_STAGE_ABI);
    if (type->size != sizeof(*type))
        return weir_err_set(err, WEIR_EINTERNAL,
                            "a stage type has %u bytes; this library's have %zu", type->size,
                            sizeof(*type));
    if (!is_name(type->name, "."))
        return weir_err_set(err, WEIR_EINTERNAL,
                            "a stage type's name must be made of a-z, 0-9, _ and dots");
    if (is_empty(type->summary) || strchr(type->summary, '\n') != NULL)
        wrong = "needs a summary of one line";
    else if (type->state_bytes > STATE_MAX)
        wrong = "wants more than 1024 bytes of state";
    else
        wrong = wrong_functions(type);
    if (wrong != NULL)
        return weir_err_set(err, WEIR_EINTERNAL, "stage type '%s' %s", type->name, wrong);
    return check_options(type, err);
}
