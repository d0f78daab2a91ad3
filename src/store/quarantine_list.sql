-- Newest first. The inner search runs on the index held_search alone; the outer query reads the rows of one page.
SELECT id, at, expires_at, user, rcpt, reverse_path, from_text, subject, message_id,
       class, score, why, operator_only, bytes, released_at, session, findings
FROM held
WHERE id IN (
    SELECT id FROM held
    WHERE (?1 IS NULL OR user = ?1)
      AND (?2 IS NULL OR class = ?2)
      AND (?3 IS NULL OR (at, id) < (?3, ?4))
    ORDER BY at DESC, id DESC
    LIMIT ?5
)
ORDER BY at DESC, id DESC
