// Linked into MicroPython for test_no_memory.py: lets chosen allocations fail.
//
// The file that FAULTS names is shared with the test: three numbers of 32 bits, see below.

#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct plan {
    volatile uint32_t seen; // allocations so far
    volatile uint32_t first; // the first one that fails, counted from 0
    volatile uint32_t count; // and how many fail from there on
};
static struct plan nothing, *plan = &nothing;
static int spared;

__attribute__((constructor)) static void share(void) {
    // The heap at low addresses, as on a board: else each id() would be an object, too.
    mallopt(M_MMAP_THRESHOLD, 1 << 28);
    const char *name = getenv("FAULTS");
    if (name) {
        int fd = open(name, O_RDWR);
        void *p = mmap(NULL, sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (fd < 0 || p == MAP_FAILED) {
            abort();
        }
        close(fd);
        plan = p;
    }
}

static bool fails(void) {
    uint32_t n = plan->seen++;
    if (spared > 0) {
        spared--;
        return false;
    }
    return n - plan->first < plan->count;
}

void *__real_gc_alloc(size_t size, unsigned int flags);
void *__wrap_gc_alloc(size_t size, unsigned int flags) {
    return fails() ? NULL : __real_gc_alloc(size, flags);
}

size_t gc_nbytes(const void *p);
void *__real_gc_realloc(void *p, size_t size, bool move);
void *__wrap_gc_realloc(void *p, size_t size, bool move) {
    // What becomes shorter needs no memory.
    return size > gc_nbytes(p) && fails() ? NULL : __real_gc_realloc(p, size, move);
}

// The unix port forgets a socket that it has accepted if there is no memory for the four objects
// of the result. On boards such a socket is closed when it is collected.
int __real_accept(int fd, struct sockaddr *address, socklen_t *length);
int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length) {
    int accepted = __real_accept(fd, address, length);
    spared = accepted < 0 ? 0 : 4;
    return accepted;
}
