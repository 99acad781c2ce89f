-- One row per other id of a rep: an id of a second system, or one that an alias row names.
-- Easily misread: ids by which a rep's own roster names the rep are not here; core.rep_identity has them all.
select
    source,
    source_rep_id,
    rep_id
from core.rep_identity
where rep_id <> source || ':' || source_rep_id
