//! What the store costs in processor time, one operation at a time.
//!
//! `cargo bench -p vestibule-sqlite --bench processor` asks a store from 32 tasks of a runtime with
//! a thread for each processor, as the program does, and prints what the whole process used for
//! each operation (user and system time of all threads), once in a store that was empty and once in
//! one of 100 000 records. The rows of `MemoryStore` say how much of that is the tasks' and the
//! runtime's own. A sign-in is what one asks of a store: a load of nothing, three cutoffs of which
//! the client's and the issuer's are everybody's, an insertion, and then a load, the same cutoffs
//! and an update. The busy do 400 µs of other work for each sign-in, not counted here, so that
//! fewer swaps wait for each other. `-- sign-in` measures only what has that in its name. Only Unix
//! says what a process used.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench says what it measured")]

#[cfg(unix)]
mod unix;

fn main() {
    #[cfg(unix)]
    unix::main();
    #[cfg(not(unix))]
    println!("only Unix says what a process used");
}
