//! The size of the processor's last-level cache.

use std::sync::LazyLock;

/// Bytes of the last-level cache; a common size if the system does not report it.
static LAST_LEVEL: LazyLock<u64> = LazyLock::new(|| {
    let path = "/sys/devices/system/cpu/cpu0/cache/index3/size";
    let told = std::fs::read_to_string(path).ok();
    told.and_then(|size| bytes(&size)).unwrap_or(16 << 20)
});

/// Reads `32768K`, as Linux writes it.
fn bytes(size: &str) -> Option<u64> {
    let size = size.trim();
    let (number, unit) = match size.strip_suffix('K') {
        Some(number) => (number, 1 << 10),
        None => (size.strip_suffix('M')?, 1 << 20),
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// Bytes that all key and value caches may take to stay in the last-level cache beside the weights, with a quarter of
/// it left for everything else; `None` if the weights alone fill it.
pub(super) fn for_caches(weight_bytes: u64) -> Option<u64> {
    (*LAST_LEVEL / 4 * 3).checked_sub(weight_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        assert_eq!(bytes("32768K\n"), Some(32 << 20));
        assert_eq!(bytes("16M"), Some(16 << 20));
        assert_eq!(bytes("many"), None);
    }
}
