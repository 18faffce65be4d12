#ifndef ELEMENTWISE_H
#define ELEMENTWISE_H

#include <stddef.h>

// The loops over single numbers that a training step spends its time in. Each number is rounded by itself, and sums are
// added up in the order of their rows, so the bits do not depend on how many numbers a CPU works on at once. What they
// compute is said at `Kernels`.

void add_bias_relu(float *y, const float *bias, ptrdiff_t rows, ptrdiff_t width);

void block_relu(float *delta, const float *y, ptrdiff_t count);

void sum_rows(const float *delta, float *out, ptrdiff_t rows, ptrdiff_t width);

void add_floats(float *out, const float *more, ptrdiff_t count);

/// The numbers of a step of Adam that are the same for all weights.
struct adam_step {
    float beta1, beta2, rate, variance_scale;
};

void adam(float *weights, const float *gradient, float *mean, float *variance, ptrdiff_t count,
          struct adam_step step);

void adagrad(float *weights, const float *gradient, float *squares, ptrdiff_t count, float rate);

#endif
