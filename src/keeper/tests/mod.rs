//! Long runs of the machine with what it tells.

mod simulation;
mod world;
