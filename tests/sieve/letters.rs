//! The letters that every generated script meets: each is odd in its own way.

/// A letter and its envelope. The sender is never null: `sieve-test` can't be told so.
pub(crate) struct Letter {
    pub(crate) name: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    /// With the line ends of the wire.
    pub(crate) text: String,
}

pub(crate) fn all() -> Vec<Letter> {
    let letter = |name, from, to, text: &str| Letter { name, from, to, text: text.replace('\n', "\r\n") };
    vec![
        letter("plain", "anna.berg@example.org", "kim@example.com", PLAIN),
        letter("attachments", "scanner@office.example.net", "kim+Scans@example.com", ATTACHMENTS),
        letter("encoded", "juergen@example.de", "kim+a+b@example.com", ENCODED),
        letter("list", "rust-users-bounces+kim=example.com@lists.example.org", "kim@example.com", LIST),
        letter("odd-addresses", "o'brien+x=y@sub.example.org", "KIM+@Example.COM", ODD_ADDRESSES),
        letter("odd-dates", "cron@host.example.net", "+kim@example.com", ODD_DATES),
        letter("nested", "forwarder@example.org", "kim+fwd@example.com", NESTED),
        letter("bare", "a@b.example", "kim@example.com", BARE),
    ]
}

const PLAIN: &str = "\
Received: from mx1.example.net (mx1.example.net [192.0.2.7]) by mail.example.com (Postfix) with ESMTPS id 4A1B
\tfor <kim@example.com>; Tue, 05 Mar 2024 08:09:10 +0100
Received: from laptop (unknown [198.51.100.3]) by mx1.example.net with ESMTPSA id 77; Tue, 05 Mar 2024 02:09:03 -0500
Date: Tue, 05 Mar 2024 08:09:02 +0100
From: Anna Berg <anna.berg@example.org>
To: Kim Lund <kim@example.com>, \"Lund, Ole\" <ole@example.com>
Cc: team@example.org
Subject: Invoice 2024-117 for the boat (final)
Message-ID: <20240305.117@example.org>
X-Priority: 3
X-Spam-Score: 6.5
X-Spam-Flag: YES
X-Number: 42
X-Number: 7

Dear Kim,

the invoice for the boat is 1,250.50 EUR. Pay before 31 March.

Best wishes
Anna
";

const ATTACHMENTS: &str = "\
Return-Path: <scanner@office.example.net>
Date: Sun, 31 Dec 2023 23:59:60 -0000
From: scanner@office.example.net
To: kim+Scans@example.com
Subject: Scan: three pages
MIME-Version: 1.0
Message-ID: <scan-3@office.example.net>
Content-Type: multipart/mixed; boundary=\"outer\"; x-note=\"one; two\"
X-Spam-Score: 0
X-Virus-Scan: clean

This is the preamble, which nobody reads.
--outer
Content-Type: multipart/alternative; boundary=inner
Content-Language: en

--inner
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: quoted-printable

The pages are attached=2E Total: 3=20
pages =3D one file.
--inner
Content-Type: text/html; charset=utf-8

<html><body><p>The <b>pages</b> are attached.</p><p>Total: 3 &amp; more</p></body></html>
--inner--
--outer
Content-Type: application/pdf; name=\"scan-1.pdf\"
Content-Disposition: attachment; filename=\"scan-1.pdf\"; size=20
Content-Transfer-Encoding: base64
Content-ID: <p1@office.example.net>
Content-Description: first page

JVBERi0xLjQKJcOkw7zDtgo=
--outer
Content-Type: text/csv; charset=iso-8859-1
Content-Disposition: inline; filename=prices.csv
Content-Transfer-Encoding: 8bit

name;price
boat;1250
--outer--
This is the epilogue.
";

const ENCODED: &str = "\
Date: Fri, 29 Feb 2008 13:14:15 GMT
From: =?ISO-8859-1?Q?J=FCrgen_M=FCller?= <juergen@example.de>
To: =?utf-8?B?S2ltIEx1bmQ=?= <kim@example.com>
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus?= =?UTF-8?Q?_K=C3=B6ln?=: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=
 and =?windows-1252?Q?=80_5?=
Comments: =?utf-8?q?not_an encoded word?= =?bogus-charset?Q?abc?=
Keywords: caf\u{e9}, na\u{ef}ve
Message-ID: <g-1@example.de>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit
X-Spam-Score: 12
X-Folded: one
\ttwo
  three

Viele Gr\u{fc}\u{df}e aus K\u{f6}ln, \u{65e5}\u{672c}.
";

const LIST: &str = "\
Return-Path: <rust-users-bounces+kim=example.com@lists.example.org>
Received: from lists.example.org by mail.example.com with LMTP; Wed, 06 Mar 2024 00:30:00 +0000
Date: Tue, 5 Mar 2024 16:30:00 -0800 (PST)
From: Carol via Rust Users <rust-users@lists.example.org>
Reply-To: carol@example.net
Sender: rust-users-bounces@lists.example.org
To: rust-users@lists.example.org
Subject: [rust-users] Re: lifetimes * and ? in patterns
List-Id: Rust Users <rust-users.lists.example.org>
List-Post: <mailto:rust-users@lists.example.org>
List-Unsubscribe: <https://lists.example.org/u?x=1>, <mailto:leave@lists.example.org>
Precedence: list
Message-ID: <c-77@example.net>
References: <c-1@example.net> <c-2@example.net>
X-Spam-Score: -1.9
X-Spam-Flag: NO

> What does \\\\0 mean?

See chapter 4.
-- 
Carol
";

const ODD_ADDRESSES: &str = "\
Date: 1 Jan 2026 00:30 EST
From: \"O'Brien, \\\"X\\\"\" <o'brien+x=y@sub.example.org> (the boss)
To: undisclosed-recipients:;, Friends: a.b+c@example.org, \"quoted local\"@example.org;, <KIM+@Example.COM>
Cc: @relay.example,@other.example:routed@example.org, , lonely
Bcc:
Subject:
X-Empty:
X-Empty:   
Message-ID:<odd@sub.example.org>
X-Number: 007
X-Spam-Score: abc

";

const ODD_DATES: &str = "\
Received: (qmail 17 invoked by uid 0); 29 Feb 2023 12:00:00 -0000
Received: by b.example; Mon, 1 Jan 2024 00:00:00 +1400
Received: by a.example; Sun, 31 Dec 2023 10:00:00 -1200
Received: without a date
Date: Sat, 13 Jul 1974 04:05:06 +0530 (IST)
Resent-Date: Thu, 01 Jan 1970 00:00:01 +0000
Expires: next week
Delivery-Date: Mon, 30 Jun 2014 23:59:59 MDT
From: cron@host.example.net (Cron Daemon)
To: kim@example.com
Subject: Cron <root@host> backup FAILED: 100%
Auto-Submitted: auto-generated
Message-ID: <cron.1@host.example.net>
Content-Type: TEXT/Plain; CharSet=\"US-ASCII\"; format=flowed

backup: 100% of disk used
backup: FAILED
";

const NESTED: &str = "\
Date: Thu, 7 Mar 2024 09:00:00 +0100
From: forwarder@example.org
To: kim+fwd@example.com
Subject: Fwd: see below
MIME-Version: 1.0
Message-ID: <fwd@example.org>
Content-Type: multipart/mixed; boundary=\"=_b\"

--=_b

No header fields in this part.
--=_b
Content-Type: message/rfc822

From: inner@example.net
Subject: the inner letter
Date: Wed, 6 Mar 2024 01:02:03 +0000
Content-Type: multipart/related; boundary=deep

--deep
Content-Type: text/html
Content-Transfer-Encoding: base64

PGI+aW5uZXIgYm9sZDwvYj4gdGV4dA==
--deep
Content-Type: image/png; name=logo.png
Content-Disposition: inline
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--deep--
--=_b
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Disposition: attachment; filename*=utf-8''na%C3%AFve.txt
X-Part: third

na\u{ef}ve text, third part
--=_b--
";

const BARE: &str = "\
X-Only: one field and no more
subject:no space, Lower case name

";
