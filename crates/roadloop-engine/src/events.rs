//! Recordings that come by themselves: sightings in, orders out.
//!
//! A folder or a prefix of a bucket is [listed](Lister) now and then; in between,
//! [`messages`] of stores say what was put where; those of Amazon wait in a
//! [`Mailbox`]. Messages are hints only: they may
//! be late, twice or lost, so each sighting is an order only if none like it was given
//! ([`Watcher`]), and what no message spoke of is found by the next listing.

mod lister;
mod mailbox;
pub mod messages;
mod watcher;

pub use lister::Lister;
pub use mailbox::{Letter, Mailbox};
pub use messages::{Hint, Message, read_message};
pub use watcher::{Sighting, Wanted, Watcher};
