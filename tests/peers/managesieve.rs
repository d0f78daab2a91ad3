//! ManageSieve: sieve-connect, sievelib and managesieve edit scripts here; raw bytes try what clients don't.

use crate::{
    dovecot::Dovecot,
    is_missing, is_missing_python,
    sieve_wire::SieveWire,
    world::{World, free_port, wait_until},
};
use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ANNA: &str = "anna@example.test";
/// `\0anna@example.test\0secret`
const PLAIN: &str = "AGFubmFAZXhhbXBsZS50ZXN0AHNlY3JldA==";
/// `\0anna@example.test\0wrong`
const WRONG: &str = "AGFubmFAZXhhbXBsZS50ZXN0AHdyb25n";

/// A world with ManageSieve at a port of its own; logins from a passwd-file.
struct House {
    world: World,
    port: u16,
}

impl House {
    fn new(more: &str) -> Self {
        let mut world = World::new();
        let users = world.passwd_file(&[(ANNA.into(), ""), ("ben@example.test".into(), "nologin")]);
        world.make_home(ANNA);
        let port = free_port();
        world.set(&format!(
            "[server]\nhost_name = \"localhost\"\n[users]\npasswd_file = {users:?}\n[login]\npasswd_file = {users:?}\n\
             [managesieve]\nlisten = [\"127.0.0.1:{port}\"]\n"
        ));
        world.set(more);
        Self { world, port }
    }

    fn started(more: &str) -> Self {
        let mut house = Self::new(more);
        house.world.start();
        house
    }

    /// Where peers may sign in in clear.
    fn in_clear() -> Self {
        Self::started("[managesieve]\nallow_clear_on_loopback = true\nscripts_max = 3\n")
    }

    fn certificate(&self) -> PathBuf {
        self.world.path("data/tls.pem")
    }

    fn home(&self, below: &str) -> PathBuf {
        self.world.home(ANNA).join(below)
    }

    fn wire(&self) -> SieveWire {
        let mut wire = SieveWire::open(self.port);
        let greeting = wire.reply();
        assert!(greeting.starts_with("OK") && greeting.contains("\"VERSION\" \"1.0\""), "{greeting}");
        wire
    }

    fn signed_in(&self) -> SieveWire {
        let mut wire = self.wire();
        let said = wire.command(format!("AUTHENTICATE \"PLAIN\" \"{PLAIN}\""));
        assert_eq!(said, "OK \"Signed in\" | ");
        wire
    }

    fn said(&self, words: &[&str]) -> String {
        String::from_utf8(self.world.output(words)).unwrap()
    }

    /// Runs a Python client that asserts by itself.
    fn python(&self, script: &str, mechanism: &str) {
        let port = self.port.to_string();
        let mut command = Command::new(crate::python());
        command.args(["-c", script, &port, ANNA, "secret", mechanism]).env("SSL_CERT_FILE", self.certificate());
        let output = command.output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{mechanism}: {said}\n{}", self.world.log());
    }

    /// Runs sieve-connect with the password on its standard input; what it printed.
    fn sieve_connect(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("sieve-connect");
        command.args(["--server", "localhost", "--4", "--port", &self.port.to_string(), "--user", ANNA]);
        command.args(["--passwordfd", "0", "--tlscafile"]).arg(self.certificate()).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"secret\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.world.log());
        said
    }
}

const SIEVELIB: &str = r#"
import sys
from sievelib.managesieve import Client
port, user, password, mechanism = sys.argv[1:]
c = Client("localhost", int(port))
assert c.connect(user, password, starttls=True, authmech=mechanism), c.errmsg
assert c.havespace("one", 10) and not c.havespace("one", 99999999)
assert c.checkscript("keep;\n"), c.errmsg
assert c.putscript("one", "keep;\n"), c.errmsg
assert not c.putscript("bad", "nonsense!\n") and b"bad: line 1: error: " in c.errmsg, c.errmsg
assert c.setactive("one"), c.errmsg
assert not c.deletescript("one")
assert c.renamescript("one", "two"), c.errmsg
assert c.listscripts() == ("two", []), c.listscripts()
assert c.getscript("two") == "keep;", c.getscript("two")
assert c.setactive("") and c.deletescript("two"), c.errmsg
c.logout()
"#;

const MANAGESIEVE: &str = r#"
import sys, managesieve
port, user, password, mechanism = sys.argv[1:]
c = managesieve.MANAGESIEVE("localhost", int(port))
c.starttls(verify=False)
assert c.login("", user, password) == "OK", c.response_text
assert c.havespace("one", 10) == "OK"
assert c.putscript("one", "keep;\r\n") == "OK", c.response_text
assert c.putscript("bad", "nonsense!\r\n") == "NO" and "bad: line 1: error: " in c.response_text, c.response_text
assert c.setactive("one") == "OK"
assert c.listscripts() == ("OK", [("one", True)]), c.listscripts()
assert c.getscript("one")[1] == "keep;\r\n", c.getscript("one")
assert c.setactive("") == "OK" and c.deletescript("one") == "OK"
assert c.logout() in ("OK", "BYE")
"#;

/// SCRAM-SHA-256 by the standard library of Python, the server's proof checked too.
const SCRAM: &str = r#"
import base64, hashlib, hmac, os, socket, ssl, sys
port, user, password, _ = sys.argv[1:]
def lines(f):
    while True:
        line = f.readline().decode().rstrip("\r\n")
        yield line
        if line.startswith(("OK", "NO", "BYE", '"')) and not line.startswith(('"I', '"SI', '"SA', '"N', '"ST', '"U', '"V', '"O', '"M')): return
s = socket.create_connection(("localhost", int(port)))
f = s.makefile("rwb"); list(lines(f))
f.write(b"STARTTLS\r\n"); f.flush(); assert list(lines(f))[-1].startswith("OK")
s = ssl.create_default_context().wrap_socket(s, server_hostname="localhost"); f = s.makefile("rwb"); list(lines(f))
b64 = lambda b: base64.b64encode(b).decode()
mac = lambda key, text: hmac.new(key, text, "sha256").digest()
bare = "n=" + user + ",r=" + b64(os.urandom(12))
f.write(('AUTHENTICATE "SCRAM-SHA-256" "%s"\r\n' % b64(("n,," + bare).encode())).encode()); f.flush()
first = base64.b64decode(list(lines(f))[-1].strip('"')).decode()
given = dict(part.split("=", 1) for part in first.split(","))
salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(given["s"]), int(given["i"]))
client = mac(salted, b"Client Key")
without = "c=biws,r=" + given["r"]
auth = ",".join([bare, first, without]).encode()
proof = bytes(a ^ b for a, b in zip(client, mac(hashlib.sha256(client).digest(), auth)))
f.write(('"%s"\r\n' % b64((without + ",p=" + b64(proof)).encode())).encode()); f.flush()
said = list(lines(f))[-1]
want = "v=" + b64(mac(mac(salted, b"Server Key"), auth))
if not said.startswith("OK"):
    assert base64.b64decode(said.strip('"')).decode() == want, said
    f.write(b'""\r\n'); f.flush(); assert list(lines(f))[-1].startswith("OK")
else:
    assert 'OK (SASL "%s")' % b64(want.encode()) in said, said
f.write(b"LISTSCRIPTS\r\n"); f.flush(); assert f.readline().startswith(b"OK")
"#;

#[test]
fn three_clients_complete_their_sessions() {
    if is_missing(&["sieve-connect"], false) || is_missing_python() {
        return;
    }
    let house = House::started("");
    for mechanism in ["PLAIN", "LOGIN"] {
        house.python(SIEVELIB, mechanism);
    }
    house.python(MANAGESIEVE, "");
    house.python(SCRAM, "");
    let script = house.world.own_file("script", "keep;\n");
    let script = script.to_str().unwrap();
    house.sieve_connect(&["--localsieve", script, "--checkscript"]);
    house.sieve_connect(&["--localsieve", script, "--remotesieve", "mine", "--upload"]);
    house.sieve_connect(&["--remotesieve", "mine", "--activate"]);
    assert_eq!(fs::read_link(house.home(".dovecot.sieve")).unwrap().to_str(), Some("sieve/mine.sieve"));
    assert!(house.sieve_connect(&["--list"]).contains("\"mine\" ACTIVE"));
    assert!(house.sieve_connect(&["--remotesieve", "mine", "--localsieve", "-", "--download"]).contains("keep;"));
    house.sieve_connect(&["--deactivate"]);
    house.sieve_connect(&["--remotesieve", "mine", "--delete"]);
    assert!(!house.home("sieve/mine.sieve").exists());
}

#[test]
fn people_sign_in_with_their_password_of_dovecot() {
    if is_missing(&["dovecot", "sieve-connect"], true) || is_missing_python() {
        return;
    }
    let mut house = House::new("");
    let users = house.world.path("users");
    let dovecot = Dovecot::start(&house.world, &users);
    house.world.set(&format!(
        "[login]\ndovecot_socket = {:?}\npasswd_file = \"\"\n[users]\ndovecot_socket = {:?}\npasswd_file = \"\"\n",
        dovecot.auth_client(),
        dovecot.userdb()
    ));
    house.world.start();
    let mut wire = SieveWire::start_tls(house.port, &house.certificate(), b"");
    let offered = wire.reply();
    assert!(offered.contains("\"SASL\" \"PLAIN LOGIN SCRAM-SHA-256\""), "{offered}");
    for mechanism in ["PLAIN", "LOGIN"] {
        house.python(SIEVELIB, mechanism);
    }
    house.python(MANAGESIEVE, "");
    house.python(SCRAM, "");
    assert!(house.sieve_connect(&["--list"]).is_empty());
    let begun = Instant::now();
    let said = wire.command(format!("AUTHENTICATE \"PLAIN\" \"{WRONG}\""));
    assert!(said.starts_with("NO \"Name or password is wrong\""), "{said}");
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(dovecot);
    let said = wire.command(format!("AUTHENTICATE \"PLAIN\" \"{PLAIN}\""));
    assert!(said.starts_with("NO (TRYLATER)"), "{said}");
}

#[test]
fn what_came_in_clear_before_tls_is_never_obeyed() {
    let house = House::started("");
    let mut wire = house.wire();
    assert!(wire.command(format!("AUTHENTICATE \"PLAIN\" \"{PLAIN}\"")).starts_with("NO (ENCRYPT-NEEDED)"));
    let mut wire = SieveWire::start_tls(house.port, &house.certificate(), b"NOOP \"injected\"\r\n");
    let greeting = wire.reply();
    assert!(greeting.starts_with("OK") && !greeting.contains("STARTTLS") && greeting.contains("\"SASL\" \"SCRAM"));
    assert_eq!(wire.command("NOOP \"mine\""), "OK (TAG \"mine\") \"Done\" | ");
    assert!(wire.command("STARTTLS").starts_with("NO"));
    assert!(wire.command(format!("AUTHENTICATE \"PLAIN\" \"{PLAIN}\"")).starts_with("OK"));
}

#[test]
fn the_own_port_of_tls_is_encrypted_from_the_first_octet() {
    let port = free_port();
    let house = House::started(&format!("[managesieve]\ntls_listen = [\"127.0.0.1:{port}\"]\n"));
    let mut wire = SieveWire::in_tls(port, &house.certificate());
    let greeting = wire.reply();
    assert!(greeting.contains("\"SASL\" \"SCRAM") && !greeting.contains("STARTTLS"), "{greeting}");
    assert!(wire.command(format!("AUTHENTICATE \"PLAIN\" \"{PLAIN}\"")).starts_with("OK"));
    // A reload with a certificate that is none changes nothing for anybody.
    let nonsense = house.world.own_file("nonsense", "nonsense");
    let settings = fs::read_to_string(house.world.config()).unwrap();
    let broken = settings.replace(
        "[managesieve]\n",
        &format!("[managesieve]\ntls_certificate = {nonsense:?}\ntls_key = {nonsense:?}\n"),
    );
    assert_ne!(settings, broken);
    fs::write(house.world.config(), broken).unwrap();
    house.world.signal(rustix::process::Signal::HUP);
    wait_until(30, "the settings are read again", || house.world.log().contains("settings read again"));
    assert!(SieveWire::in_tls(port, &house.certificate()).reply().starts_with("OK"));
    assert!(house.world.log().contains("the old one stays"));
    assert!(wire.command("LISTSCRIPTS").starts_with("OK"));
}

#[test]
fn a_whole_session_in_odd_pieces() {
    let house = House::in_clear();
    let mut wire = house.signed_in();
    let talk = "PUTSCRIPT {4+}\r\nmain {7+}\r\nkeep;\r\n\r\nSETACTIVE \"main\"\r\nPUTSCRIPT \"b\" \"stop;\"\r\n\
                GETSCRIPT \"main\"\r\nRENAMESCRIPT \"main\" \"new\"\r\nLISTSCRIPTS\r\nDELETESCRIPT \"new\"\r\n\
                SETACTIVE \"x\"\r\nGETSCRIPT \"x\"\r\nRENAMESCRIPT \"b\" \"new\"\r\nNOOP {2}\r\nhi\r\n";
    let answers = [
        "OK \"Stored\"",
        "OK \"Script is active\"",
        "OK \"Stored\"",
        "OK \"That is it\" | {7}keep;\r\n",
        "OK \"Renamed\"",
        "OK \"That is all\" | \"b\"\n\"new\" ACTIVE\n",
        "NO (ACTIVE)",
        "NO (NONEXISTENT)",
        "NO (NONEXISTENT)",
        "NO (ALREADYEXISTS)",
        "OK (TAG \"hi\")",
    ];
    // All at once, then octet by octet.
    for piece in [talk.len(), 1] {
        talk.as_bytes().chunks(piece).for_each(|piece| wire.send(piece));
        for want in answers {
            let said = wire.reply();
            assert!(said.starts_with(want), "{said}, not {want}");
        }
        for line in ["SETACTIVE \"\"", "DELETESCRIPT \"new\"", "DELETESCRIPT \"b\""] {
            assert!(wire.command(line).starts_with("OK"), "{line}");
        }
    }
    assert!(wire.command("UNAUTHENTICATE").starts_with("OK"));
    assert!(wire.command("LISTSCRIPTS").starts_with("NO"));
    assert!(wire.command(format!("AUTHENTICATE \"PLAIN\" \"{PLAIN}\"")).starts_with("OK"));
    assert!(wire.command("LOGOUT").starts_with("OK"));
    assert!(wire.reply().starts_with("closed"));
}

#[test]
fn quotas_are_kept_and_told_apart() {
    let house = House::in_clear();
    let mut wire = house.signed_in();
    for name in ["a", "b", "c"] {
        assert!(wire.command(format!("PUTSCRIPT \"{name}\" \"keep;\"")).starts_with("OK"));
    }
    assert!(wire.command("PUTSCRIPT \"d\" \"keep;\"").starts_with("NO (QUOTA/MAXSCRIPTS)"));
    assert!(wire.command("HAVESPACE \"d\" 1").starts_with("NO (QUOTA/MAXSCRIPTS)"));
    assert!(wire.command("HAVESPACE \"a\" 1").starts_with("OK"));
    assert!(wire.command("HAVESPACE \"a\" 9999999").starts_with("NO (QUOTA/MAXSIZE)"));
    let large = "#".repeat(2 << 20);
    let said = wire.command(format!("PUTSCRIPT \"a\" {{{}+}}\r\n{large}", large.len()));
    assert!(said.starts_with("NO (QUOTA/MAXSIZE)"), "{said}");
    assert_eq!(wire.command("GETSCRIPT \"a\""), "OK \"That is it\" | {5}keep;\n");
    let said = wire.command("PUTSCRIPT \"a\" {2+}\r\n\u{ff}");
    assert!(said.starts_with("NO"), "{said}");
}

#[test]
fn strangers_get_little_memory_and_no_second_chance() {
    let house = House::in_clear();
    for (bytes, want) in [
        (&b"NOOP \"\0\"\r\n"[..], "BYE \"Line holds NUL"),
        (b"NOOP\n\r\n", "BYE \"Lines end with CRLF"),
        (b"AUTHENTICATE \"PLAIN\" {17000+}\r\n", "BYE \"Literal is too large"),
        (b"PUTSCRIPT \"x\" {99999999999999999999999999+}\r\n", "BYE \"Literal is too large"),
        (&[b'x'; 9000], ""),
    ] {
        let mut wire = house.wire();
        wire.send(bytes);
        if want.is_empty() {
            wire.send("\r\n");
        }
        let said = wire.reply();
        assert!(said.starts_with(if want.is_empty() { "BYE \"Line is too long" } else { want }), "{said}");
        assert!(wire.reply().starts_with("closed"), "{want}");
    }
}

#[test]
fn wrong_passwords_take_their_time_and_look_alike() {
    let house = House::in_clear();
    // anna with a wrong password, ben with the right one but barred, and nobody.
    let (ben, nobody) = ("AGJlbkBleGFtcGxlLnRlc3QAc2VjcmV0", "AG5vYm9keUBleGFtcGxlLnRlc3QAc2VjcmV0");
    let mut said = Vec::new();
    for response in [WRONG, ben, nobody] {
        let begun = Instant::now();
        said.push(house.wire().command(format!("AUTHENTICATE \"PLAIN\" \"{response}\"")));
        let took = begun.elapsed();
        assert!((2.0..3.5).contains(&took.as_secs_f64()), "{took:?}");
    }
    assert!(said.iter().all(|said| said.starts_with("NO \"Name or password is wrong\"")), "{said:?}");
    let mut wire = house.wire();
    for last in [false, false, true] {
        let said = wire.command(format!("AUTHENTICATE \"PLAIN\" \"{WRONG}\""));
        assert!(said.starts_with(if last { "BYE" } else { "NO" }), "{said}");
    }
    // After so many, tries for that name wait in line, also behind those that hung up.
    for _ in 0..6 {
        house.wire().send(format!("AUTHENTICATE \"PLAIN\" \"{WRONG}\"\r\n"));
    }
    let begun = Instant::now();
    assert!(house.wire().command(format!("AUTHENTICATE \"PLAIN\" \"{PLAIN}\"")).starts_with("OK"));
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn a_thousand_strangers_cost_little_memory() {
    // Also for the server that we start.
    let files = rustix::process::Rlimit { current: Some(4096), maximum: Some(4096) };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, files).unwrap();
    let house = House::started("[managesieve]\nconnections_max = 1200\n");
    let before = house.world.resident_kib();
    let mut wires = Vec::new();
    for _ in 0..1000 {
        let mut wire = SieveWire::start_tls(house.port, &house.certificate(), b"");
        wire.reply();
        wire.send(b"AUTHENTICATE \"PLAIN\" {16000+}\r\n");
        wire.send([b'x'; 15_999]);
        wires.push(wire);
    }
    // The last of them answers, so the others have been read as well.
    let mut one_more = SieveWire::start_tls(house.port, &house.certificate(), b"");
    one_more.reply();
    assert!(one_more.command("NOOP").starts_with("OK"));
    let each = house.world.resident_kib().saturating_sub(before) / 1000;
    println!("{each} KiB for each connection");
    assert!(each <= 64, "{each} KiB for each connection before anybody signed in");
}

#[test]
fn a_history_is_kept_and_an_old_version_comes_back() {
    let house = House::in_clear();
    let mut wire = house.signed_in();
    for text in ["keep;", "stop;"] {
        assert!(wire.command(format!("PUTSCRIPT \"main\" \"{text}\"")).starts_with("OK"));
    }
    fs::write(house.home("sieve/main.sieve"), "discard;").unwrap();
    assert!(wire.command("PUTSCRIPT \"main\" \"# last\"").starts_with("OK"));
    let log = house.said(&["sieve", "log", ANNA, "main", "--json"]);
    let how: Vec<&str> =
        log.lines().map(|line| line.split("\"how\":\"").nth(1).unwrap().split('"').next().unwrap()).collect();
    assert_eq!(how, ["stored", "found", "stored", "stored"], "{log}");
    assert!(log.lines().next().unwrap().contains("anna@example.test from 127.0.0.1"), "{log}");
    house.said(&["sieve", "rollback", ANNA, "main"]);
    assert_eq!(wire.command("GETSCRIPT \"main\""), "OK \"That is it\" | {8}discard;\n");
    assert!(wire.command("RENAMESCRIPT \"main\" \"new\"").starts_with("OK"));
    let log = house.said(&["sieve", "log", ANNA, "new"]);
    assert!(log.contains("renamed") && log.contains("rollback"), "{log}");
}
