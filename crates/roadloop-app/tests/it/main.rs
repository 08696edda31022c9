//! The binary as a person uses it: recordings in, answers out.

mod again;
mod answers;
mod attached;
mod bad_input;
mod bucket;
mod command_line;
mod crash;
mod elsewhere;
mod extract;
mod killed;
mod main_job;
mod people;
mod recordings;
mod select;
mod upkeep;
mod workspace;
