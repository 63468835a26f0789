#include "web/encoding.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "file/windows1252.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define REPLACEMENT  0xfffdu

static const char blank[] = "\t\n\f\r ";

/* clang-format off */
static const struct encoding encodings[] = {
    {"UTF-8", NULL, "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8"},
    {"IBM866", "IBM866", "866 cp866 csibm866 ibm866"},
    {"ISO-8859-2", "ISO-8859-2", "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"},
    {"ISO-8859-3", "ISO-8859-3", "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3"},
    {"ISO-8859-4", "ISO-8859-4", "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4"},
    {"ISO-8859-5", "ISO-8859-5", "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988"},
    {"ISO-8859-6", "ISO-8859-6", "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"},
    {"ISO-8859-7", "ISO-8859-7", "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek"},
    {"ISO-8859-8", "ISO-8859-8", "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual"},
    {"ISO-8859-8-I", "ISO-8859-8", "csiso88598i iso-8859-8-i logical"},
    {"ISO-8859-10", "ISO-8859-10", "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6"},
    {"ISO-8859-13", "ISO-8859-13", "iso-8859-13 iso8859-13 iso885913"},
    {"ISO-8859-14", "ISO-8859-14", "iso-8859-14 iso8859-14 iso885914"},
    {"ISO-8859-15", "ISO-8859-15", "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9"},
    {"ISO-8859-16", "ISO-8859-16", "iso-8859-16"},
    {"KOI8-R", "KOI8-R", "cskoi8r koi koi8 koi8-r koi8_r"},
    {"KOI8-U", "KOI8-U", "koi8-ru koi8-u"},
    {"macintosh", "MACINTOSH", "csmacintosh mac macintosh x-mac-roman"},
    {"windows-874", "CP874", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874"},
    {"windows-1250", "CP1250", "cp1250 windows-1250 x-cp1250"},
    {"windows-1251", "CP1251", "cp1251 windows-1251 x-cp1251"},
    {"windows-1252", NULL, "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252"},
    {"windows-1253", "CP1253", "cp1253 windows-1253 x-cp1253"},
    {"windows-1254", "CP1254", "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254"},
    {"windows-1255", "CP1255", "cp1255 windows-1255 x-cp1255"},
    {"windows-1256", "CP1256", "cp1256 windows-1256 x-cp1256"},
    {"windows-1257", "CP1257", "cp1257 windows-1257 x-cp1257"},
    {"windows-1258", "CP1258", "cp1258 windows-1258 x-cp1258"},
    {"x-mac-cyrillic", "MAC-UK", "x-mac-cyrillic x-mac-ukrainian"},
    {"GBK", "GB18030", "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk"},
    {"gb18030", "GB18030", "gb18030"},
    {"Big5", "BIG5-HKSCS", "big5 big5-hkscs cn-big5 csbig5 x-x-big5"},
    {"EUC-JP", "EUC-JP-MS", "cseucpkdfmtjapanese euc-jp x-euc-jp"},
    {"ISO-2022-JP", "ISO-2022-JP", "csiso2022jp iso-2022-jp"},
    {"Shift_JIS", "CP932", "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis"},
    {"EUC-KR", "UHC", "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949"},
    {"replacement", NULL, "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement"},
    {"UTF-16BE", "UTF-16BE", "unicodefffe utf-16be"},
    {"UTF-16LE", "UTF-16LE", "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le"},
    {"x-user-defined", NULL, "x-user-defined"},
};
/* clang-format on */

static bool is_blank(char c)
{
    return memchr(blank, c, sizeof(blank) - 1) != NULL;
}

static bool has_label(const struct encoding *encoding, const char *label, size_t n)
{
    for (const char *at = encoding->labels; *at != '\0';) {
        size_t length = strcspn(at, " ");
        if (length == n && strncasecmp(at, label, n) == 0)
            return true;
        at += length + (at[length] == ' ');
    }
    return false;
}

const struct encoding *weir__encoding_find(const char *label, size_t n)
{
    while (n > 0 && is_blank(label[n - 1]))
        n--;
    while (n > 0 && is_blank(*label))
        label++, n--;
    for (size_t i = 0; i < COUNT(encodings); i++)
        if (has_label(&encodings[i], label, n))
            return &encodings[i];
    return NULL;
}

static const struct encoding *named(const char *label)
{
    return weir__encoding_find(label, strlen(label));
}

/* ---- what a page declares ---- */

struct scan {
    const char *at, *end;
};

struct attribute {
    char name[16];    /* lower case; what is longer is of no interest */
    char value[1024]; /* lower case; as long as what is looked at */
    size_t name_bytes, value_bytes;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static void skip(struct scan *scan, const char *characters, size_t n)
{
    while (scan->at < scan->end && memchr(characters, *scan->at, n) != NULL)
        scan->at++;
}

static void add_lower(char *to, size_t room, size_t *count, char c)
{
    if (*count < room)
        to[*count] = lower(c);
    (*count)++;
}

static bool is(const struct attribute *attribute, const char *name)
{
    size_t n = strlen(name);
    return attribute->name_bytes == n && memcmp(attribute->name, name, n) == 0;
}

static void read_value(struct scan *scan, struct attribute *attribute)
{
    skip(scan, blank, sizeof(blank) - 1);
    if (scan->at == scan->end)
        return;
    char quote = *scan->at == '"' || *scan->at == '\'' ? *scan->at++ : '\0';
    for (; scan->at < scan->end; scan->at++) {
        if (quote != '\0' ? *scan->at == quote : is_blank(*scan->at) || *scan->at == '>')
            break;
        add_lower(attribute->value, sizeof(attribute->value), &attribute->value_bytes, *scan->at);
    }
    if (quote != '\0' && scan->at < scan->end)
        scan->at++;
}

/* "Get an attribute" of the standard. */
static bool read_attribute(struct scan *scan, struct attribute *ret)
{
    ret->name_bytes = ret->value_bytes = 0;
    skip(scan, "\t\n\f\r /", 6);
    if (scan->at == scan->end || *scan->at == '>')
        return false;
    for (; scan->at < scan->end; scan->at++) {
        if ((*scan->at == '=' && ret->name_bytes > 0) || is_blank(*scan->at) || *scan->at == '/' ||
            *scan->at == '>')
            break;
        add_lower(ret->name, sizeof(ret->name), &ret->name_bytes, *scan->at);
    }
    skip(scan, blank, sizeof(blank) - 1);
    if (scan->at < scan->end && *scan->at == '=') {
        scan->at++;
        read_value(scan, ret);
    }
    return true;
}

/* "Extracting a character encoding from a meta element" of the standard. */
static const struct encoding *find_charset(const char *text, size_t n)
{
    struct scan scan = {text, text + n};
    while ((size_t)(scan.end - scan.at) > strlen("charset")) {
        if (strncasecmp(scan.at, "charset", strlen("charset")) != 0) {
            scan.at++;
            continue;
        }
        scan.at += strlen("charset");
        skip(&scan, blank, sizeof(blank) - 1);
        if (scan.at == scan.end || *scan.at != '=')
            continue;
        scan.at++;
        skip(&scan, blank, sizeof(blank) - 1);
        if (scan.at == scan.end)
            return NULL;
        const char *begin = scan.at, *stop;
        if (*begin == '"' || *begin == '\'') {
            stop = memchr(begin + 1, *begin, (size_t)(scan.end - begin - 1));
            return stop == NULL ? NULL : weir__encoding_find(begin + 1, (size_t)(stop - begin - 1));
        }
        for (stop = begin; stop < scan.end && !is_blank(*stop) && *stop != ';';)
            stop++;
        return weir__encoding_find(begin, (size_t)(stop - begin));
    }
    return NULL;
}

static const struct encoding *read_meta(struct scan *scan)
{
    struct attribute attribute;
    bool seen_charset = false, seen_content = false, got_pragma = false, need_pragma = false;
    const struct encoding *found = NULL;
    while (read_attribute(scan, &attribute)) {
        size_t n = attribute.value_bytes;
        if (n > sizeof(attribute.value))
            n = sizeof(attribute.value);
        if (is(&attribute, "http-equiv")) {
            got_pragma = got_pragma || (n == strlen("content-type") &&
                                        memcmp(attribute.value, "content-type", n) == 0);
        } else if (is(&attribute, "content") && !seen_content && !seen_charset) {
            const struct encoding *said = find_charset(attribute.value, n);
            seen_content = true;
            if (said != NULL && found == NULL) {
                found = said;
                need_pragma = true;
            }
        } else if (is(&attribute, "charset") && !seen_charset) {
            seen_charset = true;
            found = weir__encoding_find(attribute.value, n);
            need_pragma = false;
        }
    }
    if (scan->at == scan->end || (need_pragma && !got_pragma))
        return NULL;
    return found;
}

static bool begins(const struct scan *scan, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(scan->end - scan->at) >= n && strncasecmp(scan->at, text, n) == 0;
}

static void pass(struct scan *scan, const char *text)
{
    const char *found = memmem(scan->at, (size_t)(scan->end - scan->at), text, strlen(text));
    scan->at = found == NULL ? scan->end : found + strlen(text);
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static void pass_tag(struct scan *scan)
{
    struct attribute ignored;
    while (scan->at < scan->end && !is_blank(*scan->at) && *scan->at != '>')
        scan->at++;
    while (read_attribute(scan, &ignored))
        ;
}

const struct encoding *weir__encoding_declared(const char *page, size_t n)
{
    struct scan scan = {page, page + n};
    for (; scan.at < scan.end; scan.at++) {
        if (*scan.at != '<')
            continue;
        if (begins(&scan, "<!--")) {
            scan.at += 2; /* "<!-->" is a whole one */
            pass(&scan, "-->");
            scan.at--;
        } else if (begins(&scan, "<meta") && scan.end - scan.at > 5 &&
                   (is_blank(scan.at[5]) || scan.at[5] == '/')) {
            scan.at += 5;
            const struct encoding *found = read_meta(&scan);
            if (found != NULL)
                return strncmp(found->name, "UTF-16", 6) == 0       ? named("utf-8")
                       : strcmp(found->name, "x-user-defined") == 0 ? named("windows-1252")
                                                                    : found;
        } else if (scan.end - scan.at > 2 && is_letter(scan.at[1 + (scan.at[1] == '/')])) {
            pass_tag(&scan);
        } else if (begins(&scan, "<!") || begins(&scan, "</") || begins(&scan, "<?")) {
            pass(&scan, ">");
            scan.at--;
        }
    }
    return NULL;
}

static const struct encoding *by_mark(const char *page, size_t n, size_t *ret_bytes)
{
    static const struct {
        const char *mark;
        size_t n;
        const char *label;
    } marks[] = {
        {"\xef\xbb\xbf", 3, "utf-8"}, {"\xfe\xff", 2, "utf-16be"}, {"\xff\xfe", 2, "utf-16le"}};
    for (size_t i = 0; i < COUNT(marks); i++)
        if (n >= marks[i].n && memcmp(page, marks[i].mark, marks[i].n) == 0) {
            *ret_bytes = marks[i].n;
            return named(marks[i].label);
        }
    *ret_bytes = 0;
    return NULL;
}

const struct encoding *weir__encoding_of_page(const char *page, size_t n, const char *type,
                                              size_t type_bytes)
{
    size_t mark;
    const struct encoding *found = by_mark(page, n, &mark);
    if (found == NULL && type != NULL)
        found = find_charset(type, type_bytes);
    if (found == NULL)
        found = weir__encoding_declared(page, n);
    return found == NULL ? named("windows-1252") : found;
}

/* <?xml version="1.0" encoding="..."?> */
static const struct encoding *declared_in_xml(const char *text, size_t n)
{
    const char *end = n < 5 || memcmp(text, "<?xml", 5) != 0 ? NULL : memmem(text, n, "?>", 2);
    const char *at = end == NULL ? NULL : memmem(text, (size_t)(end - text), "encoding", 8);
    if (at == NULL)
        return NULL;
    struct scan scan = {at + 8, end};
    skip(&scan, " \t\r\n=", 5);
    if (scan.at == end || (*scan.at != '"' && *scan.at != '\''))
        return NULL;
    const char *stop = memchr(scan.at + 1, *scan.at, (size_t)(end - scan.at - 1));
    return stop == NULL ? NULL : weir__encoding_find(scan.at + 1, (size_t)(stop - scan.at - 1));
}

const struct encoding *weir__encoding_of_xml(const char *text, size_t n, const char *type,
                                             size_t type_bytes)
{
    size_t mark;
    const struct encoding *found = by_mark(text, n, &mark);
    if (found == NULL && type != NULL)
        found = find_charset(type, type_bytes);
    if (found == NULL)
        found = declared_in_xml(text, n);
    return found == NULL ? named("utf-8") : found;
}

/* ---- decoding by ourselves ---- */

static void add_character(struct bytes *to, uint32_t c)
{
    weir__bytes_character(to, c == 0 ? REPLACEMENT : c);
}

/* How many bytes of a well-formed character stand at the beginning; *ret_whole: all of them. */
static size_t take_utf8(const unsigned char *at, size_t n, bool *ret_whole)
{
    unsigned char c = at[0];
    size_t length = c < 0x80                ? 1
                    : c >= 0xc2 && c < 0xe0 ? 2
                    : (c & 0xf0) == 0xe0    ? 3
                    : c >= 0xf0 && c < 0xf5 ? 4
                                            : 0;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    size_t i = 1;
    for (; i < length && i < n && at[i] >= low && at[i] <= high; i++)
        low = 0x80, high = 0xbf;
    *ret_whole = i == length;
    return i;
}

static void decode_utf8(const char *page, size_t n, struct bytes *to)
{
    size_t begin = 0;
    for (size_t i = 0; i < n;) {
        bool whole;
        size_t length = take_utf8((const unsigned char *)page + i, n - i, &whole);
        if (!whole || page[i] == '\0') {
            weir__bytes_add(to, page + begin, i - begin);
            weir__bytes_character(to, REPLACEMENT);
            begin = i + length;
        }
        i += length;
    }
    weir__bytes_add(to, page + begin, n - begin);
}

static void decode_windows1252(const char *page, size_t n, struct bytes *to)
{
    size_t begin = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)page[i];
        if (c != '\0' && c < 0x80)
            continue;
        weir__bytes_add(to, page + begin, i - begin);
        add_character(to, c >= 0x80 && c < 0xa0 ? weir__windows1252[c - 0x80] : c);
        begin = i + 1;
    }
    weir__bytes_add(to, page + begin, n - begin);
}

/* ---- decoding by the C library ---- */

/* Its converters are files, which a worker in a sandbox cannot open later. */
static struct {
    iconv_t converter;
    bool loaded; /* if it is there */
} library[COUNT(encodings)];

void weir__encoding_load(void)
{
    for (size_t i = 0; i < COUNT(encodings); i++) {
        if (encodings[i].iconv == NULL || library[i].loaded)
            continue;
        library[i].converter = iconv_open("UTF-8", encodings[i].iconv);
        library[i].loaded = library[i].converter != (iconv_t)-1;
    }
}

/* The standard gives the bytes without a character in windows-125x to the controls of that number. */
static uint32_t undecoded(const struct encoding *encoding, unsigned char byte)
{
    bool control = strncmp(encoding->name, "windows-125", 11) == 0 && byte >= 0x80 && byte < 0xa0;
    return control ? byte : REPLACEMENT;
}

static bool decode_by_library(const struct encoding *encoding, const char *page, size_t n,
                              struct bytes *to)
{
    size_t i = (size_t)(encoding - encodings);
    if (!library[i].loaded)
        return false;
    char *in = (char *)(uintptr_t)page;
    iconv(library[i].converter, NULL, NULL, NULL, NULL);
    while (n > 0) {
        char piece[4096], *out = piece;
        size_t room = sizeof(piece);
        size_t rc = iconv(library[i].converter, &in, &n, &out, &room);
        int error = rc == (size_t)-1 ? errno : 0;
        decode_utf8(piece, (size_t)(out - piece), to); /* for NUL */
        if (error == EILSEQ || error == EINVAL) {
            weir__bytes_character(to, undecoded(encoding, (unsigned char)*in));
            in++, n--;
        }
    }
    return true;
}

/* ---- decoding ---- */

bool weir__encoding_decode(const struct encoding *encoding, const char *page, size_t n,
                           struct bytes *to)
{
    size_t mark;
    if (by_mark(page, n, &mark) == encoding)
        page += mark, n -= mark;
    if (encoding->iconv != NULL)
        return decode_by_library(encoding, page, n, to);
    if (strcmp(encoding->name, "UTF-8") == 0)
        decode_utf8(page, n, to);
    else if (strcmp(encoding->name, "windows-1252") == 0)
        decode_windows1252(page, n, to);
    else if (strcmp(encoding->name, "x-user-defined") == 0)
        for (size_t i = 0; i < n; i++)
            add_character(to, (unsigned char)page[i] < 0x80 ? (unsigned char)page[i]
                                                            : 0xf700u + (unsigned char)page[i]);
    else if (n > 0)
        weir__bytes_character(to, REPLACEMENT); /* "replacement": encodings that are not safe */
    return true;
}
