/*
 * main.c - the program `pipeline`: finds the command, reads its arguments, runs it.
 */
#include <fcntl.h>
#include <unistd.h>
#include <signal.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/process.h>
#include <weir/engine.h>

/* stages */
#include "list.h"

/* cli */
#include "command.h"
#include "nearest.h"
#include "ready.h"

const struct command *const commands[] = {
    &command_run,       &command_do,    &command_new,    &command_infer,      &command_check,
    &command_plan,      &command_graph, &command_peek,   &command_test,       &command_stages,
    &command_functions, &command_eval,  &command_schema, &command_completion, &command_version,
    &command_help,      NULL,
};

const struct command *command_find(const char *name, struct weir_err *err)
{
    const char *names[sizeof(commands) / sizeof(commands[0])] = {NULL};
    for (size_t i = 0; commands[i] != NULL; i++) {
        names[i] = commands[i]->name;
        if (strcmp(names[i], name) == 0)
            return commands[i];
    }
    weir_err_set(err, WEIR_EUSAGE, "no command '%s'", name);
    nearest_note(err, "", name, names);
    return NULL;
}

bool command_takes_file(const struct command *command)
{
    return command->operand != NULL && strncmp(command->operand, "FILE", strlen("FILE")) == 0;
}

void command_print_help(FILE *to, const struct command *command)
{
    fprintf(to, "usage: pipeline %s%s%s%s\n\n%s\n\noptions:\n", command->name,
            command->taker == TAKER_OTHERS ? "" : " [OPTION]...",
            command->operand == NULL ? "" : " ", command->operand == NULL ? "" : command->operand,
            command->doc);
    arguments_print_help(to, command->taker);
}

void command_print_overview(FILE *to)
{
    fputs("usage: pipeline COMMAND [ARGUMENT]...\n\n"
          "Streaming data pipelines in worker processes, described by YAML files.\n\n",
          to);
    for (size_t i = 0; commands[i] != NULL; i++)
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\npipeline COMMAND --help tells more; so do pipeline(1) and, on the files, pipeline(5).\n",
        to);
}

/* Says what is wrong with the command line, and where to read on. */
static int usage(const struct report *report, const char *name, struct weir_err *err)
{
    int exit_code = report_error(report, err);
    if (!report->json)
        fprintf(stderr, "      pipeline %s%s--help shows what there is\n", name,
                name[0] == '\0' ? "" : " ");
    return exit_code;
}

/* Puts the path of a ready pipeline in the place of its @NAME. */
static int run_ready(const struct command *command, struct arguments *args,
                     const struct report *report)
{
    struct weir_err err;
    char *path;
    if (ready_find(args->operand + 1, &path, &err) < 0) {
        int exit_code = report_error(report, &err);
        if (!report->json)
            ready_print(stderr);
        return exit_code;
    }
    args->operand = path;
    int exit_code = command->run(args, report);
    free(path);
    return exit_code;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct report report;
    struct arguments args;
    struct weir_err err;
    int exit_code = EXIT_SUCCESS;
    int result = arguments_read(&args, command->taker, command->operand, argc, argv, &err);
    report_init(&report, args.json, args.quiet);
    if (result < 0)
        exit_code = usage(&report, command->name, &err);
    else if (args.help)
        command_print_help(stdout, command);
    else if (command_takes_file(command) && args.operand[0] == '@')
        exit_code = run_ready(command, &args, &report);
    else
        exit_code = command->run(&args, &report);
    arguments_release(&args);
    return exit_code;
}

/* `pipeline --help` and `pipeline --version` are what everybody tries first. */
static const char *command_name(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return command_help.name;
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return command_version.name;
    return word;
}

static int dispatch(int argc, char **argv)
{
    struct report report;
    struct weir_err err;
    report_init(&report, false, false);
    if (argc < 2) {
        command_print_overview(stderr);
        return weir_err_exit_code(WEIR_EUSAGE);
    }
    if (weir_register(weir_builtin_types, &err) < 0 || weir_register(weir_host_types(), &err) < 0 ||
        weir_register_functions(weir_builtin_functions, &err) < 0)
        return report_error(&report, &err);
    weir_process_begin(argc, argv, NULL); /* does not return in a worker that was spawned */
    const struct command *command = command_find(command_name(argv[1]), &err);
    if (command == NULL)
        return usage(&report, "", &err);
    return run_command(command, argc - 1, argv + 1);
}

/* A page that went to a full disk is not a success. */
static int close_output(int exit_code)
{
    struct report report;
    struct weir_err err;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit_code;
    weir_err_errno(&err, WEIR_EIO, "cannot write to standard output");
    report_init(&report, false, false);
    report_error(&report, &err);
    return exit_code == EXIT_SUCCESS ? weir_err_exit_code(WEIR_EIO) : exit_code;
}

/* What is opened later must not become standard output by chance. A stream that was closed is one
 * that cannot be used: reading and writing it fail. */
static void fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            abort();
}

int main(int argc, char **argv)
{
    fill_standard_streams();
    signal(SIGCHLD,
           SIG_DFL); /* a parent may have left it ignored, and then nothing could be waited for */
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
    return close_output(dispatch(argc, argv));
}
