//! Sockets that systemd hands over (sd_listen_fds(3)), played by a few lines of Python.

use crate::world::{MAIL_UID, Wire, World, kill_group, wait_until};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Binds argv[1], hands it over as descriptor 3 and becomes the rest of argv, under the uid of argv[2] where we are root.
const HAND_OVER: &str = "
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(8)
os.dup2(s.fileno(), 3); os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
if os.getuid() == 0:
    os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
os.execv(sys.argv[3], sys.argv[3:])
";

#[test]
fn a_socket_of_systemd_stands_in_for_the_configured_one() {
    let mut world = World::new();
    world.accept_domains(&["tamis.example"]);
    world.start();
    assert!(world.stop().success());
    let handed = world.path("run/handed.sock");
    let serve = world.command(&["serve"]);
    let mut command = Command::new("python3");
    command.args(["-c", HAND_OVER]).arg(&handed).arg(MAIL_UID.to_string());
    command.arg(serve.get_program()).args(serve.get_args());
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::inherit()).process_group(0).spawn().unwrap();
    wait_until(20, "the handed socket is served", || Wire::unix(&handed).is_ok_and(|mut wire| wire.reply().is_ok()));
    let configured = Wire::unix(&world.socket()).is_ok();
    kill_group(&mut child);
    assert!(!configured, "the configured unix socket was bound too");
}
