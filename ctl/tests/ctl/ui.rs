//! The dashboard's server, as browsers and those who only look like one meet it: raw bytes over real sockets.

mod dashboard;
mod door;
mod ending;
mod link;
mod passing;
mod session;
mod staying;
