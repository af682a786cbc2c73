//! What can happen, and how often it is drawn.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use crate::record::{DAY, MINUTE};
use crate::world::store::Fault;

/// Counted back from the newest, around again.
pub(crate) type Pick = usize;

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// The four that follow, in one go and as they should be.
    SignIn {
        person: usize,
        client: usize,
        scope: &'static str,
    },
    /// A person opens the sign-in page that a client sent them to.
    Open {
        person: usize,
        client: usize,
        scope: &'static str,
    },
    /// And agrees to it; or somebody else does with what is in its form.
    Agree {
        page: Pick,
        elsewhere: bool,
    },
    Cancel {
        page: Pick,
    },
    /// The browser comes back from the provider; or another browser does, with the same URL.
    Return {
        flow: Pick,
        elsewhere: bool,
    },
    /// A person who got no code agrees once more, and comes back.
    TryAgain {
        flow: Pick,
    },
    Redeem {
        grant: Pick,
        how: Redeem,
    },
    /// `back`: how many generations back from the newest that was handed out.
    Refresh {
        grant: Pick,
        back: usize,
        how: Refresh,
    },
    /// A client that is used once a month, beyond the end of its grant.
    Months {
        grant: Pick,
    },
    Revoke {
        grant: Pick,
        access: bool,
        own: bool,
    },
    /// A resource is called with an access token.
    Call {
        grant: Pick,
        token: Pick,
    },
    End(Ended),
    /// The clock goes back, and an operator ends the same once more.
    EndEarlier {
        ended: Ended,
        back: u64,
    },
    EndGrant {
        grant: Pick,
    },
    List {
        person: usize,
    },
    Restart(Keys),
    Sweep,
    Pass(u64),
    Back(u64),
    Fail(Vec<Fault>),
    CacheAway,
    Heal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redeem {
    Right,
    WrongVerifier,
    OtherClient,
    OtherRedirect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    Plain,
    OtherClient,
    Scope(&'static str),
}

/// What a cutoff ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ended {
    Everything,
    Client(usize),
    Person(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    Same,
    Append,
    LastFirst,
    /// Only one that has sealed nothing: what a removed key sealed is lost, as it should be.
    RemoveUnused,
}

/// What there would be if all went well: enough to know what is worth drawing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Without an answer.
    pages: usize,
    /// Still at the provider.
    away: usize,
    /// Not redeemed.
    codes: usize,
    families: usize,
    in_trouble: bool,
    /// What an operator ended last.
    ended: Option<Ended>,
}

impl ReferenceStateMachine for Plan {
    type State = Self;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(plan: &Self) -> BoxedStrategy<Operation> {
        let if_any = |count: usize, weight: u32| if count > 0 { weight } else { 1 };
        let failing = if plan.away > 0 { 10 } else { 5 };
        let (healing, failing) = if plan.in_trouble { (14, 1) } else { (1, failing) };
        prop_oneof![
            if_any(usize::from(plan.families < 3), 10) => sign_in(),
            if_any(usize::from(plan.pages == 0), 8) => open(),
            if_any(plan.pages, 20) => agree(),
            1 => pick().prop_map(|page| Operation::Cancel { page }),
            if_any(plan.away, 24) => come_back(),
            if plan.in_trouble { 8 } else { 1 } => pick().prop_map(|flow| Operation::TryAgain { flow }),
            if_any(plan.codes, 24) => redeem(),
            if_any(plan.families, 2) => redeem(),
            if_any(plan.families, 24) => refresh(),
            1 => pick().prop_map(|grant| Operation::Months { grant }),
            if_any(plan.families, 4) => revoke(),
            if_any(plan.families, 6) =>
                (pick(), pick()).prop_map(|(grant, token)| Operation::Call { grant, token }),
            3 => end(plan.ended),
            1 => pick().prop_map(|grant| Operation::EndGrant { grant }),
            1 => (0..2_usize).prop_map(|person| Operation::List { person }),
            4 => keys().prop_map(Operation::Restart),
            1 => Just(Operation::Sweep),
            14 => pass().prop_map(Operation::Pass),
            4 => back().prop_map(Operation::Back),
            failing => faults().prop_map(Operation::Fail),
            1 => Just(Operation::CacheAway),
            healing => Just(Operation::Heal),
        ]
        .boxed()
    }

    fn apply(mut plan: Self, operation: &Operation) -> Self {
        fn one_on(from: &mut usize, to: &mut usize) {
            if *from > 0 {
                *from -= 1;
                *to += 1;
            }
        }
        match operation {
            Operation::SignIn { .. } => plan.families += 1,
            Operation::Open { .. } => {
                plan.pages += 1;
            }
            Operation::Agree { elsewhere: false, .. } => one_on(&mut plan.pages, &mut plan.away),
            Operation::Return { elsewhere: false, .. } => one_on(&mut plan.away, &mut plan.codes),
            Operation::Redeem { how: Redeem::Right, .. } => {
                one_on(&mut plan.codes, &mut plan.families);
            }
            Operation::Fail(_) | Operation::CacheAway => plan.in_trouble = true,
            Operation::Heal => plan.in_trouble = false,
            Operation::End(ended) => plan.ended = Some(*ended),
            _ => {}
        }
        plan
    }
}

/// The newest mostly.
fn pick() -> impl Strategy<Value = Pick> + Clone {
    prop_oneof![5 => Just(0_usize), 3 => 1..3_usize, 1 => 3..20_usize]
}

fn sign_in() -> impl Strategy<Value = Operation> {
    (0..2_usize, 0..2_usize, scope()).prop_map(|(person, client, scope)| Operation::SignIn {
        person,
        client,
        scope,
    })
}

fn open() -> impl Strategy<Value = Operation> {
    (0..2_usize, 0..2_usize, scope()).prop_map(|(person, client, scope)| Operation::Open {
        person,
        client,
        scope,
    })
}

/// None asked for is all there are.
fn scope() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(""), 1 => Just("mcp:read"), 1 => Just("mcp:write")]
}

fn elsewhere() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.12)
}

fn agree() -> impl Strategy<Value = Operation> {
    (pick(), elsewhere()).prop_map(|(page, elsewhere)| Operation::Agree { page, elsewhere })
}

fn come_back() -> impl Strategy<Value = Operation> {
    (pick(), elsewhere()).prop_map(|(flow, elsewhere)| Operation::Return { flow, elsewhere })
}

fn redeem() -> impl Strategy<Value = Operation> {
    let how = prop_oneof![
        8 => Just(Redeem::Right),
        1 => Just(Redeem::WrongVerifier),
        1 => Just(Redeem::OtherClient),
        1 => Just(Redeem::OtherRedirect),
    ];
    (pick(), how).prop_map(|(grant, how)| Operation::Redeem { grant, how })
}

fn refresh() -> impl Strategy<Value = Operation> {
    let back = prop_oneof![8 => Just(0_usize), 5 => Just(1_usize), 1 => 2..6_usize];
    let how = prop_oneof![
        10 => Just(Refresh::Plain),
        1 => Just(Refresh::OtherClient),
        1 => Just(Refresh::Scope("mcp:read")),
        1 => Just(Refresh::Scope("mcp:read mcp:write")),
    ];
    (pick(), back, how).prop_map(|(grant, back, how)| Operation::Refresh { grant, back, how })
}

fn revoke() -> impl Strategy<Value = Operation> {
    (pick(), any::<bool>(), any::<bool>()).prop_map(|(grant, access, own)| Operation::Revoke {
        grant,
        access,
        own,
    })
}

/// Half of them the same again, by an earlier clock.
fn end(last: Option<Ended>) -> impl Strategy<Value = Operation> {
    (any::<bool>(), ended(), 1..60 * MINUTE).prop_map(move |(again, other, back)| match last {
        Some(ended) if again => Operation::EndEarlier { ended, back },
        _ => Operation::End(other),
    })
}

fn ended() -> impl Strategy<Value = Ended> {
    prop_oneof![
        1 => Just(Ended::Everything),
        2 => (0..2_usize).prop_map(Ended::Client),
        3 => (0..2_usize).prop_map(Ended::Person),
    ]
}

fn keys() -> impl Strategy<Value = Keys> {
    prop_oneof![
        2 => Just(Keys::Same),
        3 => Just(Keys::Append),
        6 => Just(Keys::LastFirst),
        1 => Just(Keys::RemoveUnused),
    ]
}

fn pass() -> impl Strategy<Value = u64> {
    prop_oneof![
        12 => 1..MINUTE,
        8 => MINUTE - 2..MINUTE + 3,
        4 => MINUTE + 3..3 * MINUTE,
        2 => 3 * MINUTE..20 * MINUTE,
        1 => 20 * MINUTE..DAY,
        1 => DAY..12 * DAY,
        1 => 29 * DAY..32 * DAY,
    ]
}

fn back() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 1..MINUTE + 1, 1 => MINUTE + 1..60 * MINUTE]
}

/// Any few; or a store that does a write or does not and then stays silent for as long as it is
/// asked; or one that is away.
fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = || {
        prop_oneof![
            Just(Fault::Unavailable),
            Just(Fault::AppliedButUnavailable),
            Just(Fault::AppliedLater),
        ]
    };
    let any_fault = prop_oneof![1 => Just(Fault::None), 2 => fault()];
    let well = prop_oneof![1 => Just(0_usize), 4 => Just(1_usize), 1 => Just(2_usize)];
    let silent = (well, fault(), 8..11_usize).prop_map(|(well, first, silent)| {
        let mut faults = vec![Fault::None; well];
        faults.push(first);
        faults.resize(faults.len() + silent, Fault::Unavailable);
        faults
    });
    prop_oneof![
        3 => prop::collection::vec(any_fault, 1..4),
        4 => silent,
        1 => (1..12_usize).prop_map(|count| vec![Fault::Unavailable; count]),
    ]
}
