/* input.h - the input files of a source: finding them, and opening one. */
#ifndef WEIR_FILE_INPUT_H
#define WEIR_FILE_INPUT_H

#include <weir/stage.h>

struct input {
    int fd;         /* 0 for standard input, which is never closed */
    bool pipe;      /* to be read from its beginning on, by weir__input_next: what follows is set */
    bool standard;  /* standard input */
    uint64_t bytes; /* its size when it was opened; 0 for a pipe */
    struct unpack *unpack; /* owned: the file is compressed */
    struct recode *recode; /* owned: it is not UTF-8 */
};

/* Opens a file ("-": standard input) or fails through weir_fail with WEIR_ENOINPUT, saying why: not
 * there, a directory, no permission, a pipe with a name. One that is compressed is read as what is in
 * it; one that the option `encoding`, if the stage has it, says not to be UTF-8, as UTF-8. */
int weir__input_open(struct weir_stage *stage, const char *path, struct input *ret);
/* The next bytes of a pipe, at most n. 0 at its end, or a code after weir_fail. */
ssize_t weir__input_next(struct weir_stage *stage, struct input *input, const char *path, void *to,
                         size_t n);
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
