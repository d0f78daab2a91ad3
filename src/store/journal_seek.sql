-- Newest first: the rows of one user, or of one message.
SELECT id, at, session, queue_id, client, reverse_path, rcpt, user, message_id,
       from_text, subject, bytes, class, score, outcome, details, millis
FROM journal
WHERE (?1 IS NULL OR user = ?1 COLLATE NOCASE)
  AND (?2 IS NULL OR message_id = ?2)
  AND at >= ?3
  AND (at, id) < (?4, ?5)
ORDER BY at DESC, id DESC
LIMIT ?6
