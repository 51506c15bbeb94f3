//! What the vault asks of the operating system, and the only place in it for `unsafe`.
//!
//! - [`KeyPage`]: one locked page between guard pages, where the keys live.
//! - [`with_burned_stack`]: runs a computation and overwrites the stack it used.
//! - [`take_env`]: takes a variable out of the environment and out of the process's memory.
//! - [`close_stray_descriptors`]: closes what the process inherited and did not ask for.
//! - [`PeerProcess`], [`peer_uid`]: who is at the other end of a Unix socket, by the kernel's word.
//! - [`deny_dumps`], [`no_new_privileges`], [`private_umask`]: what a process that holds keys gives up.
//! - [`in_foreground`]: a command that has a terminal's keys from its start.
//! - [`adopt_orphans`], [`children`], [`die_with_parent`], [`wake_at_parents_end`]: what a process that ends all of a
//!   command's descendants needs.
//! - [`share_arenas`], [`give_back_memory`]: how much memory the allocator keeps.
//!
//! Nothing here knows of secrets, formats or requests. Linux comes first; macOS has the nearest equivalent.

#![allow(unsafe_code, reason = "this crate is where it is kept; each block says why it is sound")]

mod env;
mod fds;
mod key_page;
mod peer;
mod process;
mod stack;

pub use env::{ManyThreads, take_env};
pub use fds::close_stray_descriptors;
pub use key_page::{Backing, KeyPage, PageError, PagePolicy};
pub use peer::{PeerProcess, peer_uid};
pub use process::{
    adopt_orphans, children, deny_dumps, die_with_parent, give_back_memory, in_foreground, is_dumpable,
    no_new_privileges, private_umask, share_arenas, wake_at_parents_end,
};
pub use stack::with_burned_stack;
