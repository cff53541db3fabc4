#pragma once
#if !__has_include(<cblas.h>)
#error "cblas.h is missing: install it with  apt-get install libopenblas-dev"
#endif
#include <cblas.h>

// The Fortran entries of LAPACK that the library holds; Debian's package has no header for them. All arguments are pointers, characters come first,
// and the hidden lengths of characters are left out, as every C caller does: LAPACK reads one letter.
void dsyevd_(const char *job, const char *triangle, const blasint *n, double *a, const blasint *lda, double *values,
             double *work, const blasint *workSize, blasint *integers, const blasint *integerSize, blasint *info);
void dstevd_(const char *job, const blasint *n, double *diagonal, double *offDiagonal, double *vectors,
             const blasint *leading, double *work, const blasint *workSize, blasint *integers,
             const blasint *integerSize, blasint *info);
void dpotrf_(const char *triangle, const blasint *n, double *a, const blasint *lda, blasint *info);
void dpotrs_(const char *triangle, const blasint *n, const blasint *columns, const double *a, const blasint *lda,
             double *b, const blasint *ldb, blasint *info);
