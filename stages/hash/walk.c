#include "hash/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NAMES_BYTES = 64 << 10, GROW_BYTES = 1 << 20, WAIT_US = 10000 };

/* A directory whose names are being taken: header, path with a slash at the end, names. A name is a
 * byte (enum dirent type) and text with a NUL. */
struct frame {
    uint64_t parent; /* plus one; 0: none */
    uint64_t resume; /* where its parent goes on */
    uint64_t below;  /* the stack's end without it */
    uint64_t names, end;
    uint64_t device, inode;
    uint32_t root_bytes; /* of the path: what leads to the root, with its slash */
    uint32_t path_bytes;
    uint32_t depth; /* of the root: 1 */
    uint32_t root;
};

/* ---- opening ---- */

static int open_one(int directory, const char *path, int flags)
{
    int fd;
    while ((fd = openat(directory, path, flags | O_CLOEXEC)) < 0 &&
           (errno == EINTR || errno == EMFILE || errno == ENFILE)) {
        if (errno != EINTR)
            usleep(WAIT_US);
    }
    return fd;
}

/* How much of a path of PATH_MAX bytes or more the kernel takes at once: up to behind a slash. */
static size_t leading_part(const char *path)
{
    const char *slash = memrchr(path, '/', PATH_MAX - 1);
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

int weir__open_path(int directory, const char *path, int flags)
{
    int from = directory;
    while (strlen(path) >= PATH_MAX) {
        char part[PATH_MAX];
        size_t n = leading_part(path);
        if (n == 0) {
            errno = ENAMETOOLONG;
            break;
        }
        memcpy(part, path, n);
        part[n] = '\0';
        int next = open_one(from, part, O_PATH | O_DIRECTORY);
        int error = errno;
        if (from != directory)
            close(from);
        errno = error;
        if (next < 0)
            return -1;
        from = next;
        path += n;
    }
    int fd = strlen(path) < PATH_MAX ? open_one(from, path, flags) : -1;
    int error = errno;
    if (from != directory)
        close(from);
    errno = error;
    return fd;
}

/* ---- types of files ---- */

static const struct {
    mode_t type;
    const char *name, *text;
} types[] = {{S_IFREG, "file", "a file"},          {S_IFLNK, "symlink", "a symbolic link"},
             {S_IFIFO, "fifo", "a FIFO"},          {S_IFSOCK, "socket", "a socket"},
             {S_IFCHR, "char_device", "a device"}, {S_IFBLK, "block_device", "a device"},
             {S_IFDIR, "folder", "a folder"},      {0, "unknown", "of an unknown type"}};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static size_t type_index(mode_t type)
{
    size_t t = 0;
    while (t + 1 < TYPES && types[t].type != (type & S_IFMT))
        t++;
    return t;
}

const char *weir__file_type_name(mode_t type)
{
    return types[type_index(type)].name;
}

const char *weir__file_type_text(mode_t type)
{
    return types[type_index(type)].text;
}

mode_t weir__file_type_find(const char *name, size_t bytes)
{
    size_t t = 0;
    while (t + 1 < TYPES &&
           (strlen(types[t].name) != bytes || memcmp(types[t].name, name, bytes) != 0))
        t++;
    return types[t].type;
}

/* ---- the source's memory ---- */

static struct frame *frame_at(const struct walk *walk, uint64_t frame)
{
    return (struct frame *)(void *)(walk->base + frame - 1);
}

static const char *path_of(const struct frame *frame)
{
    return (const char *)(frame + 1);
}

static int no_memory(struct walk *walk)
{
    return weir_fail(walk->stage, WEIR_EOS, "no memory for the names of a directory");
}

/* Makes the memory at least so large. Frames may move. */
static int reserve(struct walk *walk, uint64_t bytes)
{
    if (bytes <= walk->bytes)
        return 0;
    uint64_t size = (bytes + GROW_BYTES - 1) / GROW_BYTES * GROW_BYTES;
    if (TEMP_FAILURE_RETRY(fallocate(walk->fd, 0, 0, (off_t)size)) < 0)
        return no_memory(walk);
    void *base = walk->base == NULL
                     ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, walk->fd, 0)
                     : mremap(walk->base, walk->bytes, size, MREMAP_MAYMOVE);
    if (base == MAP_FAILED)
        return no_memory(walk);
    walk->base = base;
    walk->bytes = size;
    return 0;
}

static int add(struct walk *walk, uint64_t *at, const void *bytes, size_t n)
{
    int rc = reserve(walk, *at + n);
    if (rc == 0)
        memcpy(walk->base + *at, bytes, n);
    *at += n;
    return rc;
}

/* Gives back what a large directory took, once nobody goes back to it. */
static void shrink(struct walk *walk)
{
    uint64_t size = (walk->state->end / GROW_BYTES + 1) * GROW_BYTES;
    if (walk->base == NULL || size >= walk->bytes)
        return;
    void *base = mremap(walk->base, walk->bytes, size, MREMAP_MAYMOVE);
    if (base == MAP_FAILED)
        return;
    walk->base = base;
    walk->bytes = size;
    if (ftruncate(walk->fd, (off_t)size) < 0)
        errno = 0; /* then it stays as large as it was */
}

/* ---- directories ---- */

static void close_kept(struct walk *walk, uint32_t depth)
{
    if (walk->open[depth % WALK_OPEN_DIRECTORIES].frame != 0)
        close(walk->open[depth % WALK_OPEN_DIRECTORIES].fd);
    walk->open[depth % WALK_OPEN_DIRECTORIES].frame = 0;
}

static void keep(struct walk *walk, uint64_t frame, int fd)
{
    uint32_t depth = frame_at(walk, frame)->depth;
    close_kept(walk, depth);
    walk->open[depth % WALK_OPEN_DIRECTORIES].frame = frame;
    walk->open[depth % WALK_OPEN_DIRECTORIES].fd = fd;
}

/* Goes down from the root again, name by name: links are followed no more than before. */
static int open_again(const struct walk *walk, const struct frame *frame)
{
    int flags = O_RDONLY | O_DIRECTORY | (walk->options.follow_symlinks ? 0 : O_NOFOLLOW);
    int fd = weir__open_path(AT_FDCWD, walk->options.root[frame->root], O_RDONLY | O_DIRECTORY);
    const char *at = path_of(frame) + frame->root_bytes;
    const char *end = path_of(frame) + frame->path_bytes;
    while (fd >= 0 && at < end) {
        char name[NAME_MAX + 1];
        const char *slash = memchr(at, '/', (size_t)(end - at));
        snprintf(name, sizeof(name), "%.*s", (int)(slash - at), at);
        int next = open_one(fd, name, flags), error = errno;
        close(fd);
        errno = error;
        fd = next;
        at = slash + 1;
    }
    struct stat st;
    if (fd >= 0 &&
        (fstat(fd, &st) < 0 || st.st_dev != frame->device || st.st_ino != frame->inode)) {
        close(fd);
        errno = ENOENT; /* what is there now is another one */
        fd = -1;
    }
    return fd;
}

/* The directory that the walk is in; -1 with errno. */
static int current(struct walk *walk)
{
    uint64_t frame = walk->state->frame;
    const struct frame *of = frame_at(walk, frame);
    uint32_t slot = of->depth % WALK_OPEN_DIRECTORIES;
    if (walk->open[slot].frame == frame)
        return walk->open[slot].fd;
    int fd = open_again(walk, of);
    if (fd >= 0)
        keep(walk, frame, fd);
    return fd;
}

static int add_names(struct walk *walk, const char *names, ssize_t bytes, uint64_t *at)
{
    int rc = 0;
    for (ssize_t i = 0; rc == 0 && i < bytes;) {
        const struct dirent64 *entry = (const void *)(names + i);
        const char *name = entry->d_name;
        i += entry->d_reclen;
        bool self = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        if (self || (name[0] == '.' && !walk->options.hidden))
            continue;
        rc = add(walk, at, &entry->d_type, 1);
        if (rc == 0)
            rc = add(walk, at, name, strlen(name) + 1);
    }
    return rc;
}

/* Puts a directory on the stack: the walk goes on in it. Takes fd. path has a slash at its end. The
 * errno of reading it in *ret_error. */
static int enter(struct walk *walk, int fd, const struct stat *st, const char *path,
                 uint32_t root_bytes, int *ret_error)
{
    struct walk_state *state = walk->state;
    size_t path_bytes = strlen(path);
    uint64_t free_from = state->end > walk->floor ? state->end : walk->floor;
    uint64_t begin = (free_from + _Alignof(struct frame) - 1) & ~(_Alignof(struct frame) - 1);
    uint64_t at = begin;
    struct frame frame = {.parent = state->frame,
                          .resume = state->at,
                          .below = state->end,
                          .names = begin + sizeof(frame) + path_bytes + 1,
                          .device = st->st_dev,
                          .inode = st->st_ino,
                          .root_bytes = root_bytes,
                          .path_bytes = (uint32_t)path_bytes,
                          .depth = state->frame == 0 ? 1 : frame_at(walk, state->frame)->depth + 1,
                          .root = (uint32_t)(state->roots - 1)};
    int rc = add(walk, &at, &frame, sizeof(frame));
    if (rc == 0)
        rc = add(walk, &at, path, path_bytes + 1);
    ssize_t got = 0;
    while (rc == 0 && (got = getdents64(fd, walk->names, NAMES_BYTES)) > 0)
        rc = add_names(walk, walk->names, got, &at);
    *ret_error = got < 0 ? errno : 0;
    if (rc < 0) {
        close(fd);
        return rc;
    }
    frame_at(walk, begin + 1)->end = at;
    keep(walk, begin + 1, fd);
    state->frame = begin + 1;
    state->at = frame.names;
    state->end = at;
    return 0;
}

static void leave(struct walk *walk)
{
    struct walk_state *state = walk->state;
    const struct frame *frame = frame_at(walk, state->frame);
    if (walk->open[frame->depth % WALK_OPEN_DIRECTORIES].frame == state->frame)
        close_kept(walk, frame->depth);
    state->at = frame->resume;
    state->end = frame->below;
    state->frame = frame->parent;
}

/* ---- entries ---- */

static int set_path(struct walk *walk, const char *folder, size_t folder_bytes, const char *name,
                    struct walk_entry *ret)
{
    size_t n = strlen(name), wanted = folder_bytes + n + 2; /* a slash may come */
    if (wanted > walk->path_capacity) {
        free(walk->path);
        walk->path_capacity = 2 * wanted;
        walk->path = malloc(walk->path_capacity);
        if (walk->path == NULL) {
            walk->path_capacity = 0;
            return weir_fail(walk->stage, WEIR_EOS, "no memory for a path");
        }
    }
    memcpy(walk->path, folder, folder_bytes);
    memcpy(walk->path + folder_bytes, name, n + 1);
    *ret = (struct walk_entry){.path = walk->path, .path_bytes = folder_bytes + n};
    return 0;
}

/* A pattern with a slash is for the path below the root, another for the name. */
static bool matches(const char *const *pattern, size_t patterns, const char *path, const char *name)
{
    for (size_t i = 0; i < patterns; i++)
        if (fnmatch(pattern[i], strchr(pattern[i], '/') == NULL ? name : path, 0) == 0)
            return true;
    return false;
}

static bool is_wanted(const struct walk *walk, const struct walk_entry *entry,
                      const struct frame *frame)
{
    const struct walk_options *options = &walk->options;
    const char *path = entry->path + frame->root_bytes, *name = entry->path + frame->path_bytes;
    return !matches(options->exclude, options->excludes, path, name) &&
           (options->includes == 0 || entry->type == S_IFDIR ||
            matches(options->include, options->includes, path, name));
}

static void look(int directory, const char *name, bool follow, struct walk_entry *entry)
{
    entry->looked = fstatat(directory, name, &entry->st, follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0;
    if (entry->looked)
        entry->type = entry->st.st_mode & S_IFMT;
    else
        entry->error = errno;
}

static bool is_above(const struct walk *walk, const struct stat *st)
{
    for (uint64_t frame = walk->state->frame; frame != 0; frame = frame_at(walk, frame)->parent)
        if (frame_at(walk, frame)->device == st->st_dev &&
            frame_at(walk, frame)->inode == st->st_ino)
            return true;
    return false;
}

enum descent { DESCENDED, PASSED_OVER, DESCENT_FAILED };

/* Goes into the directory that is the entry. DESCENT_FAILED: the entry says why; a code. */
static int descend(struct walk *walk, int directory, const char *name, struct walk_entry *entry)
{
    const struct frame *frame = frame_at(walk, walk->state->frame);
    const struct walk_options *options = &walk->options;
    struct stat st;
    if (frame->depth >= options->max_depth)
        return PASSED_OVER;
    int fd = open_one(directory, name,
                      O_RDONLY | O_DIRECTORY | (options->follow_symlinks ? 0 : O_NOFOLLOW));
    if (fd < 0 || fstat(fd, &st) < 0) {
        entry->error = errno;
        if (fd >= 0)
            close(fd);
        return DESCENT_FAILED;
    }
    bool loop = options->follow_symlinks && is_above(walk, &st);
    if (loop || (options->one_filesystem && st.st_dev != frame->device)) {
        close(fd);
        entry->error = loop ? ELOOP : 0;
        return loop ? DESCENT_FAILED : PASSED_OVER;
    }
    entry->path_bytes++;
    memcpy(walk->path + entry->path_bytes - 1, "/", 2);
    int rc = enter(walk, fd, &st, walk->path, frame->root_bytes, &entry->error);
    walk->path[--entry->path_bytes] = '\0';
    return rc < 0 ? rc : entry->error != 0 ? DESCENT_FAILED : DESCENDED;
}

/* The next name of the directory. 1: an entry, 0: nothing to tell of it, or a code. */
static int take_name(struct walk *walk, struct walk_entry *ret)
{
    struct walk_state *state = walk->state;
    const struct frame *frame = frame_at(walk, state->frame);
    uint8_t type = (uint8_t)walk->base[state->at];
    const char *name = walk->base + state->at + 1;
    int rc = set_path(walk, path_of(frame), frame->path_bytes, name, ret);
    if (rc < 0)
        return rc;
    name = walk->path + frame->path_bytes; /* the other may move */
    state->at += strlen(name) + 2;
    ret->type = (mode_t)DTTOIF(type);
    int directory = current(walk);
    if (directory < 0)
        ret->error = errno;
    else if ((walk->options.look && type != DT_DIR) || type == DT_UNKNOWN ||
             (type == DT_LNK && walk->options.follow_symlinks))
        look(directory, name, walk->options.follow_symlinks, ret);
    if (!is_wanted(walk, ret, frame))
        return 0;
    if (ret->type != S_IFDIR || ret->error != 0)
        return 1;
    rc = descend(walk, directory, name, ret);
    return rc < 0 ? rc : rc == DESCENT_FAILED;
}

/* As take_name, of a root. */
static int take_root(struct walk *walk, struct walk_entry *ret)
{
    const char *root = walk->options.root[walk->state->roots++];
    size_t n = strlen(root);
    int fd, rc = set_path(walk, root, n, "", ret);
    if (rc < 0)
        return rc;
    look(AT_FDCWD, root, true, ret);
    if (ret->type != S_IFDIR)
        return 1;
    if ((fd = weir__open_path(AT_FDCWD, root, O_RDONLY | O_DIRECTORY)) < 0) {
        ret->error = errno;
        return 1;
    }
    if (n > 0 && root[n - 1] != '/')
        memcpy(walk->path + n++, "/", 2);
    rc = enter(walk, fd, &ret->st, walk->path, (uint32_t)n, &ret->error);
    walk->path[ret->path_bytes] = '\0';
    return rc < 0 ? rc : ret->error != 0;
}

int weir__walk_next(struct walk *walk, struct walk_entry *ret)
{
    struct walk_state *state = walk->state;
    for (;;) {
        int rc = 0;
        if (state->frame == 0 && state->roots == walk->options.roots)
            return 0;
        if (state->frame == 0)
            rc = take_root(walk, ret);
        else if (state->at < frame_at(walk, state->frame)->end)
            rc = take_name(walk, ret);
        else
            leave(walk);
        if (rc != 0)
            return rc;
    }
}

/* ---- the beginning and the end ---- */

int weir__walk_open(struct walk *walk, struct weir_stage *stage, struct walk_state *state,
                    const struct walk_options *options)
{
    struct stat st;
    *walk = (struct walk){.stage = stage,
                          .state = state,
                          .options = *options,
                          .fd = weir_source_memory(stage),
                          .names = malloc(NAMES_BYTES)};
    if (walk->names == NULL || fstat(walk->fd, &st) < 0)
        return no_memory(walk);
    return reserve(walk, (uint64_t)st.st_size > 0 ? (uint64_t)st.st_size : GROW_BYTES);
}

void weir__walk_begin(struct walk *walk)
{
    shrink(walk);
    walk->floor = walk->state->end;
}

void weir__walk_close(struct walk *walk)
{
    for (uint32_t i = 0; i < WALK_OPEN_DIRECTORIES; i++)
        close_kept(walk, i);
    if (walk->base != NULL)
        munmap(walk->base, walk->bytes);
    free(walk->names);
    free(walk->path);
    *walk = (struct walk){0};
}
