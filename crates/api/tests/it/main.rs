//! The interface as clients see it, over a real node.

mod auth;
mod errors;
mod events;
mod harness;
mod indexer;
mod load;
mod malformed;
mod operator;
mod pages;
mod participation;
mod past;
mod posting;
mod reading;
mod serving;
mod tcp;
mod wallet;
