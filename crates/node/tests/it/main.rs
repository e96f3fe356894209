//! Whole nodes, as their clients and their neighbours see them.

mod cones;
mod neighbours;
mod node;
mod wires;
