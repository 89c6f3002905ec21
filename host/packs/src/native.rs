//! Code for a processor, known by its first bytes: no file of a pack may hold any.

/// The format, where it is one.
pub(crate) fn format(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 10] = [
        (b"\x7fELF", "ELF"),
        (b"\xcf\xfa\xed\xfe", "Mach-O"),
        (b"\xce\xfa\xed\xfe", "Mach-O"),
        (b"\xfe\xed\xfa\xcf", "Mach-O"),
        (b"\xfe\xed\xfa\xce", "Mach-O"),
        (b"\xca\xfe\xba\xbe", "Mach-O"),
        (b"\xca\xfe\xba\xbf", "Mach-O"),
        (b"MZ", "PE"),
        (b"!<arch>\n", "a library"),
        (b"!<thin>\n", "a library"),
    ];
    MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, format)| *format)
}
