//! Long runs of the machine with what it tells, and single sleeps.

mod simulation;
mod sleep;
mod world;

pub(super) use world::badge;
