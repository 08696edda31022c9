//! Where things lie: the object store of a workspace, and its promises.
//!
//! [`open`] turns a URI into a [`Store`], the only place that chooses an
//! implementation. A [`Store`] keeps whole objects under keys; many are first
//! [`stage`](Store::stage)d and then [`publish`](Store::publish)ed together.
//!
//! [`Remote`] reads what others keep in stores of their own: recordings come
//! from there.
//!
//! Knows nothing of recordings, images or tables: keys and bytes only.

mod clouds;
mod durable;
mod error;
mod glance;
mod lock;
mod objects;
mod open;
mod ready;
mod remote;
#[cfg(test)]
mod suite;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod update;
mod uploads;

pub use error::StoreError;
pub use glance::Glance;
pub use lock::Lock;
pub use objects::{Listed, Staged, Store};
pub use open::{folder_of, holds, open};
pub use remote::{Remote, RemoteObject, address, is_remote, public_part};
