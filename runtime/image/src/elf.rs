//! Whether a program can be executed where there is nothing else: what its ELF header says.
//! <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::Error;

const HEADER: usize = 64;
const X86_64: u16 = 62;
/// The segment that names the loader which a dynamic program is started by.
const INTERPRETER: u32 = 3;
/// More segments than any linker makes.
const MOST_SEGMENTS: u16 = 512;

/// The program's size, when it is a static one for Linux on x86-64.
pub(crate) fn check(path: &Path) -> Result<u64, Error> {
    let unreadable = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let refused = |why: &'static str| Error::NotExecutable {
        path: path.to_owned(),
        why,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mut header = [0; HEADER];
    if !metadata.is_file() || metadata.len() < HEADER as u64 {
        return Err(refused("it is no program"));
    }
    file.read_exact(&mut header).map_err(unreadable)?;
    if header[..4] != *b"\x7fELF" {
        return Err(refused("it is no program for Linux (no ELF file)"));
    }
    // 64 bits, least significant byte first.
    if header[4..6] != [2, 1] || half(&header, 18) != X86_64 {
        return Err(refused("it is not for x86-64, which is what Cloud Run executes"));
    }
    let (offset, size, count) = (long(&header, 32), half(&header, 54), half(&header, 56));
    if size < 4 || count > MOST_SEGMENTS {
        return Err(refused("its header is damaged"));
    }
    let mut segments = vec![0; usize::from(size) * usize::from(count)];
    file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
    file.read_exact(&mut segments)
        .map_err(|_| refused("its header is damaged"))?;
    let interpreted = segments
        .chunks_exact(usize::from(size))
        .any(|segment| u32::from_le_bytes([segment[0], segment[1], segment[2], segment[3]]) == INTERPRETER);
    if interpreted {
        return Err(refused("it needs shared libraries, and the image has none"));
    }
    Ok(metadata.len())
}

fn half(bytes: &[u8; HEADER], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8; HEADER], at: usize) -> u64 {
    let mut long = [0; 8];
    long.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(long)
}
