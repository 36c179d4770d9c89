mock_provider "google" {
  override_during = plan

  mock_resource "google_pubsub_schema" {
    defaults = { id = "projects/tallystick-test-eu/schemas/schema" }
  }
}

run "suite" {
  command = plan

  variables {
    project = "tallystick-test-eu"
  }

  module {
    source = "../suite"
  }
}

variables {
  project = "tallystick-test-eu"
  prefix  = "tallystick-"
  regions = ["europe-west1", "europe-west4"]
  kms_key = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data/cryptoKeys/topics"
  labels  = { system = "tallystick" }
}

run "a_message_is_its_doorbells_attributes_and_nothing_else" {
  command = plan

  variables {
    topics = run.suite.topics
  }

  assert {
    condition     = jsondecode(google_pubsub_schema.doorbell["period-invoiced"].definition) == { type = "record", name = "PeriodInvoiced", namespace = "tallystick", fields = [{ name = "tenant", type = "string" }, { name = "number", type = "string" }] }
    error_message = "period-invoiced carries a tenant and a number."
  }
  assert {
    condition     = length(jsondecode(google_pubsub_schema.doorbell["receipts-appended"].definition).fields) == 0
    error_message = "receipts-appended carries nothing."
  }
  assert {
    condition     = alltrue([for topic in google_pubsub_topic.doorbell : topic.schema_settings[0].encoding == "JSON"])
    error_message = "Data is JSON."
  }
}

# shared/adapters/pubsub/schemas.ts lists the attributes by the names of shared/domain/messages.ts: usageAccepted for
# usage-accepted.
run "the_code_has_the_same_schemas" {
  command = plan

  variables {
    topics = run.suite.topics
  }

  assert {
    condition = alltrue([
      for topic, attributes in run.suite.topics : strcontains(
        file("${path.module}/../../../shared/adapters/pubsub/schemas.ts"),
        "[TOPICS.${join("", [for i, word in split("-", topic) : i == 0 ? word : title(word)])}]: [${join(", ", [for attribute in attributes : "'${attribute}'"])}],"
      )
    ])
    error_message = "shared/adapters/pubsub/schemas.ts lists other attributes."
  }
}

run "messages_stay_in_the_residency_region_under_our_key" {
  command = plan

  variables {
    topics = run.suite.topics
  }

  assert {
    condition     = alltrue([for topic in google_pubsub_topic.doorbell : topic.message_storage_policy[0].allowed_persistence_regions == toset(["europe-west1", "europe-west4"]) && topic.message_storage_policy[0].enforce_in_transit])
    error_message = "A message could be kept elsewhere."
  }
  assert {
    condition     = alltrue([for topic in google_pubsub_topic.doorbell : topic.kms_key_name == var.kms_key])
    error_message = "A topic is not under our key."
  }
}

run "one_region_alone_is_refused" {
  command = plan

  variables {
    topics  = run.suite.topics
    regions = ["europe-west1"]
  }

  expect_failures = [var.regions]
}

run "a_prefix_that_the_functions_would_refuse_is_refused" {
  command = plan

  variables {
    topics = run.suite.topics
    prefix = "Tallystick_"
  }

  expect_failures = [var.prefix]
}
