/* Stands between a program and the disk, loaded with LD_PRELOAD. For the files of one folder it
 *
 *   - records what is written, synced, made, renamed and removed, in order, in one log (SHIM_LOG);
 *   - makes calls fail, lie or be the last, as a control file says (SHIM_CONTROL);
 *   - leaves syncs out and says that they were done (SHIM_LIES: `files`, `folder`).
 *
 * A record is one append, so that records of several processes stand in one order. A call and its record are under
 * one lock; a sync is not, and says instead up to which place of the log it surely reached.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAGIC 0x31474f4cu
#define FDS 65536

enum kind { MADE = 1, WRITTEN, SIZED, SYNCED, FOLDER_SYNCED, REMOVED, RENAMED };
enum call { WRITE = 1, SYNC = 2, TRUNCATE = 4, OPEN = 8, RENAME = 16 };
enum act { FAIL = 0, PRETEND = 1, DIE = 2 };
enum watch { NO = 0, YES = 1, UNLOGGED = 2, FOLDER = 3 };

struct record {
    uint32_t magic, kind, name, data;
    uint64_t file, place;
};

struct control {
    uint32_t armed, calls, error, nth, lasts, act, seen, struck;
};

static const char *home, *lies = "";
static size_t home_length;
static const char *log_path;
static int log_fd = -1;
static volatile struct control *control;
static unsigned char watched[FDS];
static uint64_t files[FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ({ static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })

__attribute__((constructor)) static void begin(void) {
    home = getenv("SHIM_HOME");
    home_length = home ? strlen(home) : 0;
    log_path = getenv("SHIM_LOG");
    if (getenv("SHIM_LIES")) lies = getenv("SHIM_LIES");
    const char *path = getenv("SHIM_CONTROL");
    if (!path) return;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) control = mapped;
    syscall(SYS_close, fd);
}

/* Gives the name below the folder, "" for the folder itself, NULL for any other path. */
static const char *below(const char *path) {
    if (!home || !path || strncmp(path, home, home_length)) return NULL;
    if (!path[home_length]) return path + home_length;
    if (path[home_length] != '/') return NULL;
    return path + home_length + 1;
}

static int ends_with(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

/* The index beside the log is memory: it is made anew, and never read after a cut. */
static int is_logged(const char *name) {
    return *name && !ends_with(name, "-shm") && !ends_with(name, ".lock") && !ends_with(name, ".sock");
}

static int kind_of(int fd) {
    return fd >= 0 && fd < FDS ? watched[fd] : NO;
}

static int open_log(void) {
    /* Not at the start: a program may close what it did not open. */
    if (log_fd < 0 && log_path)
        log_fd = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    return log_fd;
}

static uint64_t log_length(void) {
    struct stat st;
    return open_log() >= 0 && !fstat(log_fd, &st) ? (uint64_t)st.st_size : 0;
}

static void note(enum kind kind, uint64_t file, uint64_t place, const char *name, const void *data, size_t length) {
    if (open_log() < 0) return;
    struct record head = { MAGIC, kind, name ? strlen(name) : 0, length, file, place };
    struct iovec parts[3] = { { &head, sizeof head }, { (void *)name, head.name }, { (void *)data, length } };
    int kept = errno;
    size_t whole = sizeof head + head.name + length;
    if (syscall(SYS_writev, log_fd, parts, 3) != (long)whole) abort();
    errno = kept;
}

/* Counts a call, and tells whether it is the one that was asked for: the act plus one, or nothing. */
static int strikes(enum call call) {
    if (!control || !control->armed || !(control->calls & call)) return 0;
    uint32_t seen = ++control->seen;
    if (seen != control->nth && !(control->lasts && seen > control->nth)) return 0;
    control->struck++;
    return (int)control->act + 1;
}

static int fails(int struck) {
    if (struck != FAIL + 1) return 0;
    errno = (int)control->error;
    return 1;
}

static void dies(int struck) {
    if (struck == DIE + 1) kill(getpid(), SIGKILL);
}

static void watch(int fd, const char *name, int made) {
    struct stat st;
    if (fd < 0 || fd >= FDS || fstat(fd, &st)) return;
    files[fd] = st.st_ino;
    if (S_ISDIR(st.st_mode)) watched[fd] = FOLDER;
    else if (S_ISREG(st.st_mode)) watched[fd] = is_logged(name) ? YES : UNLOGGED;
    if (watched[fd] == YES && made) note(MADE, st.st_ino, 0, name, NULL, 0);
}

static int opened(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    const char *name = below(path);
    if (!name) return real(path, flags, mode);
    struct stat before;
    pthread_mutex_lock(&lock);
    int there = !lstat(path, &before);
    int struck = there && S_ISDIR(before.st_mode) ? 0 : strikes(OPEN);
    int fd = fails(struck) ? -1 : real(path, flags, mode);
    int kept = errno;
    if (fd >= 0) {
        watch(fd, name, !there);
        if (there && (flags & O_TRUNC) && kind_of(fd) == YES) note(SIZED, files[fd], 0, NULL, NULL, 0);
    }
    dies(struck);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return fd;
}

#define MODE(flags) ({ mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); \
    mode = va_arg(rest, mode_t); va_end(rest); } mode; })

int open(const char *path, int flags, ...) { return opened(REAL(open), path, flags, MODE(flags)); }
int open64(const char *path, int flags, ...) { return opened(REAL(open64), path, flags, MODE(flags)); }

int close(int fd) {
    if (kind_of(fd) == NO) return REAL(close)(fd);
    pthread_mutex_lock(&lock);
    watched[fd] = NO;
    int done = REAL(close)(fd);
    pthread_mutex_unlock(&lock);
    return done;
}

/* Writes at a place, or where the descriptor stands (-1). */
static ssize_t written(int fd, const void *data, size_t length, off64_t place) {
    pthread_mutex_lock(&lock);
    int struck = strikes(WRITE);
    off64_t at = place >= 0 ? place : lseek64(fd, 0, SEEK_CUR);
    ssize_t done = -1;
    if (struck == PRETEND + 1) {
        done = (ssize_t)length;
        if (place < 0) lseek64(fd, (off64_t)length, SEEK_CUR);
    } else if (!fails(struck)) {
        done = place >= 0 ? syscall(SYS_pwrite64, fd, data, length, place) : syscall(SYS_write, fd, data, length);
        if (done > 0 && watched[fd] == YES) note(WRITTEN, files[fd], (uint64_t)at, NULL, data, (size_t)done);
    }
    int kept = errno;
    dies(struck);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

ssize_t write(int fd, const void *data, size_t length) {
    return kind_of(fd) == NO ? REAL(write)(fd, data, length) : written(fd, data, length, -1);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    return kind_of(fd) == NO ? REAL(pwrite)(fd, data, length, at) : written(fd, data, length, at);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    return kind_of(fd) == NO ? REAL(pwrite64)(fd, data, length, at) : written(fd, data, length, at);
}

static void note_size(int fd) {
    struct stat st;
    if (watched[fd] == YES && !fstat(fd, &st)) note(SIZED, files[fd], (uint64_t)st.st_size, NULL, NULL, 0);
}

static int sized(int fd, off64_t size) {
    pthread_mutex_lock(&lock);
    int struck = strikes(TRUNCATE);
    int done = fails(struck) ? -1 : struck == PRETEND + 1 ? 0 : (int)syscall(SYS_ftruncate, fd, size);
    if (!done) note_size(fd);
    int kept = errno;
    dies(struck);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int ftruncate(int fd, off_t size) { return kind_of(fd) == NO ? REAL(ftruncate)(fd, size) : sized(fd, size); }
int ftruncate64(int fd, off64_t size) { return kind_of(fd) == NO ? REAL(ftruncate64)(fd, size) : sized(fd, size); }

static int allocated(int fd, int mode, off64_t at, off64_t length) {
    pthread_mutex_lock(&lock);
    int struck = kind_of(fd) == NO ? 0 : strikes(WRITE);
    int done = fails(struck) ? -1 : struck == PRETEND + 1 ? 0 : (int)syscall(SYS_fallocate, fd, mode, at, length);
    if (!done && kind_of(fd) == YES) note_size(fd);
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int fallocate(int fd, int mode, off_t at, off_t length) { return allocated(fd, mode, at, length); }
int fallocate64(int fd, int mode, off64_t at, off64_t length) { return allocated(fd, mode, at, length); }

static void note_sync(int fd, int kind, uint64_t file, uint64_t reached) {
    char link[64], path[4096];
    if (kind == YES) note(SYNCED, file, reached, NULL, NULL, 0);
    if (kind != FOLDER) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    if (below(path)) note(FOLDER_SYNCED, 0, reached, below(path), NULL, 0);
}

static int synced(int fd, int (*real)(int)) {
    int kind = kind_of(fd);
    if (kind == NO) return real(fd);
    pthread_mutex_lock(&lock);
    int struck = strikes(SYNC);
    uint64_t reached = log_length(), file = files[fd];
    pthread_mutex_unlock(&lock);
    if (fails(struck)) return -1;
    if (struck == PRETEND + 1 || strstr(lies, kind == FOLDER ? "folder" : "files")) return 0;
    int done = real(fd);
    int kept = errno;
    pthread_mutex_lock(&lock);
    if (!done) note_sync(fd, kind, file, reached);
    dies(struck);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

int rename(const char *from, const char *to) {
    const char *old = below(from), *new = below(to);
    if (!old || !new) return REAL(rename)(from, to);
    pthread_mutex_lock(&lock);
    int struck = strikes(RENAME);
    int done = fails(struck) ? -1 : REAL(rename)(from, to);
    struct stat st;
    /* The socket comes to its name by a rename too. */
    if (!done && is_logged(old) && !lstat(to, &st) && S_ISREG(st.st_mode)) note(RENAMED, 0, 0, old, new, strlen(new));
    int kept = errno;
    dies(struck);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

int unlink(const char *path) {
    const char *name = below(path);
    if (!name) return REAL(unlink)(path);
    pthread_mutex_lock(&lock);
    int done = REAL(unlink)(path);
    if (!done && is_logged(name)) note(REMOVED, 0, 0, name, NULL, 0);
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
