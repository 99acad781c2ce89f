-- One row per living deal that is won or lost and whose close has no instant.
-- Easily misread: such a deal is in no period, and it is not open either.
select
    opportunity_id,
    outcome
from core.dim_opportunity
where outcome <> 'open' and closed_at is null
