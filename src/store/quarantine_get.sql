SELECT id, at, expires_at, user, rcpt, reverse_path, from_text, subject, message_id,
       class, score, why, operator_only, bytes, released_at, session, findings
FROM held
WHERE id = ?1
