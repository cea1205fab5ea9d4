/* The test picture: a driver that needs no device. Each frame shows the camera's name, its sequence and the wall clock,
 * a disc that moves with the sequence, and a machine-readable strip.
 *
 * The strip is a row of 64 cells of equal width along the bottom edge, PATTERN_STRIP_HEIGHT(height) high. White is 1
 * and black is 0. From the left, the most significant bit of each field first:
 *
 *     16 bits  tag of the camera: pattern_tag() of its id
 *     32 bits  sequence, modulo 2^32
 *     16 bits  CRC of these 48
 *
 * The CRC is CRC-16/CCITT with start value 0xffff (polynomial 0x1021, neither reflected nor inverted). The middle of a
 * cell has its value, also after scaling and compression, as long as it is some pixels wide. A picture narrower than
 * PATTERN_STRIP_MIN_WIDTH has no strip.
 *
 * Threads: any. */
#ifndef CAMERAS_SIMPLE_PATTERN_H
#define CAMERAS_SIMPLE_PATTERN_H

#include "cameras/driver.h"

#define PATTERN_STRIP_CELLS 64
#define PATTERN_STRIP_MIN_WIDTH 128
#define PATTERN_STRIP_HEIGHT(height_px) ((height_px) < 256 ? 8 : (height_px) / 32)

extern const struct driver_ops pattern_driver;
extern const struct setting_table pattern_settings_table;

/* The CRC (as above) of the id's bytes. */
uint16_t pattern_tag(const char *id);

#endif
