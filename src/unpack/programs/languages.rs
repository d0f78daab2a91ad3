//! The words by which languages are known: data for `signs`.
//!
//! Does not decide. A sign has a weight: 4 hardly stands in any other text, 1 only helps. `^` means: the first in its
//! line. All in lower case, as the texts that are compared. Languages that nobody runs by a click stand here too: a text
//! that is more like one of them is no script.

pub(super) const BATCH: &str = "text/x-msdos-batch";
pub(super) const POWERSHELL: &str = "text/x-powershell";
pub(super) const VBSCRIPT: &str = "text/vbscript";
pub(super) const JAVASCRIPT: &str = "text/javascript";
pub(super) const PYTHON: &str = "text/x-python";
pub(super) const SHELL: &str = "text/x-shellscript";
pub(super) const PERL: &str = "text/x-perl";
pub(super) const RUBY: &str = "text/x-ruby";
pub(super) const PHP: &str = "text/x-php";
pub(super) const AUTOIT: &str = "text/x-autoit";
pub(super) const APPLESCRIPT: &str = "text/x-applescript";
pub(super) const LUA: &str = "text/x-lua";

/// How far a file's name helps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// A double click runs it whatever it holds: with its ending, one sign or no prose is enough.
    ByClick,
    /// With its ending, one sign is enough.
    ByHand,
    /// Nobody runs it as it is.
    Never,
}

pub(super) struct Language {
    pub(super) media_type: &'static str,
    pub(super) start: Start,
    pub(super) endings: &'static [&'static str],
    /// Subtypes that a message may declare.
    pub(super) declared: &'static [&'static str],
    pub(super) signs: &'static [(u32, &'static str)],
}

/// A language that is no program.
const fn other(media_type: &'static str, signs: &'static [(u32, &'static str)]) -> Language {
    Language { media_type, start: Start::Never, endings: &[], declared: &[], signs }
}

#[rustfmt::skip]
pub(super) const LANGUAGES: &[Language] = &[
    Language {
        media_type: BATCH, start: Start::ByClick, endings: &["bat", "cmd", "btm"], declared: &["x-bat", "bat", "x-msdos-batch"],
        signs: &[
            (4, "^@echo off"), (2, "^echo off"), (3, "^setlocal"), (3, "^set /a"), (3, "^set /p"), (2, "^if not exist "),
            (1, "^if exist "), (3, "^if errorlevel"), (2, "%errorlevel%"), (3, "^goto :"), (1, "^goto "), (3, "goto :eof"),
            (4, "%~dp0"), (2, "%~1"), (1, "^rem "), (2, "^call :"), (4, "^for /f"), (3, "^for %%"), (1, "%temp%"),
            (2, "%appdata%"), (2, "^start /"), (3, "^start \"\""), (2, "^del /"), (2, "^copy /"), (3, "^reg add"),
            (3, "^schtasks"), (3, "^powershell"), (3, "^cmd /c"), (2, "^cscript"), (2, "^wscript "), (3, "^mshta"),
            (3, "^certutil"), (3, "^bitsadmin"), (3, "^rundll32"), (3, "^regsvr32"), (2, "^taskkill"), (2, "^timeout /"),
            (4, "^exit /b"), (1, "^pushd "), (2, "^ping -n"), (2, ">nul"), (2, "^xcopy "), (2, "^attrib "), (2, "^vssadmin"),
            (2, "^net user"), (2, "^set path="), (3, "^curl -o"), (2, "^title "), (1, "^pause"), (1, "^cls"), (2, "^@set "),
        ],
    },
    Language {
        media_type: POWERSHELL, start: Start::ByClick, endings: &["ps1", "psm1"], declared: &["x-powershell", "powershell"],
        signs: &[
            (2, "^param("), (2, "^param ("), (4, "[cmdletbinding("), (2, "write-host"), (2, "write-output"), (3, "new-object"),
            (3, "invoke-expression"), (3, "iex("), (3, "iex ("), (4, "| iex"), (4, "|iex"), (2, "invoke-webrequest"), (2, "invoke-restmethod"),
            (4, "downloadstring("), (3, "downloadfile("), (3, "start-process"), (2, "get-childitem"), (3, "set-itemproperty"),
            (3, "get-itemproperty"), (3, "$env:"), (4, "$psscriptroot"), (4, "$psversiontable"), (4, "[system.convert]::"),
            (4, "[convert]::"), (4, "[system.text.encoding]::"), (3, "[text.encoding]::"), (4, "[system.reflection.assembly]::"),
            (4, "[reflection.assembly]::"), (4, "[system.net."), (3, "[net."), (3, "set-executionpolicy"), (2, "-executionpolicy"),
            (2, "-erroraction"), (4, "$erroractionpreference"), (2, "^add-type "), (3, "import-module"), (2, "foreach-object"),
            (2, "where-object"), (3, "| out-null"), (2, "-eq $"), (2, "-eq '"), (1, "$_."), (3, "^[dllimport"),
            (4, "set-strictmode"), (1, "$true"), (1, "$null"), (3, "[io.file]::"), (3, "[system.io."), (3, "[string]$"), (3, "[int]$"),
            (2, "join-path"), (2, "test-path"), (2, "-windowstyle"), (2, "get-content"), (2, "set-content"), (2, "out-file"),
            (2, "^throw "), (1, "^try {"), (1, "^} catch"), (1, "^}catch"), (2, "frombase64string("), (3, "get-wmiobject"), (1, "^$"),
        ],
    },
    Language {
        media_type: VBSCRIPT, start: Start::ByClick, endings: &["vbs", "vbe", "vb"], declared: &["vbscript", "x-vbscript", "vbs"],
        signs: &[
            (3, "createobject("), (3, "createobject ("), (4, "wscript.shell"), (4, "wscript.echo"), (4, "wscript.quit"), (4, "wscript.sleep"),
            (4, "wscript.arguments"), (4, "scripting.filesystemobject"), (4, "^on error resume next"), (3, "^option explicit"),
            (1, "^dim "), (1, "^set "), (2, "^end sub"), (2, "^end function"), (1, "^end if"), (1, "^sub "), (1, "^function "),
            (2, "^private sub"), (2, "^public function"), (1, "msgbox"), (1, "chr("), (2, "chrw("), (3, "^execute("), (3, "^execute "),
            (3, "executeglobal"), (3, "getobject("), (3, "shell.application"), (3, "msxml2."), (4, "adodb.stream"), (3, "winhttp."),
            (3, "vbcrlf"), (4, "^attribute vb_name"), (3, ".responsebody"), (3, ".savetofile"), (3, "strreverse("), (1, "^wend"),
            (1, "^loop"), (2, "^redim "), (1, "^next"), (2, "^exit sub"), (2, "^exit function"), (1, "^elseif "), (2, "^select case"),
            (2, "inputbox("), (2, "^const "), (1, " then"),
        ],
    },
    Language {
        media_type: JAVASCRIPT, start: Start::ByClick, endings: &["js", "jse", "mjs", "cjs"],
        declared: &["javascript", "x-javascript", "ecmascript", "jscript"],
        signs: &[
            (4, "new activexobject("), (4, "wscript.createobject"), (3, "wscript.echo"), (3, "wscript.sleep"), (4, "wscript.scriptfullname"),
            (1, "^var "), (1, "^const "), (2, "function("), (2, "function ("), (2, "() => {"), (1, "=> {"), (2, "document.write("),
            (3, "document.getelementbyid("), (3, "document.queryselector("), (2, "document.createelement("), (2, "window.location"),
            (2, "eval("), (2, "unescape("), (3, "string.fromcharcode("), (2, "require('"), (2, "require(\""), (4, "module.exports"),
            (3, "^export default"), (3, "^export function"), (3, "^export const"), (3, "^import {"), (4, "\"use strict\""), (4, "'use strict'"),
            (2, "console.log("), (2, "json.parse("), (2, "json.stringify("), (3, "addeventlistener("), (3, "^async function"), (1, "^return "),
            (2, "^});"), (4, "^})();"), (3, ".prototype."), (1, "typeof "), (2, "==="), (2, "!=="), (3, "$(document)"), (3, "new promise("),
            (2, ".replace(/"), (4, "^(function"), (4, "^!function("), (2, "settimeout("), (1, "^function "), (1, ".length"), (1, ".push("),
            (4, "var _0x"), (2, "atob("), (2, "new array("), (2, "math.random("), (1, "this."), (2, "charcodeat("),
        ],
    },
    Language {
        media_type: PYTHON, start: Start::ByHand, endings: &["py", "pyw"], declared: &["x-python", "x-python-code", "x-script.python"],
        signs: &[
            (2, "^import os"), (3, "^import sys"), (2, "^import re"), (3, "^import subprocess"), (2, "^import socket"), (2, "^import base64"),
            (4, "^from __future__ import"), (2, "^from . import"), (3, "^from typing import"), (1, "^import "), (1, "^from "), (2, "^def "),
            (1, "^class "), (2, "self."), (2, "^elif "), (4, "^if __name__ =="), (2, "^except "), (2, "^except:"), (2, "^try:"), (1, "^print("),
            (1, "^return "), (3, "^@property"), (3, "^@staticmethod"), (4, "def __init__("), (1, "lambda "), (3, "^with open("), (2, "^raise "),
            (1, " is none"), (1, "not none"), (3, "self):"), (2, "exec("), (3, "os.system("), (2, "os.path."), (3, "b64decode("),
            (3, "^# -*- coding"), (2, "^else:"), (1, "^pass"), (3, "__file__"), (2, "isinstance("), (1, "^yield "), (3, "^async def"),
            (1, "^assert "), (2, "__all__"), (2, "^for _ in"), (1, "\"\"\""), (2, "range("), (2, "len("), (2, ":\n    return"),
        ],
    },
    Language {
        media_type: SHELL, start: Start::ByHand, endings: &["sh", "bash", "ksh", "zsh", "csh", "command"],
        declared: &["x-sh", "x-shellscript", "x-csh", "x-shar"],
        signs: &[
            (2, "^fi"), (1, "^done"), (3, "^esac"), (2, "; then"), (1, "^then"), (1, "; do"), (2, "^if ["), (2, "^if [["), (3, "^elif ["),
            (3, "^case $"), (3, "^case \"$"), (1, "^export "), (2, "\"$1\""), (3, "\"$@\""), (3, "$(dirname"), (2, "${1"), (1, "^echo \""),
            (1, "^echo $"), (3, "^set -e"), (2, "^set -x"), (2, "^trap "), (1, "() {"), (2, "^shift"), (2, "^exit 1"), (2, "^exit 0"),
            (2, ">/dev/null"), (2, "> /dev/null"), (2, "2>&1"), (1, "^local "), (3, "^while read"), (2, "^for i in"), (1, "^source "),
            (2, "^. /"), (1, "^chmod "), (1, "^curl "), (1, "^wget "), (1, "^rm -"), (2, "|| exit"), (1, "$?"), (1, "^unset "), (2, "[ -z "),
            (2, "[ -n "), (2, "[ -f "), (2, "[ -x "), (2, "[ -d "), (2, "$(cat "), (3, "| bash"), (3, "| sh"), (2, "^nohup "), (1, "^cd $"),
        ],
    },
    Language {
        media_type: PERL, start: Start::ByHand, endings: &["pl", "pm", "plx"], declared: &["x-perl", "x-script.perl"],
        signs: &[
            (4, "^use strict"), (4, "^use warnings"), (3, "^my $"), (3, "^my @"), (3, "^my %"), (2, "^my ("), (1, "^package "), (2, "^sub "),
            (3, "^our $"), (3, "^use lib"), (3, "=~ /"), (3, "=~ s/"), (2, "=~ m"), (2, "shift;"), (3, "^1;"), (2, "bless "), (2, "->{"),
            (3, "qw("), (3, "@_;"), (4, "^foreach my"), (3, "^use posix"), (2, "@{$"), (2, "elsif ("), (3, "^print stderr"), (2, "^die "),
            (2, "or die"), (3, "^__end__"), (2, "^use base"), (1, "$_"), (2, "chomp"), (2, "^use io::"), (1, "^print "),
        ],
    },
    Language {
        media_type: RUBY, start: Start::ByHand, endings: &["rb", "gemspec"], declared: &["x-ruby", "x-script.ruby"],
        signs: &[
            (3, "^require '"), (2, "^require \""), (4, "^require_relative"), (1, "^module "), (1, "^class "), (1, "^def "), (1, "^end"),
            (4, "^attr_accessor"), (4, "^attr_reader"), (4, ".each do |"), (2, " do |"), (2, "^puts "), (2, "^elsif "), (2, "^unless "),
            (3, ".nil?"), (3, ".empty?"), (2, "^rescue"), (1, "#{"), (1, "^begin"), (4, "^def self."), (2, ".to_s"), (3, ".freeze"), (3, "^gem '"),
            (4, "^# frozen_string_literal"), (2, "file.expand_path"), (2, "__file__"), (3, ".map { |"), (2, ".new("), (3, "^loop do"),
        ],
    },
    Language {
        media_type: PHP, start: Start::ByHand, endings: &["php", "phtml", "php3", "php5", "phar"], declared: &["x-php", "x-httpd-php", "php"],
        signs: &[
            (4, "^<?php"), (3, "$_get["), (3, "$_post["), (3, "$_request["), (3, "$_server["), (2, "$this->"), (2, "base64_decode("),
            (2, "eval("), (2, "^echo "), (1, "^function "), (3, "str_rot13("), (2, "gzinflate("), (2, "<?="), (2, "isset($"),
        ],
    },
    Language {
        media_type: AUTOIT, start: Start::ByHand, endings: &["au3", "ahk"], declared: &[],
        signs: &[
            (4, "^#notrayicon"), (4, "^#autoit3wrapper"), (4, "^#requireadmin"), (2, "^func "), (4, "^endfunc"), (3, "^local $"), (3, "^global $"),
            (3, "^dim $"), (1, "^endif"), (2, "filewrite("), (4, "fileinstall("), (4, "@scriptdir"), (4, "@tempdir"), (2, "shellexecute("),
            (2, "^while 1"), (2, "^wend"), (3, "guicreate("), (3, "^#singleinstance"), (3, "^#persistent"), (2, "dllcall("), (2, "dllstructcreate("),
            (1, "execute("), (2, "stringreplace("), (2, "binarytostring("),
        ],
    },
    Language {
        media_type: APPLESCRIPT, start: Start::ByHand, endings: &["applescript", "scpt"], declared: &["x-applescript"],
        signs: &[
            (4, "^tell application \""), (4, "^end tell"), (4, "do shell script \""), (1, "^set "), (3, "^display dialog"), (3, "^on run"),
            (2, "^end run"), (2, "to posix file"), (2, "posix path of"), (2, "with administrator privileges"), (2, "^end repeat"), (2, "^end try"),
        ],
    },
    Language {
        media_type: LUA, start: Start::ByHand, endings: &["lua"], declared: &["x-lua"],
        signs: &[
            (1, "^local "), (4, "^local function"), (1, "^function "), (1, "^end"), (2, "require(\""), (2, "require \""), (1, "^elseif "), (2, "~="),
            (3, "ipairs("), (3, "pairs("), (3, "string.format("), (2, "^if not "), (4, "setmetatable("), (2, "^until "), (3, "table.insert("),
            (3, "io.open("), (3, "os.execute("), (1, " then"), (2, "== nil"), (2, "^return "),
        ],
    },
    other("text/x-c", &[
        (4, "^#include <"), (4, "^#include \""), (3, "^#define "), (3, "^#ifndef "), (3, "^#ifdef "), (3, "^#endif"), (2, "^#if "), (3, "int main("),
        (3, "^typedef "), (2, "^static "), (2, "^struct "), (1, "->"), (2, "void "), (2, "^namespace "), (3, "^template <"), (3, "^template<"), (1, "printf("),
        (3, "std::"), (3, "const char"), (2, "^extern "), (2, "nullptr"), (2, "sizeof("), (2, "uint32_t"), (3, "^using namespace"), (2, "unsigned "),
        (2, "^@interface"), (2, "^@implementation"), (2, "^@end"), (2, "^inline "), (2, "^enum "), (3, "^#pragma"), (2, "bool "), (2, "^auto "), (2, "size_t"),
        (2, "const auto"), (2, "public:"), (2, "private:"), (2, "char *"), (1, "int "),
    ]),
    other("text/x-rust", &[
        (4, "^pub fn "), (3, "^fn "), (4, "^use std::"), (2, "^use "), (3, "^impl "), (3, "^impl<"), (4, "^let mut "), (4, "^pub struct"), (3, "^#["),
        (2, "^mod "), (1, "-> "), (3, "&self"), (1, "^match "), (1, "^let "), (3, ".unwrap()"), (3, "^#!["), (2, "^//!"), (2, "^///"), (3, "&mut "),
        (3, "vec<"), (3, "option<"), (3, "result<"), (3, "^pub enum"), (3, "^pub(crate)"), (3, "^pub const"), (3, "macro_rules!"), (3, "&str"), (3, "^pub mod"), (3, "^pub use"),
    ]),
    other("text/x-java", &[
        (4, "^public class"), (2, "^private "), (4, "^import java"), (2, "^package com"), (2, "^package org"), (3, "^@override"), (4, "^public static void main"),
        (4, "^using system"), (3, "^namespace "), (3, "^public "), (2, "^protected "), (2, "string[] "), (2, "^import android"), (2, "^import org."),
        (2, "^final "), (2, "^public interface"), (3, "^interface "), (3, "private readonly"), (2, "throws "), (2, "^import kotlin"), (2, "^fun "), (2, "^val "), (2, "^override "),
        (3, ": string;"), (3, ": number"), (3, ": boolean"), (3, "^export interface"), (3, "^export type"), (3, "^export declare"), (3, "^declare "),
    ]),
    other("text/x-go", &[
        (4, "^package main"), (2, "^package "), (3, "^func "), (3, "^import ("), (2, ":="), (2, "^type "), (4, "err != nil"), (2, "fmt."), (2, "interface{}"), (2, "^defer "),
    ]),
    other("text/x-tex", &[
        (8, "^\\documentclass"), (5, "^\\begin{"), (5, "^\\end{"), (6, "^\\usepackage"), (4, "\\section{"), (3, "\\textbf{"), (3, "^\\newcommand"), (4, "^\\def\\"), (3, "^\\input"), (2, "^%"),
        (4, "^\\providecommand"), (4, "^\\renewcommand"), (4, "^\\let\\"), (4, "\\expandafter"), (3, "^\\fi"), (4, "^@node"), (4, "^@chapter"), (4, "^@section"), (4, "^@end "), (3, "^@item"), (3, "^@c "),
    ]),
    other("text/x-sql", &[
        (5, "^create table"), (4, "^insert into"), (3, "^select "), (4, "^alter table"), (4, "^drop table"), (1, "^update "), (4, "^create index"), (2, "^begin;"),
        (3, "^commit;"), (2, "^--"), (2, "^from "), (2, "^where "), (5, "^create or replace"), (3, "^primary key"), (3, "not null"), (3, "^left join"), (3, "^order by"), (3, "^group by"), (3, "^end;"), (3, "^create function"), (3, "^declare "), (3, "varchar("),
    ]),
    other("text/x-r", &[
        (5, "<- function("), (3, "<- "), (4, "^library("), (1, "c("), (4, "data.frame("), (4, "ggplot("), (4, "%>%"), (3, "^#'"), (3, "na.rm"), (2, "^}"), (2, "paste0("), (2, "stop("),
    ]),
    other("text/x-diff", &[(100, "^diff --git"), (9, "^@@ -"), (5, "^--- a/"), (5, "^+++ b/"), (4, "^+++ "), (4, "^--- "), (100, "^diff -"), (4, "^index: "), (9, "^*** ")]),
    other("text/x-makefile", &[
        (4, "^.phony"), (3, "^all:"), (4, "$(cc)"), (3, "^install:"), (4, "$(make)"), (4, "^ifeq ("), (4, "^include $("), (3, "^clean:"), (4, "^endif"), (4, "^ac_"), (3, "^dnl "), (4, "^m4_"),
        (4, "^ifdef "), (4, "$(shell "), (4, "^override_dh_"), (3, "^%:"), (4, "^export "), (4, "$(wildcard"), (3, "$@"), (4, "^am_"), (4, "^ac_init"), (3, "^define("), (3, "^ifelse("),
    ]),
    other("text/x-cmake", &[(6, "^cmake_minimum_required("), (3, "^set("), (4, "^endif("), (3, "^if("), (4, "^add_library("), (4, "^target_"), (3, "^include("), (4, "^find_package("), (3, "^message("), (3, "^function("), (4, "^endfunction("), (3, "^macro("), (4, "^foreach(")]),
    other("text/x-vim", &[(6, "^let g:"), (5, "^let s:"), (6, "^endfunction"), (4, "^autocmd"), (2, "^set "), (2, "^call "), (6, "^function! "), (3, "^if has("), (4, "^syn "), (4, "^hi "), (3, "^setlocal"), (4, "^let b:"), (4, "^if exists("), (4, "^finish"), (3, "^au "), (3, "^endif"), (4, "^syntax "), (4, "^let l:"), (4, "^hi def"), (4, "^endfor"), (4, "^vim9script")]),
    other("text/yaml", &[(3, "^on:"), (5, "^jobs:"), (4, "^steps:"), (4, "^- run:"), (3, "uses: "), (3, "^- name:"), (4, "^- uses:"), (3, "^version:"), (3, "^name:"), (3, "^run: |"), (3, "^script:"), (3, "^- id:"), (3, "^env:"), (3, "^key:"), (3, "^before_script:"), (3, "^services:"), (3, "^image:"), (4, "^runs-on:"), (4, "^matrix:")]),
    other("text/x-dockerfile", &[(1, "^from "), (4, "^run "), (2, "^copy "), (5, "^workdir "), (5, "^entrypoint"), (2, "^env "), (3, "^cmd ["), (3, "^arg "), (3, "^expose ")]),
    other("text/troff", &[(5, "^.sh "), (6, "^.th "), (3, "^.br"), (4, "^.pp"), (3, "^.\\\""), (3, "^'\\\""), (2, "^.b "), (4, "^.tp"), (4, "^.nf"), (4, "^.fi"), (4, "^.dd "), (4, "^.dt "), (4, "^.nh"), (4, "^.de "), (4, "^.ds "), (4, "^.nr "), (4, "^.ie "), (4, "^.if ")]),
    other("text/x-lisp", &[(4, "^(defun "), (4, "^(setq "), (4, "^(define "), (4, "^(defvar "), (3, "^(let "), (3, "^;;"), (4, "^(defmacro "), (4, "^(require '"), (4, "^(provide '"), (4, "^(defcustom "), (4, "^(define-"), (3, "^(lambda"), (3, "(interactive")]),
    other("text/x-spec", &[(5, "^%prep"), (5, "^%build"), (5, "^%install"), (5, "^%files"), (3, "^name:"), (3, "^version:"), (5, "^%changelog"), (5, "^%post"), (3, "^requires:"), (3, "^%if "), (3, "^%endif"), (4, "^%define "), (4, "^%description")]),
    other("text/css", &[(3, "color: "), (3, "margin: "), (3, "padding: "), (3, "font-size:"), (3, "display: "), (3, "background: "), (3, "@media "), (3, "border: "), (3, "color:#"), (3, "padding:")]),
    other("text/x-pod", &[(2, "^=head2"), (2, "^=over")]),
    other("text/x-markdown", &[(100, "^```"), (2, "^# "), (3, "^## "), (3, "^### "), (2, "^- ["), (2, "^* "), (2, "]("), (3, "^[!["), (2, "^1. ")]),
    other("text/x-rst", &[(4, "^.. code"), (4, "^.. note::"), (4, "^.. toctree::"), (3, ":ref:`"), (3, "^>>> "), (3, "``"), (4, "^.. _"), (4, "^====="), (4, "^-----"), (3, ":class:`"), (3, ":func:`"), (3, ":mod:`"), (3, "^* ")]),
];
