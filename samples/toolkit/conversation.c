/*
 * conversation [fork | spawn | forkserver]: sends each line of its standard input through a pipe to a
 * child, which answers in upper case, and prints the answers. The child answers STOP with GOODBYE, and
 * ends; at the end of the input it is sent STOP.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weir/pipe.h>
#include <weir/process.h>

enum { LINE = 4096 };

static int answer(const struct weir_child *child)
{
    int end = child->fds[0];
    char text[LINE];
    size_t bytes;
    while (weir_pipe_receive(end, text, sizeof(text), &bytes, WEIR_FOREVER) == 0) {
        if (bytes == 4 && memcmp(text, "STOP", 4) == 0)
            return weir_pipe_send(end, "GOODBYE", 7, WEIR_FOREVER) == 0 ? 0 : 1;
        for (size_t i = 0; i < bytes; i++)
            text[i] = (char)toupper((unsigned char)text[i]);
        if (weir_pipe_send(end, text, bytes, WEIR_FOREVER) != 0)
            return 1;
    }
    return 1; /* the other end is gone without a word */
}

/* Sends requests and prints their answers, the last of which is GOODBYE. */
static int ask(int end)
{
    char text[LINE];
    size_t bytes = 0;
    do {
        if (fgets(text, sizeof(text), stdin) == NULL)
            strcpy(text, "STOP");
        text[strcspn(text, "\n")] = '\0';
        if (weir_pipe_send(end, text, strlen(text), WEIR_FOREVER) != 0 ||
            weir_pipe_receive(end, text, sizeof(text), &bytes, WEIR_FOREVER) != 0) {
            fprintf(stderr, "conversation: the child is gone\n");
            return 1;
        }
        printf("%.*s\n", (int)bytes, text);
    } while (bytes != 7 || memcmp(text, "GOODBYE", 7) != 0);
    return 0;
}

static const struct weir_process_function functions[] = {{"answer", answer}, {NULL, NULL}};

int main(int argc, char **argv)
{
    weir_process_begin(argc, argv, functions);
    if (argc > 1 && weir_process_set_start_method(argv[1]) < 0)
        return 64;

    struct weir_err err;
    struct weir_process *child;
    int ends[2], code;
    if (weir_pipe_create(ends, true, &err) < 0)
        goto fail;
    struct weir_process_options options = {.fds = &ends[1], .fd_count = 1};
    if (weir_process_start(&child, answer, &options, &err) < 0)
        goto fail;
    close(ends[1]); /* so that the child's end is gone when the child is */
    int failed = ask(ends[0]);
    close(ends[0]);
    weir_process_join(child, WEIR_FOREVER, &code);
    weir_process_release(child);
    return failed || code != 0;
fail:
    weir_err_print(stderr, &err, false);
    return weir_err_exit_code(err.code);
}
