//! The bench itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use vestibule_core::drive::Store;
use vestibule_core::store::{Load, Owner, Swap, Swapped, Version};
use vestibule_core::{MemoryStore, Record, RecordKey, Timestamp};
use vestibule_sqlite::SqliteStore;

const TASKS: u32 = 32;
const EACH: u32 = 500;
const ROUNDS: u32 = 3;
const FILLED: u32 = 100_000;
/// As long as a grant's.
const BYTES: usize = 1000;
/// What a request costs besides.
const BUSY: Duration = Duration::from_micros(200);
const FIVE_SECONDS: Duration = Duration::from_secs(5);

pub(crate) fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    println!("{:34} {:>9} {:>9}", "", "µs CPU", "each/s");
    let mut rows = measure(&runtime, "memory", &Arc::new(MemoryStore::new()), 0);
    // On a disk, which the system's own folder for such files need not be.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (name, filled) in [("sqlite, empty", 0), ("sqlite, 100 000 records", FILLED)] {
        let store = SqliteStore::open(folder.path().join(format!("{filled}.db"))).unwrap();
        fill(&runtime, &store, filled);
        rows += measure(&runtime, name, &Arc::new(store), filled);
    }
    assert!(rows > 0, "nothing has that in its name");
}

#[derive(Clone, Copy)]
enum Operation {
    LoadNothing,
    Insert,
    /// Of what was inserted.
    Load,
    Update,
    SignIn,
    BusySignIn,
}

/// How many rows it printed.
fn measure<S: Store + 'static>(
    runtime: &Runtime,
    name: &str,
    store: &Arc<S>,
    filled: u32,
) -> usize {
    // `cargo bench` adds one that begins with a dash.
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut operations = vec![
        ("load of nothing", Operation::LoadNothing),
        ("insertion", Operation::Insert),
        ("load", Operation::Load),
        ("update", Operation::Update),
        ("sign-in", Operation::SignIn),
        ("sign-in of the busy", Operation::BusySignIn),
    ];
    operations.retain(|(what, _)| {
        filter.as_ref().is_none_or(|filter| format!("{name}: {what}").contains(filter))
    });
    let has = |asked: fn(&Operation) -> bool| operations.iter().any(|(_, its)| asked(its));
    let of_what_is_there = has(|its| matches!(its, Operation::Load | Operation::Update));
    if of_what_is_there && !has(|its| matches!(its, Operation::Insert)) {
        for round in 0..ROUNDS {
            runtime.block_on(spread(store, filled, round, Operation::Insert));
        }
    }
    for (what, operation) in &operations {
        let name = format!("{name}: {what}");
        // The least of several rounds is what it costs where nothing else disturbs.
        let mut best: Option<(f64, f64)> = None;
        for round in 0..ROUNDS {
            let measured = timed(|| runtime.block_on(spread(store, filled, round, *operation)));
            best = best.filter(|(cpu, _)| *cpu < measured.0).or(Some(measured));
        }
        let (mut cpu, rate) = best.unwrap();
        if let Operation::BusySignIn = operation {
            cpu -= 2.0 * BUSY.as_secs_f64() * 1e6;
        }
        println!("{name:34} {cpu:9.1} {rate:9.0}");
    }
    println!();
    operations.len()
}

/// What each of a round's operations used, in microseconds, and how many there were in a second.
fn timed(run: impl FnOnce()) -> (f64, f64) {
    let cpu = || Duration::from(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).unwrap());
    let (began, before) = (Instant::now(), cpu());
    run();
    let each = f64::from(TASKS * EACH);
    let used = (cpu() - before).as_secs_f64();
    (used * 1e6 / each, each / began.elapsed().as_secs_f64())
}

async fn spread<S: Store + 'static>(store: &Arc<S>, filled: u32, round: u32, operation: Operation) {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for n in 0..EACH {
                let n = filled + (round * TASKS + task) * EACH + n;
                one(&*store, n, operation).await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

async fn one<S: Store>(store: &S, n: u32, operation: Operation) {
    match operation {
        Operation::LoadNothing => assert_eq!(fresh(store, key("absent", n)).await, None),
        Operation::Insert => swap(store, key("grant", n), None, 1, n).await,
        Operation::Load => assert!(fresh(store, key("grant", n)).await.is_some()),
        Operation::Update => swap(store, key("grant", n), Some(1), 2, n).await,
        Operation::SignIn | Operation::BusySignIn => {
            let busy = matches!(operation, Operation::BusySignIn);
            be_busy(busy);
            let grant = || key(if busy { "grant/busy" } else { "grant/calm" }, n);
            assert_eq!(fresh(store, grant()).await, None);
            cutoffs(store, n).await;
            swap(store, grant(), None, 1, n).await;
            be_busy(busy);
            assert!(fresh(store, grant()).await.is_some());
            cutoffs(store, n).await;
            swap(store, grant(), Some(1), 2, n).await;
        }
    }
}

/// Uses that much of a processor, if it is to.
fn be_busy(busy: bool) {
    let now = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let began = now();
    while busy && now() - began < BUSY {}
}

async fn fresh<S: Store>(store: &S, key: RecordKey) -> Option<Record> {
    store.load(Load::fresh(key)).await.unwrap()
}

async fn cutoffs<S: Store>(store: &S, n: u32) {
    for key in [key("cutoff/issuer", 0), key("cutoff/client", 0), key("cutoff/subject", n)] {
        assert_eq!(store.load(Load::at_most(key, FIVE_SECONDS)).await, Ok(None));
    }
}

async fn swap<S: Store>(store: &S, key: RecordKey, expected: Option<u8>, next: u8, n: u32) {
    let version = |n| Version::from_bytes([n; 16]);
    let swap = Swap::new(key, expected.map(version), Some(record(version(next), n)));
    assert_eq!(store.swap(swap).await, Ok(Swapped::Done));
}

fn record(version: Version, n: u32) -> Record {
    let mut owner = [0; 16];
    owner.copy_from_slice(&scattered(n).to_be_bytes());
    let expires_at = Timestamp::from_seconds(4_000_000_000);
    Record {
        version,
        owner: Some(Owner::from_bytes(owner)),
        expires_at,
        bytes: vec![7; BYTES].into(),
    }
}

fn key(kind: &str, n: u32) -> RecordKey {
    RecordKey::from_stored(format!("{kind}/{:032x}", scattered(n)))
}

/// As far apart as what core derives its keys from.
fn scattered(n: u32) -> u128 {
    u128::from(n).wrapping_mul(0xda94_2042_e4dd_58b5_d1b5_4a32_d192_ed03).rotate_left(61)
}

fn fill(runtime: &Runtime, store: &SqliteStore, records: u32) {
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for task in 0..256 {
            let store = store.clone();
            tasks.spawn(async move {
                for n in (task..records).step_by(256) {
                    one(&store, n, Operation::Insert).await;
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    });
}
