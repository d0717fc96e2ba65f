/* What the machine can do at most, in the units of the comparison; prints one JSON object.
 *
 *   limits THREADS BYTES
 *
 * fill_ms        a fresh array of BYTES on huge pages, filled by THREADS threads (the least of five)
 * fma_per_ms     fused multiply-adds of float32 by one thread, from registers to registers
 * rows_per_ms    voxels of a float32 row in the first-level cache, each loaded, added to by one fused multiply-add
 *                and stored, by one thread
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

static double now_ms(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

struct part {
    char *memory;
    size_t bytes;
};

static void *fill_part(void *argument) {
    struct part *part = argument;
    memset(part->memory, 1, part->bytes);
    return NULL;
}

static double fill(int threads, size_t bytes) {
    const size_t huge = 2 << 20;
    double least = 1e30;
    for (int repetition = 0; repetition < 5; repetition++) {
        double begin = now_ms(CLOCK_MONOTONIC);
        char *memory = mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return -1;
        char *aligned = (char *)(((size_t)memory + huge - 1) / huge * huge);
        madvise(aligned, bytes, MADV_HUGEPAGE);
        pthread_t thread[threads];
        struct part part[threads];
        size_t share = (bytes / threads + huge - 1) / huge * huge;
        for (int i = 0; i < threads; i++) {
            size_t first = (size_t)i * share < bytes ? i * share : bytes;
            size_t end = first + share < bytes ? first + share : bytes;
            part[i] = (struct part){aligned + first, end - first};
            pthread_create(&thread[i], NULL, fill_part, &part[i]);
        }
        for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
        double took = now_ms(CLOCK_MONOTONIC) - begin;
        least = took < least ? took : least;
        munmap(memory, bytes + huge);
    }
    return least;
}

/* Twelve independent sums hide the latency of an addition. */
static double fma_rate(void) {
    const long rounds = 4000000;
    double best = 0;
    for (int repetition = 0; repetition < 5; repetition++) {
        vector sum[12], factor, term;
        for (int l = 0; l < LANES; l++) factor[l] = 0.999f, term[l] = (float)rand() / RAND_MAX;
        for (int i = 0; i < 12; i++) sum[i] = term;
        double begin = now_ms(CLOCK_THREAD_CPUTIME_ID);
        for (long round = 0; round < rounds; round++) {
#pragma GCC unroll 12
            for (int i = 0; i < 12; i++) {
                sum[i] = sum[i] * factor + term;
                __asm__ volatile("" : "+x"(sum[i]));
            }
        }
        double rate = (double)rounds * 12 * LANES / (now_ms(CLOCK_THREAD_CPUTIME_ID) - begin);
        best = rate > best ? rate : best;
    }
    return best;
}

static double row_rate(void) {
    enum { VECTORS = 128 };
    static vector row[VECTORS], profile[VECTORS];
    const long rounds = 400000;
    double best = 0;
    for (int repetition = 0; repetition < 5; repetition++) {
        vector factor;
        for (int l = 0; l < LANES; l++) factor[l] = 1e-9f * rand();
        double begin = now_ms(CLOCK_THREAD_CPUTIME_ID);
        for (long round = 0; round < rounds; round++) {
            for (int i = 0; i < VECTORS; i++) row[i] += factor * profile[i];
            __asm__ volatile("" : : "r"(row), "r"(profile) : "memory");
        }
        double rate = (double)rounds * VECTORS * LANES / (now_ms(CLOCK_THREAD_CPUTIME_ID) - begin);
        best = rate > best ? rate : best;
    }
    return best;
}

int main(int count, char **argument) {
    if (count != 3) return 2;
    double took = fill(atoi(argument[1]), strtoull(argument[2], NULL, 10));
    printf("{\"fill_ms\": %.4f, \"fma_per_ms\": %.6g, \"rows_per_ms\": %.6g}\n", took, fma_rate(), row_rate());
    return 0;
}
