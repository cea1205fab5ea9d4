#include "cameras/filter/jpeg_header.h"

#include <stdbool.h>
#include <string.h>

/* T.81, figure A.6: where in a block each coefficient stands that a table or a scan has. */
static const uint8_t zigzag[DCTSIZE2] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

static uint8_t *put_byte(uint8_t *at, unsigned value) {
    *at = (uint8_t)value;
    return at + 1;
}

static uint8_t *put_u16(uint8_t *at, unsigned value) { return put_byte(put_byte(at, value >> 8), value & 0xFF); }

/* A marker, and the length of what follows, that of the length included. */
static uint8_t *put_segment(uint8_t *at, unsigned marker, unsigned length) {
    return put_u16(put_u16(at, 0xFF00 | marker), length);
}

/* JFIF (ITU-T T.871): grey or YCbCr. */
static uint8_t *put_jfif(uint8_t *at, const struct jpeg_decompress_struct *picture) {
    const bool has_jfif = picture->saw_JFIF_marker;
    const bool has_version = has_jfif && (picture->JFIF_major_version == 1 || picture->JFIF_major_version == 2);
    at = put_segment(at, JPEG_APP0, 16);
    memcpy(at, "JFIF", 5);
    at = put_byte(at + 5, has_version ? picture->JFIF_major_version : 1);
    at = put_byte(at, has_version ? picture->JFIF_minor_version : 1);
    at = put_byte(at, has_jfif ? picture->density_unit : 0);
    at = put_u16(at, has_jfif ? picture->X_density : 1);
    at = put_u16(at, has_jfif ? picture->Y_density : 1);
    return put_u16(at, 0); /* no thumbnail */
}

/* Adobe Technical Note 5116: RGB. */
static uint8_t *put_adobe(uint8_t *at) {
    at = put_segment(at, JPEG_APP0 + 14, 14);
    memcpy(at, "Adobe", 5);
    at = put_u16(at + 5, 100);                      /* version */
    return put_byte(put_u16(put_u16(at, 0), 0), 0); /* flags, transform: none */
}

static bool has_long_steps(const JQUANT_TBL *table) {
    bool is_long = false;
    for (int i = 0; i < DCTSIZE2; i++) {
        is_long |= table->quantval[i] > UINT8_MAX;
    }
    return is_long;
}

static uint8_t *put_quantization_table(uint8_t *at, const JQUANT_TBL *table, int number) {
    const bool is_long = has_long_steps(table);
    at = put_segment(at, 0xDB, is_long ? 3 + 2 * DCTSIZE2 : 3 + DCTSIZE2);
    at = put_byte(at, (is_long ? 0x10u : 0) | (unsigned)number);
    for (int i = 0; i < DCTSIZE2; i++) {
        const unsigned step = table->quantval[zigzag[i]];
        at = is_long ? put_u16(at, step) : put_byte(at, step);
    }
    return at;
}

static uint8_t *put_huffman_table(uint8_t *at, const JHUFF_TBL *table, unsigned class_and_number) {
    unsigned count = 0;
    for (int length = 1; length <= 16; length++) {
        count += table->bits[length];
    }
    at = put_segment(at, 0xC4, 2 + 1 + 16 + count);
    at = put_byte(at, class_and_number);
    memcpy(at, table->bits + 1, 16);
    memcpy(at + 16, table->huffval, count);
    return at + 16 + count;
}

/* Baseline, where the tables allow it. */
static uint8_t *put_frame_header(uint8_t *at, const struct jpeg_decompress_struct *picture) {
    const unsigned count = (unsigned)picture->num_components;
    bool is_baseline = true;
    for (unsigned i = 0; i < count; i++) {
        const jpeg_component_info *component = &picture->comp_info[i];
        is_baseline &= component->dc_tbl_no <= 1 && component->ac_tbl_no <= 1 &&
                       !has_long_steps(picture->quant_tbl_ptrs[component->quant_tbl_no]);
    }
    at = put_segment(at, is_baseline ? 0xC0 : 0xC1, 8 + 3 * count);
    at = put_byte(at, 8); /* bits a sample */
    at = put_u16(put_u16(at, picture->image_height), picture->image_width);
    at = put_byte(at, count);
    for (unsigned i = 0; i < count; i++) {
        const jpeg_component_info *component = &picture->comp_info[i];
        /* Those of a single component mean nothing: T.81, A.2.2. */
        const int factors = count == 1 ? 0x11 : component->h_samp_factor << 4 | component->v_samp_factor;
        at = put_byte(put_byte(at, (unsigned)component->component_id), (unsigned)factors);
        at = put_byte(at, (unsigned)component->quant_tbl_no);
    }
    return at;
}

static uint8_t *put_scan_header(uint8_t *at, const struct jpeg_decompress_struct *picture) {
    const unsigned count = (unsigned)picture->num_components;
    at = put_segment(at, 0xDA, 6 + 2 * count);
    at = put_byte(at, count);
    for (unsigned i = 0; i < count; i++) {
        const jpeg_component_info *component = &picture->comp_info[i];
        at = put_byte(at, (unsigned)component->component_id);
        at = put_byte(at, (unsigned)(component->dc_tbl_no << 4 | component->ac_tbl_no));
    }
    return put_byte(put_u16(at, DCTSIZE2 - 1), 0); /* all coefficients, to the last bit */
}

size_t jpeg_header_write(uint8_t bytes[JPEG_HEADER_MAX_BYTES], const struct jpeg_decompress_struct *picture,
                         const JHUFF_TBL *const dc[], const JHUFF_TBL *const ac[]) {
    uint8_t *at = put_u16(bytes, 0xFFD8);
    at = picture->jpeg_color_space == JCS_RGB ? put_adobe(at) : put_jfif(at, picture);
    unsigned quantization = 0, of_dc = 0, of_ac = 0; /* a bit for each table that is written */
    for (int i = 0; i < picture->num_components; i++) {
        const int number = picture->comp_info[i].quant_tbl_no;
        if ((quantization >> number & 1) == 0) {
            at = put_quantization_table(at, picture->quant_tbl_ptrs[number], number);
            quantization |= 1u << number;
        }
    }
    at = put_frame_header(at, picture);
    for (int i = 0; i < picture->num_components; i++) {
        const jpeg_component_info *component = &picture->comp_info[i];
        if ((of_dc >> component->dc_tbl_no & 1) == 0) {
            at = put_huffman_table(at, dc[i], (unsigned)component->dc_tbl_no);
            of_dc |= 1u << component->dc_tbl_no;
        }
        if ((of_ac >> component->ac_tbl_no & 1) == 0) {
            at = put_huffman_table(at, ac[i], 0x10u | (unsigned)component->ac_tbl_no);
            of_ac |= 1u << component->ac_tbl_no;
        }
    }
    if (picture->restart_interval > 0) {
        at = put_u16(put_segment(at, 0xDD, 4), picture->restart_interval);
    }
    return (size_t)(put_scan_header(at, picture) - bytes);
}
