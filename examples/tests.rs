//! The lessons run to their end.

#[path = "by_hand.rs"]
mod by_hand;

#[test]
fn by_hand_signs_a_person_in_refreshes_and_revokes() -> Result<(), Box<dyn std::error::Error>> {
    by_hand::main()
}
