//! The messages ROS 2 comes with, for recordings that do not carry their
//! definitions: rosbag2 kept none before Iron. Names and types of fields as in
//! the interface packages of Humble.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::msg;
use super::record::{Dialect, Spelled};

const DEFINITIONS: &str = include_str!("known.msg");

static KNOWN: LazyLock<HashMap<String, Spelled>> = LazyLock::new(|| {
    let all = msg::parse(Dialect::Ros2, "", DEFINITIONS).unwrap_or_default();
    all.into_iter().map(|spelled| (spelled.name.clone(), spelled)).collect()
});

/// By its short name, `package/Type`.
pub(super) fn find(name: &str) -> Option<&'static Spelled> {
    KNOWN.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::record::build;

    #[test]
    fn all_of_them_can_be_built() {
        assert!(KNOWN.len() > 140, "{}", KNOWN.len());
        for name in KNOWN.keys().filter(|name| !name.is_empty()) {
            build(Dialect::Ros2, name, &[]).unwrap();
        }
    }
}
