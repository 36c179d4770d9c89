mock_provider "google" {
  override_during = plan

  mock_resource "google_monitoring_notification_channel" {
    defaults = { id = "projects/tallystick-test-eu/notificationChannels/1" }
  }
  mock_resource "google_monitoring_slo" {
    defaults = { id = "projects/1/services/tallystick-eu/serviceLevelObjectives/some" }
  }
  mock_resource "google_monitoring_uptime_check_config" {
    defaults = { uptime_check_id = "health" }
  }
}

variables {
  project                 = "tallystick-test-eu"
  environment             = "test"
  residency               = "eu"
  host                    = "eu.billing.tallystick.example"
  notify                  = { sev1 = "oncall@tallystick.example", sev2 = "oncall@tallystick.example", sev3 = "operations@tallystick.example", sev4 = "operations@tallystick.example" }
  functions               = ["ingest", "sign-receipts", "seal-ledger", "reconcile-chain", "run-invoices", "archive-period", "api"]
  subscriptions           = { sign-receipts = "tallystick-sign-receipts", seal-ledger = "tallystick-seal-ledger", archive-period = "tallystick-archive-period", archive-period-invoiced = "tallystick-archive-period-invoiced" }
  dead_letters            = ["tallystick-sign-receipts-dead-letter", "tallystick-seal-ledger-dead-letter", "tallystick-archive-period-dead-letter", "tallystick-archive-period-invoiced-dead-letter"]
  receipts_topic          = "tallystick-receipts-appended"
  backend_services        = { ingest = "tallystick-ingest", api = "tallystick-api" }
  spanner_instance        = "tallystick"
  spanner_is_multi_region = true
  vault_bucket            = "tallystick-test-eu-vault"
  steward_email           = "steward@tallystick-test-eu.iam.gserviceaccount.com"
  deployer_email          = "deployer@tallystick-test-eu.iam.gserviceaccount.com"
  labels                  = { system = "tallystick" }
}

run "every_metric_counts_a_sentence_that_the_code_says" {
  command = plan

  assert {
    condition = alltrue([
      for sentence in output.sentences : anytrue([
        for file in fileset("${path.module}/../../..", "{functions,shared}/**/*.ts") : can(regex("log\\.(info|warn|error)\\(\\s*'${sentence}'", file("${path.module}/../../../${file}")))
      ])
    ])
    error_message = "A metric waits for a log line that nobody writes."
  }
  assert {
    condition     = alltrue([for metric in google_logging_metric.sentence : strcontains(metric.filter, "jsonPayload.message=")])
    error_message = "The sentence stands in jsonPayload.message."
  }
}

run "there_are_four_severities_and_each_has_somebody" {
  command = plan

  assert {
    condition     = toset(keys(output.severities)) == toset(["sev1", "sev2", "sev3", "sev4"]) && alltrue([for count in values(output.severities) : count > 0])
    error_message = "A severity without an alert."
  }
  assert {
    condition     = alltrue([for policy in concat(values(google_monitoring_alert_policy.threshold), values(google_monitoring_alert_policy.absence), values(google_monitoring_alert_policy.burn), values(google_monitoring_alert_policy.act), [google_monitoring_alert_policy.seal_age, google_monitoring_alert_policy.uptime]) : length(policy.notification_channels) == 1])
    error_message = "An alert that nobody hears."
  }
}

run "every_alert_says_what_to_do" {
  command = plan

  assert {
    condition     = alltrue([for policy in concat(values(google_monitoring_alert_policy.threshold), values(google_monitoring_alert_policy.absence), values(google_monitoring_alert_policy.act), [google_monitoring_alert_policy.seal_age, google_monitoring_alert_policy.uptime]) : length(policy.documentation[0].content) >= 100])
    error_message = "An alert without a runbook."
  }
}

run "what_touches_trust_wakes_somebody_at_the_first" {
  command = plan

  assert {
    condition = alltrue([
      for name in ["ledger-fault", "faulty-verdict"] :
      google_monitoring_alert_policy.threshold[name].severity == "CRITICAL"
      && google_monitoring_alert_policy.threshold[name].conditions[0].condition_threshold[0].threshold_value == 0
      && google_monitoring_alert_policy.threshold[name].conditions[0].condition_threshold[0].duration == "0s"
    ])
    error_message = "One fault is one too many."
  }
  assert {
    condition     = alltrue([for name in ["key-destroyed", "archive-changed", "account-key-made", "database-dropped", "audit-trail-change"] : google_monitoring_alert_policy.act[name].severity == "CRITICAL"])
    error_message = "An act against keys, archive, book of record or trail wakes somebody."
  }
  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.act : startswith(policy.conditions[0].condition_matched_log[0].filter, "(log_id(\"cloudaudit.googleapis.com/activity\") OR log_id(\"cloudaudit.googleapis.com/data_access\")) AND ") && length(policy.alert_strategy[0].notification_rate_limit) == 1])
    error_message = "Acts are read from the audit log, and one that is repeated does not ring for each time."
  }
  assert {
    condition     = google_monitoring_alert_policy.threshold["dead-letter"].conditions[0].condition_threshold[0].threshold_value == 0
    error_message = "One dead letter is one too many."
  }
  assert {
    condition     = google_monitoring_alert_policy.absence["no-verdict"].severity == "CRITICAL" && google_monitoring_alert_policy.absence["no-verdict"].conditions[0].condition_absent[0].duration == "10800s"
    error_message = "Three hours without a verdict wake somebody."
  }
  assert {
    condition     = google_monitoring_alert_policy.absence["no-tail-verdict"].severity == "ERROR" && google_monitoring_alert_policy.absence["no-tail-verdict"].conditions[0].condition_absent[0].duration == "300s" && google_monitoring_alert_policy.absence["no-tail-verdict"].conditions[0].condition_absent[0].aggregations[0].alignment_period == "60s"
    error_message = "Corruption of the last hours is found within five minutes, so five minutes without a verdict are told."
  }
}

run "what_was_set_aside_or_refused_is_told_at_the_first" {
  command = plan

  assert {
    condition = alltrue([
      for name, sentence in { set-aside = "push_set_aside", projection-ahead = "projection_ahead", mirror-differs = "mirror_differs", retire-refused = "retire_refused", registry-damaged = "registry_damaged", audit-log-changed = "audit_log_changed" } :
      google_monitoring_alert_policy.threshold[name].severity == "ERROR"
      && google_monitoring_alert_policy.threshold[name].conditions[0].condition_threshold[0].threshold_value == 0
      && google_monitoring_alert_policy.threshold[name].conditions[0].condition_threshold[0].duration == "0s"
      && strcontains(google_monitoring_alert_policy.threshold[name].conditions[0].condition_threshold[0].filter, "user/tallystick/${sentence}\"")
    ])
    error_message = "Something that no retry mends waits for a second time."
  }
}

run "what_heals_by_itself_is_told_when_it_does_not" {
  command = plan

  assert {
    condition = alltrue([
      for name, sentence in { copies-failing = "mirror_failed", views-failing = "projection_failed" } :
      google_monitoring_alert_policy.threshold[name].severity == "WARNING"
      && google_monitoring_alert_policy.threshold[name].conditions[0].condition_threshold[0].threshold_value == 0
      && google_monitoring_alert_policy.threshold[name].conditions[0].condition_threshold[0].duration == "1800s"
      && strcontains(google_monitoring_alert_policy.threshold[name].conditions[0].condition_threshold[0].filter, "user/tallystick/${sentence}\"")
    ])
    error_message = "Half an hour of failures goes unheard, or a single one is told."
  }
}

run "an_idle_ledger_raises_no_alarm" {
  command = plan

  assert {
    condition     = google_monitoring_alert_policy.seal_age.combiner == "AND" && length(google_monitoring_alert_policy.seal_age.conditions) == 2
    error_message = "Without receipts nothing has to be sealed."
  }
}

run "cpu_leaves_room_for_a_region" {
  command = plan

  assert {
    condition     = google_monitoring_alert_policy.threshold["spanner-cpu"].conditions[0].condition_threshold[0].threshold_value == 0.45
    error_message = "With more than one region CPU stays below 45 %."
  }
}

run "cpu_leaves_room_for_a_zone" {
  command = plan

  variables {
    spanner_is_multi_region = false
  }

  assert {
    condition     = google_monitoring_alert_policy.threshold["spanner-cpu"].conditions[0].condition_threshold[0].threshold_value == 0.65
    error_message = "With one region CPU stays below 65 %."
  }
}

run "budgets_that_burn_are_seen_over_a_long_and_a_short_window" {
  command = plan

  assert {
    condition     = alltrue([for objective in setsubtract(keys(output.objectives), ["soundness"]) : alltrue([for burn in ["fast", "slow", "leak"] : length(google_monitoring_alert_policy.burn["${objective}-${burn}"].conditions) == 2])])
    error_message = "An objective whose budget burns unseen."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.burn["availability-fast"].conditions[0].condition_threshold[0].filter, "select_slo_burn_rate(") && google_monitoring_alert_policy.burn["availability-fast"].conditions[0].condition_threshold[0].threshold_value == 14.4
    error_message = "The fast burn is 14.4 times the sustainable rate."
  }
  assert {
    condition     = google_monitoring_slo.objective["availability"].goal == 0.9999 && google_monitoring_slo.objective["availability"].rolling_period_days == 28
    error_message = "Usage is accepted 99.99 % of the time, over 28 days."
  }
  assert {
    condition     = alltrue([for slo in google_monitoring_slo.objective : length(slo.request_based_sli) + length(slo.windows_based_sli) == 1])
    error_message = "An objective is measured by requests or by windows."
  }
}

run "the_look_from_outside_asks_for_what_the_api_answers" {
  command = plan

  assert {
    condition     = strcontains(file("${path.module}/../../../functions/api/public.ts"), "path: '${google_monitoring_uptime_check_config.health.http_check[0].path}'") && google_monitoring_uptime_check_config.health.http_check[0].validate_ssl
    error_message = "The API has no such path, or its certificate is not looked at."
  }
}

run "severity_without_an_address_is_refused" {
  command = plan

  variables {
    notify = { sev1 = "", sev2 = "oncall@tallystick.example", sev3 = "operations@tallystick.example", sev4 = "operations@tallystick.example" }
  }

  expect_failures = [var.notify]
}

run "a_subscription_without_dead_letters_is_refused" {
  command = plan

  variables {
    dead_letters = ["tallystick-sign-receipts-dead-letter"]
  }

  expect_failures = [var.dead_letters]
}
