/*
 * completion.c - `pipeline completion`: completes commands, options, ready pipelines, stage types
 * and what stages take, in bash.
 */
#include <stdlib.h>

#include "command.h"

static void print_commands(void)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        printf("%s%s", i > 0 ? " " : "", commands[i]->name);
}

static void print_types(void)
{
    const struct weir_stage_type *type;
    for (size_t i = 0; (type = weir_stage_type_at(i)) != NULL; i++)
        printf("%s%s", i > 0 ? " " : "", type->name);
}

static void print_functions(void)
{
    const struct weir_function_help *function;
    for (size_t i = 0; (function = weir_function_at(i)) != NULL; i++)
        printf("%s%s", i > 0 ? " " : "", function->name);
}

static void print_options_of_commands(void)
{
    puts("    case $command in");
    for (size_t i = 0; commands[i] != NULL; i++) {
        printf("    %s) options='", commands[i]->name);
        arguments_print_names(stdout, commands[i]->taker);
        puts("' ;;");
    }
    puts("    esac");
}

static void print_options_of_types(void)
{
    const struct weir_stage_type *type;
    puts("    case $type in");
    for (size_t i = 0; (type = weir_stage_type_at(i)) != NULL; i++) {
        printf("    %s) options='", type->name);
        for (const struct weir_option *row = type->options; row != NULL && row->name != NULL; row++)
            printf("%s%s=", row > type->options ? " " : "", row->name);
        puts("' ;;");
    }
    puts("    esac");
}

/* To bash the @ is a word of its own, and still a part of what is completed. */
static void print_ready(void)
{
    const char *between = "";
    fputs("    case $command in\n    ", stdout);
    for (size_t i = 0; commands[i] != NULL; i++)
        if (command_takes_file(commands[i])) {
            printf("%s%s", between, commands[i]->name);
            between = " | ";
        }
    puts(")\n"
         "        if [[ $current = @* || ${COMP_WORDS[COMP_CWORD - 1]} = @ ]]; then\n"
         "            options=$(\"${COMP_WORDS[0]}\" run @ 2>&1 |\n"
         "                sed -n 's/^  \\(@[^ ]*\\).*/\\1/p')\n"
         "            COMPREPLY=($(compgen -W \"$options\" -- \"@${current#@}\"))\n"
         "        fi\n"
         "        return ;;\n"
         "    esac");
}

static int completion(const struct arguments *args, const struct report *report)
{
    (void)args, (void)report;
    fputs("# Completes the words of `pipeline` in bash. Made by `pipeline completion`.\n"
          "_pipeline() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options= type= i\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '",
          stdout);
    print_commands();
    puts("' -- \"$current\"))\n"
         "        return\n"
         "    fi");
    print_options_of_commands();
    puts("    case $current in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) && return ;;\n"
         "    esac");
    print_ready();
    puts("    case $command in");
    fputs("    help) options='", stdout);
    print_commands();
    fputs("' ;;\n    stages) options='", stdout);
    print_types();
    fputs("' ;;\n    functions) options='", stdout);
    print_functions();
    puts("' ;;\n    do) ;;\n    *) return ;;\n    esac");
    puts("    if [ \"$command\" = do ]; then\n"
         "        # The stage that is being written: the first word behind the last '!'.\n"
         "        options='!'\n"
         "        for ((i = 2; i < COMP_CWORD; i++)); do\n"
         "            case ${COMP_WORDS[i]} in\n"
         "            '!') type= ;;\n"
         "            -*) ;;\n"
         "            *) [ -n \"$type\" ] || type=${COMP_WORDS[i]} ;;\n"
         "            esac\n"
         "        done");
    fputs("        [ -n \"$type\" ] || options='", stdout);
    print_types();
    puts("'");
    print_options_of_types();
    puts("    fi\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
         "    case ${COMPREPLY[0]-} in\n"
         "    *=) compopt -o nospace ;;\n"
         "    esac\n"
         "}\n"
         "complete -o default -F _pipeline pipeline");
    return EXIT_SUCCESS;
}

const struct command command_completion = {
    .name = "completion",
    .taker = TAKER_OTHERS,
    .operand = NULL,
    .summary = "print a script that completes the program's words in bash",
    .doc = "Prints a script for bash that completes commands, options, stage types and their "
           "options:\n"
           "\n"
           "    pipeline completion >~/.local/share/bash-completion/completions/pipeline",
    .run = completion,
};
