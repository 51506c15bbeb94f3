//! A page for keys that stays out of swap, core dumps and child processes.

use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::{fmt, io};

use nix::errno::Errno;
use nix::libc::{self, c_void};
use nix::sys::mman::{self, MapFlags, ProtFlags};
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{SysconfVar, sysconf};
use zeroize::Zeroize;

const ACCESS: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

/// What keeps a [`KeyPage`] out of swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backing {
    /// `memfd_secret(2)`: out of the kernel's own map: `/proc/PID/mem` shows it to nobody, not even root.
    Secretmem,
    /// mlock(2): never written to swap.
    Mlock,
    /// Nothing: the page may be swapped out.
    Unlocked,
}

impl Backing {
    /// Gives the name that status and configuration use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secretmem => "secretmem",
            Self::Mlock => "mlock",
            Self::Unlocked => "none",
        }
    }
}

/// What a [`KeyPage`] tries and what it insists on; both by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PagePolicy {
    /// Tries `memfd_secret(2)` first. A system that holds such a page does not hibernate.
    pub secretmem: bool,
    /// Refuses a page that cannot be locked.
    pub require_lock: bool,
}

impl Default for PagePolicy {
    fn default() -> Self {
        Self { secretmem: true, require_lock: true }
    }
}

/// Why there is no page for the keys.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The system gave no memory at all.
    #[error("no memory could be mapped for the keys: {0}")]
    Unmapped(io::Error),
    /// The page exists but may be swapped out, and the policy requires that it is not.
    #[error(
        "the key page cannot be locked in memory ({cause}; RLIMIT_MEMLOCK is {limit} bytes): raise the limit \
         (`LimitMEMLOCK=` in the unit, `ulimit -l` in a shell) or allow swap with `memory.lock = \"try\"`"
    )]
    NotLockable {
        /// What mlock(2) answered.
        cause: Errno,
        /// The limit in force, in bytes.
        limit: u64,
    },
}

/// One readable and writable page between two that trap every access.
///
/// It is left out of core dumps, is not there (or reads as zeros) in a forked child, and is wiped on drop.
/// A forked child must not use or drop it.
pub struct KeyPage {
    /// Where the first of the three pages begins.
    base: NonNull<c_void>,
    size: NonZeroUsize,
    backing: Backing,
}

// SAFETY: the page is owned memory like a `Box<[u8]>`: shared borrows only read, and writing takes `&mut`.
unsafe impl Send for KeyPage {}
// SAFETY: as above.
unsafe impl Sync for KeyPage {}

impl KeyPage {
    /// Maps a zeroed page by the strongest means that `policy` allows and the system has.
    ///
    /// # Errors
    /// [`PageError::NotLockable`] when the policy requires a lock and neither means works;
    /// [`PageError::Unmapped`] when there is no memory.
    pub fn new(policy: PagePolicy) -> Result<Self, PageError> {
        #[cfg(target_os = "linux")]
        if let Some(Ok(page)) = policy.secretmem.then(Self::in_secretmem) {
            return Ok(page);
        }
        let mut page = Self::between_guards().map_err(PageError::Unmapped)?;
        // SAFETY: the page is mapped and belongs to `page`.
        let locked = unsafe { mman::mlock(page.start(), page.len()) };
        if let (Err(cause), true) = (locked, policy.require_lock) {
            let limit = getrlimit(Resource::RLIMIT_MEMLOCK).map_or(0, |(soft, _)| soft);
            return Err(PageError::NotLockable { cause, limit });
        }
        page.backing = if locked.is_ok() { Backing::Mlock } else { Backing::Unlocked };
        Ok(page)
    }

    /// Gives the size in bytes: one page of memory, 4096 on most systems.
    #[allow(clippy::len_without_is_empty, reason = "a page is never empty")]
    pub fn len(&self) -> usize {
        self.size.get()
    }

    /// Borrows the page's bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the page is mapped, readable and initialised for as long as `self` lives.
        unsafe { std::slice::from_raw_parts(self.start().cast().as_ptr(), self.len()) }
    }

    /// Borrows the page's bytes for writing.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; the page is writable, and `&mut self` makes the borrow the only one.
        unsafe { std::slice::from_raw_parts_mut(self.start().cast().as_ptr(), self.len()) }
    }

    /// Tells what keeps the page out of swap.
    pub fn backing(&self) -> Backing {
        self.backing
    }

    /// Counts the bytes that cannot be swapped out: the page, or 0 for [`Backing::Unlocked`].
    pub fn locked_bytes(&self) -> usize {
        if self.backing == Backing::Unlocked { 0 } else { self.len() }
    }

    fn start(&self) -> NonNull<c_void> {
        self.base.map_addr(|base| base.saturating_add(self.len()))
    }

    /// Maps three pages, makes the outer two inaccessible and keeps the middle one out of dumps and children.
    fn between_guards() -> io::Result<Self> {
        let size = sysconf(SysconfVar::PAGE_SIZE)?.and_then(|size| usize::try_from(size).ok());
        let size = size.and_then(NonZeroUsize::new).ok_or(Errno::EINVAL)?;
        let three = size.saturating_add(2 * size.get());
        // SAFETY: a new mapping at an address of the kernel's choice disturbs no other.
        let base = unsafe { mman::mmap_anonymous(None, three, ACCESS, MapFlags::MAP_PRIVATE)? };
        let page = Self { base, size, backing: Backing::Unlocked };
        for guard in [base, page.start().map_addr(|start| start.saturating_add(size.get()))] {
            // SAFETY: both are this mapping's own, and no borrow ever reaches them.
            unsafe { mman::mprotect(guard, size.get(), ProtFlags::PROT_NONE)? };
        }
        #[cfg(target_os = "linux")]
        for advice in [mman::MmapAdvise::MADV_DONTDUMP, mman::MmapAdvise::MADV_WIPEONFORK] {
            // SAFETY: the advice is on the page alone and changes none of its bytes in this process.
            unsafe { mman::madvise(page.start(), page.len(), advice)? };
        }
        #[cfg(target_os = "macos")]
        // SAFETY: as the advice above.
        Errno::result(unsafe { libc::minherit(page.start().as_ptr(), page.len(), libc::VM_INHERIT_NONE) })?;
        Ok(page)
    }

    #[cfg(target_os = "linux")]
    fn in_secretmem() -> io::Result<Self> {
        use std::os::fd::{FromRawFd, RawFd};
        // SAFETY: the call takes flags alone.
        let fd = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
        let fd = Errno::result(RawFd::try_from(fd).unwrap_or(-1))?;
        // SAFETY: the kernel has just made this descriptor, so nothing else owns it.
        let file = unsafe { std::fs::File::from_raw_fd(fd) };
        let mut page = Self::between_guards()?;
        file.set_len(page.len() as u64)?;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_FIXED;
        // SAFETY: what is replaced is the middle of the three pages, which nothing has borrowed yet.
        let mapped = unsafe { mman::mmap(Some(page.start().addr()), page.size, ACCESS, flags, &file, 0) };
        if let Err(error) = mapped {
            // A failed MAP_FIXED may leave a hole that another thread's mapping fills: not ours to unmap.
            std::mem::forget(page);
            return Err(error.into());
        }
        // Dumps leave this memory out by themselves, but being shared it would be a forked child's too.
        // SAFETY: the advice is on the page alone and changes none of its bytes in this process.
        unsafe { mman::madvise(page.start(), page.len(), mman::MmapAdvise::MADV_DONTFORK)? };
        page.backing = Backing::Secretmem;
        Ok(page)
    }
}

impl Drop for KeyPage {
    fn drop(&mut self) {
        self.bytes_mut().zeroize();
        // SAFETY: the three pages are this value's own, and no borrow of them outlives it.
        let _ = unsafe { mman::munmap(self.base, 3 * self.len()) };
    }
}

impl fmt::Debug for KeyPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPage").field("backing", &self.backing).finish_non_exhaustive()
    }
}
