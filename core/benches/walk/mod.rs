//! The ways that people and clients go through core, for whoever measures them: no socket, no
//! clock, no random source. What a town is asked is played twice, once to learn the requests and
//! once to measure, so that what is measured is core and its store alone.
#![allow(unreachable_pub, reason = "the walk is a module of every bench")]
#![allow(unused_imports, reason = "each bench uses its part")]
#![allow(dead_code, reason = "each bench uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench says so when something is wrong")]

mod client;
mod town;

use bytes::Bytes;
use vestibule_core::Response;

pub use client::{Scene, access_token};
pub use town::{Town, key, now, resource_request, server, unsigned};

/// A request that can be made again.
pub type Asked = http::Request<Bytes>;

/// One scene as often as wanted: what happens before, unmeasured, and what is measured.
pub struct Play {
    before: Vec<Asked>,
    measured: Vec<Asked>,
}

impl Play {
    /// Learns the requests of `scene`, played `times` times in `town`.
    pub fn of(town: &mut Town, scene: Scene, times: usize) -> Self {
        town.begin();
        let mut play = Self { before: Vec::new(), measured: Vec::new() };
        let before = scene.prepare(&mut |asked| {
            play.before.push(asked.clone());
            town.answer(asked)
        });
        for n in 0..times {
            scene.play(&before, n, &mut |asked| {
                play.measured.push(asked.clone());
                town.answer(asked)
            });
        }
        play
    }

    /// Plays what comes before in a town that begins anew; what remains is to be measured.
    pub fn rehearsed(&self, town: &mut Town) -> Vec<Asked> {
        town.begin();
        for asked in &self.before {
            town.answer(asked.clone());
        }
        self.measured.clone()
    }
}

/// What is measured: nothing else runs in here. How many requests were refused: none, or something
/// else was measured than what was learned.
pub fn measured(town: &Town, requests: Vec<Asked>) -> usize {
    let answers = requests.into_iter().map(|asked| town.answer(asked).status);
    answers.filter(|status| status.is_client_error() || status.is_server_error()).count()
}

fn text(response: &Response) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

/// The signature of a JWS.
pub fn signature(text: &str) -> ed25519_dalek::Signature {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    ed25519_dalek::Signature::from_slice(&bytes).unwrap()
}
