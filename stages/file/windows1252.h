/* windows1252.h - the part of an encoding that every family meets. */
#ifndef WEIR_FILE_WINDOWS1252_H
#define WEIR_FILE_WINDOWS1252_H

#include <stdint.h>

/* What the bytes 0x80 to 0x9f are in windows-1252 (WHATWG Encoding Standard: the five that it leaves open are control characters); all
 * others are the characters of their number. */
extern const uint16_t weir__windows1252[32];

#endif
