//! The bounds of looking into contents: unpacking, readers of documents and archives, both antivirus engines.
//!
//! As `limits.rs`, which shows them as its own.

use super::{WORKER_ANSWER_SECONDS, WORKER_CPU_SECONDS};

/// Levels of containers that are opened: archives in archives, messages in messages. ClamAV uses 17 as well. Beyond:
/// the note *too deep*.
pub const UNPACK_DEPTH_MAX: usize = 17;
/// Octets that all containers of one message may yield together. Beyond: *too big*.
pub const UNPACK_BYTES_MAX: u64 = 256 << 20;
/// Members that all containers of one message may yield together. Beyond: *too many*.
pub const UNPACK_ENTRIES_MAX: usize = 10_000;
/// Octets of one member. Beyond: *too big*.
pub const UNPACK_MEMBER_BYTES_MAX: u64 = 100 << 20;
/// Octets out of all containers for each octet of the message. Documents reach 20, logs 100. Beyond: *too big*.
pub const UNPACK_RATIO_MAX: u64 = 200;
/// Octets out that are paid whatever the ratio, so that short messages may hold well-packed documents.
pub const UNPACK_RATIO_FREE_BYTES: u64 = 64 << 20;
/// Seconds of a processor for all containers of one message. Beyond: *too long*. Well under [`WORKER_CPU_SECONDS`].
pub const UNPACK_CPU_SECONDS: u64 = 6;
/// Seconds of the clock for the same. Beyond: *too long*. Well under [`WORKER_ANSWER_SECONDS`].
pub const UNPACK_SECONDS: u64 = 15;
/// Octets of a dictionary, window or model that a decoder may hold, beside the member itself: what packers use at their
/// highest usual setting. Beyond: *too big*, or *damaged* where the decoder finds it out itself.
pub const UNPACK_DICTIONARY_BYTES_MAX: u64 = 64 << 20;
/// Octets of an archive's table of members, unpacked: ten thousand long names. Each of them takes the crates that read
/// tables up to a hundred times its octets in memory. Beyond: *too big*.
pub const UNPACK_TABLE_BYTES_MAX: u64 = 2 << 20;
/// End records of a zip archive that are looked at, from the end. Beyond: their members are found by local headers.
pub const ZIP_DIRECTORIES_MAX: usize = 8;
/// Members of an archive that are read though others share their octets. Beyond: *lying*, known by name only.
pub const ARCHIVE_OVERLAPS_MAX: usize = 8;
/// What the settings `[unpack]` may allow at most, so that a look stays within its worker's cage: octets of all and of
/// one member ([`WORKER_MEMORY_BYTES`]), octets out for each in, and seconds below [`WORKER_CPU_SECONDS`] and
/// [`WORKER_ANSWER_SECONDS`], for what a look does beside unpacking.
pub const UNPACK_BYTES_CEILING: u64 = 512 << 20;
/// See [`UNPACK_BYTES_CEILING`].
pub const UNPACK_RATIO_CEILING: u64 = 100_000;
/// See [`UNPACK_BYTES_CEILING`].
pub const UNPACK_CPU_SECONDS_CEILING: u64 = WORKER_CPU_SECONDS - 2;
/// See [`UNPACK_BYTES_CEILING`].
pub const UNPACK_SECONDS_CEILING: u64 = WORKER_ANSWER_SECONDS - 5;
/// Signatures that fit one message and are told. Beyond: the rest is left out; one is enough to decide.
pub const SIGNATURE_HITS_MAX: usize = 50;
/// Octets of all signature files together. The largest collections for mail have about 50 MiB. Beyond: the last files
/// are left out, and `tamis signatures list` says so.
pub const SIGNATURE_FILES_BYTES_MAX: u64 = 256 << 20;
/// Signature files. Beyond: as [`SIGNATURE_FILES_BYTES_MAX`].
pub const SIGNATURE_FILES_MAX: usize = 1000;
/// Octets of one line of a signature file. Beyond: the line is skipped and counted.
pub const SIGNATURE_LINE_BYTES_MAX: usize = 256 << 10;
/// Characters of one pattern of a signature. Beyond: the signature is skipped and counted.
pub const SIGNATURE_PATTERN_BYTES_MAX: usize = 64 << 10;
/// Octets that a bounded gap in a pattern may leave out. Beyond: the signature is skipped and counted.
pub const SIGNATURE_GAP_MAX: u32 = 1 << 20;
/// Brackets in each other in the expression of a logical signature. Beyond: it is skipped and counted.
pub const SIGNATURE_NESTING_MAX: usize = 32;
/// Patterns of one logical signature, as in ClamAV. Beyond: it is skipped and counted.
pub const SIGNATURE_SUBSIGNATURES_MAX: usize = 64;
/// Octets of the name of a signature. Beyond: it is skipped and counted.
pub const SIGNATURE_NAME_BYTES_MAX: usize = 200;
/// Mistakes of one signature file that are told. Beyond: they are counted.
pub const SIGNATURE_PROBLEMS_MAX: usize = 100;
/// Sections of a program that signatures may name. Real programs have under 30. Beyond: the rest has no place.
pub const SIGNATURE_SECTIONS_MAX: usize = 100;
/// Steps of trying patterns for each octet of contents, beside a fixed number. Real contents take under 2. Beyond: the
/// finding `signatures_gave_up`.
pub const SIGNATURE_STEPS_PER_BYTE: u64 = 32;
/// See [`SIGNATURE_STEPS_PER_BYTE`].
pub const SIGNATURE_STEPS_MIN: u64 = 4 << 20;
/// Seconds of a processor for the signatures of one message, since the look at it began. Beyond: `signatures_gave_up`.
/// Above [`UNPACK_CPU_SECONDS`], under [`WORKER_CPU_SECONDS`].
pub const SIGNATURE_CPU_SECONDS: u64 = 7;
/// Seconds of the clock for the YARA rules over one contents. Beyond: `signatures_gave_up`.
pub const SIGNATURE_YARA_SECONDS: u64 = 2;
/// Octets of one contents that our own YARA rules see: what they look for stands at the begin of files that are far
/// smaller. Beyond: the rest is seen by the other signatures only.
pub const SIGNATURE_OWN_BYTES_MAX: usize = 8 << 20;
/// Octets of one compiled regular expression of a signature. Beyond: the signature is skipped and counted.
pub const SIGNATURE_REGEX_BYTES_MAX: usize = 1 << 20;
/// Compiled regular expressions that one worker keeps. Beyond: all are made again when they are needed.
pub const SIGNATURE_REGEXES_KEPT_MAX: usize = 64;
/// Octets of HTML or text that are normalised for signatures. Beyond: the rest is matched as it is only.
pub const SIGNATURE_NORMAL_BYTES_MAX: usize = 8 << 20;
/// Seconds that fetching one file may take. Beyond: the source failed, and the old file stays.
pub const FETCH_SECONDS: u64 = 600;
/// Seconds that a source may be silent. Beyond: as [`FETCH_SECONDS`].
pub const FETCH_SILENT_SECONDS: u64 = 60;
/// Redirects that are followed for one file. Beyond: as [`FETCH_SECONDS`].
pub const FETCH_REDIRECTS_MAX: u32 = 5;
/// Octets of one answer of clamd, which says one name of at most a few hundred. Beyond: not scanned.
pub const CLAMD_REPLY_BYTES_MAX: usize = 4096;
/// Octets of an answer or an error of clamd that people are shown.
pub const CLAMD_SHOWN_BYTES_MAX: usize = 100;
/// Octets of a message that go to clamd at once.
pub const CLAMD_STREAM_BLOCK_BYTES: usize = 64 << 10;
/// Failures of clamd in a row after which it must answer PING before it gets a message again.
pub const CLAMD_FAILURES_MAX: u32 = 3;
/// Seconds within which clamd must answer PING or VERSION. Beyond: not scanned.
pub const CLAMD_PING_SECONDS: u64 = 2;
/// Seconds between two such questions. Meanwhile: not scanned, without a wait.
pub const CLAMD_PAUSE_SECONDS: u64 = 5;
/// Days after which clamd's signatures are old: freshclam asks for new ones every hour, and they come daily.
pub const CLAMD_SIGNATURES_DAYS_MAX: i64 = 7;
/// Connections to clamd at most: far more than it has threads.
pub const CLAMD_CONNECTIONS_MAX: u32 = 200;
/// Seconds of `clamd.seconds` at most: within [`LOOK_SECONDS_MAX`].
pub const CLAMD_SECONDS_MAX: u64 = 40;
/// Octets of `clamd.stream_bytes_max` at most: as `lmtp.message_bytes_max`, and what one chunk's length can say.
pub const CLAMD_STREAM_BYTES_MAX: u64 = 2 << 30;
/// Times that a message which clamd did not scan is tried again, at most.
pub const CLAMD_TRIES_MAX: u32 = 1000;
/// Encoded messages in encoded messages that mail-parser decodes by itself; the screen follows it so far.
pub const ENCODED_MESSAGES_DEPTH: usize = 3;
/// Octets of one member's name; of a longer one the end is kept, where the extension is.
pub const MEMBER_NAME_BYTES_MAX: usize = 255;
/// Octets of all paths of one message's items together, so that the list fits into a worker's answer. Beyond: *too many*.
pub const UNPACK_PATH_BYTES_MAX: usize = 4 << 20;
/// Octets kept of a member that was cut off: enough to tell its true type.
pub const UNPACK_PREFIX_BYTES: usize = 64 << 10;
/// Notes of one kind and message: more would say the same.
pub const UNPACK_NOTES_PER_KIND_MAX: usize = 200;
/// Octets of a zip member that is read only to name the kind of document (`[Content_Types].xml`).
pub const UNPACK_HINT_BYTES_MAX: u64 = 256 << 10;
/// Pieces of another kind that are taken out of one item: installers hold dozens of programs. Beyond: *too many*.
pub const HIDDEN_PIECES_MAX: usize = 100;
/// Of these, pieces whose end nobody can tell, so that each reaches to the end of the item. Beyond: *too many*.
pub const HIDDEN_OPEN_ENDS_MAX: usize = 4;
/// Octets of these pieces together, beside the first: each is a copy, and all wait in memory until they are looked at.
/// Beyond: *too many*.
pub const HIDDEN_OPEN_BYTES_MAX: usize = 16 << 20;
/// Marks in one item that are tried. Random data of 100 MiB has about ten of the length that counts. Beyond: *too many*.
pub const HIDDEN_TRIALS_MAX: usize = 100_000;
/// Letters of base64 or hexadecimal that are decoded to see whether a program begins there.
pub const ENCODED_TRIAL_BYTES: usize = 3 << 10;
/// Such trials in one text; 100 MiB of base64 have about 1,500. Beyond: *too many*.
pub const ENCODED_TRIALS_MAX: usize = 10_000;
/// Octets of an XML or HTML file in which the element that makes it a program must begin. Beyond: a document.
pub const MARKUP_BYTES_MAX: usize = 16 << 10;
/// Exported names of a Windows library that are compared with those of add-ins. Beyond: a plain library.
pub const PE_EXPORTS_MAX: usize = 4096;
/// Entries of one OLE compound file that are walked. Real documents have under 1,000. Beyond: *too many*.
pub const OLE_ENTRIES_MAX: usize = 10_000;
/// Octets of one path in an OLE compound file: storages nested deeper than that are an attack. Beyond: *damaged*.
pub const OLE_PATH_BYTES_MAX: usize = 2048;
/// Octets that are read of the streams of one OLE file, for each octet of it: each stream is read twice at most; streams
/// that share sectors would cost the square. Beyond: *damaged*.
pub const OLE_READ_FACTOR: u64 = 4;
/// Octets of one VBA module's source; the editor of Office takes 64 KiB of code in 65,534 lines. Beyond: *damaged*.
pub const VBA_SOURCE_BYTES_MAX: usize = 2 << 20;
/// Octets of the source of one VBA project. Beyond: *too big*.
pub const VBA_PROJECT_BYTES_MAX: usize = 16 << 20;
/// Modules of one VBA project. Beyond: *damaged*.
pub const VBA_MODULES_MAX: usize = 1000;
/// Records of one stream of Excel or PowerPoint that are walked. Beyond: *too many*.
pub const OFFICE_RECORDS_MAX: usize = 4_000_000;
/// Groups of an RTF file in each other; Word stops much earlier. Beyond: the note *a trick*, and all text is taken for
/// one group's.
pub const RTF_DEPTH_MAX: usize = 2000;
/// Objects of one RTF file. Beyond: *too many*.
pub const RTF_OBJECTS_MAX: usize = 2000;
/// VBA projects of one OLE file: documents that are embedded have their own. Beyond: *too many*.
pub const VBA_PROJECTS_MAX: usize = 100;
/// Members joined to one compressed stream that are decoded as one. Beyond: the rest is a member of its own, and *damaged*.
pub const STREAM_JOINED_MAX: usize = 10_000;
/// Octets of one extended header of a tar archive (pax records, a long name). Beyond: what follows is not read.
pub const TAR_EXTENDED_BYTES_MAX: usize = 1 << 20;
/// Octets of all folders of one image of a disc or disk: room for more members than [`UNPACK_ENTRIES_MAX`]. Folders may
/// overlap, so that without a bound the work would grow with the square of the image. Beyond: *too big*.
pub const IMAGE_FOLDER_BYTES_MAX: u64 = 32 << 20;
/// Octets of the way to a folder in an image; of a longer one the end is kept.
pub const IMAGE_PATH_BYTES_MAX: usize = 1024;
/// Descriptors, boot entries, partitions and pieces of tables that one image may chain. Beyond: *damaged*.
pub const IMAGE_CHAIN_MAX: usize = 256;
/// Objects of one PDF that are looked at. Books have 100,000. Beyond: *too many*.
pub const PDF_OBJECTS_MAX: usize = 300_000;
/// Entries that matter of one dictionary of a PDF, and trailers of one file. Real ones have under 20. Beyond: not seen.
pub const PDF_ENTRIES_MAX: usize = 256;
/// Dictionaries and arrays in each other in one PDF object. Real ones have under 20. Beyond: the object ends there.
pub const PDF_NESTING_MAX: usize = 256;
/// Octets of each stream of a PDF that are decoded to see whether it is a file.
pub const PDF_PREFIX_BYTES: usize = 4096;
/// Octets of a picture in a `data:` link that is a member: smaller ones are dots and lines. Below: not looked at.
pub const WEB_DATA_BYTES_MIN: usize = 128;
/// Octets of code in a page that count as a mass of it. Keys and hashes have under 500.
pub const WEB_BULK_BYTES_MIN: usize = 1024;
/// Layers of code in code that are decoded. Beyond: the rest stays code.
pub const WEB_LAYERS_MAX: usize = 3;
/// Pieces of code of one page that are kept decoded. Beyond: the rest stays code.
pub const WEB_DECODED_MAX: usize = 200;
/// Octets that the code of one page may decode to. Beyond: the rest stays code.
pub const WEB_DECODED_BYTES_MAX: usize = 32 << 20;
/// Values of boundaries that the lenient readings of one message cut at; ordinary messages have three. Beyond: the rest
/// is left out, and the carver finds what is in it.
pub const READING_BOUNDARIES_MAX: usize = 100;
/// Octets of one such value (RFC 2046 §5.1.1: 70). Beyond: it is left out.
pub const READING_BOUNDARY_BYTES_MAX: usize = 256;
/// Octets that are read of one field that shapes a part. Beyond: the rest of the field is left out.
pub const READING_FIELD_BYTES_MAX: usize = 8 << 10;
/// Pieces into which the lenient readings cut one message. Beyond: the ambiguity *too_many_readings*.
pub const READING_SEGMENTS_MAX: usize = 20_000;
/// Parts that the lenient readings of one message add. Beyond: the ambiguity *too_many_readings*.
pub const READINGS_MAX: usize = 64;
/// Octets that the lenient readings may decode and compare, for each octet of the message: bounds their work. Beyond: the
/// ambiguity *too_many_readings*.
pub const READING_WORK_RATIO: usize = 8;
/// As many octets are paid whatever the ratio, so that short messages are read in every way.
pub const READING_WORK_FREE_BYTES: usize = 4 << 20;
/// Names of files that are looked for in one OneNote section. Beyond: files go by their number.
pub const ONENOTE_NAMES_MAX: usize = 256;
/// Files that are found by their marks in a OneNote section of a server. Beyond: not taken; the section is *unread* anyhow.
pub const ONENOTE_CARVED_MAX: usize = 16;
/// Hosts of links that are named of one invitation. Beyond: not named.
pub const CALENDAR_HOSTS_MAX: usize = 20;
/// Octets that the kept readings of one message may have together, for each octet of the message: bounds memory. Beyond:
/// the ambiguity *too_many_readings*.
pub const READING_KEPT_RATIO: usize = 2;
/// Lines that begin with `--` and are compared with every boundary by the lenient readings. Beyond: the ambiguity
/// *too_many_readings*.
pub const READING_DASH_LINES_MAX: usize = 200_000;
/// The same of lz4, whose decoder clears up to 8 MiB before it begins: half a second. Older frames that follow each other
/// count as one.
pub const LZ4_JOINED_MAX: usize = 256;
/// Entities of one picture in SVG that are looked at. Drawing programs write ten. Beyond: not seen.
pub const WEB_ENTITIES_MAX: usize = 1000;
