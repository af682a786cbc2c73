//! Parameters of a query or a form (application/x-www-form-urlencoded), read once and strictly.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use percent_encoding::percent_decode;

use crate::refusal::Refusal;

/// More parameters than any request here has: beyond, it is an attack on whoever counts them
/// (HTT-10).
const MOST: usize = 128;

/// The values of those parameters that an endpoint knows; all others are ignored (RFC 6749 §3.1).
pub(crate) struct Params<'a, const N: usize> {
    names: &'static [&'static str; N],
    values: [Value<'a>; N],
}

enum Value<'a> {
    Absent,
    Once(Cow<'a, str>),
    Repeated,
}

impl<'a, const N: usize> Params<'a, N> {
    /// Reads `encoded`. Bytes that are no UTF-8 after decoding are an error, never U+FFFD: a
    /// `state` must come back as it was sent.
    pub(crate) fn parse(
        names: &'static [&'static str; N],
        encoded: &'a [u8],
    ) -> Result<Self, Refusal> {
        let mut values = [const { Value::Absent }; N];
        for (n, pair) in pairs(encoded).enumerate() {
            if n >= MOST {
                return Err(Refusal::Unreadable);
            }
            let (name, value) = cut(pair, b'=').unwrap_or((pair, &[]));
            let name = decode(name)?;
            let Some(index) = names.iter().position(|known| *known == name) else {
                continue;
            };
            let value = decode(value)?;
            // An empty value counts as none (RFC 6749 §3.1).
            if !value.is_empty() {
                values[index] = match values[index] {
                    Value::Absent => Value::Once(value),
                    Value::Once(_) | Value::Repeated => Value::Repeated,
                };
            }
        }
        Ok(Self { names, values })
    }

    /// The value, if there is one.
    pub(crate) fn optional(&mut self, name: &'static str) -> Result<Option<Cow<'a, str>>, Refusal> {
        let Some(index) = self.names.iter().position(|known| *known == name) else {
            return Ok(None);
        };
        match std::mem::replace(&mut self.values[index], Value::Absent) {
            Value::Absent => Ok(None),
            Value::Once(value) => Ok(Some(value)),
            Value::Repeated => Err(Refusal::Repeated { parameter: name }),
        }
    }

    /// The value, which must be there.
    pub(crate) fn required(&mut self, name: &'static str) -> Result<Cow<'a, str>, Refusal> {
        self.optional(name)?.ok_or(Refusal::Missing { parameter: name })
    }

    /// Whether any known parameter stands there twice; the name of the first.
    pub(crate) fn repeated(&self) -> Result<(), Refusal> {
        let repeated = self.values.iter().position(|value| matches!(value, Value::Repeated));
        repeated.map_or(Ok(()), |at| Err(Refusal::Repeated { parameter: self.names[at] }))
    }
}

/// Refuses a query that has one of these: codes, tokens and secrets in a URL end up in logs (CLA-09).
pub(crate) fn none_in_query<const N: usize>(
    names: &'static [&'static str; N],
    query: &str,
) -> Result<(), Refusal> {
    let mut params = Params::parse(names, query.as_bytes())?;
    for &parameter in names {
        if params.optional(parameter)?.is_some() {
            return Err(Refusal::Invalid { parameter });
        }
    }
    Ok(())
}

/// Those pairs of a form whose names are known, as they were sent: to be made into a query.
pub(crate) fn known_pairs(names: &[&str], encoded: &[u8]) -> Result<String, Refusal> {
    let mut known = String::new();
    for (n, pair) in pairs(encoded).enumerate() {
        if n >= MOST {
            return Err(Refusal::Unreadable);
        }
        let name = decode(cut(pair, b'=').map_or(pair, |(name, _)| name))?;
        if !names.contains(&&*name) {
            continue;
        }
        // What stands in a query is visible ASCII without the fragment's sign (RFC 3986 §3.4).
        let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'#';
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.as_bytes().iter().all(plain));
        known.push_str(if known.is_empty() { "" } else { "&" });
        known.push_str(pair.ok_or(Refusal::Unreadable)?);
    }
    Ok(known)
}

fn pairs(encoded: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(encoded);
    std::iter::from_fn(move || {
        let text = rest?;
        let (pair, after) =
            cut(text, b'&').map_or((text, None), |(pair, after)| (pair, Some(after)));
        rest = after;
        Some(pair)
    })
}

/// What is before the first `byte` and what is behind it.
fn cut(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let (before, behind) = text.split_at(memchr(byte, text)?);
    Some((before, &behind[1..]))
}

fn decode(encoded: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    // Most values are as they are.
    if memchr2(b'%', b'+', encoded).is_none() {
        return str::from_utf8(encoded).map(Cow::Borrowed).map_err(|_| Refusal::Unreadable);
    }
    if !encoded.contains(&b'+') {
        return percent_decode(encoded).decode_utf8().map_err(|_| Refusal::Unreadable);
    }
    let spaced: Vec<u8> = encoded.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| Refusal::Unreadable)?;
    Ok(Cow::Owned(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(encoded: &str) -> Result<Params<'_, 2>, Refusal> {
        Params::parse(&["code", "state"], encoded.as_bytes())
    }

    #[test]
    fn htt_04_an_empty_value_is_no_value() {
        assert_eq!(parse("code=&code=x").unwrap().required("code").unwrap(), "x");
    }

    #[test]
    fn htt_05_unknown_parameters_are_ignored() {
        assert!(parse("a=1&a=2&code=x").unwrap().repeated().is_ok());
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        let refusal = Refusal::Repeated { parameter: "code" };
        assert_eq!(parse("code=x&code=x").unwrap().optional("code").unwrap_err(), refusal);
    }

    #[test]
    fn bytes_that_are_no_utf8_are_refused_instead_of_replaced() {
        assert!(matches!(parse("state=%ff"), Err(Refusal::Unreadable)));
    }

    #[test]
    fn only_known_pairs_get_into_a_url_and_repeats_stay() {
        let known = known_pairs(&["state"], b"code=x&state=a%20b&%73tate=c&client_secret=y");
        assert_eq!(known, Ok("state=a%20b&%73tate=c".to_owned()));
        assert_eq!(known_pairs(&["state"], b"state=a#b"), Err(Refusal::Unreadable));
    }

    #[test]
    fn htt_10_ten_thousand_parameters_are_refused() {
        assert!(matches!(parse(&"a=1&".repeat(10_000)), Err(Refusal::Unreadable)));
    }
}
