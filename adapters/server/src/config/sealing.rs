use vestibule_core::SealingSecret;

use super::secret::secrets;
use super::value::Value;

/// A list of sealing secrets: the first seals, all open.
pub(super) fn read(value: &Value<'_>) -> Vec<SealingSecret> {
    secrets(value)
        .into_iter()
        .filter_map(|(item, secret)| item.accept(SealingSecret::from_text(&secret)))
        .collect()
}
