#include <dnnl.h>
#include <stdint.h>

/* From libgomp, which Debian's oneDNN runs on: how many threads the calling thread's next parallel region gets. */
void omp_set_num_threads(int threads);

/* oneDNN exports this product for its own tests, from 1.0 to 3.x, and leaves it out of its header. It takes plain row-major
 * matrices as dnnl_sgemm does; the public matmul primitive would want weights laid out anew after each step. */
dnnl_status_t dnnl_gemm_bf16bf16f32(char transa, char transb, dnnl_dim_t m, dnnl_dim_t n, dnnl_dim_t k, float alpha,
    const uint16_t *a, dnnl_dim_t lda, const uint16_t *b, dnnl_dim_t ldb, float beta, float *c, dnnl_dim_t ldc);
