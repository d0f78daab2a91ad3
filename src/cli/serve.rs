//! `tamis serve`: opens everything, serves, reloads on SIGHUP, stops gracefully on SIGTERM or SIGINT.

use super::{Exit, Fault, program, runtime, settings};
use crate::admin;
use crate::deliver::{Env, SignatureSet};
use crate::serve;
use sd_notify::NotifyState;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(config: &Path, _args: &Args) -> Result<Exit, Fault> {
    let settings = settings(config)?;
    log_to_stderr(&settings.server.log)?;
    let env = Env::open(settings, program()?)?;
    runtime()?.block_on(until_stopped(Arc::new(env), config.to_path_buf()))
}

/// Log lines go to standard error, where systemd and people find them; colours only on a terminal.
pub(super) fn log_to_stderr(filter: &str) -> Result<(), Fault> {
    let bad = |e: String| Fault::new(Exit::Config, format!("server.log = {filter:?}: {e}; try \"info\""));
    let filter = tracing_subscriber::EnvFilter::try_new(filter).map_err(|e| bad(e.to_string()))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr);
    log.with_ansi(console::user_attended_stderr()).try_init().map_err(|e| bad(e.to_string()))
}

async fn until_stopped(env: Arc<Env>, config: PathBuf) -> Result<Exit, Fault> {
    let fault = |e: std::io::Error| Fault::new(Exit::Unavailable, e.to_string());
    let listeners = serve::bind(&env.settings).map_err(fault)?;
    if listeners.is_empty() {
        return Err(Fault::new(Exit::Config, "there is no socket to listen on; set lmtp.unix or lmtp.tcp"));
    }
    for place in listeners.places() {
        tracing::info!("LMTP at {place}");
    }
    for place in listeners.managesieve_places() {
        tracing::info!("ManageSieve at {place}");
    }
    for warning in env.settings.warnings() {
        tracing::warn!("settings: {warning}");
    }
    env.pool.warm().await.map_err(|t| Fault::new(Exit::Software, format!("no worker: {t}")))?;
    let (stop, stopped) = watch::channel(false);
    let (envs, current) = watch::channel(env);
    let envs = Arc::new(envs);
    let keeper = tokio::spawn(keep_house(Arc::clone(&envs)));
    let watcher = tokio::spawn(watch_signatures(Arc::clone(&envs)));
    let mut signals = Signals::listen().map_err(fault)?;
    let mut served = tokio::spawn(serve::serve(current, stopped, listeners));
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    let asked = tokio::spawn(ask_clamd(Arc::clone(&envs)));

    tokio::select! {
        () = signals.obey(&envs, &config) => {}
        ended = &mut served => {
            return Err(Fault::new(Exit::Software, format!("the server ended by itself: {ended:?}")));
        }
    }
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    tracing::info!("stopping: messages whose final dot has arrived are finished first");
    let _ = stop.send(true);
    keeper.abort();
    asked.abort();
    watcher.abort();
    let ended = served.await.map_err(|e| Fault::new(Exit::Software, e.to_string()))?;
    let env = Arc::clone(&envs.borrow());
    close(&env).await?;
    ended.map_err(fault)?;
    Ok(Exit::Ok)
}

/// The last rows and keys are on disk, and the next start knows that this stop was clean.
pub(super) async fn close(env: &Arc<Env>) -> Result<(), Fault> {
    let closed = env.blocking(|env| {
        env.store.close();
        Ok(())
    });
    Ok(closed.await?)
}

/// The signals that we obey.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns when it is time to stop.
    async fn obey(&mut self, envs: &watch::Sender<Arc<Env>>, config: &Path) {
        let mut heartbeat = tokio::time::interval(heartbeat());
        loop {
            tokio::select! {
                _ = self.hangup.recv() => reload(envs, config),
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = heartbeat.tick() => drop(sd_notify::notify(&[NotifyState::Watchdog])),
            }
        }
    }
}

/// Half of what systemd asks for (WatchdogSec), or rarely.
fn heartbeat() -> Duration {
    sd_notify::watchdog_enabled().map_or(Duration::from_secs(3600), |period| period / 2)
}

/// New settings for the next transactions; a bad file keeps the old ones and says so. No connection is dropped.
fn reload(envs: &watch::Sender<Arc<Env>>, config: &Path) {
    let _ = sd_notify::notify(&[NotifyState::Reloading]);
    let old = Arc::clone(&envs.borrow());
    let loaded = settings(config).map_err(|fault| fault.to_string());
    match loaded.and_then(|settings| old.reload(settings)) {
        Ok(new) => {
            for warning in new.settings.warnings() {
                tracing::warn!("settings: {warning}");
            }
            let _ = envs.send(Arc::new(new));
            tracing::info!(file = %config.display(), "settings read again (sockets stay as they were at start)");
        }
        Err(why) => tracing::error!(file = %config.display(), "settings not taken, the old ones stay: {why}"),
    }
    let _ = sd_notify::notify(&[NotifyState::Ready]);
}

/// The log says at start whether clamd answers, without holding the start up.
async fn ask_clamd(envs: Arc<watch::Sender<Arc<Env>>>) {
    let env = Arc::clone(&envs.borrow());
    let (words, trouble) = admin::clamd(&env.settings).await;
    if let Some(words) = words {
        tracing::info!("{words}");
    }
    if let Some(trouble) = trouble {
        tracing::warn!("{trouble}");
    }
}

/// Signature files that changed are used from then on; where one is broken, it alone is left out.
async fn watch_signatures(envs: Arc<watch::Sender<Arc<Env>>>) {
    // A state that was refused as a whole, such as more than can be compiled, is not tried again.
    let mut refused = None;
    loop {
        let env = Arc::clone(&envs.borrow());
        let seconds = env.settings.signatures.check_seconds;
        tokio::time::sleep(Duration::from_secs(if seconds == 0 { 60 } else { seconds })).await;
        if seconds == 0 {
            continue;
        }
        let found = tokio::task::spawn_blocking(move || env.signatures.changed()).await;
        let Some(state) = found.ok().flatten().filter(|state| refused.as_ref() != Some(state)) else { continue };
        match renew_signatures(&envs).await {
            Ok(()) => refused = None,
            Err(why) => {
                tracing::error!("changed signature files are not used: {why}");
                refused = Some(state);
            }
        }
    }
}

async fn renew_signatures(envs: &watch::Sender<Arc<Env>>) -> Result<(), String> {
    let env = Arc::clone(&envs.borrow());
    let renew = move || SignatureSet::renewed(&env.signatures, &env.settings.signatures);
    let set = tokio::task::spawn_blocking(renew).await.map_err(|error| error.to_string())??;
    // Settings may be read again meanwhile: then once more over those.
    loop {
        let old = Arc::clone(&envs.borrow());
        let new = Arc::new(old.with_signatures(Arc::clone(&set))?);
        new.pool.warm().await.map_err(|trouble| trouble.to_string())?;
        let is_taken = envs.send_if_modified(|now| {
            let is_same = Arc::ptr_eq(now, &old);
            if is_same {
                *now = Arc::clone(&new);
            }
            is_same
        });
        if is_taken {
            tracing::info!(loaded = set.loaded(), "signatures renewed");
            return Ok(());
        }
    }
}

/// What has expired goes, a little at a time, never in the way of an answer.
async fn keep_house(envs: Arc<watch::Sender<Arc<Env>>>) {
    loop {
        let env = Arc::clone(&envs.borrow());
        let full_round = match env.blocking(admin::keep_house).await {
            Ok(more) => more,
            Err(refusal) => {
                tracing::error!(cause = ?refusal.cause, "expired entries could not be removed");
                false
            }
        };
        tokio::time::sleep(Duration::from_secs(if full_round { 1 } else { 600 })).await;
    }
}
