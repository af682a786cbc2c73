//! A town of processes: servers to be measured, the identity provider that they ask, and the
//! people who sign in. Each process is the bench's own executable, started again in another role.

#![allow(dead_code, reason = "a part of every bench that declares it, and none uses all of it")]

pub(crate) mod connection;
pub(crate) mod floor;
pub(crate) mod identity_provider;
pub(crate) mod machine;
pub(crate) mod measured;
pub(crate) mod options;
pub(crate) mod people;
pub(crate) mod plot;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod recording;
pub(crate) mod saved;
pub(crate) mod sign_in;
pub(crate) mod target;
pub(crate) mod visit;
pub(crate) mod walk;

use std::io::{self, Write};
use std::net::SocketAddr;

use clap::Subcommand;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// The program's: what the floor does not spend is not to be the allocator's doing.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a process of the town does.
#[derive(Subcommand)]
pub(crate) enum Role {
    /// Answers what Vestibule answered, and does nothing that need not be done for it.
    #[command(hide = true)]
    FloorServer(floor::Arguments),
    /// Knows everybody.
    #[command(hide = true)]
    IdentityProvider,
    /// Sign in, many at once.
    #[command(hide = true)]
    People(people::Arguments),
}

impl Role {
    /// Until it is done, or the process is ended.
    pub(crate) fn play(self) {
        process::end_with_stdin();
        match self {
            // As many threads as the machine has processors: what the program has.
            Self::FloorServer(arguments) => {
                let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
                runtime.block_on(floor::serve(&arguments));
            }
            Self::IdentityProvider => one_thread().block_on(identity_provider::serve()),
            Self::People(arguments) => people::all_sign_in(&arguments),
        }
    }
}

/// A runtime for what shall take little from those who are measured.
pub(crate) fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Listens on a free port, and says so as the program does.
async fn listen() -> TcpListener {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    println!("{}{} (a bench)", process::LISTENING, listener.local_addr().unwrap());
    io::stdout().flush().unwrap();
    listener
}
