#include "web/curl.h"

#include <dlfcn.h>
#include <stdint.h>

static struct curl_library library;

const struct curl_library *weir__curl(void)
{
    static bool loaded;
    if (loaded)
        return &library;
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return NULL;
#define FIND(name)                                                                                 \
    if ((library.name = (__typeof__(library.name))(uintptr_t)dlsym(handle, #name)) == NULL)        \
        return NULL;
    CURL_FUNCTIONS(FIND)
#undef FIND
    loaded = library.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return loaded ? &library : NULL;
}
