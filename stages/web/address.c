#include "web/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool is_public_4(const unsigned char bytes[4])
{
    static const struct {
        unsigned char prefix[4];
        int bits;
    } special[] = {
        {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},     {{100, 64, 0, 0}, 10},
        {{127, 0, 0, 0}, 8},    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},
        {{192, 0, 0, 0}, 24},   {{192, 0, 2, 0}, 24},   {{192, 88, 99, 0}, 24},
        {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15},  {{198, 51, 100, 0}, 24},
        {{203, 0, 113, 0}, 24}, {{224, 0, 0, 0}, 3},
    };
    uint32_t address, prefix;
    memcpy(&address, bytes, 4);
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        memcpy(&prefix, special[i].prefix, 4);
        if ((ntohl(address) ^ ntohl(prefix)) >> (32 - special[i].bits) == 0)
            return false;
    }
    return true;
}

static bool begins(const unsigned char *address, const char *prefix, size_t n)
{
    return memcmp(address, prefix, n) == 0;
}

static bool is_public_6(const unsigned char a[16])
{
    static const char mapped[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff",
                      nat64[] = "\0\x64\xff\x9b\0\0\0\0\0\0\0\0";
    if (begins(a, mapped, 12) || begins(a, nat64, 12))
        return is_public_4(a + 12);
    if ((a[0] & 0xe0) != 0x20)
        return false;
    return !begins(a, "\x20\x02", 2) &&                       /* 6to4 */
           !(begins(a, "\x20\x01", 2) && a[2] < 2) &&         /* Teredo and the like */
           !begins(a, "\x20\x01\x0d\xb8", 4) &&               /* documentation */
           !(begins(a, "\x3f\xff", 2) && (a[2] & 0xf0) == 0); /* documentation */
}

bool weir__address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return is_public_4(
            (const unsigned char *)&((const struct sockaddr_in *)(const void *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return is_public_6(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
    return false;
}
