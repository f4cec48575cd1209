//! All rows.

mod balancers;
mod chains;
mod clients;
mod files;
mod names;
mod shared;

use crate::faults::row::Row;

pub fn rows() -> impl Iterator<Item = &'static Row> {
    [
        names::ROWS,
        chains::ROWS,
        clients::ROWS,
        files::ROWS,
        shared::ROWS,
        balancers::ROWS,
    ]
    .into_iter()
    .flatten()
}
