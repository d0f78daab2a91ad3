-- What has expired, oldest first; a message that is just being released (claimed after ?3) waits for the next time.
DELETE FROM held WHERE id IN (
    SELECT id FROM held
    WHERE expires_at <= ?1 AND (released_at IS NOT NULL OR claimed_at IS NULL OR claimed_at < ?3)
    ORDER BY expires_at
    LIMIT ?2
)
RETURNING id
