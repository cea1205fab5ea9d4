/* What is reported of streams that are multipart in their own way. Plain data. */
#ifndef BROKER_MULTIPART_MULTIPART_ODDITY_H
#define BROKER_MULTIPART_MULTIPART_ODDITY_H

/* Where a stream departs from RFC 2046, though its pictures are read. */
enum multipart_oddity {
    MULTIPART_UNDECLARED = 1 << 0,   /* it declares no boundary */
    MULTIPART_MISDECLARED = 1 << 1,  /* the delimiter is not the declared one */
    MULTIPART_UNBEGUN = 1 << 2,      /* the first part comes without a delimiter */
    MULTIPART_UNSIZED = 1 << 3,      /* parts have no length, which is allowed but costs a search */
    MULTIPART_WRONG_LENGTH = 1 << 4, /* pictures are longer or shorter than their length */
    MULTIPART_WRONG_TYPE = 1 << 5,   /* pictures are called something else */
    MULTIPART_LINE_FEEDS = 1 << 6,   /* lines end in LF alone */
    MULTIPART_STRAY_BYTES = 1 << 7,  /* there are bytes between the parts */
};

#endif
