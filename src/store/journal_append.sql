INSERT INTO journal (
    at, session, queue_id, client, reverse_path, rcpt, user, message_id,
    from_text, subject, bytes, class, score, outcome, details, millis
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
