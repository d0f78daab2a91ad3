SELECT id, at, session, queue_id, client, reverse_path, rcpt, user, message_id,
       from_text, subject, bytes, class, score, outcome, details, millis
FROM journal
WHERE id = ?1
