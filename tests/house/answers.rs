//! When answers come: each as soon as it is known, and all that were begun before a stop.

use crate::world::{World, wait_until, wire::Wire, wire::stuffed};

const ANNA: &str = "anna@tamis.example";
const BEN: &str = "ben@tamis.example";

/// Expressions that take more time to read than a script has: what comparisons cost is counted, this is not.
fn expressions() -> String {
    let patterns: Vec<String> = (0..1000).map(|n| format!("\"([a-z]{{1,40}}x){{1,40}}{n}\"")).collect();
    format!("require \"regex\";\nif header :regex \"subject\" [{}] {{ discard; }}\n", patterns.join(", "))
}

/// Ben's script takes seconds; Anna has none.
fn world_with_a_slow_recipient() -> World {
    let mut world = World::new();
    world.accept_domains(&["tamis.example"]);
    // So that the scripts of both run side by side on a machine with two cores, too.
    world.set("[look]\nworkers = 4\n");
    world.make_home(BEN);
    world.own_file("mail/ben/.dovecot.sieve", expressions());
    world.start();
    world
}

fn message() -> Vec<u8> {
    let mut text = b"From: <x@friends.example>\r\nSubject: long\r\n\r\n".to_vec();
    (0..60_000).for_each(|_| text.extend_from_slice(b"a b c d e f g h i j k l m n o p\r\n"));
    text
}

/// Everything up to the final dot; the answers are still to come.
fn sent(world: &World, message: &[u8]) -> Wire {
    let mut wire = world.lmtp();
    for line in ["MAIL FROM:<x@friends.example>", &format!("RCPT TO:<{ANNA}>"), &format!("RCPT TO:<{BEN}>")] {
        assert_eq!(wire.command(line).unwrap().code, 250, "{line}");
    }
    assert_eq!(wire.command("DATA").unwrap().code, 354);
    wire.send(&stuffed(message)).unwrap();
    wire
}

// RFC 2033 §5: each reply as soon as it is known.
#[test]
fn the_first_recipient_is_answered_while_the_second_is_still_at_work() {
    let world = world_with_a_slow_recipient();
    let mut wire = sent(&world, &message());
    assert!(wire.reply().unwrap().is_ok());
    assert_eq!((world.mail_of(ANNA).len(), world.mail_of(BEN).len()), (1, 0), "answered with or after the second");
    assert!(wire.reply().unwrap().is_ok());
    assert_eq!(world.mail_of(BEN).len(), 1, "a script that is too slow keeps the message");
}

#[test]
fn a_script_that_used_up_its_time_is_left_out_and_its_owner_is_told() {
    let mut world = World::new();
    world.accept_domains(&["tamis.example"]);
    world.make_home(BEN);
    world.own_file("mail/ben/.dovecot.sieve", expressions());
    world.start();
    for _ in 0..2 {
        assert!(sent(&world, &message()).reply().unwrap().is_ok());
    }
    wait_until(60, "both of Ben's are kept", || world.mail_of(BEN).len() == 2);
    let why: Vec<String> = world.mail_of(BEN).iter().flat_map(|mail| mail.header("X-PM-Sieve")).collect();
    assert_eq!(why.len(), 2, "{why:?}");
    assert!(why.iter().any(|why| why.contains("left out for 10 minutes")), "{why:?}");
}

#[test]
fn a_stop_finishes_the_messages_whose_final_dot_has_arrived() {
    let mut world = world_with_a_slow_recipient();
    let mut wire = sent(&world, &message());
    assert!(wire.reply().unwrap().is_ok());
    let mut idle = world.lmtp();
    world.tell_to_stop();
    assert!(wire.reply().unwrap().is_ok());
    assert_eq!(idle.reply().unwrap().code, 421, "a session between transactions is told");
    assert!(world.ended().success(), "{}", world.log());
    assert_eq!((world.mail_of(ANNA).len(), world.mail_of(BEN).len()), (1, 1));
}

#[test]
fn scripts_that_burn_time_end_in_the_inbox_within_five_seconds_and_delay_nobody() {
    let keys = |count: usize, pattern: &dyn Fn(usize) -> String| {
        (0..count).map(|n| format!("\"{}\"", pattern(n))).collect::<Vec<_>>().join(", ")
    };
    let globs = keys(4000, &|n| format!("*a*b*c{n}*d*"));
    let nested = "*a?b".repeat(500);
    for script in [
        format!("require \"body\"; if body :text :matches [{globs}] {{ discard; }}"),
        format!("require \"body\"; if body :raw :matches \"{nested}zz\" {{ discard; }}"),
        expressions(),
        "require \"include\"; include \"main\"; include \"main\"; discard;".to_string(),
    ] {
        let mut world = World::new();
        world.accept_domains(&["tamis.example"]);
        world.make_home(BEN);
        world.own_folder("mail/ben/sieve");
        world.own_file("mail/ben/sieve/main.sieve", &script);
        world.own_file("mail/ben/.dovecot.sieve", script);
        world.start();
        let mut large = message();
        large.truncate(large.len() - 2);
        large.extend(b"a quick brown fox, b and c, jumps over the lazy dog\r\n".repeat(40_000));
        let begun = std::time::Instant::now();
        let mut wire = world.lmtp();
        for line in ["LHLO mx", "MAIL FROM:<x@friends.example>", &format!("RCPT TO:<{BEN}>"), "DATA"] {
            assert!(wire.command(line).unwrap().code < 400, "{line}");
        }
        wire.send(&stuffed(&large)).unwrap();
        // Meanwhile another user's mail goes through.
        let mut other = world.lmtp();
        for line in ["LHLO mx", "MAIL FROM:<x@friends.example>", &format!("RCPT TO:<{ANNA}>"), "DATA"] {
            assert!(other.command(line).unwrap().code < 400, "{line}");
        }
        other.send(&stuffed(&message())).unwrap();
        assert!(other.reply().unwrap().is_ok());
        assert!(begun.elapsed().as_secs_f64() < 5.0, "another user waited");
        assert!(wire.reply().unwrap().is_ok());
        assert!(begun.elapsed().as_secs_f64() < 5.0, "{:?}", begun.elapsed());
        assert_eq!(world.mail_of(BEN).len(), 1, "nothing is lost");
    }
}
