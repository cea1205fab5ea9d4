/* The Huffman tables that a Motion JPEG stream may leave out: ITU-T T.81, annex K.3. Constant. */
#ifndef CAMERAS_PICTURE_JPEG_TABLES_H
#define CAMERAS_PICTURE_JPEG_TABLES_H

#include <stdint.h>

#define JPEG_STANDARD_TABLES_BYTES 420

/* All four tables as one DHT segment, its marker included: DC and AC for luma (0) and for chroma (1). */
extern const uint8_t jpeg_standard_tables[JPEG_STANDARD_TABLES_BYTES];

#endif
