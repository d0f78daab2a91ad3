// Our own rules: marks of loaders and of pages that steal passwords, as they come by mail. Each asks for several marks at
// once, so that a document which only names one of them is left alone. `class` decides what a hit means; `says` is for
// people. Samples that hit and miss stand in src/signatures/pack.rs. Texts of macros count as contents of their own.

rule macro_starts_program
{
    meta:
        class = "virus"
        says = "A macro that runs by itself and starts a system tool."
    strings:
        $auto = /\b(auto_?open|auto_?exec|auto_?close|document_open|document_close|workbook_open)\b/ nocase
        $start1 = "wscript.shell" nocase
        $start2 = "shell.application" nocase
        $start3 = /\bshell[ (]/ nocase
        $tool = /\b(powershell|mshta|rundll32|regsvr32|certutil|bitsadmin|cmd(\.exe)? ?\/c)\b/ nocase
        $vba = /\b(sub|function) [a-z_]+ ?\(/ nocase
    condition:
        $vba and $auto and any of ($start*) and $tool
}

rule macro_downloads
{
    meta:
        class = "virus"
        says = "A macro that runs by itself, fetches a file and stores it."
    strings:
        $auto = /\b(auto_?open|auto_?exec|auto_?close|document_open|document_close|workbook_open)\b/ nocase
        $fetch1 = "urldownloadtofile" nocase
        $fetch2 = "msxml2.xmlhttp" nocase
        $fetch3 = "msxml2.serverxmlhttp" nocase
        $fetch4 = "winhttp.winhttprequest" nocase
        $store1 = "adodb.stream" nocase
        $store2 = "savetofile" nocase
        $store3 = /environ\$? ?\("(temp|tmp|appdata|public)/ nocase
        $vba = /\b(sub|function) [a-z_]+ ?\(/ nocase
    condition:
        $vba and $auto and any of ($fetch*) and any of ($store*)
}

rule macro_wmi_process
{
    meta:
        class = "virus"
        says = "A macro that starts a program by way of the management service."
    strings:
        $auto = /\b(auto_?open|auto_?exec|document_open|document_close|workbook_open)\b/ nocase
        $wmi = "winmgmts:" nocase
        $process = "win32_process" nocase
        $create = ".create" nocase
    condition:
        $auto and $wmi and $process and $create
}

rule macro_runs_code_in_memory
{
    meta:
        class = "virus"
        says = "A macro that writes machine code into memory and runs it."
    strings:
        $declare = /declare (ptrsafe )?(function|sub)/ nocase
        $room = "virtualalloc" nocase
        $copy1 = "rtlmovememory" nocase
        $copy2 = "writeprocessmemory" nocase
        $run1 = "createthread" nocase
        $run2 = "createremotethread" nocase
        $run3 = "enumsystemlocales" nocase
        $run4 = "queueuserapc" nocase
    condition:
        $declare and $room and any of ($copy*) and any of ($run*)
}

rule excel4_macro_loader
{
    meta:
        class = "virus"
        says = "An Excel 4.0 macro that runs by itself and starts or fetches something."
    strings:
        $auto = "auto_open" nocase
        $call1 = /=?\bexec\("[^"]{0,40}(cmd|powershell|mshta|rundll32|regsvr32|wmic)/ nocase
        $call2 = /\bcall\("urlmon"/ nocase
        $call3 = /\bregister\("(urlmon|kernel32|shell32)"/ nocase
    condition:
        $auto and any of ($call*)
}

rule dde_starts_program
{
    meta:
        class = "virus"
        says = "A field of a document that starts a program by DDE."
    strings:
        $dde = /\bdde(auto)?\b.{0,60}(cmd(\.exe)?|powershell|mshta|regsvr32|rundll32|msiexec)/ nocase
        $field1 = "instrText" nocase
        $field2 = "fldSimple" nocase
        $field3 = "\\fldinst" nocase
        $field4 = "<ddeLink" nocase
        $sheet = /=[a-z0-9+\-]{0,10}(cmd|powershell|mshta)\|'/ nocase
    condition:
        ($dde and any of ($field*)) or ($sheet and filesize < 1MB)
}

rule document_remote_template
{
    meta:
        class = "pua"
        says = "A document that fetches its template from elsewhere."
    strings:
        $relation = "relationships/attachedTemplate" nocase
        $external = "TargetMode=\"External\"" nocase
        $remote = /Target="https?:\/\// nocase
    condition:
        all of them and filesize < 200KB
}

rule document_starts_diagnostics
{
    meta:
        class = "virus"
        says = "An address that makes a diagnostic tool run what it is given."
    strings:
        $scheme = "ms-msdt:" nocase
        $tool = "PCWDiagnostic" nocase
        $way1 = "IT_BrowseForFile" nocase
        $way2 = "IT_RebrowseForFile" nocase
    condition:
        $scheme and $tool and any of ($way*)
}

rule rtf_equation_object
{
    meta:
        class = "virus"
        says = "An RTF file with an object for the old equation editor."
    strings:
        $name_hex = "4571756174696f6e2e33" nocase
        $name = "\\objclass Equation.3" nocase
        $clsid = "0002ce020000000000c000000000000046" nocase
        $clsid_hex = "02ce020000000000c000000000000046" nocase
        $object = /\\obj(data|emb|update|ocx)/
    condition:
        uint32be(0) == 0x7b5c7274 and $object and any of ($name*, $clsid*)
}

rule rtf_package_that_opens
{
    meta:
        class = "virus"
        says = "An RTF file whose embedded program or script is opened with it."
    strings:
        $update = "\\objupdate"
        $data = "\\objdata"
        $package = "5061636b61676500" nocase
        $ending = /(2e657865|2e6a7300|2e76627300|2e7363740|2e68746100|2e62617400|2e736372|2e6c6e6b)/ nocase
    condition:
        uint32be(0) == 0x7b5c7274 and $update and $data and $package and $ending
}

rule rtf_linked_object
{
    meta:
        class = "virus"
        says = "An RTF file that fetches an object from elsewhere when it is opened."
    strings:
        $update1 = "\\objupdate"
        $update2 = "\\objautlink"
        $moniker = "e0c9ea79f9bace118c8200aa004ba90b" nocase
        $http = "68007400740070003a00" nocase
        $https = "680074007400700073003a00" nocase
    condition:
        uint32be(0) == 0x7b5c7274 and any of ($update*) and $moniker and any of ($http*)
}

rule rtf_remote_template
{
    meta:
        class = "virus"
        says = "An RTF file that fetches its template from elsewhere."
    strings:
        $template = /\{\\\*\\template\s+https?:\/\// nocase
    condition:
        uint32be(0) == 0x7b5c7274 and $template
}

rule onenote_launcher
{
    meta:
        class = "virus"
        says = "A OneNote section with an embedded script or program."
    strings:
        $file = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC }
        $script1 = "wscript.shell" nocase
        $script2 = "createobject(" nocase
        $script3 = "<hta:application" nocase
        $script4 = /@echo off|cmd(\.exe)? ?\/c/ nocase
        $script5 = /powershell(\.exe)?["']? +-/ nocase
        $program = { 4D 5A 90 00 03 00 00 00 04 00 00 00 FF FF }
    condition:
        uint32be(0) == 0xe4525c7b and $file and (any of ($script*) or $program)
}

rule shortcut_powershell
{
    meta:
        class = "virus"
        says = "A shortcut that starts PowerShell with a command."
    strings:
        $tool = "powershell" nocase ascii wide
        $way1 = "hidden" nocase ascii wide
        $way2 = "-enc" nocase ascii wide
        $way3 = "downloadstring" nocase ascii wide
        $way4 = "iex" nocase ascii wide
        $way5 = "invoke-" nocase ascii wide
        $way6 = "http" nocase ascii wide
        $way7 = "bypass" nocase ascii wide
    condition:
        uint32be(0) == 0x4c000000 and uint32be(4) == 0x01140200 and $tool and any of ($way*)
}

rule shortcut_system_tool
{
    meta:
        class = "virus"
        says = "A shortcut that makes a system tool fetch or run something."
    strings:
        $tool1 = "mshta" nocase ascii wide
        $tool2 = "rundll32" nocase ascii wide
        $tool3 = "regsvr32" nocase ascii wide
        $tool4 = "wscript" nocase ascii wide
        $tool5 = "cscript" nocase ascii wide
        $tool6 = "certutil" nocase ascii wide
        $tool7 = "bitsadmin" nocase ascii wide
        $tool8 = "msiexec" nocase ascii wide
        $tool9 = "curl" nocase ascii wide
        $way1 = "http" nocase ascii wide
        $way2 = "javascript:" nocase ascii wide
        $way3 = "vbscript:" nocase ascii wide
        $way4 = /\.(js|vbs|dll|hta|dat|png|jpg|tmp)[ ,"']/ nocase ascii wide
    condition:
        uint32be(0) == 0x4c000000 and uint32be(4) == 0x01140200 and any of ($tool*) and any of ($way*)
}

rule shortcut_command_line
{
    meta:
        class = "virus"
        says = "A shortcut that runs a row of commands."
    strings:
        $cmd = "cmd.exe" nocase ascii wide
        $run1 = "/c " nocase ascii wide
        $run2 = "/v" nocase ascii wide
        $more1 = "start " nocase ascii wide
        $more2 = "copy " nocase ascii wide
        $more3 = "findstr" nocase ascii wide
        $more4 = "for /f" nocase ascii wide
        $more5 = "&&" ascii wide
        $more6 = "%temp%" nocase ascii wide
    condition:
        uint32be(0) == 0x4c000000 and uint32be(4) == 0x01140200 and $cmd and any of ($run*) and 2 of ($more*)
}

rule internet_shortcut_to_program
{
    meta:
        class = "virus"
        says = "An internet shortcut that opens a program on another machine."
    strings:
        $section = "[InternetShortcut]" nocase
        $remote = /url=(file:)?[\/\\]{2,}[^\r\n]{1,200}\.(lnk|exe|js|jse|vbs|vbe|hta|wsf|cmd|bat|scr|msi|url|zip|cpl)\b/ nocase
    condition:
        $section in (0..64) and $remote
}

rule remote_search_window
{
    meta:
        class = "virus"
        says = "A page or shortcut that shows files of another machine as if they were found here."
    strings:
        $scheme = /search(-ms)?:(query|displayname|crumb)/ nocase
        $place = /crumb=location:(\\\\|%5c%5c|https?)/ nocase
    condition:
        $scheme and $place
}

rule disk_image_launcher
{
    meta:
        class = "virus"
        says = "A disk image with a shortcut beside what it starts."
    strings:
        $lnk = /[A-Z0-9_]{1,30}\.LNK;1/
        $lnk_wide = ".lnk" nocase wide
        $dll = /[A-Z0-9_]{1,30}\.(DLL|JS|VBS|BAT|CMD|PS1|HTA|DAT);1/
        $dll_wide = /\x00\.\x00(d\x00l\x00l|j\x00s|v\x00b\x00s|b\x00a\x00t|c\x00m\x00d|p\x00s\x001)/ nocase
    condition:
        uint32be(0x8001) == 0x43443030 and any of ($lnk*) and any of ($dll*)
}

rule page_builds_archive
{
    meta:
        class = "virus"
        says = "A page that holds a program or archive and gives it to its reader as a download."
    strings:
        $blob1 = /new\s+Blob\s*\(/ nocase
        $blob2 = "msSaveOrOpenBlob" nocase
        $blob3 = "msSaveBlob" nocase
        $make1 = "createObjectURL" nocase
        $make2 = "msSave" nocase
        $decode1 = "atob" nocase
        $decode2 = "charCodeAt" nocase
        $decode3 = "Uint8Array" nocase
        $file = /["'`](TVqQ|TVpQ|TVoA|UEsDB|UmFyIR|N3q8r|H4sIA|0M8R4KGxGuE)/
    condition:
        any of ($blob*) and any of ($make*) and any of ($decode*) and $file
}

rule page_gives_download
{
    meta:
        class = "pua"
        says = "A page that builds a file and clicks on it by itself."
    strings:
        $blob = /new\s+Blob\s*\(/ nocase
        $make = "createObjectURL" nocase
        $decode = /atob\s*\(/ nocase
        $name = /\.download\s*=|setAttribute\s*\(\s*["']download/ nocase
        $click = /\.click\s*\(\s*\)/ nocase
    condition:
        all of them
}

rule page_data_address_program
{
    meta:
        class = "virus"
        says = "A link that is itself a program or archive."
    strings:
        $link = /(href|src)\s*=\s*["']?data:[a-z]+\/[a-z0-9.+\-]{1,60};base64,(TVqQ|TVpQ|TVoA|UEsDB|UmFyIR|N3q8r)/ nocase
        $download = /\bdownload\b/ nocase
    condition:
        $link and $download
}

rule image_leads_away
{
    meta:
        class = "phishing"
        says = "A drawing with a script that leads to another page."
    strings:
        $svg = /<svg[\s>]/ nocase
        $script = /<script[\s>]/ nocase
        $away1 = /(window|document|top|parent|self)\.location(\.href)?\s*=/ nocase
        $away2 = /location\.(replace|assign)\s*\(/ nocase
        $away3 = /(window|document)\[["']location/ nocase
        $hidden1 = /atob\s*\(/ nocase
        $hidden2 = "fromCharCode" nocase
        $html = /<html[\s>]/ nocase
    condition:
        $svg and $script and not $html and (any of ($away*) or (any of ($hidden*) and filesize < 200KB))
}

rule page_asks_password_for_brand
{
    meta:
        class = "phishing"
        says = "A page in a message that asks for the password of a well-known service and sends it to a script."
    strings:
        $password = /<input[^>]{1,300}type\s*=\s*["']?password/ nocase
        $action = /<form[^>]{1,300}action\s*=\s*["']?https?:\/\/[^"'>]{1,200}\.php/ nocase
        $brand = /(office ?365|microsoft|outlook|onedrive|sharepoint|webmail|docusign|adobe|dropbox|wetransfer|excel|dhl|paypal|roundcube|zimbra)/ nocase
    condition:
        all of them and filesize < 2MB
}

rule page_sends_password_to_chat
{
    meta:
        class = "phishing"
        says = "A page that sends a password to a chat service."
    strings:
        $bot = /api\.telegram\.org\/bot/ nocase
        $send = /send(message|document)/ nocase
        $password = /passw(or)?d/ nocase
    condition:
        all of them and filesize < 2MB
}

rule page_knows_its_victim
{
    meta:
        class = "phishing"
        says = "A page that asks for a password and has the reader's address hidden in its own."
    strings:
        $hash = /atob\s*\(\s*[^)]{0,80}location\.hash/ nocase
        $split = /location\.hash\.(substr|substring|split|slice|replace)/ nocase
        $password = /type\s*=\s*["']?password/ nocase
        $mail = /(e-?mail|user(name)?)/ nocase
    condition:
        $password and $mail and any of ($hash, $split) and filesize < 2MB
}

rule page_is_written_from_escapes
{
    meta:
        class = "phishing"
        says = "A page that is hidden as a row of escapes and written by a script."
    strings:
        $unescape = /document\.write(ln)?\s*\(\s*(decodeURIComponent|unescape)\s*\(\s*["'](%[0-9a-f]{2}){30}/ nocase
        $atob = /document\.write(ln)?\s*\(\s*((decodeURIComponent|escape|unescape)\s*\(\s*)*(window\.)?atob\s*\(/ nocase
    condition:
        any of them and filesize < 4MB
}

rule page_runs_hidden_text
{
    meta:
        class = "pua"
        says = "A page whose script is hidden in numbers or base64."
    strings:
        $page = /<(html|script|body)[\s>]/ nocase
        $eval1 = /eval\s*\(\s*atob\s*\(/ nocase
        $eval2 = /eval\s*\(\s*String\.fromCharCode\s*\(/ nocase
        $eval3 = /eval\s*\(\s*(decodeURIComponent|unescape)\s*\(/ nocase
    condition:
        $page and any of ($eval*) and filesize < 4MB
}

rule powershell_hidden_download
{
    meta:
        class = "virus"
        says = "A hidden PowerShell command that fetches and runs something."
    strings:
        $hidden = /-w(in(dowstyle)?)?\s+(hidden|1\b)/ nocase
        $fetch1 = /net\.webclient/ nocase
        $fetch2 = /\b(iwr|invoke-webrequest|invoke-restmethod|start-bitstransfer)\b/ nocase
        $run1 = /\b(iex|invoke-expression)\b/ nocase
        $run2 = /\.download(string|file|data)\s*\(/ nocase
        $run3 = /start-process/ nocase
    condition:
        $hidden and any of ($fetch*) and any of ($run*)
}

rule powershell_encoded_command
{
    meta:
        class = "virus"
        says = "A PowerShell command that is hidden in base64."
    strings:
        $command = /powershell(\.exe)?["']?[^\r\n]{0,120}\s-e(nc?|ncodedcommand|c)?\s+["']?[a-z0-9+\/]{60}/ nocase
    condition:
        $command
}

rule powershell_loads_bytes
{
    meta:
        class = "virus"
        says = "A PowerShell script that loads a program from text."
    strings:
        $decode = /frombase64string\s*\(/ nocase
        $load1 = /reflection\.assembly\]?::load\s*\(/ nocase
        $load2 = /appdomain\]?::currentdomain\.load\s*\(/ nocase
        $invoke = /\.(invoke|entrypoint)\b/ nocase
    condition:
        $decode and any of ($load*) and $invoke
}

rule script_drops_file
{
    meta:
        class = "virus"
        says = "A script that fetches a file, stores it and starts it."
    strings:
        $make = /(wscript\.createobject|new\s+activexobject|createobject)\s*\(/ nocase
        $fetch1 = "msxml2.xmlhttp" nocase
        $fetch2 = "microsoft.xmlhttp" nocase
        $fetch3 = "winhttp.winhttprequest" nocase
        $fetch4 = "msxml2.serverxmlhttp" nocase
        $store1 = "adodb.stream" nocase
        $store2 = "savetofile" nocase
        $store3 = "scripting.filesystemobject" nocase
        $start1 = "wscript.shell" nocase
        $start2 = "shellexecute" nocase
        $start3 = "shell.application" nocase
    condition:
        $make and any of ($fetch*) and any of ($store*) and any of ($start*)
}

rule script_starts_system_tool
{
    meta:
        class = "virus"
        says = "A script that makes a system tool fetch something."
    strings:
        $make = /(wscript\.createobject|new\s+activexobject|createobject)\s*\(\s*["'](wscript\.shell|shell\.application)/ nocase
        $run = /\.(run|exec|shellexecute)\b/ nocase
        $tool = /\b(powershell|mshta|certutil|bitsadmin|regsvr32|curl)\b[^\r\n]{0,200}http/ nocase
    condition:
        all of them
}

rule script_hidden_in_numbers
{
    meta:
        class = "virus"
        says = "A Visual Basic script that is hidden in a row of numbers."
    strings:
        $run = /\b(execute(global)?|eval)\b\s*\(?/ nocase
        $number = /\bchrw?\s*\(\s*[0-9&+\-]/ nocase
        $vbs = /\b(dim|wscript|function|end function|createobject)\b/ nocase
    condition:
        $run and $vbs and #number > 40
}

rule hta_starts_program
{
    meta:
        class = "virus"
        says = "An HTML application that starts a program."
    strings:
        $script = /<script[^>]{0,100}(vbscript|jscript|javascript)/ nocase
        $shell = /(wscript\.shell|shell\.application)/ nocase
        $run = /\.(run|exec|shellexecute)[ (]/ nocase
        $close = /(window|self)\.close/ nocase
        $hta = "<hta:application" nocase
    condition:
        $script and $shell and $run and any of ($close, $hta)
}

rule wsf_starts_program
{
    meta:
        class = "virus"
        says = "A Windows script file that starts or fetches a program."
    strings:
        $job = /<(job|package)[\s>]/ nocase
        $script = /<script\s+language/ nocase
        $shell = /(wscript\.shell|shell\.application|msxml2\.|activexobject)/ nocase
        $run = /\.(run|exec|shellexecute|open)\b/ nocase
    condition:
        all of them
}

rule batch_fetches_and_starts
{
    meta:
        class = "virus"
        says = "A batch file that makes a system tool fetch a file and starts it."
    strings:
        $echo = /@echo off|^setlocal|\bset \/a\b/ nocase
        $fetch1 = /certutil(\.exe)?[^\r\n]{1,80}-(urlcache|decode)/ nocase
        $fetch2 = /bitsadmin(\.exe)?[^\r\n]{0,80}\/transfer[^\r\n]{1,200}http/ nocase
        $fetch3 = /curl(\.exe)?[^\r\n]{1,200}http[^\r\n]{1,200}(-o|--output)\s+["']?%(temp|tmp|appdata|public|userprofile)%/ nocase
        $start = /\b(start|call|rundll32|regsvr32|mshta|wscript)\b[^\r\n]{0,80}(%temp%|%tmp%|%appdata%|%public%|%userprofile%|\.exe|\.dll|\.js|\.vbs)/ nocase
    condition:
        $echo and any of ($fetch*) and $start
}

rule pdf_starts_program
{
    meta:
        class = "virus"
        says = "A PDF that starts a system tool when it is opened."
    strings:
        $launch = /\/Launch\b/
        $tool = /(cmd\.exe|powershell|mshta|wscript|rundll32)/ nocase
    condition:
        uint32be(0) == 0x25504446 and $launch and $tool
}

rule pdf_opens_attachment
{
    meta:
        class = "virus"
        says = "A PDF whose script opens an attached file."
    strings:
        $script = /\/(JavaScript|JS)\b/
        $export = "exportDataObject"
        $launch = /nLaunch\s*:\s*[12]/
    condition:
        uint32be(0) == 0x25504446 and all of them
}
