//! What the project's own commands stand on: where the workspace is, the tools that they run, and what they print.

pub mod outcome;
pub mod sabotage;
pub mod say;
pub mod tool;
pub mod turns;
pub mod units;
pub mod workspace;
