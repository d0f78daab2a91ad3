INSERT INTO held (
    id, at, expires_at, user, rcpt, reverse_path, from_text, subject, message_id,
    class, score, why, operator_only, bytes, released_at, session, findings
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
