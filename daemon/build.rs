//! Leaves to the linker what makes the program small.

#[path = "../build/linker.rs"]
mod linker;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../build/linker.rs");
    linker::tell();
}
