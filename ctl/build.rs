//! Takes out of the program what can be done before: reading the patterns of keys, packing the page, and work of the
//! linker's.

#[path = "build/keys.rs"]
mod keys;
#[path = "../build/linker.rs"]
mod linker;
#[path = "build/page.rs"]
mod page;
#[path = "build/telling.rs"]
mod telling;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=../build/linker.rs");
    linker::tell();
    if let Err(problem) = keys::write().and_then(|()| page::write()) {
        println!("cargo::error={problem}");
    }
}
