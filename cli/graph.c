/*
 * graph.c - `pipeline graph`: a drawing of who reads whom.
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "load.h"

extern char **environ;

static int cannot_draw(const struct report *report, const char *why)
{
    struct weir_err err;
    weir_err_set(&err, WEIR_EUNAVAILABLE, "cannot draw with Graphviz: %s", why);
    snprintf(err.note, sizeof(err.note),
             "install the package graphviz, or print the drawing's text: --format dot");
    return report_error(report, &err);
}

/* Runs `dot`, which reads what is written to *ret_fd and draws on standard output. */
static int start_graphviz(pid_t *ret_pid, int *ret_fd)
{
    int ends[2];
    char *argv[] = {"dot", "-Tsvg", NULL};
    posix_spawn_file_actions_t actions;
    if (pipe(ends) < 0)
        return errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int failed = posix_spawnp(ret_pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    if (failed != 0)
        close(ends[1]);
    *ret_fd = ends[1];
    return failed;
}

static int draw(const char *text, const struct report *report)
{
    pid_t pid;
    int fd = -1, status = 0, failed = start_graphviz(&pid, &fd);
    if (failed != 0)
        return cannot_draw(report, strerror(failed));
    FILE *to = fdopen(fd, "w");
    if (to != NULL) {
        fputs(text, to);
        fclose(to);
    } else {
        close(fd);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_SUCCESS
                                                         : cannot_draw(report, "it has failed");
}

static int print(const struct weir_pipeline *pipeline, enum graph_format format,
                 const struct report *report)
{
    struct weir_err err;
    int exit_code = EXIT_SUCCESS;
    char *text = weir_pipeline_graph(pipeline, format == FORMAT_MERMAID ? WEIR_GRAPH_MERMAID
                                                                        : WEIR_GRAPH_DOT);
    if (text == NULL) {
        weir_err_set(&err, WEIR_EOS, "out of memory");
        return report_error(report, &err);
    }
    if (format == FORMAT_SVG)
        exit_code = draw(text, report);
    else
        fputs(text, stdout);
    free(text);
    return exit_code;
}

static int graph(const struct arguments *args, const struct report *report)
{
    struct weir_pipeline *pipeline;
    int exit_code = load_pipeline(args, report, &pipeline);
    if (exit_code != 0)
        return exit_code;
    exit_code = print(pipeline, args->format, report);
    weir_pipeline_free(pipeline);
    return exit_code;
}

const struct command command_graph = {
    .name = "graph",
    .taker = TAKER_GRAPH,
    .operand = "FILE",
    .summary = "draw who reads whom",
    .doc = "Prints the stages of a pipeline file and what they read from each other as text for\n"
           "Graphviz (dot) or Mermaid, or as a drawing (svg), which Graphviz makes where it is\n"
           "installed. Inputs are not looked at.\n"
           "\n"
           "    pipeline graph orders.yaml --format svg > orders.svg",
    .run = graph,
};
