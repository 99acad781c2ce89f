"""Great Expectations over pandas asks a CSV what the contract asks of these columns; nothing is built.

Usage: python ge_pandas.py ACTIVITIES.csv
"""

import os
import sys

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

frame = pd.read_csv(sys.argv[1], dtype=str)
context = gx.get_context(mode="ephemeral")
batch = (
    context.data_sources.add_pandas("peer").add_dataframe_asset("activity").add_batch_definition_whole_dataframe("all")
)
suite = gx.ExpectationSuite(
    name="activity",
    expectations=[
        gxe.ExpectColumnValuesToNotBeNull(column="source_record_id"),
        gxe.ExpectColumnValuesToBeInSet(column="channel", value_set=["call", "email", "meeting", "social", "sms"]),
        gxe.ExpectColumnValuesToMatchRegex(column="occurred_at", regex=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"),
        gxe.ExpectColumnValuesToBeInSet(column="direction", value_set=["inbound", "outbound"]),
        gxe.ExpectColumnValuesToNotBeNull(column="rep_id"),
    ],
)
done = gx.ValidationDefinition(name="v", data=batch, suite=suite)
context.suites.add(suite)
context.validation_definitions.add(done)
if not done.run(batch_parameters={"dataframe": frame}).success:
    raise SystemExit("an expectation did not hold")
