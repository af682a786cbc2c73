use std::fmt;

/// A clause that was not kept, and how that was seen.
///
/// It is no [`Error`](std::error::Error), so that every error can become one.
pub struct Broken(String);

impl Broken {
    pub(crate) fn new(how: impl Into<String>) -> Self {
        Self(how.into())
    }
}

impl<E: std::error::Error> From<E> for Broken {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As it reads: it is what a failed test prints.
impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Ends a clause that is not kept.
macro_rules! ensure {
    ($kept:expr, $($how:tt)+) => {
        if !$kept {
            return Err($crate::transport::Broken::new(format!($($how)+)));
        }
    };
}
pub(crate) use ensure;
