#include "elementwise.h"

#include "widest.h"

#pragma STDC FP_CONTRACT OFF

FOR_THE_WIDEST
void add_bias_relu(float *restrict y, const float *restrict bias, ptrdiff_t rows, ptrdiff_t width) {
    for (ptrdiff_t row = 0; row < rows; row++, y += width) {
        for (ptrdiff_t column = 0; column < width; column++) {
            const float sum = y[column] + bias[column];
            // Not-a-number stays what it is.
            y[column] = sum <= 0 ? 0 : sum;
        }
    }
}

FOR_THE_WIDEST
void block_relu(float *restrict delta, const float *restrict y, ptrdiff_t count) {
    for (ptrdiff_t index = 0; index < count; index++) {
        // Read whether it is kept or not: a branch would be guessed wrong every other time.
        const float kept = delta[index];
        delta[index] = y[index] > 0 ? kept : 0;
    }
}

FOR_THE_WIDEST
void sum_rows(const float *restrict delta, float *restrict out, ptrdiff_t rows, ptrdiff_t width) {
    for (ptrdiff_t column = 0; column < width; column++) out[column] = 0;
    // Whole rows: columns whose sums stay in registers would be read from far apart, which takes longer.
    for (ptrdiff_t row = 0; row < rows; row++, delta += width)
        for (ptrdiff_t column = 0; column < width; column++) out[column] += delta[column];
}

FOR_THE_WIDEST
void add_floats(float *restrict out, const float *restrict more, ptrdiff_t count) {
    for (ptrdiff_t index = 0; index < count; index++) out[index] += more[index];
}

FOR_THE_WIDEST
void adam(float *restrict weights, const float *restrict gradient, float *restrict mean, float *restrict variance,
          ptrdiff_t count, struct adam_step step) {
    const float tiny = 1e-30f;
    for (ptrdiff_t index = 0; index < count; index++) {
        const float g = gradient[index];
        const float m = step.beta1 * mean[index] + (1 - step.beta1) * g;
        const float v = step.beta2 * variance[index] + (1 - step.beta2) * g * g;
        mean[index] = (m + tiny) - tiny;
        variance[index] = (v + tiny) - tiny;
        weights[index] -= step.rate * m / (__builtin_elementwise_sqrt(v * step.variance_scale) + 1e-8f);
    }
}

FOR_THE_WIDEST
void adagrad(float *restrict weights, const float *restrict gradient, float *restrict squares, ptrdiff_t count,
             float rate) {
    for (ptrdiff_t index = 0; index < count; index++) {
        const float g = gradient[index];
        const float sum = squares[index] + g * g;
        squares[index] = sum;
        weights[index] -= rate * g / (__builtin_elementwise_sqrt(sum) + 1e-10f);
    }
}
