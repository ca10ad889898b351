//! How much memory the warehouse may take: a share of what the machine or the container has.

/// What it may take where nothing is known of the machine, and at least.
const LEAST_MB: u64 = 1024;
/// More is not taken unasked.
const MOST_MB: u64 = 4096;
/// One part of so many.
const SHARE: u64 = 8;

/// In megabytes.
pub(crate) fn share_mb() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| total(&text));
    // A container's limit is a number of bytes, or "max".
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| text.trim().parse::<u64>().ok());
    share(machine.into_iter().chain(container).min())
}

fn share(bytes: Option<u64>) -> u64 {
    bytes.map_or(LEAST_MB, |bytes| (bytes / SHARE / (1 << 20)).clamp(LEAST_MB, MOST_MB))
}

/// `MemTotal:       16303436 kB`, in bytes.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_an_eighth_within_bounds() {
        assert_eq!(total("MemTotal:       16777216 kB\nMemFree: 1 kB\n"), Some(16 << 30));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        for (gib, mb) in [(Some(4), 1024), (Some(16), 2048), (Some(256), 4096), (None, 1024)] {
            assert_eq!(share(gib.map(|gib: u64| gib << 30)), mb, "{gib:?}");
        }
    }
}
