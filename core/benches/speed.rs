//! How long core takes, with the memory store and without any socket.
//!
//! `cargo bench -p vestibule-core --bench speed`

#![allow(clippy::unwrap_used, reason = "a bench says so when something is wrong")]
#![allow(
    clippy::disallowed_methods,
    reason = "criterion leaves the time of a part to be taken here"
)]
#![allow(missing_docs, reason = "criterion's macros make functions without documentation")]

mod walk;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use vestibule_core::SigningKey;
use walk::{
    Play, Scene, Town, access_token, key, measured, now, resource_request, server, unsigned,
};

fn scenes(criterion: &mut Criterion) {
    for scene in Scene::ALL {
        play(criterion, scene, scene.name(), key());
    }
    for scene in [Scene::SignIn, Scene::Refresh] {
        play(criterion, scene, &format!("{} without its signature", scene.name()), unsigned());
    }
}

fn play(criterion: &mut Criterion, scene: Scene, name: &str, key: SigningKey) {
    let mut town = Town::new(server(key));
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            // In parts, so that the requests that are played again stay few.
            let mut left = usize::try_from(times).unwrap();
            while left > 0 {
                let part = left.min(1_000);
                left -= part;
                let requests = Play::of(&mut town, scene, part).rehearsed(&mut town);
                let began = Instant::now();
                let refused = black_box(measured(&town, requests));
                spent += began.elapsed();
                assert_eq!(refused, 0, "what was learned was refused when it was played again");
            }
            spent
        });
    });
}

/// Who sent a request: all of it, and the signature alone.
fn authenticate(criterion: &mut Criterion) {
    let town = Town::new(server(key()));
    let token = access_token(&town);
    let request = resource_request(&token);
    criterion.bench_function("authenticate", |bencher| {
        bencher.iter(|| town.server().authenticate(black_box(&request), now()).unwrap());
    });
    let (message, signature) = token.rsplit_once('.').unwrap();
    let public = ed25519_dalek::SigningKey::from_bytes(&[2; 32]).verifying_key();
    let signature = walk::signature(signature);
    criterion.bench_function("authenticate: its signature check alone", |bencher| {
        bencher.iter(|| {
            public.verify_strict(black_box(message.as_bytes()), black_box(&signature)).unwrap();
        });
    });
}

criterion_group!(benches, scenes, authenticate);
criterion_main!(benches);
