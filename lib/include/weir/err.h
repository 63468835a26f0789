/*
 * err.h - what went wrong, in words that a user can act on.
 *
 * A function that can fail returns 0 or a negative code from WEIR_ERRORS and fills a struct
 * weir_err. The struct is flat and holds no pointer, so that a worker can leave it in shared memory
 * for its supervisor. On success it is untouched. Callers prepend context as an error rises: "stage
 * 'hash': cannot open 'a.bin': Permission denied".
 */
#ifndef WEIR_ERR_H
#define WEIR_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
#define WEIR_PUBLIC extern "C" __attribute__((visibility("default")))
#else
#define WEIR_PUBLIC __attribute__((visibility("default")))
#endif

/* One list makes the codes, their names and the program's exit codes (those of sysexits(3)). */
#define WEIR_ERRORS(X)                                                                             \
    X(USAGE, 64, "wrong usage")                                                                    \
    X(DATA, 65, "bad data")                                                                        \
    X(NOINPUT, 66, "an input is missing")                                                          \
    X(UNAVAILABLE, 69, "a service is not there")                                                   \
    X(INTERNAL, 70, "our own fault")                                                               \
    X(OS, 71, "the system refused memory, processes or descriptors")                               \
    X(CANTCREATE, 73, "an output cannot be made")                                                  \
    X(IO, 74, "an input/output error")                                                             \
    X(TEMPFAIL, 75, "try again")                                                                   \
    X(CONFIG, 78, "the pipeline file is wrong")

enum weir_code {
#define WEIR_CODE(name, exit_code, text) WEIR_E##name = -(exit_code),
    WEIR_ERRORS(WEIR_CODE)
#undef WEIR_CODE
};

/*
 * line and column (in bytes) count from 1; 0 means unknown. span is the bytes that the caret
 * underlines. source is the line of the file that the error is about, note says what to do. Any
 * text may be "". file and line are those of a pipeline file; where a record of the input is what
 * is wrong, `record` says which, as text does for people.
 */
struct weir_err {
    int code;
    uint32_t line;
    uint32_t column;
    uint32_t span;
    char stage[64];
    char file[256];
    char text[768];
    char source[256];
    char note[256];
    struct {
        uint64_t line; /* from 1; 0: unknown, and byte and file with it */
        uint64_t byte; /* offset in the file */
        char file[256];
        char column[64]; /* the name of the column; "": none */
    } record;
};

/* Sets code and text, clears the rest. Returns code, so that `return weir_err_set(...)` reads well.
 * err may be NULL. */
WEIR_PUBLIC int weir_err_set(struct weir_err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As weir_err_set, with ": " and the text of errno at the end. Keeps errno. If it says that there
 * is no memory or no descriptor, the code is WEIR_EOS whatever was asked for. */
WEIR_PUBLIC int weir_err_errno(struct weir_err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts the formatted text and ": " before what err already says. Returns err's code. */
WEIR_PUBLIC int weir_err_context(struct weir_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes "FILE:LINE:COL: error: TEXT", the source line with a caret, and the note, as a compiler
 * does. With colour only if told so. */
WEIR_PUBLIC void weir_err_print(FILE *to, const struct weir_err *err, bool colour);

/* The exit code of a program that fails with this code; 70 for a code not in the list. */
WEIR_PUBLIC int weir_err_exit_code(int code);

/* A growing list of errors: what reading a pipeline file gives. Zero-initialise; release when done.
 */
struct weir_errors {
    struct weir_err *list;
    size_t count;
};

/* Returns a new zeroed entry at the end, or the last one again when memory ran out. Never NULL. */
WEIR_PUBLIC struct weir_err *weir_errors_add(struct weir_errors *errors);
/* Afterwards it is empty. */
WEIR_PUBLIC void weir_errors_release(struct weir_errors *errors);

#endif
