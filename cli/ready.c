#include "ready.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nearest.h"

static const char ending[] = ".yaml";

struct ready {
    char folder[PATH_MAX];
    char **names; /* sorted, without the ending; NULL at the end */
    size_t count;
};

/* The folder of the program's own file, by whatever link it was called. */
static int own_folder(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length < 0)
        return -1;
    path[length] = '\0';
    *strrchr(path, '/') = '\0';
    return 0;
}

static int is_pipeline(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length >= sizeof(ending) && strcmp(entry->d_name + length - strlen(ending), ending) == 0;
}

static int look_into(struct ready *ready)
{
    struct dirent **entries;
    int count = scandir(ready->folder, &entries, is_pipeline, alphasort);
    if (count < 0)
        return -1;
    ready->names = calloc((size_t)count + 1, sizeof(*ready->names));
    for (int i = 0; i < count; i++) {
        size_t length = strlen(entries[i]->d_name) - strlen(ending);
        if (ready->names != NULL &&
            (ready->names[ready->count] = strndup(entries[i]->d_name, length)) != NULL)
            ready->count++;
        free(entries[i]);
    }
    free(entries);
    return ready->names == NULL ? -1 : 0;
}

static int ready_init(struct ready *ready)
{
    static const char *const shares[] = {"share", WEIR_BIN_TO_DATA};
    char own[PATH_MAX];
    *ready = (struct ready){.folder = "/proc/self/exe"};
    if (own_folder(own) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        snprintf(ready->folder, sizeof(ready->folder), "%s/%s/weir/pipelines", own, shares[i]);
        if (look_into(ready) == 0)
            return 0;
    }
    return -1;
}

static void ready_release(struct ready *ready)
{
    for (size_t i = 0; i < ready->count; i++)
        free(ready->names[i]);
    free(ready->names);
}

static int path_of(const struct ready *ready, const char *name, char **ret)
{
    return asprintf(ret, "%s/%s%s", ready->folder, name, ending);
}

static bool is_there(const struct ready *ready, const char *name)
{
    for (size_t i = 0; i < ready->count; i++)
        if (strcmp(ready->names[i], name) == 0)
            return true;
    return false;
}

int ready_find(const char *name, char **ret, struct weir_err *err)
{
    struct ready ready;
    int code = 0;
    if (ready_init(&ready) < 0)
        code = weir_err_errno(err, WEIR_ENOINPUT, "cannot look into '%s' for ready pipelines",
                              ready.folder);
    else if (!is_there(&ready, name)) {
        code = weir_err_set(err, WEIR_EUSAGE, "no ready pipeline '@%s'", name);
        nearest_note(err, "@", name, (const char *const *)ready.names);
    } else if (path_of(&ready, name, ret) < 0)
        code = weir_err_set(err, WEIR_EOS, "out of memory");
    ready_release(&ready);
    return code;
}

/* The first line of a file, without what makes it a comment. */
static void print_first_line(FILE *to, const char *path)
{
    char line[256] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(line, sizeof(line), file) != NULL && line[0] == '#')
        fprintf(to, "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
    fclose(file);
}

void ready_print(FILE *to)
{
    struct ready ready;
    if (ready_init(&ready) == 0) {
        fputs("      there are:\n", to);
        for (size_t i = 0; i < ready.count; i++) {
            char *path;
            if (path_of(&ready, ready.names[i], &path) < 0)
                break;
            fprintf(to, "  @%-14s ", ready.names[i]);
            print_first_line(to, path);
            fputc('\n', to);
            free(path);
        }
    }
    ready_release(&ready);
}
