//! `vaultctl` as its users meet it: the real program, on a real socket, with a real daemon behind it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper fails its test")]

mod agents;
mod audit;
mod backup;
mod doctor;
mod environment;
mod import;
mod init;
mod keys;
mod migration;
mod mistakes;
mod output;
mod platforms;
mod secrets;
mod service;
mod state;
mod tokens;
mod versions;
