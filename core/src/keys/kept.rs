//! A signing key for those who brought none: made once, and kept in the store, sealed.

use bytes::Bytes;

use super::{Algorithm, KeyRing, Purpose, SealingKey, SigningKey};
use crate::config::Issuer;
use crate::refusal::Refusal;
use crate::seal::{open_record, seal_record};
use crate::secret::SealingSecret;
use crate::step::{Step, ask};
use crate::store::{Load, Record, RecordKey, Swap, Swapped, Version};
use crate::swap::{Patience, swap};
use crate::tick::{Tick, Timestamp};

/// Stands before the content, so that a later form can be told from this one.
const FORM: u8 = 1;

type Kept = Step<Result<SigningKey, Refusal>>;

impl SigningKey {
    /// The Ed25519 key that is kept in the store, made where there is none yet: for those who
    /// configure no signing key. All instances that share the store and the secrets have the same.
    ///
    /// It is sealed under the first secret. When another has moved to first place it is sealed under
    /// that one and the old record is deleted, so it outlives a rotation if it is asked for once
    /// while both are listed and the new one is first.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`] and [`Refusal::Contention`]: ask again.
    /// [`Refusal::CorruptRecord`]: the record was damaged; nothing is made in its place.
    /// [`Refusal::SecretsMissing`]: there is no sealing secret.
    pub fn kept(secrets: &[SealingSecret], issuer: &Issuer, mut tick: Tick) -> Kept {
        let Some(ring) = KeyRing::new(secrets, issuer) else {
            return Step::Done(Err(Refusal::SecretsMissing));
        };
        let patience = Patience::from(tick.now);
        find(ring, 0, patience, &mut tick)
    }
}

/// Looks under the name that the `n`th sealing key gives it, and under the next one's.
fn find(ring: KeyRing, n: usize, patience: Patience, tick: &mut Tick) -> Kept {
    let Some(key) = ring.all().nth(n) else {
        let seed = tick.entropy.draw("kept signing key");
        return keep(ring, seed, None, patience, tick);
    };
    let name = name(key);
    ask(Load::fresh(name.clone())).then(tick, move |answer, tick| {
        let record = match answer {
            Err(_) => return Step::Done(Err(Refusal::StoreUnavailable)),
            Ok(None) => return find(ring, n + 1, patience, tick),
            Ok(Some(record)) => record,
        };
        let version = record.version.as_bytes();
        match open_record(&ring, Purpose::KeptKeyRecord, name.as_str(), version, &record.bytes) {
            Some((FORM, seed)) if n == 0 => Step::Done(signing_key(seed)),
            Some((FORM, seed)) => {
                let old = Swap::new(name, Some(record.version), None);
                keep(ring, seed, Some(old), patience, tick)
            }
            Some(_) | None => Step::Done(Err(Refusal::CorruptRecord)),
        }
    })
}

/// Writes it down under the first key, then deletes the `old` record. If another instance was
/// faster, its key is the key.
fn keep(
    ring: KeyRing,
    seed: [u8; 32],
    old: Option<Swap>,
    patience: Patience,
    tick: &mut Tick,
) -> Kept {
    let (key, purpose) = (ring.first(), Purpose::KeptKeyRecord);
    let name = name(key);
    let version = Version::from_bytes(tick.entropy.draw("record version"));
    let sealed = seal_record(key, purpose, name.as_str(), version.as_bytes(), &(FORM, seed));
    let record =
        Record { version, owner: None, expires_at: Timestamp::MAX, bytes: Bytes::from(sealed) };
    let question = Swap::new(name, None, Some(record));
    swap(question, patience, tick).then(tick, move |written, tick| match written {
        Ok((Swapped::Done, _)) => {
            forget(old, tick).then(tick, move |(), _| Step::Done(signing_key(seed)))
        }
        Ok((Swapped::Conflict, patience)) => match patience.another_round() {
            Some(patience) => find(ring, 0, patience, tick),
            None => Step::Done(Err(Refusal::Contention)),
        },
        Err(refusal) => Step::Done(Err(refusal)),
    })
}

/// An old record that cannot be deleted now stays; the key is kept all the same.
fn forget(old: Option<Swap>, tick: &mut Tick) -> Step<()> {
    match old {
        Some(old) => ask(old).then(tick, |_, _| Step::Done(())),
        None => Step::Done(()),
    }
}

fn name(key: &SealingKey) -> RecordKey {
    RecordKey::new("signing-key", &key.mac(Purpose::KeptKeyName, &[])[..16])
}

fn signing_key(seed: [u8; 32]) -> Result<SigningKey, Refusal> {
    SigningKey::from_bytes(Algorithm::EdDsa, seed).map_err(|_| Refusal::CorruptRecord)
}
