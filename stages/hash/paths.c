#include "hash/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/text.h"

int weir__paths_open(struct paths *paths, struct weir_stage *stage, struct paths_state *state,
                     const char *name, char end)
{
    struct stat st;
    bool standard = strcmp(name, "-") == 0;
    *paths = (struct paths){.stage = stage, .state = state, .name = name, .end = end};
    paths->text = standard ? stdin : fopen(name, "re");
    if (paths->text == NULL || fstat(fileno(paths->text), &st) < 0)
        return weir_fail_errno(stage, WEIR_ENOINPUT, "cannot open '%s'", name);
    stage->irreplaceable = standard || !S_ISREG(st.st_mode);
    if (!stage->irreplaceable && fseeko(paths->text, (off_t)state->offset, SEEK_SET) < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot read '%s'", name);
    return 0;
}

static int look(const char *path, struct stat *st)
{
    if (strlen(path) < PATH_MAX)
        return fstatat(AT_FDCWD, path, st, 0) < 0 ? errno : 0;
    int fd = weir__open_path(AT_FDCWD, path, O_PATH);
    if (fd < 0)
        return errno;
    int error = fstat(fd, st) < 0 ? errno : 0;
    close(fd);
    return error;
}

/* The bytes of the next path; 0 at the end; a code. */
static ssize_t read_path(struct paths *paths)
{
    ssize_t got;
    do {
        errno = 0;
        got = getdelim(&paths->path, &paths->path_capacity, paths->end, paths->text);
        if (got < 0 && (ferror(paths->text) || errno != 0))
            return weir_fail_errno(paths->stage, WEIR_EIO, "cannot read %s",
                                   weir__text_input(paths->name));
        if (got < 0)
            return 0;
        paths->state->offset += (uint64_t)got;
        if (paths->path[got - 1] == paths->end)
            paths->path[--got] = '\0';
        if (strlen(paths->path) < (size_t)got)
            return weir_fail(paths->stage, WEIR_EDATA,
                             "a path of %s has a NUL in it: is it a list for zero: true?",
                             weir__text_input(paths->name));
    } while (got == 0); /* an empty line names nothing */
    return got;
}

int weir__paths_next(struct paths *paths, struct walk_entry *ret)
{
    ssize_t bytes = read_path(paths);
    if (bytes <= 0)
        return (int)bytes;
    *ret = (struct walk_entry){.path = paths->path, .path_bytes = (size_t)bytes};
    ret->error = look(paths->path, &ret->st);
    ret->looked = ret->error == 0;
    if (ret->looked)
        ret->type = ret->st.st_mode & S_IFMT;
    if (ret->type == S_IFDIR)
        ret->error = EISDIR;
    return 1;
}

void weir__paths_close(struct paths *paths)
{
    if (paths->text != NULL && paths->text != stdin)
        fclose(paths->text);
    free(paths->path);
    *paths = (struct paths){0};
}
