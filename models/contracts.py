"""All contracts by the name of their file family (contract.md, section 5)."""

from models.activities import Activity
from models.entities import (
    Account,
    ActivityTarget,
    Contact,
    Contract,
    ExchangeRate,
    Forecast,
    Lead,
    Opportunity,
    Quota,
    Rep,
    RepAlias,
    Spend,
    Stage,
    StageChange,
    TimeOff,
    User,
)
from models.records import Record

CONTRACTS: dict[str, type[Record]] = {
    contract.ENTITY: contract
    for contract in (
        Activity,
        Rep,
        Account,
        Contact,
        Lead,
        Opportunity,
        StageChange,
        Stage,
        Contract,
        Spend,
        Forecast,
        Quota,
        ActivityTarget,
        ExchangeRate,
        RepAlias,
        TimeOff,
        User,
    )
}
