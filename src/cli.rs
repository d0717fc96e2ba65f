//! The command line: one file for each subcommand. Only this part of the program prints.

mod check;
mod completions;
mod console;
mod extract;
mod info;
mod man;
mod new;
mod plugins;
mod preview;
mod run;
mod scenes;
mod schema;
mod signals;
mod verify;
mod warnings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use blobscene::error::Result;
use console::Console;

/// Renders synthetic fluorescence volumes with exact ground truth from a text scene.
#[derive(Parser)]
#[command(name = "blobscene", version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    /// No progress on standard error.
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Arguments),
    Check(check::Arguments),
    Info(info::Arguments),
    Verify(verify::Arguments),
    Extract(extract::Arguments),
    Preview(preview::Arguments),
    Plugins(plugins::Arguments),
    Schema(schema::Arguments),
    New(new::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs the program.
pub fn main() -> ExitCode {
    signals::prepare();
    let arguments = Arguments::parse();
    let mut console = Console::new(arguments.quiet);
    let result = dispatch(arguments.command, &mut console);
    match result {
        Ok(()) if console.failed() => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(command: Command, console: &mut Console) -> Result<()> {
    match command {
        Command::Run(arguments) => run::run(&arguments, console),
        Command::Check(arguments) => check::run(&arguments, console),
        Command::Info(arguments) => info::run(&arguments, console),
        Command::Verify(arguments) => verify::run(&arguments, console),
        Command::Extract(arguments) => extract::run(&arguments, console),
        Command::Preview(arguments) => preview::run(&arguments, console),
        Command::Plugins(arguments) => plugins::run(&arguments, console),
        Command::Schema(arguments) => schema::run(&arguments, console),
        Command::New(arguments) => new::run(&arguments, console),
        Command::Completions(arguments) => completions::run(&arguments, console),
        Command::Man(arguments) => man::run(&arguments, console),
    }
}
