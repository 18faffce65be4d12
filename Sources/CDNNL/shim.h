#include <dnnl.h>

/* From libgomp, which Debian's oneDNN runs on: how many threads the calling thread's next parallel region gets. */
void omp_set_num_threads(int threads);
