#include "row_sums.h"

#include "widest.h"

#pragma STDC FP_CONTRACT OFF

static inline __attribute__((always_inline)) void sum(float *sums, ptrdiff_t stride, ptrdiff_t width,
                                                      const float *lines, const int groups, ptrdiff_t rows,
                                                      const int32_t *starts, const int32_t *places,
                                                      const float *shares) {
    const ptrdiff_t line_width = 16 * groups;
    for (ptrdiff_t row = 0; row < rows; row++) {
        // Small enough to stay in registers.
        float total[64];
        for (ptrdiff_t column = 0; column < line_width; column++) total[column] = 0;
        for (ptrdiff_t entry = starts[row]; entry < starts[row + 1]; entry++) {
            const float *line = lines + places[entry] * line_width;
            if (shares) {
                const float share = shares[entry];
                for (ptrdiff_t column = 0; column < line_width; column++) total[column] += share * line[column];
            } else {
                for (ptrdiff_t column = 0; column < line_width; column++) total[column] += line[column];
            }
        }
        float *target = sums + row * stride;
        if (width == line_width) {
            for (ptrdiff_t column = 0; column < line_width; column++) target[column] = total[column];
        } else {
            for (ptrdiff_t column = 0; column < width; column++) target[column] = total[column];
        }
    }
}

FOR_THE_WIDEST
void row_sums(float *sums, ptrdiff_t stride, ptrdiff_t width, const float *lines, ptrdiff_t groups, ptrdiff_t rows,
              const int32_t *starts, const int32_t *places, const float *shares) {
    switch (groups) {
    case 1: sum(sums, stride, width, lines, 1, rows, starts, places, shares); break;
    case 2: sum(sums, stride, width, lines, 2, rows, starts, places, shares); break;
    case 3: sum(sums, stride, width, lines, 3, rows, starts, places, shares); break;
    default: sum(sums, stride, width, lines, 4, rows, starts, places, shares); break;
    }
}
