/* The orientation of a picture, as Exif states it (CIPA DC-008, 4.6.4: tag 274): how the stored picture is turned and
 * mirrored to be shown. 1: as it is; 3: by 180 degrees; 6: by 90 degrees clockwise; 8: by 270; 2, 4, 5 and 7: mirrored;
 * 0 here: not stated.
 *
 * Threads: any; nothing here keeps state. */
#ifndef CAMERAS_PICTURE_EXIF_H
#define CAMERAS_PICTURE_EXIF_H

#include "broker/frame/frame.h"

#include <stdbool.h>
#include <stdint.h>

/* What follows the length of an APP1 segment. 0: it is not Exif, or states no orientation. */
uint8_t exif_read_orientation(struct span segment);

/* The contents of an APP1 segment that states an orientation, 1 to 8, and nothing else. */
#define EXIF_ORIENTATION_BYTES 32
void exif_write_orientation(uint8_t segment[EXIF_ORIENTATION_BYTES], uint8_t orientation);

/* Whether what is stored as a row is shown as a column. */
bool exif_is_sideways(uint8_t orientation);

#endif
