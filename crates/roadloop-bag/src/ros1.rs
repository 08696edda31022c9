//! ROS 1 bags, format 2.0 (<http://wiki.ros.org/Bags/Format/2.0>).
//!
//! [`record`] parses records out of any bytes and does no I/O; [`index`] reads
//! what a closed bag says at its end; [`reader`] goes through the file from
//! start to end, chunk by [`chunk`], and past damage; [`witness`] asks the chunks
//! whether the index is right.

mod chunk;
mod index;
mod reader;
mod record;
mod witness;

pub(crate) use index::Ros1Index;
pub(crate) use reader::Ros1Reader;
pub(crate) use witness::read_index;
