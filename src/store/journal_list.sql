-- Newest first. The inner search runs on the index journal_search alone; the outer query reads the rows of one page.
SELECT id, at, session, queue_id, client, reverse_path, rcpt, user, message_id,
       from_text, subject, bytes, class, score, outcome, details, millis
FROM journal
WHERE id IN (
    SELECT id FROM journal
    WHERE (?1 IS NULL OR rcpt LIKE ?1 ESCAPE '\')
      AND (?2 IS NULL OR reverse_path LIKE ?2 ESCAPE '\' OR from_text LIKE ?2 ESCAPE '\')
      AND (?3 IS NULL OR class = ?3)
      AND at >= ?4
      AND (at, id) < (?5, ?6)
    ORDER BY at DESC, id DESC
    LIMIT ?7
)
ORDER BY at DESC, id DESC
