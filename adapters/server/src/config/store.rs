/// Where grants are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StoreUrl {
    /// `memory:`: in this process, and gone with it.
    Memory,
}

impl std::str::FromStr for StoreUrl {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url {
            "memory:" => Ok(Self::Memory),
            _ => Err("is not a store this version has; available: \"memory:\""),
        }
    }
}
