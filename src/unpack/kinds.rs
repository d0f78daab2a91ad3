//! What can be noted about contents, each kind with the name by which rules and samples know it.
//!
//! Does not weigh. A new kind is one line in each of the two lists here, one in `filter/checks/inside.rs` and a rule.

/// Why something was noticed inside, or could not be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Beyond [`super::Allowance::depth`], or a message whose structure the screen refused.
    TooDeep,
    /// More octets than the allowance pays, in one member or in all.
    TooBig,
    /// More members than the allowance pays.
    TooMany,
    /// More time than the allowance pays.
    TooLong,
    Encrypted,
    /// Broken, so that not all of it could be read.
    Damaged,
    /// What a container says of itself in two places differs, or its members overlap: made to be read differently.
    Lying,
    /// A kind or a method that is known by name and not read.
    Unread,
    Program,
    /// A program within contents of another kind, where no reader of that kind would look.
    HiddenProgram,
    /// Macros in a document; also noted as one of the following.
    Macro,
    /// Macros in an Office document of a format before 2007.
    OldMacro,
    /// Macros that start when the document is opened, closed or looked at.
    AutoMacro,
    /// Macros that start programs or call the system.
    MacroStarts,
    /// Macros that fetch or write files.
    MacroLoads,
    /// Macros that hide what they do.
    MacroHides,
    /// Excel 4.0 macros.
    ExcelMacro,
    /// Fields that start programs by DDE.
    Dde,
    /// A template or frame that is fetched from elsewhere when the document is opened.
    RemoteTemplate,
    /// Another object that a document fetches from elsewhere.
    ExternalObject,
    /// A file or an object of another program, embedded in a document.
    Package,
    /// Marks of RTF files that are made to attack their reader.
    RtfTrick,
    PdfScript,
    /// A PDF that starts a program.
    PdfLaunch,
    /// A file attached to a PDF.
    PdfFile,
    /// A file embedded in a OneNote section.
    OneNoteFile,
    /// A web page that builds a file in the browser.
    Smuggling,
    SvgScript,
    CalendarLink,
    /// A message inside that mail programs read differently; the detail says how.
    Ambiguous,
    /// A piece of a message, whose rest is elsewhere (message/partial).
    PartialMessage,
    Eicar,
}

impl NoteKind {
    /// Every kind with its name.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::TooDeep, "too_deep"),
        (Self::TooBig, "too_big"),
        (Self::TooMany, "too_many"),
        (Self::TooLong, "too_long"),
        (Self::Encrypted, "encrypted"),
        (Self::Damaged, "damaged"),
        (Self::Lying, "lying"),
        (Self::Unread, "unread"),
        (Self::Program, "program"),
        (Self::HiddenProgram, "hidden_program"),
        (Self::Macro, "macro"),
        (Self::OldMacro, "old_macro"),
        (Self::AutoMacro, "auto_macro"),
        (Self::MacroStarts, "macro_starts"),
        (Self::MacroLoads, "macro_loads"),
        (Self::MacroHides, "macro_hides"),
        (Self::ExcelMacro, "excel_macro"),
        (Self::Dde, "dde"),
        (Self::RemoteTemplate, "remote_template"),
        (Self::ExternalObject, "external_object"),
        (Self::Package, "package"),
        (Self::RtfTrick, "rtf_trick"),
        (Self::PdfScript, "pdf_script"),
        (Self::PdfLaunch, "pdf_launch"),
        (Self::PdfFile, "pdf_file"),
        (Self::OneNoteFile, "onenote_file"),
        (Self::Smuggling, "smuggling"),
        (Self::SvgScript, "svg_script"),
        (Self::CalendarLink, "calendar_link"),
        (Self::Ambiguous, "ambiguous"),
        (Self::PartialMessage, "partial_message"),
        (Self::Eicar, "eicar"),
    ];
}
