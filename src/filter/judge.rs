//! The judge: weighs findings for one recipient and says what that means for the message.
//!
//! Counts in tenths of a point, so that the weights that are printed add up to the score that is printed. Does not look
//! at the message. Standards: none; the words of `X-PM-Scan` are the product's own.

use super::content::Treated;
use super::look::is_unanswered;
use super::{Class, ClassPolicy, Conduct, Fate, Finding, Look, Policy, Rule, Rules, Verdict, Weighed};
use crate::limits::{DETAIL_BYTES_MAX, REPORT_FINDINGS_MAX};
use crate::mail::Line;
use crate::plan::Hold;
use std::collections::BTreeMap;

/// Judges what was seen.
///
/// A finding counts once, however often it was made; one without a rule weighs nothing. Within a group the weights are
/// scaled down so that they add up to its cap at most.
pub fn judge(look: &Look, rules: &Rules, policy: &Policy) -> Verdict {
    let mut entries: Vec<Entry<'_>> = once_each(&look.findings)
        .into_iter()
        .map(|(name, detail)| {
            let rule = rules.rules.get(name);
            let treated = policy.content.treat(name, rule);
            let weight = rule.filter(|_| treated.has_points).map_or(0.0, |r| r.weight);
            Entry { name, detail, rule, treated, tenths: tenths(weight) }
        })
        .collect();
    cap_groups(&mut entries, rules);
    let score = points(entries.iter().map(|e| e.tenths).sum());
    let class = class_of(&entries, score, look, policy);
    // What decides stands first, so that no number of others hides it in the report.
    let rank = |e: &Entry<'_>| (!e.decides(class), std::cmp::Reverse(e.tenths));
    entries.sort_by(|a, b| rank(a).cmp(&rank(b)).then(a.name.cmp(b.name)));
    let fate = fate_of(class, score, &entries, look, policy);
    let weigh = |e: Entry<'_>| Weighed { name: e.name.to_string(), weight: points(e.tenths), detail: e.detail };
    Verdict { class, score, findings: entries.into_iter().map(weigh).collect(), fate }
}

/// A finding on the scales.
struct Entry<'a> {
    name: &'a str,
    detail: String,
    rule: Option<&'a Rule>,
    treated: Treated,
    tenths: i64,
}

impl Entry<'_> {
    /// Does it decide this class alone?
    fn decides(&self, class: Class) -> bool {
        self.treated.class == Some(class) || class == Class::Unscanned && is_unanswered(self.name)
    }
}

fn tenths(points: f64) -> i64 {
    (points * 10.0).round() as i64
}

fn points(tenths: i64) -> f64 {
    tenths as f64 / 10.0
}

/// Each name once, with its different details joined, cut to [`DETAIL_BYTES_MAX`].
fn once_each(findings: &[Finding]) -> BTreeMap<&str, String> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        let details = all.entry(&finding.name).or_default();
        if !finding.detail.is_empty() && !details.contains(&finding.detail.as_str()) {
            details.push(&finding.detail);
        }
    }
    all.into_iter()
        .map(|(name, details)| {
            let mut joined = String::new();
            for detail in details {
                let room = DETAIL_BYTES_MAX.saturating_sub(joined.len());
                if !joined.is_empty() && detail.len() + 2 > room {
                    break;
                }
                joined.push_str(if joined.is_empty() { "" } else { ", " });
                joined.push_str(detail);
            }
            (name, joined)
        })
        .collect()
}

/// Scales the positive weights of each group that goes beyond its cap; what speaks for the message stays whole.
fn cap_groups(entries: &mut [Entry<'_>], rules: &Rules) {
    for group in rules.groups.values() {
        let mut members: Vec<&mut Entry<'_>> =
            entries.iter_mut().filter(|e| e.rule.and_then(|r| r.group.as_ref()) == Some(&group.name)).collect();
        let total: i64 = members.iter().map(|e| e.tenths).sum();
        let positive: i64 = members.iter().map(|e| e.tenths.max(0)).sum();
        let cap = tenths(group.max);
        if total <= cap || positive == 0 {
            continue;
        }
        let wanted = positive - (total - cap);
        members.retain(|e| e.tenths > 0);
        members.sort_by_key(|e| std::cmp::Reverse(e.tenths));
        // Each gets its share of what is left, so that the rounded shares add up exactly.
        let (mut left_wanted, mut left_positive) = (wanted.max(0), positive);
        for entry in members {
            let share = left_wanted * entry.tenths / left_positive.max(1);
            left_positive -= entry.tenths;
            left_wanted -= share;
            entry.tenths = share;
        }
    }
}

fn class_of(entries: &[Entry<'_>], score: f64, look: &Look, policy: &Policy) -> Class {
    let decided = |class| entries.iter().any(|e| e.decides(class) && !is_unanswered(e.name));
    let bulk = points(entries.iter().filter_map(|e| e.rule).map(|r| tenths(r.bulk)).sum());
    if decided(Class::Virus) {
        Class::Virus
    } else if look.hostile.is_some() || decided(Class::Unscanned) {
        // What could not be looked at is never called clean.
        Class::Unscanned
    } else if decided(Class::Spam) || score >= policy.spam_score {
        Class::Spam
    } else if entries.iter().any(|e| is_unanswered(e.name)) {
        // Nor is what somebody was asked about in vain; spam it may well be all the same.
        Class::Unscanned
    } else if decided(Class::Bulk) || bulk >= policy.bulk_score {
        Class::Bulk
    } else {
        Class::Clean
    }
}

fn fate_of(class: Class, score: f64, entries: &[Entry<'_>], look: &Look, policy: &Policy) -> Fate {
    let fate = match held_for_contents(class, entries) {
        Some(Held::Alone(hold)) => return Fate::Quarantine { hold },
        Some(Held::Besides(hold)) => match fate_by_class(class, score, entries, look, policy) {
            Fate::Deliver { .. } => Fate::Quarantine { hold },
            stricter @ (Fate::Quarantine { .. } | Fate::Discard { .. }) => stricter,
        },
        None => fate_by_class(class, score, entries, look, policy),
    };
    let unanswered: Vec<&Entry<'_>> = entries.iter().filter(|e| is_unanswered(e.name)).collect();
    if policy.holds_unscanned && !unanswered.is_empty() && matches!(fate, Fate::Deliver { .. }) {
        let operator_only = !policy.unscanned.recipient_releases;
        return Fate::Quarantine { hold: Hold { why: because(unanswered), operator_only } };
    }
    fate
}

/// That a message is held for what is in it.
enum Held {
    /// Nothing else decides.
    Alone(Hold),
    /// Something else decides the class, too, and may be stricter.
    Besides(Hold),
}

fn held_for_contents(class: Class, entries: &[Entry<'_>]) -> Option<Held> {
    let held: Vec<&Entry<'_>> = entries.iter().filter(|e| e.treated.is_held).collect();
    let operator_only = !held.iter().all(|e| e.treated.recipient_releases);
    let first = held.first()?;
    let alone = first.decides(class) && deciding(entries, class).iter().all(|e| e.treated.is_held);
    let hold = Hold { why: because(held), operator_only };
    Some(if alone { Held::Alone(hold) } else { Held::Besides(hold) })
}

fn fate_by_class(class: Class, score: f64, entries: &[Entry<'_>], look: &Look, policy: &Policy) -> Fate {
    let beyond = |bound: Option<f64>| bound.filter(|b| class == Class::Spam && score >= *b);
    if let Some(bound) = beyond(policy.discard_score) {
        return Fate::Discard { why: format!("{score:.1} points, discarded from {bound:.1} on: {}", because(entries)) };
    }
    if let Some(hostile) = look.hostile.as_ref().filter(|_| class == Class::Unscanned) {
        let why = format!("the structure is beyond what any reader should open: {hostile}");
        return conduct(&policy.hostile, why);
    }
    let decisive = deciding(entries, class);
    let by_itself: Vec<&&Entry<'_>> = decisive.iter().filter(|e| !is_unanswered(e.name)).collect();
    // Nobody's answer is our trouble; what the message itself made impossible is as bad as a hostile structure.
    let is_its_own_fault = class == Class::Unscanned && !by_itself.is_empty();
    let settings = if is_its_own_fault { &policy.hostile } else { policy.of(class) };
    let why = match class {
        Class::Virus | Class::Unscanned => because(decisive.iter().copied()),
        Class::Clean | Class::Bulk | Class::Spam => {
            format!("{class}, {score:.1} points: {}", because(entries))
        }
    };
    if let Some(bound) = beyond(policy.quarantine_score).filter(|_| settings.conduct != Conduct::Discard) {
        let why = format!("{score:.1} points, held from {bound:.1} on: {}", because(entries));
        return Fate::Quarantine { hold: Hold { why, operator_only: !settings.recipient_releases } };
    }
    // What the recipient may release is one of which every deciding finding says so.
    let mild = matches!(class, Class::Virus | Class::Unscanned)
        && !by_itself.is_empty()
        && by_itself.iter().all(|e| e.treated.recipient_releases);
    conduct(&ClassPolicy { recipient_releases: settings.recipient_releases || mild, ..settings.clone() }, why)
}

fn deciding<'e, 'a>(entries: &'e [Entry<'a>], class: Class) -> Vec<&'e Entry<'a>> {
    entries.iter().filter(|e| e.decides(class)).collect()
}

fn conduct(settings: &ClassPolicy, why: String) -> Fate {
    match settings.conduct {
        Conduct::Mark => Fate::Deliver { tag: None },
        Conduct::Tag => Fate::Deliver { tag: Some(settings.tag.clone()).filter(|tag| !tag.is_empty()) },
        Conduct::Quarantine => Fate::Quarantine { hold: Hold { why, operator_only: !settings.recipient_releases } },
        Conduct::Discard => Fate::Discard { why },
    }
}

/// The three strongest findings in the words of their rules.
fn because<'e, 'a: 'e>(entries: impl IntoIterator<Item = &'e Entry<'a>>) -> String {
    let says = |entry: &Entry<'_>| {
        let says = entry.rule.map_or(entry.name, |r| r.says.trim_end_matches('.'));
        if entry.detail.is_empty() { says.to_string() } else { format!("{says} ({})", entry.detail) }
    };
    let said: Vec<String> = entries.into_iter().take(3).map(says).collect();
    if said.is_empty() { "nothing was found".to_string() } else { said.join("; ") }
}

impl Verdict {
    /// The header lines that tell it: `X-PM-Scan`, `X-PM-Score`, `X-PM-Report`, the last with the strongest
    /// [`REPORT_FINDINGS_MAX`] findings.
    pub fn stamp_lines(&self) -> Vec<Line> {
        let mut report: Vec<String> = Vec::new();
        for finding in self.findings.iter().take(REPORT_FINDINGS_MAX) {
            if let Some(last) = report.last_mut() {
                last.push(';');
            }
            report.push(format!("{}={:.1}", finding.name, finding.weight));
            // Foreign text must not look like a finding of ours.
            let detail = finding.detail.replace('(', "[").replace(')', "]").replace([';', '='], ":");
            if !detail.trim().is_empty() {
                report.extend(format!("({})", detail.trim()).split_whitespace().map(str::to_string));
            }
        }
        match self.findings.len().saturating_sub(REPORT_FINDINGS_MAX) {
            0 if report.is_empty() => report.push("nothing".to_string()),
            0 => {}
            more => report.extend(["and".to_string(), more.to_string(), "more".to_string()]),
        }
        vec![
            Line::new("X-PM-Scan", [self.class.word().to_string()]),
            Line::new("X-PM-Score", [format!("{:.1}", self.score)]),
            Line::new("X-PM-Report", report),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Content, Treatment};

    const GROUPS: &str = "[group.g]\nsays = 'G.'\nmax = 5.0\n";

    /// Rules of which only the given ones matter, by phrases that nothing holds.
    fn rules(text: &str) -> Rules {
        let text: String = text.replace("] ", "]\nsays = 'It is so.'\nphrases = ['zzzz']\n").replace(", ", "\n");
        Rules::load(&[("t.toml".into(), format!("{GROUPS}{text}"))]).unwrap()
    }

    fn seen(names: &[&str]) -> Look {
        Look { findings: names.iter().map(|n| Finding::new(n, "")).collect(), ..Look::default() }
    }

    fn shown(verdict: &Verdict) -> String {
        let findings: Vec<String> = verdict.findings.iter().map(|f| format!("{}={:.1}", f.name, f.weight)).collect();
        format!("{} {:.1} {}", verdict.class, verdict.score, findings.join(" "))
    }

    const TABLE: &str = concat!(
        "[a] weight = 4, group = 'g'\n[b] weight = 4, group = 'g'\n[c] weight = 1.25\n",
        "[good] weight = -2, group = 'g'\n[n1] bulk = 2\n[n2] bulk = 1\n",
        "[v] class = 'VIRUS'\n[w] class = 'VIRUS', recipient_releases = true\n",
        "[s] class = 'SPAM'\n[e] weight = 1, group = 'g'\n[f] weight = 1, group = 'g'"
    );

    #[test]
    fn findings_are_weighed_once_capped_by_group_and_add_up() {
        let rules = rules(TABLE);
        let check = |names: &[&str], want: &str| {
            assert_eq!(shown(&judge(&seen(names), &rules, &Policy::default())), want, "{names:?}");
        };
        check(&[], "CLEAN 0.0 ");
        check(&["a"], "CLEAN 4.0 a=4.0");
        check(&["a", "a"], "CLEAN 4.0 a=4.0");
        check(&["a", "b"], "CLEAN 5.0 a=2.5 b=2.5");
        check(&["a", "e", "f"], "CLEAN 5.0 a=3.3 f=0.9 e=0.8");
        check(&["a", "b", "good"], "CLEAN 5.0 a=3.5 b=3.5 good=-2.0");
        check(&["a", "b", "c"], "SPAM 6.3 a=2.5 b=2.5 c=1.3");
        check(&["unknown"], "CLEAN 0.0 unknown=0.0");
        check(&["n1"], "CLEAN 0.0 n1=0.0");
        check(&["n1", "n2"], "BULK 0.0 n1=0.0 n2=0.0");
        check(&["n1", "n2", "s"], "SPAM 0.0 s=0.0 n1=0.0 n2=0.0");
        check(&["v", "s"], "VIRUS 0.0 v=0.0 s=0.0");
        check(&["a", "v"], "VIRUS 4.0 v=0.0 a=4.0");
    }

    #[test]
    fn the_policy_makes_the_fate() {
        let rules = rules(TABLE);
        let held = |why: &str, operator_only| Fate::Quarantine { hold: Hold { why: why.into(), operator_only } };
        let fate = |names: &[&str], policy: &Policy| judge(&seen(names), &rules, policy).fate;
        let plain = Policy::default();
        assert_eq!(fate(&["a", "c", "s"], &plain), Fate::Deliver { tag: None });
        assert_eq!(fate(&["v"], &plain), held("It is so", true));
        assert_eq!(fate(&["w"], &plain), held("It is so", false));
        assert_eq!(fate(&["v", "w"], &plain), held("It is so; It is so", true));

        let mut strict = Policy { quarantine_score: Some(4.0), discard_score: Some(5.0), ..Policy::default() };
        assert_eq!(fate(&["a"], &strict), Fate::Deliver { tag: None }, "not SPAM");
        assert_eq!(fate(&["a", "s"], &strict), held("4.0 points, held from 4.0 on: It is so; It is so", false));
        let why = "5.3 points, discarded from 5.0 on: It is so; It is so; It is so".to_string();
        assert_eq!(fate(&["a", "c", "s"], &strict), Fate::Discard { why });
        strict.spam.conduct = Conduct::Discard;
        assert!(matches!(fate(&["a", "s"], &strict), Fate::Discard { .. }), "the conduct is stronger");

        let mut tags = Policy::default();
        tags.spam.conduct = Conduct::Tag;
        tags.clean.conduct = Conduct::Tag;
        assert_eq!(fate(&["s"], &tags), Fate::Deliver { tag: Some("[SPAM]".into()) });
        assert_eq!(fate(&[], &tags), Fate::Deliver { tag: None });
    }

    #[test]
    fn what_was_not_looked_at_is_unscanned_with_its_reason() {
        let judge = |findings, policy: &Policy| judge(&Look::of(findings), Rules::embedded(), policy);
        let failed = || Finding::not_looked_at("the worker took longer than 30 s");
        let verdict = judge(vec![failed()], &Policy::default());
        assert_eq!((verdict.class, &verdict.fate), (Class::Unscanned, &Fate::Deliver { tag: None }));
        assert_eq!(lines(&verdict)[2], "X-PM-Report: not_looked_at=0.0 (the worker took longer than 30 s)");
        let verdict = judge(vec![failed(), Finding::new("signature_virus", "clamd: X")], &Policy::default());
        assert_eq!(verdict.class, Class::Virus);
        assert!(matches!(&verdict.fate, Fate::Quarantine { hold } if hold.operator_only), "{:?}", verdict.fate);

        let hostile = || Finding::new("hostile_structure", "");
        let look = |more: Vec<Finding>| Look { hostile: Some("boundaries: 9, at most 3".into()), ..Look::of(more) };
        let verdict = super::judge(&look(vec![hostile()]), Rules::embedded(), &Policy::default());
        assert_eq!(verdict.class, Class::Unscanned);
        assert!(
            matches!(&verdict.fate, Fate::Quarantine { hold } if hold.operator_only && hold.why.contains("at most 3")),
            "{:?}",
            verdict.fate
        );
        let both = look(vec![hostile(), Finding::new("signature_virus", "clamd: X")]);
        assert_eq!(super::judge(&both, Rules::embedded(), &Policy::default()).class, Class::Virus);
    }

    #[test]
    fn what_clamd_did_not_scan_is_clean_for_nobody() {
        let hold = Policy { holds_unscanned: true, ..Policy::default() };
        let judge = |names: &[&str], policy: &Policy| {
            let mut look = seen(names);
            look.findings.push(Finding::not_scanned("no answer within 20 s"));
            judge(&look, Rules::embedded(), policy)
        };
        for (others, class) in [
            (&[][..], Class::Unscanned),
            (&["list_unsubscribe"], Class::Unscanned),
            (&["too_big_inside"], Class::Unscanned),
            (&["gtube"], Class::Spam),
            (&["program_inside"], Class::Virus),
        ] {
            for policy in [&Policy::default(), &hold] {
                let verdict = judge(others, policy);
                assert_eq!(verdict.class, class, "{others:?}");
                assert!(lines(&verdict)[2].contains("not_scanned_by_clamd=0.0 (no answer within 20 s)"));
                let held = matches!(verdict.fate, Fate::Quarantine { .. });
                assert!(held || !policy.holds_unscanned, "{others:?}: {:?}", verdict.fate);
            }
        }
        let many: Vec<String> = (0..30).map(|n| format!("f{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(lines(&judge(&many, &hold))[2].starts_with("X-PM-Report: not_scanned_by_clamd=0.0"));
    }

    /// A message with this finding, for somebody who wants such contents treated so.
    fn treated(name: &str, set: impl Fn(&mut Content)) -> (Class, String) {
        let mut policy = Policy::default();
        set(&mut policy.content);
        let verdict = judge(&seen(&[name]), Rules::embedded(), &policy);
        let fate = match verdict.fate {
            Fate::Deliver { .. } => "delivered",
            Fate::Quarantine { hold } if hold.operator_only => "held for the operator",
            Fate::Quarantine { .. } => "held for its recipient",
            Fate::Discard { .. } => "discarded",
        };
        (verdict.class, format!("{fate} {:.1}", verdict.score))
    }

    #[test]
    fn the_operator_says_what_kinds_of_contents_mean() {
        use Treatment::{Allow, Points, Quarantine};
        type Set = fn(&mut Content);
        for (name, set, class, fate) in [
            ("program_inside", (|_| {}) as Set, Class::Virus, "held for its recipient 10.0"),
            ("hidden_program_inside", |_| {}, Class::Virus, "held for its recipient 10.0"),
            ("program_inside", |c| c.recipient_releases = false, Class::Virus, "held for the operator 10.0"),
            ("program_inside", |c| c.programs = Points, Class::Spam, "delivered 10.0"),
            ("program_inside", |c| c.programs = Allow, Class::Clean, "delivered 0.0"),
            ("macro_inside", |_| {}, Class::Spam, "delivered 6.0"),
            ("macro_inside", |c| c.macro_documents = Quarantine, Class::Virus, "held for its recipient 6.0"),
            ("macro_inside", |c| c.macro_documents = Allow, Class::Clean, "delivered 0.0"),
            ("auto_macro_inside", |c| c.macro_documents = Quarantine, Class::Clean, "delivered 3.0"),
            ("auto_macro_inside", |c| c.macro_documents = Allow, Class::Clean, "delivered 0.0"),
            ("old_macro_inside", |_| {}, Class::Clean, "delivered 1.0"),
            ("old_macro_inside", |c| c.old_macro_documents = Quarantine, Class::Virus, "held for its recipient 1.0"),
            ("old_macro_inside", |c| c.old_macro_documents = Allow, Class::Clean, "delivered 0.0"),
            ("encrypted_inside", |_| {}, Class::Clean, "delivered 1.5"),
            ("encrypted_inside", |c| c.encrypted = Quarantine, Class::Unscanned, "held for its recipient 1.5"),
            ("encrypted_inside", |c| c.encrypted = Allow, Class::Clean, "delivered 0.0"),
            ("eicar", |c| c.programs = Allow, Class::Virus, "held for the operator 100.0"),
        ] {
            assert_eq!(treated(name, set), (class, fate.to_string()), "{name}");
        }
    }

    #[test]
    fn what_is_held_for_its_contents_is_held_whatever_its_class_says() {
        let rules = Rules::embedded();
        let fate = |names: &[&str], conduct| {
            let mut policy = Policy::default();
            policy.virus.conduct = conduct;
            judge(&seen(names), rules, &policy).fate
        };
        for conduct in [Conduct::Mark, Conduct::Tag, Conduct::Quarantine, Conduct::Discard] {
            let alone = fate(&["program_inside"], conduct);
            assert!(matches!(alone, Fate::Quarantine { hold } if !hold.operator_only), "{conduct:?}");
        }
        // A virus beside it: the stricter of both, and never the recipient's where it is the class that holds.
        let both = ["program_inside", "eicar"];
        assert!(matches!(fate(&both, Conduct::Discard), Fate::Discard { .. }));
        assert!(matches!(fate(&both, Conduct::Quarantine), Fate::Quarantine { hold } if hold.operator_only));
        assert!(matches!(fate(&both, Conduct::Mark), Fate::Quarantine { .. }));
    }

    #[test]
    fn what_could_not_be_opened_is_never_silently_clean() {
        for (name, class) in [
            ("too_big_inside", Class::Unscanned),
            ("too_many_inside", Class::Unscanned),
            ("too_long_inside", Class::Unscanned),
            ("too_deep_inside", Class::Unscanned),
            ("signatures_gave_up", Class::Unscanned),
            ("damaged_inside", Class::Clean),
            ("unread_inside", Class::Clean),
            ("lying_inside", Class::Clean),
            ("encrypted_inside", Class::Clean),
            ("partial_message_inside", Class::Clean),
            ("ambiguous_inside", Class::Clean),
        ] {
            let verdict = judge(&seen(&[name]), Rules::embedded(), &Policy::default());
            assert_eq!(verdict.class, class, "{name}");
            assert!(verdict.score > 0.0 && lines(&verdict)[2].contains(name), "{name}: {:?}", lines(&verdict));
        }
    }

    fn lines(verdict: &Verdict) -> Vec<String> {
        verdict.stamp_lines().iter().map(|l| format!("{}: {}", l.name, l.words.join(" "))).collect()
    }

    #[test]
    fn the_stamp_says_class_score_and_strongest_findings() {
        let mut look = seen(&["c"]);
        look.findings.push(Finding::new("a", "first (x); evil=9.0"));
        look.findings.push(Finding::new("a", "second"));
        let verdict = judge(&look, &rules(TABLE), &Policy::default());
        let want = ["X-PM-Scan: CLEAN", "X-PM-Score: 5.3", "X-PM-Report: a=4.0 (first [x]: evil:9.0, second); c=1.3"];
        assert_eq!(lines(&verdict), want);
        assert_eq!(lines(&judge(&seen(&[]), &rules(""), &Policy::default()))[2], "X-PM-Report: nothing");
        let many: Vec<String> = (0..30).map(|n| format!("f{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let report = &lines(&judge(&seen(&many), &rules(""), &Policy::default()))[2];
        assert!(report.ends_with(" and 10 more"), "{report}");
    }

    #[test]
    fn no_class_word_is_part_of_another() {
        for a in Class::ALL {
            for b in Class::ALL {
                assert!(a == b || !a.word().contains(b.word()), "{a} holds {b}");
            }
        }
    }
}
