/* input.h - the input files of a source: finding them, and opening one. */
#ifndef WEIR_FILE_INPUT_H
#define WEIR_FILE_INPUT_H

#include <weir/stage.h>

struct input {
    int fd;         /* 0 for standard input, which is never closed */
    bool pipe;      /* standard input: read once, in order */
    uint64_t bytes; /* its size when it was opened; 0 for a pipe */
};

/* Opens a file ("-": standard input) or fails through weir_fail with WEIR_ENOINPUT, saying why: not
 * there, a directory, no permission, a pipe with a name. */
int weir__input_open(struct weir_stage *stage, const char *path, struct input *ret);
void weir__input_close(struct input *input);

/*
 * For probe: adds the files that the option `path` names to the probe, in order, each pattern's
 * matches sorted. A pattern that matches nothing, and standard input named twice, are errors. 0 or
 * a code.
 */
int weir__input_find(struct weir_stage *stage, struct weir_probe *probe);

/* For configure: true if standard input is one of the files; then the stage cannot be replaced. */
bool weir__input_is_standard(const struct weir_stage *stage);

/* read(2) and pread(2) that begin again when a signal comes. -1 with errno, else what was read. */
ssize_t weir__input_read(int fd, void *to, size_t n);
/* Goes on until n bytes are there or the file ends. */
ssize_t weir__input_pread(int fd, void *to, size_t n, uint64_t offset);

#endif
