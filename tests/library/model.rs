//! Random sequences of operations on one vault beside a model in memory: each answer is the model's.
//!
//! A failing one is shrunk to the steps that it takes. `PROPTEST_CASES=8000 cargo test --test library model::` tries 2,000.

mod book;
mod room;
mod step;
mod stock;
mod words;

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use book::Book;
use room::{OPENED, Room};
use step::{Step, while_locked, while_open};

/// The model as the machine that draws steps.
struct Model;

impl ReferenceStateMachine for Model {
    type State = Book;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Book> {
        Just(Book::opened(OPENED)).boxed()
    }

    fn transitions(book: &Book) -> BoxedStrategy<Step> {
        if book.locked { while_locked() } else { while_open() }
    }

    fn apply(book: Book, step: &Step) -> Book {
        book.after(step)
    }
}

/// Sequences on a real vault.
struct Sequences;

impl StateMachineTest for Sequences {
    type SystemUnderTest = Room;
    type Reference = Model;

    fn init_test(_: &Book) -> Room {
        Room::new()
    }

    fn apply(mut room: Room, book: &Book, step: Step) -> Room {
        let answer = room.take(book, &step);
        assert_eq!(book.answer, answer, "{step:?}");
        if matches!(step, Step::Restart | Step::Crash) {
            room.compare_rows(book);
        }
        room
    }

    fn check_invariants(room: &Room, book: &Book) {
        room.compare(book);
    }

    fn teardown(mut room: Room, mut book: Book) {
        let mut last = vec![Step::Restart];
        last.extend(book.secrets.iter().flat_map(|(spot, secret)| {
            let versions = secret.values.iter().map(|(version, _)| Step::Older(*spot, *version));
            versions.chain([Step::Get(*spot), Step::Versions(*spot)])
        }));
        for step in &last {
            book = book.after(step);
            assert_eq!(book.answer, room.take(&book, step), "{step:?}, at the end");
        }
        room.compare_log(&book);
    }
}

/// How many of the cases that proptest would try are tried here: 64 of its 256, or of `PROPTEST_CASES`.
const PART: u32 = 4;

prop_state_machine! {
    #![proptest_config({
        let usual = Config::default();
        Config { cases: usual.cases / PART, failure_persistence: None, ..usual }
    })]

    #[test]
    fn every_answer_is_the_models(sequential 1..80 => Sequences);
}
