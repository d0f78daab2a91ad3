//! Users of the system, by getpwnam(3), so that every source of nsswitch.conf counts.
//!
//! Only the local part is asked for: that the domain is ours was the MTA's decision. Root and the accounts of services
//! are nobody.

use super::Found;
use super::record::Record;
use nix::unistd::User;

/// Asks for a name; only a uid from `uid_min` on, and never 0, is a user.
pub(super) async fn find(local: &str, uid_min: u32) -> Found {
    let name = local.to_lowercase();
    let asked = tokio::task::spawn_blocking(move || User::from_name(&name)).await;
    match asked {
        Ok(Ok(Some(user))) if user.uid.as_raw() >= uid_min.max(1) => Found::Known(Record {
            home: Some(user.dir.to_string_lossy().into_owned()),
            uid: Some(user.uid.as_raw()),
            gid: Some(user.gid.as_raw()),
            ..Record::named(&user.name)
        }),
        Ok(Ok(Some(_) | None)) => Found::Unknown,
        Ok(Err(error)) => Found::Unreachable(format!("system users: {error}")),
        Err(error) => Found::Unreachable(format!("system users: {error}")),
    }
}
