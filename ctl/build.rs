//! Takes out of the program what can be done before: reading the patterns of keys.

#[path = "build/keys.rs"]
mod keys;
#[path = "build/telling.rs"]
mod telling;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    if let Err(problem) = keys::write() {
        println!("cargo::error={problem}");
    }
}
