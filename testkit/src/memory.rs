//! Looks for secrets in the whole memory of a running process, as root sees it.
//!
//! Every window of twelve bytes counts, in every form in which a program may hold a text or a key.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::search::Needle;

/// How much of a secret has to stand together to count as found.
const WINDOW: usize = 12;
const PAGE: usize = 4096;

/// What is looked for.
#[derive(Debug)]
pub struct Wanted {
    names: Vec<String>,
    windows: HashMap<[u8; WINDOW], usize>,
    /// Which pairs of bytes any window begins with, so that most of the memory is passed over quickly.
    beginnings: Vec<bool>,
}

/// One find: what, and in which mapping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Find {
    /// What was found, and in which form.
    pub what: String,
    /// The mapping that it is in.
    pub place: String,
    /// Whether that mapping is locked.
    pub locked: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self::new()
    }
}

impl Wanted {
    /// Looks for nothing yet.
    pub fn new() -> Self {
        Self { names: Vec::new(), windows: HashMap::new(), beginnings: vec![false; 1 << 16] }
    }

    /// Looks for a text, also in hex, in base64 and reversed.
    pub fn text(mut self, name: &str, text: &str) -> Self {
        for (form, bytes) in Needle::new(text).forms() {
            self.add(&format!("{name} ({form})"), bytes);
        }
        self
    }

    /// Looks for a key, also in words of the other byte order and as HMAC pads it.
    pub fn key(mut self, name: &str, key: &[u8]) -> Self {
        let swapped = |size| key.chunks(size).flat_map(|word| word.iter().rev().copied()).collect();
        let padded = |pad| key.iter().map(|byte| byte ^ pad).collect();
        let forms: [(&str, Vec<u8>); 5] = [
            ("plain", key.to_vec()),
            ("words of 4", swapped(4)),
            ("words of 8", swapped(8)),
            ("inner pad", padded(0x36)),
            ("outer pad", padded(0x5c)),
        ];
        for (form, bytes) in forms {
            self.add(&format!("{name} ({form})"), &bytes);
        }
        self
    }

    fn add(&mut self, name: &str, bytes: &[u8]) {
        for window in bytes.windows(WINDOW) {
            self.beginnings[pair(window)] = true;
            self.windows.insert(window.try_into().unwrap(), self.names.len());
        }
        self.names.push(name.to_owned());
    }

    /// Searches a process and gives each thing once for each mapping that it stands in.
    pub fn in_process(&self, pid: u32) -> Vec<Find> {
        let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
        let mut finds = Vec::new();
        for mapping in mappings(pid) {
            for name in self.in_bytes(&mapping.read(&memory)) {
                let (place, locked) = (mapping.place.clone(), mapping.locked);
                finds.push(Find { what: self.names[name].clone(), place, locked });
            }
        }
        finds
    }

    fn in_bytes(&self, bytes: &[u8]) -> Vec<usize> {
        let mut found = Vec::new();
        for window in bytes.windows(WINDOW) {
            if self.beginnings[pair(window)] {
                found.extend(self.windows.get(window));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn pair(window: &[u8]) -> usize {
    usize::from(window[0]) << 8 | usize::from(window[1])
}

/// One stretch of a process's memory.
struct Mapping {
    start: u64,
    end: u64,
    place: String,
    locked: bool,
}

impl Mapping {
    /// Reads what can be read of it and was ever written to.
    fn read(&self, memory: &File) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut page = [0; PAGE];
        for at in (self.start..self.end).step_by(PAGE) {
            // The kernel's own pages and secret memory are not shown to anybody.
            let shown = memory.read_exact_at(&mut page, at).is_ok();
            if shown && page != [0; PAGE] {
                bytes.extend_from_slice(&page);
            }
        }
        bytes
    }
}

/// Lists the readable mappings of a process.
fn mappings(pid: u32) -> Vec<Mapping> {
    let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let mut all: Vec<Mapping> = Vec::new();
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if first == "VmFlags:" {
            all.last_mut().unwrap().locked = words.any(|flag| flag == "lo");
        } else if let Some((start, end)) = first.split_once('-').filter(|_| !first.ends_with(':')) {
            let bound = |hex| u64::from_str_radix(hex, 16).unwrap();
            let place = format!("{first} {}", words.nth(4).unwrap_or("anonymous"));
            all.push(Mapping { start: bound(start), end: bound(end), place, locked: false });
        }
    }
    all
}

/// Returns a number of `/proc/PID/status`, as `VmLck` or `VmRSS`, in bytes.
pub fn status_bytes(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kilobytes: u64 = line.unwrap().split_whitespace().next().unwrap().parse().unwrap();
    kilobytes * 1024
}
