//! Every bound of the program that is not a setting: value, unit, reason, and what a peer gets beyond it.
//!
//! Does not enforce anything: the parts do, and cite the name. Settings (`config/tamis.toml`) hold the bounds in which
//! two real users differ. Standards: RFC 5321 §4.5.3.

mod contents;

pub use contents::*;

/// Octets of one command line without its CRLF. RFC 5321 §4.5.3.1.4 asks for 512 plus room for extensions; Postfix
/// XFORWARD lines and SMTPUTF8 paths are longer. Beyond: the line is thrown away in constant memory, 500 5.5.2.
pub const COMMAND_LINE_BYTES_MAX: usize = 4096;
/// Bad commands (unknown, malformed, out of order) of one session. Beyond: 421 4.7.0 and close, so that a lost peer
/// does not talk forever. Refused recipients and malformed addresses don't count.
pub const BAD_COMMANDS_MAX: u32 = 20;
/// Accepted recipients of one transaction. RFC 5321 §4.5.3.1.8 asks for at least 100; Postfix sends 50 by default.
/// Beyond: 452 4.5.3, and Postfix sends the rest in the next transaction.
pub const RCPTS_MAX: usize = 1000;
/// RCPT commands of one transaction, accepted or not: bounds the work of one peer. Beyond: 452 4.5.3.
pub const RCPT_COMMANDS_MAX: usize = 10_000;
/// Octets of a local part and of a domain (RFC 5321 §4.5.3.1). Beyond: 501 5.1.3 (sender 5.1.7). The local part may be
/// longer than the 64 of the RFC because mailing lists and SRS write longer ones and real mail must not bounce.
pub const LOCAL_PART_BYTES_MAX: usize = 256;
/// See [`LOCAL_PART_BYTES_MAX`].
pub const DOMAIN_BYTES_MAX: usize = 255;
/// Octets of one XFORWARD attribute value after xtext decoding (Postfix XFORWARD_README). Beyond: 501 5.5.4.
pub const XFORWARD_VALUE_BYTES_MAX: usize = 255;
/// Octets of one reply line (RFC 5321 §4.5.3.1.5: 512 with CRLF). Longer texts are cut.
pub const REPLY_LINE_BYTES_MAX: usize = 510;
/// Recipients of one message that are judged and stored side by side. More would only queue at the disk.
pub const RCPTS_AT_ONCE: usize = 16;

/// Octets of the top header block that the structure screen lets pass. Beyond: `hostile_structure`.
pub const HEADER_BYTES_MAX: usize = 1 << 20;
/// Fields of the top header block. Real mail has under 200. Beyond: `hostile_structure`.
pub const HEADER_FIELDS_MAX: usize = 1000;
/// Words `message/` after a Content-Type anywhere: each may nest one deeper, and mail-parser recurses. Beyond:
/// `hostile_structure`.
pub const NESTED_MESSAGES_MAX: usize = 250;
/// Words `boundary=` anywhere: parsing is quadratic in unclosed multiparts. Beyond: `hostile_structure`.
pub const BOUNDARIES_MAX: usize = 100;
/// `boundary=` words times octets of the message: bounds the same quadratic work (2 GiB is about two seconds).
pub const BOUNDARY_WORK_MAX: u64 = 2 << 30;
/// Lines that begin with `--`: each may begin a part. Beyond: `hostile_structure`.
pub const DASH_LINES_MAX: usize = 20_000;

/// Links kept of one message: a person never sees more, and each costs a check.
pub const LINKS_MAX: usize = 1000;
/// Octets of text (plain or HTML) of one part that are read for links and words.
pub const TEXT_BYTES_MAX: usize = 2 << 20;
/// Findings shown in `X-PM-Report`, strongest first; the journal keeps all.
pub const REPORT_FINDINGS_MAX: usize = 20;
/// Octets of one finding's detail: foreign text is cut there.
pub const DETAIL_BYTES_MAX: usize = 200;

/// Seconds one worker may take for one question before it is killed. The message is then *not looked at*.
pub const WORKER_ANSWER_SECONDS: u64 = 30;
/// Seconds for the look at a message and clamd's beside it, the wait for a free worker included: with what follows the
/// answer comes within a minute. Beyond: 451 4.3.0, which counts as no failure of the message.
pub const LOOK_SECONDS_MAX: u64 = 50;
/// CPU seconds of one look in a worker: RLIMIT_CPU, renewed per question.
pub const WORKER_CPU_SECONDS: u64 = 10;
/// CPU seconds of one run of a recipient's scripts (ordinary ones take a millisecond). Beyond: the message is kept.
pub const SCRIPT_CPU_SECONDS: u64 = 2;
/// Seconds for which a script that used up its time is left out; its user's messages are kept in INBOX meanwhile.
pub const SLOW_SCRIPT_SECONDS: u64 = 600;
/// Slow scripts that are remembered. Beyond: the next ones are run again.
pub const SLOW_SCRIPTS_MAX: usize = 10_000;
/// Address space of a worker in octets: RLIMIT_AS. 50 MiB of mail with its decoded copies takes about 250 MiB.
pub const WORKER_MEMORY_BYTES: u64 = 1 << 30;
/// Questions after which a worker is replaced: a captured or leaking one does not stay.
pub const WORKER_QUESTIONS_MAX: u32 = 2000;
/// Octets of one answer of a worker: it is read as hostile. Beyond: the worker is killed.
pub const WORKER_ANSWER_BYTES_MAX: usize = 16 << 20;

/// Octets of one Sieve script (Pigeonhole: 1 MiB). Beyond: the script is refused, the message kept in INBOX.
pub const SCRIPT_BYTES_MAX: u64 = 1 << 20;
/// Tests and actions of one run of a script: bounds loops over parts. Beyond: the script fails, the message is kept.
pub const SCRIPT_EVENTS_MAX: usize = 50_000;
/// Steps of one run that are told. Beyond: the rest is left out.
pub const SCRIPT_TRACE_MAX: usize = 500;
/// Characters of a value in such a step: foreign text is cut there.
pub const SCRIPT_TRACE_TEXT_MAX: usize = 100;
/// Octets of values that all tests of one run compare, counted once for each key, and several times for patterns (about
/// a quarter of a second). Beyond: the script fails, the message is kept.
pub const SCRIPT_WORK_BYTES_MAX: usize = 256 << 20;
/// Bodies that are kept decoded during one run: raw, text, and some of `:content`. Beyond: they are decoded again.
pub const SCRIPT_BODIES_KEPT_MAX: usize = 4;
/// Octets of a compiled regular expression, and of its tables. Beyond: it is refused.
pub const SCRIPT_REGEX_BYTES_MAX: usize = 1 << 20;
/// Octets of the value of a header field that a script adds (Pigeonhole: 2048).
pub const SCRIPT_HEADER_BYTES_MAX: usize = 2048;
/// Instructions of one run of a script; wall time is bounded by the worker.
pub const SCRIPT_INSTRUCTIONS_MAX: usize = 500_000;
/// Characters of a script's line that are shown below an error: a window round the place.
pub const SCRIPT_EXCERPT_CHARS_MAX: usize = 160;
/// Blocks and tests around one command (Pigeonhole: 32 each). Beyond: the script is refused.
pub const SCRIPT_NESTING_MAX: usize = 32;
/// The highest match value (RFC 5229 §3.2 asks for 9, Pigeonhole has 32). Beyond: the script is refused; what a pattern
/// matches beyond is forgotten.
pub const SCRIPT_MATCH_VALUES_MAX: usize = 32;
/// Octets of the name of a variable (RFC 5229 §6 asks for 32, Pigeonhole has 64). Beyond: the script is refused.
pub const SCRIPT_VARIABLE_NAME_BYTES_MAX: usize = 64;
/// Keys of one test, and wildcards of one pattern, beyond which a script's owner is warned that it is slow.
pub const SCRIPT_SLOW_KEYS: usize = 500;
/// See [`SCRIPT_SLOW_KEYS`].
pub const SCRIPT_SLOW_WILDCARDS: usize = 10;
/// Errors, and warnings, of one script that are told. Beyond: the rest is counted.
pub const SCRIPT_DIAGNOSTICS_MAX: usize = 100;
/// Folders one run of a script may file into (Pigeonhole: 32 actions).
pub const SCRIPT_ACTIONS_MAX: usize = 32;

/// Octets of text that one `body` test or `extracttext` reads, all parts together. Bodies that people write are far
/// shorter; thousands of keys over so much end within a second. Beyond: the rest isn't seen by the script.
pub const SCRIPT_BODY_BYTES_MAX: usize = 2 << 20;
/// Characters of a Subject or name that a message of ours takes from a script or a foreign header; the rest is cut off.
pub const REPLY_FIELD_CHARACTERS_MAX: usize = 500;
/// Ids in References of an answer; the oldest go. A thread is found by the latest ones.
pub const REPLY_REFERENCES_MAX: usize = 20;
/// Octets of one such id: a line of a message has 998 at most (RFC 5322 §2.1.1). A longer one is left out.
pub const REPLY_ID_BYTES_MAX: usize = 250;
/// Octets of the header that a rejection sends back; further fields are left out.
pub const REPLY_HEADER_BYTES_MAX: usize = 64 << 10;
/// Addresses of one `mailto:` URI, as in Pigeonhole. Beyond: the rest is left out with a warning.
pub const NOTIFY_RECIPIENTS_MAX: usize = 8;
/// Header fields of one `mailto:` URI, as in Pigeonhole. Beyond: the rest is left out with a warning.
pub const NOTIFY_FIELDS_MAX: usize = 16;

/// Octets of one folder name on disk (most file systems: 255 for the name).
pub const FOLDER_BYTES_MAX: usize = 250;
/// Levels of one folder name.
pub const FOLDER_LEVELS_MAX: usize = 16;
/// Days a delivery key is remembered: Postfix gives up after 5 by default.
pub const DONE_KEY_DAYS: i64 = 6;
/// Hours after which a foreign file in `tmp/` is abandoned (the Maildir rule: 36).
pub const TMP_HOURS_MAX: u64 = 36;
/// Seconds one delivery may take from the final dot on; Postfix waits 600. Beyond: 451 4.3.0.
pub const DELIVERY_SECONDS_MAX: u64 = 120;
/// Octets of a file that `tamis scan` and `explain` read, and of a message that `tamis deliver` takes where no smaller
/// limit is set: twice the largest message that a usual MTA lets pass. Beyond: a sentence, nothing is read further.
pub const SCAN_FILE_BYTES_MAX: u64 = 256 << 20;
/// Octets of all stamped copies that are being written at a time, beside the messages themselves (`lmtp.memory_bytes_max`):
/// one for each recipient. Beyond: recipients wait for their turn.
pub const STAMPED_BYTES_MAX: usize = 256 << 20;
/// Octets that stay free on the file system of `data_dir` beside a message that is announced. Beyond: 452 4.3.1 at MAIL,
/// before the message has been sent for nothing.
pub const FREE_BYTES_MIN: u64 = 8 << 20;
/// Expired rows removed in one transaction: keeps the writer free for answers. The rest waits for the next round.
pub const EXPIRE_AT_ONCE: usize = 500;

/// Octets of a settings file. A file with thousands of users has under 1 MiB. Beyond: the file is refused.
pub const SETTINGS_BYTES_MAX: u64 = 4 << 20;
/// Characters of a line of a settings file that an error shows, so that it fits a terminal and a log.
pub const SETTINGS_LINE_SHOWN_MAX: usize = 160;
/// Octets of the tag before a subject: RFC 5322 §2.1.1 wants lines of 78, and the subject is to be read.
pub const SETTINGS_TAG_BYTES_MAX: usize = 40;
/// Octets of a Unix socket's path: unix(7) has 108 with the final NUL. Beyond: the setting is refused.
pub const UNIX_PATH_BYTES_MAX: usize = 107;
/// Files in `rules.dir`, and octets of one: far more than a person writes. Beyond: the settings are refused.
pub const RULE_FILES_MAX: usize = 100;
/// See [`RULE_FILES_MAX`].
pub const RULE_FILE_BYTES_MAX: u64 = 1 << 20;

/// Writes that wait for the database's writer: bounds memory when the disk is slow. Beyond: the writers wait, the lazy
/// ones (journal, done keys) too, so that a slow disk slows the senders down instead of losing rows.
pub const DATABASE_QUEUE_MAX: usize = 1024;
/// Writes of one transaction: bounds how long the first waits for the last. Beyond: they share the next one.
pub const DATABASE_BATCH_MAX: usize = 256;
/// Milliseconds a lazy write may linger for company, so that a quiet server does not sync for every journal row.
pub const DATABASE_LINGER_MILLIS: u64 = 200;
/// Milliseconds to wait for another process that writes (the command line beside the server). Beyond: 451 4.3.0.
pub const DATABASE_BUSY_MILLIS: u64 = 5000;
/// Read-only connections: lists for people, look-ups of done keys. More readers wait.
pub const DATABASE_READERS: usize = 2;
/// Pages in the write-ahead log after which it is moved into the database (4 MiB): bounds the log and the recovery.
pub const DATABASE_CHECKPOINT_PAGES: i64 = 1000;
/// Octets to which the file of the write-ahead log is cut after a burst.
pub const DATABASE_LOG_BYTES_MAX: i64 = 16 << 20;
/// Rows of one list of the journal or the quarantine; also what a limit of 0 means. Beyond: ask for the next page.
pub const LIST_ROWS_MAX: usize = 10_000;
/// Octets of one text (address, subject …) of a journal or quarantine row: foreign text is cut there.
pub const ROW_TEXT_BYTES_MAX: usize = 1000;
/// Octets of one whole record in the journal. Beyond: the record is replaced by its size, the columns stay.
pub const JOURNAL_DETAILS_BYTES_MAX: usize = 256 << 10;
/// Delivery keys kept in memory after they are in the database; the oldest go first and are then looked up on disk.
pub const DONE_KEYS_MAX: usize = 10_000;
/// Age in seconds at which a file of the quarantine without a row is removed: far longer than a delivery takes from its
/// file to its row.
pub const ORPHAN_SECONDS: i64 = 3600;
/// Seconds after which a release that was begun and not finished may be begun again. Longer than a delivery may take.
pub const RELEASE_SECONDS_MAX: i64 = 300;
/// Times one call of the file system is tried again after a signal interrupted it (EINTR). Beyond: 451 4.3.0.
pub const INTERRUPTS_MAX: usize = 100;
/// Names read from one folder. Beyond: the folder can't be listed; deliveries need no listing and go on.
pub const DIR_NAMES_MAX: usize = 2_000_000;
/// Octets of the host name inside a Maildir file name: with time, key and sizes it must fit into 255. The rest is cut.
pub const NAME_HOST_BYTES_MAX: usize = 64;
/// New names tried for one copy when a name is taken. Names hold 64 random bits, so the second is free. Beyond: 451.
pub const NAME_TRIES_MAX: usize = 5;
/// Mailboxes whose state (scanned, folders known to be on disk) is remembered. Beyond: all are forgotten and looked at
/// again, which costs some calls and changes nothing.
pub const MAILBOXES_KNOWN_MAX: usize = 100_000;
/// Published deliveries whose file in `tmp/` waits to be removed. Beyond: the next start's scan removes it.
pub const SWEEP_QUEUE_MAX: usize = 10_000;
/// Octets of the `subscriptions` file of a mailbox. Beyond: it is left as it is, and a new folder is not subscribed.
pub const SUBSCRIPTIONS_BYTES_MAX: u64 = 1 << 20;
/// Tries to get `subscriptions.lock` or `dovecot-keywords.lock`, 20 ms apart. Beyond: a new folder is not subscribed, a
/// keyword is left out, and the log says so.
pub const DOTLOCK_TRIES_MAX: usize = 10;
/// Seconds after which such a lock is a dead program's (Dovecot: 120) and removed.
pub const DOTLOCK_SECONDS_MAX: i64 = 120;
/// Octets of `maildirsize` (Maildir++: 5120). Beyond: it is counted and written anew.
pub const MAILDIRSIZE_BYTES_MAX: u64 = 5120;
/// Seconds for which a `maildirsize` that says *over quota* is believed (Maildir++: 15 minutes); then it is counted anew.
pub const MAILDIRSIZE_SECONDS_MAX: i64 = 900;
/// Scripts read from one folder. Beyond: the rest is reported as unreadable.
pub const SCRIPT_FILES_MAX: usize = 100;
/// Octets of all scripts of one delivery: they go to a worker with every message. Beyond: reported as unreadable.
pub const SCRIPTS_BYTES_MAX: u64 = 8 << 20;

/// Stack of the thread in which a worker answers, in octets: parsers recurse on hostile content, and an overflow kills
/// the worker. Only touched pages cost memory.
pub const WORKER_STACK_BYTES: usize = 64 << 20;
/// File descriptors of a worker: standard input, output and error. With this RLIMIT_NOFILE no file, socket or pipe can
/// be opened any more, whatever the kernel's sandbox can do.
pub const WORKER_FILES: u64 = 3;
/// Lines of one worker's standard error that go to the log, each cut to [`DETAIL_BYTES_MAX`]. The rest is thrown away.
pub const WORKER_LOG_LINES_MAX: usize = 20;

/// Octets of one string or variable of a script: long enough for a list of addresses. Beyond: the script is refused.
pub const SCRIPT_STRING_BYTES_MAX: usize = 64 << 10;
/// Levels of scripts that include each other (Pigeonhole: 10). Beyond: the script fails, the message is kept.
pub const SCRIPT_NESTED_INCLUDES_MAX: usize = 10;
/// Compiled scripts that one worker keeps. Beyond: the one that wasn't used for longest goes.
pub const SCRIPTS_CACHED_MAX: usize = 256;
/// Octets of text of the scripts that one worker keeps; compiled they take about ten times as much memory.
pub const SCRIPTS_CACHED_BYTES_MAX: usize = 8 << 20;

/// Seconds within which a user source must answer. Postfix waits 300 for an answer to RCPT. Beyond: 451 4.3.0.
pub const USER_ANSWER_SECONDS: u64 = 10;
/// Octets of a passwd-file: a hundred thousand users. Beyond: it is not read, 451 4.3.0.
pub const USER_FILE_BYTES_MAX: u64 = 64 << 20;
/// Octets of one line of Dovecot's user database. Beyond: the connection is closed, 451 4.3.0.
pub const USER_REPLY_BYTES_MAX: usize = 64 << 10;
/// Connections to Dovecot's user database at once; more questions wait for a free one.
pub const USER_CONNECTIONS_MAX: usize = 8;

/// Octets that a connection reads at once while it waits for commands. More than one command line, so that pipelined
/// commands cost one read; small, because thousands of idle connections hold it.
pub const COMMAND_BLOCK_BYTES: usize = 8 << 10;
/// Octets that a connection reads at once while it takes a message: fewer reads for large ones.
pub const DATA_BLOCK_BYTES: usize = 64 << 10;
/// Octets a second at which a message must come on average, after a first `data_seconds`: a peer that drips one octet a
/// minute would hold a connection for years. Far below any local socket. Beyond: closed without a reply.
pub const DATA_BYTES_PER_SECOND_MIN: u64 = 16 << 10;
/// Octets of replies that wait for a peer which pipelines without reading. Beyond: we stop reading until it reads.
pub const REPLY_BLOCK_BYTES: usize = 16 << 10;
/// Seconds after the final dot at which recipients without an answer get 451 4.3.0 in any case: a net below
/// [`DELIVERY_SECONDS_MAX`], still well under the 600 that Postfix waits.
pub const ANSWER_SECONDS_MAX: u64 = 300;
/// Seconds a stop waits for connections that are answering a message: more than one delivery may take
/// ([`DELIVERY_SECONDS_MAX`]). Beyond: they are closed without a word; systemd waits 150 (TimeoutStopSec).
pub const STOP_SECONDS_MAX: u64 = 130;
/// Connections that the kernel holds for us until we accept them. Beyond: the peer's connect waits or fails.
pub const LISTEN_BACKLOG: i32 = 1024;
/// Milliseconds to wait after the system had no handle for a new connection; doubled up to the second value.
pub const ACCEPT_PAUSE_MILLISECONDS: (u64, u64) = (100, 1000);
/// Points of spam or bulk of one rule, either way: more says no more, and a slip of the keyboard is told at load.
pub const RULE_POINTS_MAX: f64 = 1000.0;
/// Seconds that a message's Date may lie ahead of its arrival: clocks and time zones are set wrongly by up to a day.
/// Beyond: the finding `date_in_future`.
pub const DATE_AHEAD_SECONDS_MAX: i64 = 2 * 86_400;
/// Seconds that a message's Date may lie behind its arrival: MTAs give up after 5 days, moderated lists take longer.
/// Beyond: the finding `date_in_past`.
pub const DATE_BEHIND_SECONDS_MAX: i64 = 14 * 86_400;

/// Runs of `--` inside lines: mail-parser finds a boundary there too, and each may begin a part of about 200 octets of
/// memory. Far above ordinary HTML and logs. Beyond: `hostile_structure`.
pub const DASHES_INSIDE_MAX: u64 = 200_000;
/// Sum of the squared octets of all Content-Type and Content-Disposition fields: joining RFC 2231 pieces is quadratic
/// in one field. One field may have 128 KiB; real ones have under 1 KiB. Beyond: `hostile_structure`.
pub const CONTENT_FIELD_WORK_MAX: u64 = 16 << 30;
/// `boundary=` words times `--` pairs times octets of the longest such field: the octets a parser compares while it
/// looks for boundaries (64 GiB is about three seconds). Beyond: `hostile_structure`.
pub const BOUNDARY_COMPARE_MAX: u64 = 64 << 30;
/// Lines of all header blocks of parts and of messages inside: a parser keeps about 120 octets for each. Counted from a
/// `--` to the next empty line, so that a long table without empty lines counts too. Beyond: `hostile_structure`.
pub const PART_HEADER_LINES_MAX: u64 = 1_000_000;
/// Octets of text of all parts together that are read for links: 8 MiB of hostile HTML is about a second.
pub const LINK_TEXT_BYTES_MAX: usize = 8 << 20;
/// Octets of one link's URL and of its text; the rest is cut off (`data:` URLs can be megabytes).
pub const LINK_BYTES_MAX: usize = 2048;

/// Octets of a text that are read to know a script by its words. Scripts show themselves at once; who pads more has a
/// name, a shebang or a mark as well. Beyond: not read for that.
pub const SCRIPT_LOOK_BYTES: usize = 64 << 10;
/// Extra blocks of a Windows shortcut that are walked; the specification knows 12. Beyond: its end is where the walk stopped.
pub const SHORTCUT_BLOCKS_MAX: usize = 64;
/// Words of a macro that one note shows.
pub const MACRO_WORDS_SHOWN_MAX: usize = 12;
/// Octets of the code of one field, with those within it, that are read for commands. Beyond: *too big*.
pub const FIELD_TEXT_BYTES_MAX: usize = 1 << 20;
/// Octets of foreign text that one note of a document shows.
pub const NOTE_TEXT_CHARS_MAX: usize = 120;
/// Seconds for which one such connection is kept: a stopped or reloaded Dovecot leaves the old process, with the old
/// users, running for those who are still connected. After: a new one is opened.
pub const USER_CONNECTION_SECONDS: u64 = 60;

/// Changes of the header by one script (RFC 5293): as many as a run has events. Beyond: the rest is passed over.
pub const HEADER_EDITS_MAX: usize = 500;
/// Received fields of a message that a script may still send on: below the 50 at which Postfix bounces, so that a loop
/// ends in the user's INBOX. Beyond: it is kept, with the reason in X-PM-Sieve.
pub const REDIRECT_RECEIVED_MAX: usize = 40;
/// Seconds for which the same message to the same address is not sent on again (the same person under two names).
pub const REDIRECT_SAME_SECONDS: i64 = 86_400;
/// Keywords of one folder: Maildir has the letters a to z (Dovecot). Beyond: the keyword is left out, the log says so.
pub const KEYWORDS_MAX: usize = 26;
/// Octets of one keyword (Dovecot: mail_max_keyword_length 50). Beyond: it is left out, the log says so.
pub const KEYWORD_BYTES_MAX: usize = 50;
/// Octets of a folder's `dovecot-keywords`: 26 lines. Beyond: it is left alone, keywords are left out.
pub const KEYWORDS_BYTES_MAX: u64 = 16 << 10;
/// Seconds for one message to be handed over to Postfix, from connecting to its answer. Beyond: 451 4.4.1, tried again.
pub const SUBMIT_SECONDS_MAX: u64 = 30;
/// Seconds for all messages of one delivery that must leave: well under [`DELIVERY_SECONDS_MAX`]. Beyond: 451 4.4.1, and
/// the retry hands over the rest.
pub const LEAVING_SECONDS_MAX: u64 = 60;
/// Addresses that one plan sends to, over all its messages. Beyond: the worker's answer is not believed.
pub const SENT_TO_MAX: usize = 100;
/// Octets of one message that a script writes (vacation, reject, notify). Beyond: the worker's answer is not believed.
pub const SENT_TEXT_BYTES_MAX: usize = 1 << 20;
/// Seconds in which all vacation replies and notifications of one delivery are handed over, because the sender's
/// answer waits for them. Beyond: the rest is not sent, and log and journal say so.
pub const COURTESY_SECONDS_MAX: u64 = 5;
/// Octets of one answer of the submission server. Beyond: the connection is closed, tried again later.
pub const SUBMIT_REPLY_BYTES_MAX: usize = 16 << 10;
/// Seconds that anything is remembered for a user (vacation, duplicates), whatever a script asks: a year.
pub const MEMORY_SECONDS_MAX: i64 = 366 * 86_400;
/// Keys that one delivery may ask of the memory or leave in it. Beyond: the rest is passed over.
pub const MEMORY_KEYS_MAX: usize = 100;
/// Different messages in a row at which scripts fail before they are suspended until they are changed. Beyond: mail is
/// kept in INBOX, and one letter tells the user.
pub const SCRIPT_FAILURES_MAX: u32 = 20;
/// Days for which a failing script is remembered after its last failure. After: it is tried anew.
pub const SCRIPT_FAILURE_DAYS: i64 = 30;
/// Characters of a script's name (Pigeonhole: 256; RFC 5804 §1.6 asks for at least 128). Beyond: NO.
pub const SCRIPT_NAME_CHARS_MAX: usize = 256;
/// Seconds after which a file in the `tmp/` of a user's scripts is a crashed program's, and removed by the next upload.
pub const SCRIPT_LEFTOVER_SECONDS: i64 = 3600;
/// Names tried for a plain `.dovecot.sieve` that must make way for a link. Beyond: NO, and nothing is changed.
pub const SCRIPT_RESCUES_MAX: usize = 20;

/// Seconds within which a source of logins must answer one response, a wait for a turn to hash included. Beyond: NO
/// (TRYLATER).
pub const LOGIN_ANSWER_SECONDS: u64 = 30;
/// Milliseconds from a response to the word that it was wrong: more than any hash takes, so that the time tells nothing
/// about who exists (Dovecot: 2 s).
pub const LOGIN_NO_MILLISECONDS: u64 = 2000;
/// Seconds for which the mechanisms that Dovecot offers are remembered.
pub const LOGIN_MECHANISMS_SECONDS: u64 = 60;
/// Octets of a password (crypt(3): 512): the time of some hashes grows with it. Beyond: it is wrong.
pub const PASSWORD_BYTES_MAX: usize = 512;
/// Wrong answers from one address before the next try waits.
pub const GUESSES_FREE: u32 = 3;
/// Seconds between two tries from one address at most; reached by doubling.
pub const GUESS_SECONDS_MAX: u64 = 15;
/// Seconds that a try waits for its turn. Beyond: NO (TRYLATER).
pub const GUESS_WAIT_SECONDS_MAX: u64 = 30;
/// Seconds after the last wrong answer from an address when it is forgotten.
pub const GUESSES_FORGOTTEN_SECONDS: u64 = 900;
/// Addresses whose wrong answers are remembered. Beyond: the old ones are forgotten, then all.
pub const GUESSES_KEPT_MAX: usize = 10_000;
/// Passwords hashed at a time: each takes a processor, and ARGON2 64 MiB or more. Beyond: the try waits.
pub const PASSWORD_HASHES_AT_ONCE: usize = 2;

/// Octets of a file with certificates or a key. Beyond: it is not read.
pub const CERTIFICATE_BYTES_MAX: u64 = 1 << 20;
/// Octets of one line of ManageSieve without its CRLF; the rest of a command comes in literals. Fits into
/// [`COMMAND_BLOCK_BYTES`]. Beyond: BYE.
pub const SIEVE_LINE_BYTES_MAX: usize = 6 << 10;
/// Octets of all literals of one command before the peer has signed in: tokens of OAUTH are the longest. Beyond: BYE.
pub const SIEVE_LOGIN_BYTES_MAX: u64 = 16 << 10;
/// Octets of all literals of one command afterwards: a script and its name.
pub const SIEVE_COMMAND_BYTES_MAX: u64 = SCRIPT_BYTES_MAX + (8 << 10);
/// Octets of a literal that is too large and is read all the same, so that the peer gets an answer. Beyond: BYE.
pub const SIEVE_DISCARD_BYTES_MAX: u64 = 64 << 20;
/// Strings and numbers of one command; RENAMESCRIPT has two. Beyond: NO.
pub const SIEVE_ARGUMENTS_MAX: usize = 4;
/// Seconds within which a peer must have signed in, and within which a TLS handshake must end. Beyond: BYE.
pub const SIEVE_LOGIN_SECONDS_MAX: u64 = 180;
/// Seconds that a peer may be silent before it has signed in, or within a command. Beyond: BYE.
pub const SIEVE_SILENCE_SECONDS_MAX: u64 = 60;
/// Wrong passwords of one connection. Beyond: BYE.
pub const SIEVE_LOGINS_MAX: u32 = 3;
/// Commands of one connection that are none, or are not allowed there. Beyond: BYE.
pub const SIEVE_BAD_COMMANDS_MAX: u32 = 20;
/// Connections from one address that is no webmail's. Beyond: BYE (TRYLATER).
pub const SIEVE_CONNECTIONS_PER_PEER_MAX: usize = 20;
/// Errors and warnings of a script that a client is told; all the same say how many there are (Pigeonhole: 5).
pub const SIEVE_DIAGNOSTICS_MAX: usize = 20;

/// Versions of one script that are remembered. Beyond: the oldest is forgotten.
pub const SCRIPT_VERSIONS_MAX: i64 = 50;
/// Versions of all scripts of one user, those of deleted ones too. Beyond: the oldest are forgotten.
pub const SCRIPT_HISTORY_ROWS_MAX: i64 = 1000;
/// Octets of all of them, compressed: a user must not fill the database. Beyond: the oldest are forgotten.
pub const SCRIPT_HISTORY_BYTES_MAX: i64 = 8 << 20;
/// Scripts of editors that are checked at a time: deliveries use the same workers. Beyond: the editor waits.
pub const SCRIPT_CHECKS_AT_ONCE: usize = 1;

/// Old messages that `tamis sieve apply` moves between two syncs of their folders: bounds what a crash leaves twice.
pub const REFILE_AT_ONCE: usize = 64;
/// Old messages that are in memory at once while scripts run over them: enough for the workers of a usual machine.
pub const OLD_MAIL_AT_ONCE: usize = 4;
/// Rows of the journal that `tamis sieve stats` reads at once: each may have a record of 256 KiB.
pub const JOURNAL_ROWS_AT_ONCE: usize = 500;
