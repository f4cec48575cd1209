//! The command as its users run it: arguments, streams, exit codes. One module per command.

mod general;
mod run;
