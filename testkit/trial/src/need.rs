//! What a test may need of the machine, how that is found out, and how to get it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::geteuid;
use vault_platform::{Backing, KeyPage, PagePolicy};

/// Something that a machine has or lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// To run as root, with `setpriv` to act as other users.
    Root,
    /// Mounts of its own: root, `unshare`, `mkfs.ext4`.
    Mounts,
    /// A memory cgroup that can be made below this process's own.
    MemoryCgroup,
    /// 4,096 open files for one process.
    ManyFiles,
    /// `memfd_secret(2)`.
    SecretMemory,
    /// A build without a sanitizer.
    NoSanitizer,
    /// Python 3.
    Python,
    /// Node.
    Node,
    /// A Chromium, with the packages that drive it.
    Browser,
    /// git.
    Git,
    /// bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
    /// `ssh-keygen`.
    SshKeygen,
    /// `openssl`.
    Openssl,
    /// `systemd-analyze`.
    Systemd,
    /// A machine that systemd does not run.
    NoServiceManager,
    /// What no machine has, for a test that is run by its name alone.
    Never,
}

/// How to get what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Debian's package of this name.
    Package(&'static str),
    /// These words of advice.
    Words(&'static str),
    /// Nothing: the kernel or this build has it or not.
    Nothing,
}

impl Need {
    /// Every need that a test can name.
    pub const ALL: [Self; 17] = [
        Self::Root,
        Self::Mounts,
        Self::MemoryCgroup,
        Self::ManyFiles,
        Self::SecretMemory,
        Self::NoSanitizer,
        Self::Python,
        Self::Node,
        Self::Browser,
        Self::Git,
        Self::Bash,
        Self::Zsh,
        Self::Fish,
        Self::SshKeygen,
        Self::Openssl,
        Self::Systemd,
        Self::NoServiceManager,
    ];

    /// Returns what it is called in messages, and how to get it.
    pub fn described(self) -> (&'static str, Remedy) {
        use Remedy::{Nothing, Package, Words};
        match self {
            Self::Root => ("root, with setpriv", Words("run the tests as root")),
            Self::Mounts => ("mounts of its own", Words("run the tests as root")),
            Self::MemoryCgroup => ("a memory cgroup", Nothing),
            Self::ManyFiles => ("4096 open files", Words("raise the hard limit: ulimit -Hn 4096")),
            Self::SecretMemory => ("memfd_secret(2)", Nothing),
            Self::NoSanitizer => ("a build without a sanitizer", Nothing),
            Self::Python => ("python3", Package("python3")),
            Self::Node => ("node", Package("nodejs")),
            Self::Browser => (
                "chromium with playwright-core and axe-core",
                Words("apt-get install chromium nodejs npm; npm ci --prefix ctl/tests/page"),
            ),
            Self::Git => ("git", Package("git")),
            Self::Bash => ("bash", Package("bash")),
            Self::Zsh => ("zsh", Package("zsh")),
            Self::Fish => ("fish", Package("fish")),
            Self::SshKeygen => ("ssh-keygen", Package("openssh-client")),
            Self::Openssl => ("openssl", Package("openssl")),
            Self::Systemd => ("systemd-analyze", Package("systemd")),
            Self::NoServiceManager => ("a machine without systemd", Nothing),
            Self::Never => ("to be run by name", Nothing),
        }
    }

    /// Returns what is missing and how to get it, in one phrase.
    pub fn lack(self) -> String {
        match self.described() {
            (name, Remedy::Package(package)) => format!("{name} (apt-get install {package})"),
            (name, Remedy::Words(words)) => format!("{name} ({words})"),
            (name, Remedy::Nothing) => name.to_owned(),
        }
    }

    /// Returns whether a machine that lacks it can get it.
    pub fn can_be_installed(self) -> bool {
        self.described().1 != Remedy::Nothing
    }

    /// Returns whether this machine has it.
    pub fn is_met(self) -> bool {
        match self {
            Self::Root => geteuid().is_root() && in_path("setpriv"),
            Self::Mounts => geteuid().is_root() && in_path("mkfs.ext4") && can_mount(),
            Self::MemoryCgroup => geteuid().is_root() && memory_cgroups().is_some(),
            Self::ManyFiles => getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(_, hard)| hard >= 4096),
            Self::SecretMemory => has_secret_memory(),
            // The sanitizer makes mlockall(2) do nothing and say that it did; the kernel refuses these flags.
            Self::NoSanitizer => nix::sys::mman::mlockall(nix::sys::mman::MlockAllFlags::empty()).is_err(),
            Self::Python => in_path("python3"),
            Self::Node => in_path("node"),
            Self::Browser => in_path("node") && browser().exists() && has_page_packages(),
            Self::Git => in_path("git"),
            Self::Bash => in_path("bash"),
            Self::Zsh => in_path("zsh"),
            Self::Fish => in_path("fish"),
            Self::SshKeygen => in_path("ssh-keygen"),
            Self::Openssl => in_path("openssl"),
            Self::Systemd => in_path("systemd-analyze"),
            Self::NoServiceManager => !Path::new("/run/systemd/system").exists(),
            Self::Never => false,
        }
    }
}

/// Returns whether a program of this name is found by `PATH`.
#[expect(clippy::disallowed_methods, reason = "where programs are is the environment's to say")]
fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Returns whether a mount namespace can be had and mounted in.
fn can_mount() -> bool {
    let script = "mount -t tmpfs tmpfs /mnt";
    let tried = Command::new("unshare").args(["--mount", "sh", "-c", script]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// Returns the folder of the cgroups that limit memory: version 1's, or version 2's if memory is delegated.
pub fn memory_cgroups() -> Option<PathBuf> {
    let first = Path::new("/sys/fs/cgroup/memory");
    if first.join("memory.limit_in_bytes").exists() || first.join("tasks").exists() {
        return Some(first.to_owned());
    }
    let root = Path::new("/sys/fs/cgroup");
    let delegated = std::fs::read_to_string(root.join("cgroup.subtree_control")).ok()?;
    delegated.split_whitespace().any(|one| one == "memory").then(|| root.to_owned())
}

/// Returns whether a page for keys is kept in secret memory here.
fn has_secret_memory() -> bool {
    KeyPage::new(PagePolicy::default()).is_ok_and(|page| page.backing() == Backing::Secretmem)
}

/// Returns where the browser is.
#[expect(clippy::disallowed_methods, reason = "where the browser is, the environment may say")]
fn browser() -> PathBuf {
    std::env::var_os("PAGE_BROWSER").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from)
}

/// Returns whether the packages that drive the browser are where npm puts them.
fn has_page_packages() -> bool {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ctl/tests/page/node_modules");
    modules.join("playwright-core").exists() && modules.join("axe-core").exists()
}
