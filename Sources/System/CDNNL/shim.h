#include <dnnl.h>
#include <stdint.h>

/* From libgomp, which Debian's oneDNN runs on: how many threads the calling thread's next parallel region gets. */
void omp_set_num_threads(int threads);
int omp_get_max_threads(void);

/* Debian 12's oneDNN (2.6) exports this product and leaves it out of its header: dnnl_sgemm with bf16 factors. */
dnnl_status_t dnnl_gemm_bf16bf16f32(char transa, char transb, dnnl_dim_t m, dnnl_dim_t n, dnnl_dim_t k, float alpha,
    const uint16_t *a, dnnl_dim_t lda, const uint16_t *b, dnnl_dim_t ldb, float beta, float *c, dnnl_dim_t ldc);
