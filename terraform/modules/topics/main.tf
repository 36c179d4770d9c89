# Doorbells. A message says that rows exist, never what they hold, so its schema is its attributes and nothing more.

locals {
  # The same schema as shared/adapters/pubsub/schemas.ts makes: a record of text fields, named like the topic.
  definitions = {
    for topic, attributes in var.topics : topic => jsonencode({
      type      = "record"
      name      = join("", [for word in split("-", topic) : title(word)])
      namespace = "tallystick"
      fields    = [for attribute in attributes : { name = attribute, type = "string" }]
    })
  }
}

resource "google_pubsub_schema" "doorbell" {
  for_each = var.topics

  project    = var.project
  name       = "${var.prefix}${each.key}"
  type       = "AVRO"
  definition = local.definitions[each.key]
}

resource "google_pubsub_topic" "doorbell" {
  for_each = var.topics

  project      = var.project
  name         = "${var.prefix}${each.key}"
  labels       = var.labels
  kms_key_name = var.kms_key

  # For replaying into a subscription that was made anew.
  message_retention_duration = "604800s" # 7 days

  # Residency: a message is kept in these regions only, wherever it was published.
  message_storage_policy {
    allowed_persistence_regions = var.regions
    enforce_in_transit          = true
  }

  schema_settings {
    schema   = google_pubsub_schema.doorbell[each.key].id
    encoding = "JSON"
  }
}
