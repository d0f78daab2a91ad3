-- One release at a time: a claim that is older than ?3 is of a release that died.
UPDATE held SET claimed_at = ?2
WHERE id = ?1 AND released_at IS NULL AND (claimed_at IS NULL OR claimed_at < ?3)
