//! One colour per label, the same in every picture.

use super::Color;

/// Labels that share a street get colours that are far apart.
const STREET: [(&str, Color); 14] = [
    ("person", Color([255, 92, 87])),
    ("car", Color([64, 196, 255])),
    ("truck", Color([255, 183, 77])),
    ("bus", Color([255, 235, 59])),
    ("bicycle", Color([102, 232, 120])),
    ("motorcycle", Color([29, 204, 176])),
    ("train", Color([188, 143, 255])),
    ("traffic light", Color([174, 234, 0])),
    ("stop sign", Color([255, 64, 129])),
    ("dog", Color([215, 160, 120])),
    ("face", Color([255, 128, 224])),
    ("plate", Color([124, 140, 255])),
    ("text", Color([176, 190, 197])),
    ("street", Color([240, 240, 240])),
];

/// For all other labels, by the hash of their name.
const OTHERS: [Color; 12] = [
    Color([239, 154, 154]),
    Color([206, 147, 216]),
    Color([159, 168, 218]),
    Color([129, 212, 250]),
    Color([128, 222, 234]),
    Color([128, 203, 196]),
    Color([165, 214, 167]),
    Color([230, 238, 156]),
    Color([255, 224, 130]),
    Color([255, 171, 145]),
    Color([188, 170, 164]),
    Color([144, 202, 249]),
];

pub(super) fn of_label(label: &str) -> Color {
    if let Some((_, color)) = STREET.iter().find(|(name, _)| *name == label) {
        return *color;
    }
    OTHERS[fnv1a(label) as usize % OTHERS.len()]
}

/// FNV-1a: the same on every machine and in every release, unlike the standard hasher.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_keeps_its_colour() {
        assert_eq!(of_label("car"), STREET[1].1);
        // The reference value of FNV-1a for "a".
        assert_eq!(fnv1a("a"), 0xe40c_292c);
        assert_eq!(of_label("zebra"), of_label("zebra"));
    }
}
