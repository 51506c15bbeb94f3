//! Packs the files of the dashboard's page (gzip, RFC 1952): so they are kept in the program, and so they are sent.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

const FOLDER: &str = "src/commands/ui/page";

/// Writes `page/NAME.gz` of each file for `src/commands/ui/page.rs`.
#[expect(clippy::disallowed_methods, reason = "Cargo names the folder so, and nothing in it is private")]
pub(crate) fn write() -> Result<(), String> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let out = std::env::var_os("OUT_DIR").ok_or("Cargo names no OUT_DIR")?;
    pack(Path::new(FOLDER), &Path::new(&out).join("page")).map_err(|error| format!("{FOLDER}: {error}"))
}

#[expect(clippy::disallowed_methods, reason = "Cargo's folder of what is built holds nothing private")]
fn pack(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for file in from.read_dir()? {
        let file = file?;
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&std::fs::read(file.path())?)?;
        let mut name = file.file_name();
        name.push(".gz");
        std::fs::write(to.join(name), packed.finish()?)?;
    }
    Ok(())
}
