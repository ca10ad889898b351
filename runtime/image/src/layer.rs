//! The layer: which files, with whose names on them, in which order. No time, no user of the machine that makes it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use crate::error::Error;

/// Who executes the program. The number is what distroless images call `nonroot`.
pub(crate) const USER: &str = "65532";
/// Where the program is.
pub(crate) const PROGRAM: &str = "/headwater";

const PASSWD: &str = "root:x:0:0:root:/:/headwater\nnonroot:x:65532:65532:nonroot:/tmp:/headwater\n";
const GROUP: &str = "root:x:0:\nnonroot:x:65532:\n";
/// Names are looked up in /etc/hosts and then in the DNS, by the C library's own code: a static program loads no other.
const NAMES: &str = "hosts: files dns\n";
const ROOTS: &str = "etc/ssl/certs/ca-certificates.crt";

/// Fast rather than small: the second of computing at each plan is worth more than the last tenth of the size.
const LEVEL: Compression = Compression::new(3);

/// Compresses in the one form of gzip that says nothing of time and machine.
pub(crate) fn compressor<W: Write>(inner: W) -> GzEncoder<W> {
    GzBuilder::new().mtime(0).operating_system(255).write(inner, LEVEL)
}

/// Writes the layer, uncompressed.
pub(crate) fn write(program: &Path, size: u64, to: impl Write) -> Result<(), Error> {
    let write = |source| Error::Write { source };
    let read = |source| Error::Read {
        path: program.to_owned(),
        source,
    };
    let mut tar = Builder::new(to);
    let roots = roots();
    let etc = [
        ("etc/group", GROUP.as_bytes()),
        ("etc/nsswitch.conf", NAMES.as_bytes()),
        ("etc/passwd", PASSWD.as_bytes()),
    ];
    directory(&mut tar, "etc/", 0o755).map_err(write)?;
    for (name, bytes) in etc {
        file(&mut tar, name, 0o644, bytes.len() as u64, bytes).map_err(write)?;
    }
    directory(&mut tar, "etc/ssl/", 0o755).map_err(write)?;
    directory(&mut tar, "etc/ssl/certs/", 0o755).map_err(write)?;
    file(&mut tar, ROOTS, 0o644, roots.len() as u64, roots.as_bytes()).map_err(write)?;
    let opened = File::open(program).map_err(read)?;
    let name = PROGRAM.trim_start_matches('/');
    // One that grows meanwhile must not damage the archive; that it is another program is seen by its digest.
    file(&mut tar, name, 0o755, size, opened.take(size)).map_err(read)?;
    directory(&mut tar, "tmp/", 0o1777).map_err(write)?;
    tar.into_inner().and_then(|mut to| to.flush()).map_err(write)
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn directory<W: Write>(tar: &mut Builder<W>, name: &str, mode: u32) -> io::Result<()> {
    tar.append_data(&mut header(EntryType::Directory, mode, 0), name, io::empty())
}

fn file<W: Write>(tar: &mut Builder<W>, name: &str, mode: u32, size: u64, bytes: impl Read) -> io::Result<()> {
    tar.append_data(&mut header(EntryType::Regular, mode, size), name, bytes)
}

/// Mozilla's roots as the one file that programs look for on Linux.
fn roots() -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    certificates
        .map(|certificate| pem::encode_config(&pem::Pem::new("CERTIFICATE", certificate.as_ref()), config))
        .collect()
}
