//! The program as a person meets it: real processes, ports and files.

mod commands;
mod config;
mod counting;
mod crash;
mod dev;
mod network;
mod node;
mod nodes;
mod operating;
mod proof;
mod signers;
mod spam;
mod terminal;
mod votes;
mod wallet;
mod wallet_page;
mod wallet_texts;
mod wallets;
