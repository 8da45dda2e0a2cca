#include <uv.h>

/* glibc declares it only under _GNU_SOURCE, which Swift's importer does not define. */
extern int pthread_setname_np(pthread_t thread, const char *name);
