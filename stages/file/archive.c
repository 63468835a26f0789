#include "file/archive.h"

#include <dlfcn.h>
#include <stdint.h>

const struct archive_library *weir__archive(void)
{
    static struct archive_library library;
    if (library.archive_error_string != NULL) /* the last one */
        return &library;
    void *handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return NULL;
#define FIND(name)                                                                                 \
    if ((library.name = (__typeof__(library.name))(uintptr_t)dlsym(handle, #name)) == NULL)        \
        return NULL;
    ARCHIVE_FUNCTIONS(FIND)
#undef FIND
    return &library;
}
