#ifndef ROW_SUMS_H
#define ROW_SUMS_H

#include <stddef.h>
#include <stdint.h>

/// Adds up chosen lines of a matrix: sums[r] = Σ share · lines[place] over the entries starts[r] ..< starts[r + 1].
///
/// Every number is added by itself and in the order of the entries, so the bits do not depend on how many numbers a CPU
/// works on at once.
///
/// - Parameters:
///   - sums: `[rows, width]`; what was there is lost.
///   - stride: floats from a line of sums to the next.
///   - width: numbers of a line, at most 16 · groups.
///   - lines: `[lines, 16 · groups]`.
///   - groups: 1 to 4.
///   - starts: `[rows + 1]`.
///   - places: lines by entry.
///   - shares: by entry; null: 1.
void row_sums(float *sums, ptrdiff_t stride, ptrdiff_t width, const float *lines, ptrdiff_t groups, ptrdiff_t rows,
              const int32_t *starts, const int32_t *places, const float *shares);

#endif
