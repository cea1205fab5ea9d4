/* The markers of a JPEG, with all that may mislead a search for its end. Not a picture that decodes. */
#ifndef TESTS_TINY_JPEG_H
#define TESTS_TINY_JPEG_H

#define TINY_JPEG                                                                                                      \
    "\xff\xd8"                                                                                                         \
    "\xff\xe1\x00\x0c"                                                                                                 \
    "ab\xff\xd8\xff\xd9\r\n--"   /* a thumbnail, and text in EXIF */                                                   \
    "\xff\xff\xff\xdb\x00\x04zz" /* fill bytes */                                                                      \
    "\xff\xda\x00\x03s"                                                                                                \
    "data\xff\x00more\xff\xd0rest\xff\xff\xd1last" /* a stuffed zero, restart markers, fill bytes */                   \
    "\xff\xc4\x00\x02\xff\xda\x00\x03t"                                                                                \
    "scan" /* the second one */                                                                                        \
    "\xff\xff\xd9"
#define TINY_JPEG_BYTES (sizeof TINY_JPEG - 1)

#endif
