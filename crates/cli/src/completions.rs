//! Completions for shells.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::failure::Outcome;

/// Prints the completions of `shell`.
pub(crate) fn run(shell: Shell) -> Outcome {
    let mut command = Arguments::command();
    clap_complete::generate(shell, &mut command, "tangle", &mut std::io::stdout());
    Ok(())
}
