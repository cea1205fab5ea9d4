/* Writes the header of a sequential JPEG picture (ITU-T T.81, B.2), from SOI to the SOS of its only scan, as libjpeg's
 * compressor would: without metadata, but for what says which colours its components are.
 *
 * Threads: any; nothing here keeps state. */
#ifndef CAMERAS_FILTER_JPEG_HEADER_H
#define CAMERAS_FILTER_JPEG_HEADER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

/* What four components with tables of their own take, and more. */
#define JPEG_HEADER_MAX_BYTES 4096

/* picture: its header has been read, and its tables are there. dc, ac: the Huffman tables of each component. Returns
 * how many bytes it wrote. */
size_t jpeg_header_write(uint8_t bytes[JPEG_HEADER_MAX_BYTES], const struct jpeg_decompress_struct *picture,
                         const JHUFF_TBL *const dc[], const JHUFF_TBL *const ac[]);

#endif
