//! The `tangle` program: a whole network in one process, a node, and the tools around them.
//!
//! What it is not: a place for rules. It reads the command line and the configuration, starts what
//! the other crates make, and tells a person what happened.
//!
//! Begin with [`args`], then [`dev`] and [`node`].

mod args;
mod ballots;
mod completions;
mod config;
mod dev;
mod disk;
mod docs;
mod doctor;
mod failure;
mod help;
mod keys;
mod live;
mod load;
mod logs;
mod memory;
mod node;
mod notify;
mod peer;
mod ports;
mod progress;
mod proof;
mod sections;
mod service;
mod sim;
mod spam;
mod status;
mod terminal;
mod test_wallet;
mod tool;
mod top;
mod wallet;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};
use crate::failure::{Code, Failure, Outcome};
use crate::terminal::Terminal;

fn main() -> ExitCode {
    memory::give_back_soon();
    let arguments = Arguments::parse();
    let terminal = Terminal::new(arguments.command.is_quiet(), arguments.command.is_json());
    match run(arguments.command, &terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(&terminal);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command, terminal: &Terminal) -> Outcome {
    match command {
        Command::Dev(arguments) => dev::run(&arguments, terminal),
        Command::Node(arguments) => node::run(&arguments, terminal),
        Command::Tool { tool } => tool::run(tool, terminal),
        Command::Bench { bench } => {
            logs::start("warn", &[], terminal);
            progress::watch(terminal, |progress| bench.run(progress))
                .map_err(|error| Failure::new(Code::Unexpected, format!("{error:#}")))
        }
        Command::Sim { sim } => sim::run(&sim, terminal),
        Command::Spam(arguments) => spam::run(&arguments, terminal),
        Command::Proof { proof } => proof::run(&proof, terminal),
        Command::Wallet(arguments) => wallet::run(*arguments, terminal),
        Command::Peer(arguments) => peer::run(&arguments, terminal),
        Command::Status(arguments) => status::run(&arguments, terminal),
        Command::Top(arguments) => top::run(&arguments, terminal),
        Command::Doctor(arguments) => doctor::run(&arguments, terminal),
        Command::Config { command } => node::inspect(command, terminal),
        Command::Completions { shell } => completions::run(shell),
        Command::Help { topic } => help::run(&topic, terminal),
        Command::Docs { out } => docs::run(&out),
    }
}
