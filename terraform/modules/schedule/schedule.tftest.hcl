mock_provider "google" {
  override_during = plan
}

variables {
  project          = "tallystick-test-eu"
  location         = "europe-west4"
  scheduler_region = "europe-west3"
  scheduler_email  = "scheduler-jobs@tallystick-test-eu.iam.gserviceaccount.com"

  jobs = {
    sweep = {
      function                 = "reconcile-chain"
      address                  = "https://reconcile-chain-abc.a.run.app"
      audience                 = "https://europe-west4-tallystick-test-eu.cloudfunctions.net/reconcile-chain"
      path                     = "/sweep"
      schedule                 = "* * * * *"
      handler_seconds          = 60
      attempt_deadline_seconds = 120
      retries                  = 0
      paused                   = false
    }
  }
}

run "a_job_calls_its_function_and_proves_who_it_is" {
  command = plan

  assert {
    condition     = google_cloud_scheduler_job.job["sweep"].http_target[0].uri == "https://reconcile-chain-abc.a.run.app/sweep" && google_cloud_scheduler_job.job["sweep"].http_target[0].http_method == "POST"
    error_message = "The sweep is POST /sweep of reconcile-chain."
  }
  assert {
    condition     = google_cloud_scheduler_job.job["sweep"].http_target[0].oidc_token[0].service_account_email == var.scheduler_email && google_cloud_scheduler_job.job["sweep"].http_target[0].oidc_token[0].audience == "https://europe-west4-tallystick-test-eu.cloudfunctions.net/reconcile-chain"
    error_message = "A call without a token, or with one for somebody else."
  }
  assert {
    condition     = google_cloud_scheduler_job.job["sweep"].time_zone == "Etc/UTC" && google_cloud_scheduler_job.job["sweep"].attempt_deadline == "120s"
    error_message = "Periods close by UTC, and the scheduler waits for two minutes."
  }
}

run "a_job_is_kept_where_the_scheduler_is_and_named_for_where_it_calls" {
  command = plan

  assert {
    condition     = google_cloud_scheduler_job.job["sweep"].region == "europe-west3" && google_cloud_scheduler_job.job["sweep"].name == "sweep-europe-west4"
    error_message = "Two locations whose jobs are kept in one region would overwrite each other's."
  }
}

run "a_deadline_shorter_than_the_handler_is_refused" {
  command = plan

  variables {
    jobs = { sweep = merge(var.jobs["sweep"], { attempt_deadline_seconds = 59 }) }
  }

  expect_failures = [var.jobs]
}

run "a_deadline_beyond_thirty_minutes_is_refused" {
  command = plan

  variables {
    jobs = { sweep = merge(var.jobs["sweep"], { attempt_deadline_seconds = 1801 }) }
  }

  expect_failures = [var.jobs]
}

run "a_schedule_with_seconds_is_refused" {
  command = plan

  variables {
    jobs = { sweep = merge(var.jobs["sweep"], { schedule = "*/10 * * * * *" }) }
  }

  expect_failures = [var.jobs]
}
