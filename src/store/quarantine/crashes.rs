//! Tests: whichever call of the disk fails, or wherever the process dies, every row of the quarantine has its body.

use super::tests::{files, open, sample, unix_now};
use super::*;
use crate::limits::ORPHAN_SECONDS;

/// Holds three messages and deletes the first; says on standard output which were held.
fn three_messages(quarantine: &Quarantine) -> Result<Vec<String>, Refusal> {
    let mut ids = Vec::new();
    for subject in ["one", "two", "three"] {
        let held = Held { subject: subject.into(), ..sample(1) };
        quarantine.stage(&held, &subject.as_bytes().repeat(1000))?.publish()?;
        println!("held {}", held.id);
        ids.push(held.id);
    }
    println!("deleting {}", ids[0]);
    quarantine.delete(&ids[0])?;
    Ok(ids)
}

#[test]
fn whatever_call_of_the_disk_fails_a_row_has_its_body() {
    let mut failed = 0;
    for call in 1.. {
        let folder = tempfile::tempdir().unwrap();
        let result = open(folder.path(), Disk::failing_at(call, 28)).and_then(|(_, q)| three_messages(&q));
        let (_, quarantine) = open(folder.path(), Disk::default()).unwrap();
        let (bodies, _) = files(&quarantine);
        match result {
            Err(refusal) => {
                failed += 1;
                assert_eq!(refusal.kind, Kind::DiskFull, "call {call}");
                assert_eq!(bodies.len(), quarantine.list(&Wanted::default()).unwrap().len(), "call {call}");
            }
            // Only a removal failed: an orphan stays until it is collected.
            Ok(_) if bodies.len() > 2 => failed += 1,
            Ok(ids) if call > 40 => {
                assert_eq!(bodies.len(), ids.len() - 1);
                break;
            }
            Ok(_) => {}
        }
    }
    assert!(failed > 20, "only {failed} calls were made to fail");
}

#[test]
#[ignore = "the victim of the test below, which starts it in a process of its own"]
fn victim() {
    let Ok(folder) = std::env::var("TAMIS_VICTIM_DIR") else { return };
    let call = std::env::var("TAMIS_VICTIM_CALL").unwrap().parse().unwrap();
    let (_, quarantine) = open(Path::new(&folder), Disk::aborting_at(call)).unwrap();
    three_messages(&quarantine).unwrap();
    println!("survived");
}

#[test]
fn wherever_the_process_dies_what_was_held_is_there_whole() {
    let mut deaths = 0;
    for call in 1.. {
        let folder = tempfile::tempdir().unwrap();
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::quarantine::crashes::victim", "--ignored", "--nocapture"])
            .env("TAMIS_VICTIM_DIR", folder.path())
            .env("TAMIS_VICTIM_CALL", call.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (_, quarantine) = open(folder.path(), Disk::default()).unwrap();
        let ids = |word: &'static str| said.lines().filter_map(move |line| Some(line.split_once(word)?.1.to_string()));
        let deleted: Vec<String> = ids("deleting ").collect();
        for id in ids("held ").filter(|id| !deleted.contains(id)) {
            assert!(quarantine.get(&id).unwrap().is_some(), "call {call}: {id} is lost");
        }
        files(&quarantine);
        quarantine.expire(1, 100).unwrap();
        quarantine.expire(unix_now() + ORPHAN_SECONDS + 60, 100).unwrap();
        assert_eq!(files(&quarantine), (vec![], vec![]), "call {call}");
        if said.contains("survived") {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 20, "only {deaths} deaths");
}
