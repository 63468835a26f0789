/*
 * named write NAME TEXT    makes shared memory of that name, with the text in it, and keeps it until
 *                          its standard input ends
 * named read NAME          prints what it finds there
 */
#include <stdio.h>
#include <string.h>

#include <weir/shared.h>

static int write_text(const char *name, const char *text, struct weir_err *err)
{
    struct weir_shared memory;
    int code = weir_shared_create(&memory, name, strlen(text) + 1, false, err);
    if (code < 0)
        return code;
    strcpy(memory.base, text);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    weir_shared_close(&memory);
    return 0;
}

static int read_text(const char *name, struct weir_err *err)
{
    struct weir_shared memory;
    int code = weir_shared_attach(&memory, name, err);
    if (code < 0)
        return code;
    printf("%.*s\n", (int)memory.bytes, (const char *)memory.base);
    weir_shared_close(&memory);
    return 0;
}

int main(int argc, char **argv)
{
    struct weir_err err;
    int code;
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        code = write_text(argv[2], argv[3], &err);
    else if (argc == 3 && strcmp(argv[1], "read") == 0)
        code = read_text(argv[2], &err);
    else
        code = weir_err_set(&err, WEIR_EUSAGE, "usage: named write NAME TEXT | named read NAME");
    if (code < 0)
        weir_err_print(stderr, &err, false);
    return code < 0 ? weir_err_exit_code(code) : 0;
}
