#include "web/libxml.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

static struct libxml library;

static void hear_nothing(void *context, xmlErrorPtr error)
{
    (void)context;
    (void)error;
}

static bool load(void)
{
    void *handle = dlopen("libxml2.so.2", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return false;
#define FIND(name)                                                                                 \
    if ((library.name = (__typeof__(library.name))(uintptr_t)dlsym(handle, #name)) == NULL)        \
        return false;
    LIBXML_FUNCTIONS(FIND)
#undef FIND
    library.free = (xmlFreeFunc *)dlsym(handle, "xmlFree");
    weir__libxml_tell(NULL, NULL);
    return library.free != NULL;
}

void weir__libxml_tell(xmlStructuredErrorFunc hear, void *context)
{
    library.xmlSetStructuredErrorFunc(context, hear == NULL ? hear_nothing : hear);
}

const struct libxml *weir__libxml(void)
{
    return library.free != NULL || load() ? &library : NULL;
}

bool weir__libxml_is_long(const xmlError *error)
{
    return error->code == XML_ERR_NO_MEMORY && error->message != NULL &&
           strstr(error->message, "huge text") != NULL;
}

void weir__libxml_drop(void *text)
{
    if (text != NULL)
        (*library.free)(text);
}
