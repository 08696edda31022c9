//! The binary as a person uses it: recordings in, answers out.

mod again;
mod answers;
mod attached;
mod bad_input;
mod bucket;
mod command_line;
mod crash;
mod datasets;
mod deployed;
mod elsewhere;
mod extract;
mod followed;
mod killed;
mod labelling;
mod labelling_storm;
mod main_job;
mod people;
mod queued;
mod recordings;
mod select;
mod server;
mod studio;
mod studio_people;
mod traces;
mod upkeep;
mod workspace;
