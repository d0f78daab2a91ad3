//! One kept worker process as the pool sees it: started, asked, listened to, killed.
//!
//! Does not know deadlines or turns: the pool does. Dropping it kills the process.

use super::cage::Cage;
use super::frame::{Kind, receive, send};
use super::outfit::Outfit;
use super::pool::Trouble;
use crate::limits::{DETAIL_BYTES_MAX, WORKER_ANSWER_BYTES_MAX, WORKER_LOG_LINES_MAX};
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Octets of the first frame, which says what of the cage is in force.
const HELLO_BYTES_MAX: usize = 16 << 10;
/// How long a dead worker's exit code and last words are waited for: they are there already, as a rule.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A running worker.
pub(super) struct Kept {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Ends with the worker; yields its last words.
    words: JoinHandle<String>,
    /// The message that the worker has. Weak, so that no other message can come to lie at the same address.
    message: Option<Weak<[u8]>>,
    /// Questions answered so far.
    pub(super) questions: u32,
    pub(super) cage: Cage,
}

impl Kept {
    /// Starts a worker, waits for its first frame and hands over the operator's choices.
    ///
    /// # Errors
    /// [`Trouble::Start`] where it can't be started or does not speak.
    pub(super) async fn start(program: &Path, outfit: &Outfit) -> Result<Self, Trouble> {
        let failed = |why: String| Trouble::Start(format!("{}: {why}", program.display()));
        let mut child = Command::new(program)
            .arg("worker")
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("no pipes".into()));
        };
        let words = tokio::spawn(listen(errors, child.id().unwrap_or_default()));
        let output = BufReader::new(output);
        let mut kept = Self { child, input, output, words, message: None, questions: 0, cage: Cage::default() };
        match receive(&mut kept.output, HELLO_BYTES_MAX).await {
            Ok((Kind::Hello, hello)) => {
                kept.cage = serde_json::from_slice(&hello).map_err(|error| failed(error.to_string()))?;
                let signatures = &outfit.signatures.0;
                if *outfit != Outfit::default() {
                    let outfit = serde_json::to_vec(outfit).map_err(|error| failed(error.to_string()))?;
                    send(&mut kept.input, Kind::Outfit, &outfit).await.map_err(|error| failed(error.to_string()))?;
                }
                if !signatures.is_empty() {
                    let sent = send(&mut kept.input, Kind::Signatures, signatures).await;
                    sent.map_err(|error| failed(error.to_string()))?;
                }
                Ok(kept)
            }
            Ok((kind, _)) => Err(failed(format!("said {kind:?} first"))),
            Err(error) => {
                let trouble = kept.trouble_of(error).await;
                Err(failed(trouble.to_string()))
            }
        }
    }

    /// True where it has exited by itself, such as when the system was out of memory.
    pub(super) fn is_dead(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// True where the worker has this message already.
    pub(super) fn has(&self, message: &Arc<[u8]>) -> bool {
        self.message.as_ref().is_some_and(|mine| mine.ptr_eq(&Arc::downgrade(message)))
    }

    /// True where the worker has no message, or one that nobody else holds any more; the latter is let go.
    pub(super) fn is_free(&mut self) -> bool {
        if self.message.as_ref().is_some_and(|mine| mine.strong_count() == 0) {
            self.message = None;
        }
        self.message.is_none()
    }

    /// Asks one question, after handing over the message where the worker hasn't it.
    ///
    /// # Errors
    /// [`Trouble::Died`] where the worker ends or panics, [`Trouble::Nonsense`] where it breaks the protocol. It must
    /// not be asked again then.
    pub(super) async fn ask(
        &mut self,
        message: Option<&Arc<[u8]>>,
        kind: Kind,
        question: &[u8],
    ) -> Result<Vec<u8>, Trouble> {
        self.questions += 1;
        match self.exchange(message, kind, question).await {
            Ok((Kind::Answer, answer)) => Ok(answer),
            Ok((Kind::Panic, words)) => {
                Err(Trouble::Died(format!("panicked: {}", escaped(&String::from_utf8_lossy(&words)))))
            }
            Ok((kind, _)) => Err(Trouble::Nonsense(format!("answered with {kind:?}"))),
            Err(error) => Err(self.trouble_of(error).await),
        }
    }

    async fn exchange(
        &mut self,
        message: Option<&Arc<[u8]>>,
        kind: Kind,
        question: &[u8],
    ) -> io::Result<(Kind, Vec<u8>)> {
        if let Some(message) = message.filter(|message| !self.has(message)) {
            self.message = None;
            send(&mut self.input, Kind::Message, message).await?;
            self.message = Some(Arc::downgrade(message));
        }
        send(&mut self.input, kind, question).await?;
        receive(&mut self.output, WORKER_ANSWER_BYTES_MAX).await
    }

    async fn trouble_of(&mut self, error: io::Error) -> Trouble {
        if error.kind() == io::ErrorKind::InvalidData {
            return Trouble::Nonsense(error.to_string());
        }
        // The pipe is broken: it has ended or will be killed.
        let status = match timeout(LAST_WORDS, self.child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "closed its pipe".into(),
        };
        match timeout(LAST_WORDS, &mut self.words).await {
            Ok(Ok(words)) if !words.is_empty() => Trouble::Died(format!("{status}: {words}")),
            Ok(Ok(_) | Err(_)) | Err(_) => Trouble::Died(status),
        }
    }
}

/// Logs what a worker says on standard error, bounded and escaped, until it ends; the first lines are its last words
/// (a panic or a stack overflow speaks once).
async fn listen(mut errors: ChildStderr, pid: u32) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut line = Vec::new();
    let mut room = [0; 1024];
    while let Ok(octets) = errors.read(&mut room).await {
        let ended = octets == 0;
        for byte in room.iter().take(octets) {
            if *byte == b'\n' {
                log_line(&mut words, &mut line, pid);
            } else if line.len() < DETAIL_BYTES_MAX {
                line.push(*byte);
            }
        }
        if ended {
            log_line(&mut words, &mut line, pid);
            break;
        }
    }
    words.truncate(3);
    words.join(" / ")
}

fn log_line(words: &mut Vec<String>, line: &mut Vec<u8>, pid: u32) {
    let text = escaped(String::from_utf8_lossy(line).trim());
    line.clear();
    if !text.is_empty() && words.len() < WORKER_LOG_LINES_MAX {
        tracing::warn!(worker = pid, says = text, "worker speaks");
        words.push(text);
    }
}

/// Foreign text for log and journal.
fn escaped(text: &str) -> String {
    text.chars().take(DETAIL_BYTES_MAX).flat_map(char::escape_debug).collect()
}
